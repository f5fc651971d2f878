//! Reads a Converse request. Everything outside of `messages`.

use serde_json::Value;

use crate::cli::mock::answer::{Ask, Choice, Format, Tool};
use crate::cli::mock::paths::{Address, Verb};
use crate::cli::mock::schema::is_closed;
use crate::cli::mock::vendor::Failure;

use super::blocks::{self, Reader};
use super::fields::{Object, array, bad, object, one_of, only, string, sub, union, word};
use super::messages;

pub(in crate::cli::mock) fn ask<'a>(
    body: &'a Value,
    address: &'a Address,
) -> Result<Ask<'a>, Failure> {
    let body = object(body, "body")?;
    only(body, "body", FIELDS)?;
    let model = address.model.as_deref().unwrap_or_default();
    let mut ask = Ask { model, stream: address.verb == Verb::Stream, choices: 1, ..Ask::default() };
    let mut reader = Reader::new(model);
    for (n, block) in array(body, "body", "system")?.iter().enumerate() {
        blocks::system(block, &format!("system.{n}"), &mut reader)?;
    }
    let inference = inference(body, &mut ask)?;
    tools(body, &mut ask, &mut reader)?;
    ask.format = output(body)?;
    ask.thinking = thinking(body, &ask, &inference)?;
    settings(body)?;
    ask.turn = messages::read(body, &mut reader)?;
    if reader.has_tools && !body.contains_key("toolConfig") {
        return Err(bad(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    ask.input_bytes = reader.bytes;
    ask.cached = reader.cache_points > 0;
    if reader.cache_points > 4 {
        return Err(bad("You have exceeded the maximum number of cache points: 4."));
    }
    Ok(ask)
}

/// What thinking must know of `inferenceConfig`.
struct Inference {
    temperature: Option<f64>,
    top_p: bool,
    max_tokens: Option<u64>,
}

fn inference<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<Inference, Failure> {
    let mut seen = Inference { temperature: None, top_p: false, max_tokens: None };
    let Some(config) = sub(body, "body", "inferenceConfig")? else { return Ok(seen) };
    only(config, "inferenceConfig", &["maxTokens", "temperature", "topP", "stopSequences"])?;
    let share = |name: &str| match config.get(name).map(Value::as_f64) {
        None => Ok(None),
        Some(Some(n)) if (0.0..=1.0).contains(&n) => Ok(Some(n)),
        Some(_) => Err(bad(format!(
            "Value at 'inferenceConfig.{name}' failed to satisfy constraint: Member must have \
             value less than or equal to 1"
        ))),
    };
    seen.temperature = share("temperature")?;
    seen.top_p = share("topP")?.is_some();
    if let Some(max) = config.get("maxTokens") {
        seen.max_tokens = max.as_u64().filter(|n| *n > 0);
        if seen.max_tokens.is_none() {
            return Err(bad(
                "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must \
                 have value greater than or equal to 1",
            ));
        }
    }
    ask.max_tokens = seen.max_tokens;
    for stop in array(config, "inferenceConfig", "stopSequences")? {
        let stop = stop.as_str().filter(|s| !s.trim().is_empty());
        ask.stops.push(stop.ok_or_else(|| bad("stopSequences must not be blank"))?);
    }
    Ok(seen)
}

fn tools<'a>(body: &'a Object, ask: &mut Ask<'a>, reader: &mut Reader) -> Result<(), Failure> {
    let Some(config) = sub(body, "body", "toolConfig")? else { return Ok(()) };
    only(config, "toolConfig", &["tools", "toolChoice"])?;
    for (n, tool) in array(config, "toolConfig", "tools")?.iter().enumerate() {
        let path = format!("toolConfig.tools.{n}.member");
        match union(object(tool, &path)?, &path)? {
            ("cachePoint", point) => reader.cache_point(point, &path)?,
            ("toolSpec", spec) => ask.tools.push(tool_spec(object(spec, &path)?, &path)?),
            (other, _) => return Err(bad(format!("Unknown tool '{other}' at {path}"))),
        }
    }
    if ask.tools.is_empty() {
        return Err(bad(
            "Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have \
             length greater than or equal to 1",
        ));
    }
    let Some(choice) = sub(config, "toolConfig", "toolChoice")? else { return Ok(()) };
    ask.choice = match union(choice, "toolConfig.toolChoice")? {
        ("auto", _) => Choice::Auto,
        ("any", _) => Choice::Any,
        ("tool", tool) => {
            let name = string(object(tool, "toolChoice.tool")?, "toolChoice.tool", "name")?;
            let by_name = ["anthropic.", "amazon.nova"].iter().any(|m| ask.model.contains(m));
            if !by_name && !ask.model.starts_with("arn:") {
                return Err(bad(
                    "This model doesn't support the toolConfig.toolChoice.tool field. Remove \
                     toolConfig.toolChoice.tool and try again.",
                ));
            }
            if !ask.tools.iter().any(|t| t.name == name) {
                return Err(bad(format!("The tool {name} is not in toolConfig.tools.")));
            }
            Choice::Named(name)
        }
        (other, _) => return Err(bad(format!("Unknown toolChoice '{other}'"))),
    };
    Ok(())
}

fn tool_spec<'a>(spec: &'a Object, path: &str) -> Result<Tool<'a>, Failure> {
    only(spec, path, &["name", "description", "inputSchema", "strict"])?;
    let name = string(spec, path, "name")?;
    word(name, &format!("{path}.toolSpec.name"), "_-")?;
    if spec.get("description").is_some_and(|d| d.as_str().is_none_or(str::is_empty)) {
        return Err(bad(format!("Value at '{path}.toolSpec.description' must not be empty")));
    }
    let schema = spec.get("inputSchema").and_then(|s| s.get("json"));
    let schema = schema.filter(|s| s.get("type").and_then(Value::as_str) == Some("object"));
    let Some(schema) = schema else {
        return Err(bad(format!(
            "The value at {path}.toolSpec.inputSchema.json.type must be one of the following: object."
        )));
    };
    if spec.get("strict") == Some(&Value::Bool(true)) && !is_closed(schema) {
        return Err(bad(CLOSED));
    }
    Ok(Tool { name, schema })
}

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>
fn output(body: &Object) -> Result<Format<'_>, Failure> {
    let Some(config) = sub(body, "body", "outputConfig")? else { return Ok(Format::Text) };
    only(config, "outputConfig", &["textFormat", "effort"])?;
    if let Some(effort) = config.get("effort") {
        let effort = effort.as_str().unwrap_or_default();
        one_of(effort, "outputConfig.effort", &["low", "medium", "high", "xhigh", "max"])?;
    }
    let Some(format) = sub(config, "outputConfig", "textFormat")? else { return Ok(Format::Text) };
    only(format, "textFormat", &["type", "structure"])?;
    one_of(string(format, "textFormat", "type")?, "textFormat.type", &["json_schema"])?;
    let structure = sub(format, "textFormat", "structure")?;
    let inner = structure.and_then(|s| s.get("jsonSchema")).and_then(Value::as_object);
    let inner = inner.ok_or_else(|| bad("textFormat.structure.jsonSchema is required"))?;
    only(inner, "jsonSchema", &["schema", "name", "description"])?;
    let schema: Value = serde_json::from_str(string(inner, "jsonSchema", "schema")?)
        .map_err(|_| bad("The JSON schema provided is not valid JSON."))?;
    if !is_closed(&schema) {
        return Err(bad(CLOSED));
    }
    Ok(Format::Parsed(schema))
}

/// By the rules of Claude and of Nova.
fn thinking(body: &Object, ask: &Ask<'_>, inference: &Inference) -> Result<bool, Failure> {
    let Some(more) = sub(body, "body", "additionalModelRequestFields")? else { return Ok(false) };
    let path = "additionalModelRequestFields";
    if ask.model.contains("amazon.nova") {
        only(more, path, &["reasoningConfig", "inferenceConfig"])?;
        let Some(config) = sub(more, path, "reasoningConfig")? else { return Ok(false) };
        only(config, "reasoningConfig", &["type", "maxReasoningEffort"])?;
        let effort = string(config, "reasoningConfig", "maxReasoningEffort")?;
        one_of(effort, "maxReasoningEffort", &["low", "medium", "high"])?;
        if inference.temperature.is_some() || inference.top_p {
            return Err(bad("temperature and topP cannot be used with reasoning."));
        }
        if effort == "high" && inference.max_tokens.is_some() {
            return Err(bad("maxTokens cannot be used with maxReasoningEffort high."));
        }
        return Ok(true);
    }
    if !ask.model.contains("anthropic.") && !ask.model.starts_with("arn:") {
        only(more, path, &["reasoning_effort"])?;
        return Ok(more.contains_key("reasoning_effort"));
    }
    only(more, path, &["thinking", "top_k", "anthropic_beta"])?;
    let Some(thinking) = sub(more, path, "thinking")? else { return Ok(false) };
    match string(thinking, "thinking", "type")? {
        "disabled" => return Ok(false),
        "adaptive" => {}
        "enabled" => {
            let budget = thinking.get("budget_tokens").and_then(Value::as_u64).unwrap_or(0);
            if budget < 1024 {
                return Err(bad("thinking.enabled.budget_tokens: must be at least 1024"));
            }
            if inference.max_tokens.is_some_and(|max| max <= budget) {
                return Err(bad("`max_tokens` must be greater than `thinking.budget_tokens`."));
            }
        }
        other => return Err(bad(format!("thinking: unknown type '{other}'"))),
    }
    if inference.temperature.is_some_and(|t| t != 1.0) {
        return Err(bad("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if matches!(ask.choice, Choice::Any | Choice::Named(_)) {
        return Err(bad("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(true)
}

/// Guardrail, latency, tier, metadata.
fn settings(body: &Object) -> Result<(), Failure> {
    if let Some(guardrail) = sub(body, "body", "guardrailConfig")? {
        let known = ["guardrailIdentifier", "guardrailVersion", "trace", "streamProcessingMode"];
        only(guardrail, "guardrailConfig", &known)?;
        string(guardrail, "guardrailConfig", "guardrailIdentifier")?;
        string(guardrail, "guardrailConfig", "guardrailVersion")?;
    }
    if let Some(performance) = sub(body, "body", "performanceConfig")? {
        let latency = string(performance, "performanceConfig", "latency")?;
        one_of(latency, "performanceConfig.latency", &["standard", "optimized"])?;
    }
    if let Some(tier) = sub(body, "body", "serviceTier")? {
        let type_ = string(tier, "serviceTier", "type")?;
        one_of(type_, "serviceTier.type", &["priority", "default", "flex", "reserved"])?;
    }
    if let Some(metadata) = sub(body, "body", "requestMetadata")? {
        let fits = |v: &Value| v.as_str().is_some_and(|s| s.len() <= 256 && s.is_ascii());
        if metadata.is_empty() || metadata.len() > 16 || !metadata.values().all(fits) {
            return Err(bad("Value at 'requestMetadata' failed to satisfy constraint"));
        }
    }
    Ok(())
}

const FIELDS: &[&str] = &[
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "messages",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "system",
    "toolConfig",
];
const CLOSED: &str = "For 'object' type, 'additionalProperties' must be explicitly set to false";
