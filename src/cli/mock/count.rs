//! The vendors' token counters.
//!
//! Each takes what its chat takes, less what has no tokens, and refuses the rest; what
//! it is given is read as its chat would read it. The count is the bytes of all strings
//! but the model's name, so that a test sees whatever did not arrive.
//!
//! <https://platform.claude.com/docs/en/api/messages-count-tokens>
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens>
//! <https://ai.google.dev/api/tokens>
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>
//! <https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens/methods/count>

use serde_json::{Map, Value};

use super::answer::Ask;
use super::anthropic::{self, Cloud};
use super::paths::{Address, Verb};
use super::vendor::{Failure, Vendor};
use super::{bedrock, gemini, responses};

pub(super) fn ask<'a>(
    vendor: Vendor,
    body: &'a Value,
    address: &'a Address,
) -> Result<Ask<'a>, Failure> {
    let map = body.as_object().ok_or_else(|| Failure::bad("The body is not a JSON object."))?;
    let mut ask = match vendor {
        Vendor::Claude(Cloud::Vertex) => anthropic::count(map, anthropic::AtVertex::Yes)?,
        Vendor::Gemini if address.verb == Verb::VertexCount => at_vertex(body, map, address)?,
        Vendor::Gemini => at_ai_studio(body, map, address)?,
        Vendor::Bedrock => at_bedrock(map, address)?,
        Vendor::Responses => {
            only(map, OPENAI, |name| {
                let message = format!("Unknown parameter: '{name}'.");
                Failure::bad(message).param(name).code("unknown_parameter")
            })?;
            responses::ask(body)?
        }
        _ => anthropic::count(map, anthropic::AtVertex::No)?,
    };
    ask.stream = false;
    ask.counted = Some(strings(body));
    Ok(ask)
}

pub(super) fn whole(vendor: Vendor, tokens: usize) -> String {
    match vendor {
        Vendor::Responses => {
            format!(r#"{{"object":"response.input_tokens","input_tokens":{tokens}}}"#)
        }
        Vendor::Gemini => format!(
            r#"{{"totalTokens":{tokens},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":{tokens}}}]}}"#
        ),
        Vendor::Bedrock => format!(r#"{{"inputTokens":{tokens}}}"#),
        _ => format!(r#"{{"input_tokens":{tokens}}}"#),
    }
}

fn at_ai_studio<'a>(
    body: &'a Value,
    map: &'a Map<String, Value>,
    address: &'a Address,
) -> Result<Ask<'a>, Failure> {
    only(map, &["model", "contents", "generateContentRequest"], unknown_name)?;
    let Some(call) = map.get("generateContentRequest") else {
        return gemini::ask(body, address);
    };
    if map.contains_key("contents") {
        return Err(Failure::bad(
            "* CountTokensRequest.generate_content_request: cannot be set along with contents\n",
        ));
    }
    let named = call.get("model").and_then(Value::as_str).unwrap_or_default();
    if named.is_empty() {
        return Err(Failure::bad(
            "* CountTokensRequest.generate_content_request.model: model is not specified\n",
        ));
    }
    if named.strip_prefix("models/") != address.model.as_deref() {
        return Err(Failure::bad(
            "* CountTokensRequest.generate_content_request.model: must match the model\n",
        ));
    }
    gemini::ask(call, address)
}

fn at_vertex<'a>(
    body: &'a Value,
    map: &'a Map<String, Value>,
    address: &'a Address,
) -> Result<Ask<'a>, Failure> {
    only(map, &["contents", "systemInstruction", "tools", "generationConfig"], unknown_name)?;
    gemini::ask(body, address)
}

fn at_bedrock<'a>(map: &'a Map<String, Value>, address: &'a Address) -> Result<Ask<'a>, Failure> {
    let refused = |words: &str| Err(Failure::bad(words).code("ValidationException"));
    if !address.model.as_deref().unwrap_or_default().starts_with("anthropic.claude-") {
        return refused("The provided model doesn't support counting tokens.");
    }
    let unknown = |name: &str| Failure::bad(format!("Unknown field '{name}'"));
    only(map, &["input"], unknown)?;
    match map.get("input").and_then(|i| i.get("converse")) {
        Some(call @ Value::Object(members)) => {
            only(members, CONVERSE, unknown)?;
            bedrock::ask(call, address)
        }
        _ => refused("1 validation error detected: Value at 'input' is no request."),
    }
}

fn only(
    map: &Map<String, Value>,
    known: &[&str],
    failure: impl Fn(&str) -> Failure,
) -> Result<(), Failure> {
    let unknown = map.keys().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| Err(failure(name)))
}

fn unknown_name(name: &str) -> Failure {
    let words =
        format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
    Failure::bad(words)
}

/// Bytes of the strings within, but of the model's name.
fn strings(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(strings).sum(),
        Value::Object(map) => {
            map.iter().filter(|(name, _)| *name != "model").map(|(_, v)| strings(v)).sum()
        }
        _ => 0,
    }
}

const CONVERSE: &[&str] = &["messages", "system", "toolConfig", "additionalModelRequestFields"];
const OPENAI: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];
