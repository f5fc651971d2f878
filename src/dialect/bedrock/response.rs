//! Whole answers: a Converse answer to a chat completion.
//!
//! Text is joined without decoding; a tool's input becomes the arguments string as
//! the provider spelled it. Reasoning is given for people (`reasoning_content`) and,
//! where it is signed, as Claude's own blocks (`thinking_blocks`), which a client
//! sends back. A guardrail's trace stays in the answer, as `guardrail_trace`.
//!
//! Output that the model garbled (`malformed_model_output`, `malformed_tool_use`) is
//! an error, so that another target may do better.

use super::JSON_TOOL;
use super::usage;
use crate::dialect::openai::chunk::Header;
use crate::dialect::openai::completion::{Message, completion};
use crate::dialect::openai::stop;
use crate::dialect::{ClientResponse, Reply, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn to_openai_chat(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(bad("the provider's answer is not one of Converse"));
    };
    let blocks =
        object::<Output<'_>>(answer.output).and_then(|o| o.message).and_then(|m| m.content);
    let Some(blocks) = blocks else {
        return Err(bad("the provider's answer has no content"));
    };
    let mut message = Message::default();
    let mut json_answer = false;
    for block in &blocks {
        json_answer |= read_block(block, reply, &mut message)?;
    }
    let usage = answer.usage.and_then(|u| usage::read(u.get())).unwrap_or_default();
    let usage = Usage { tier: usage::tier(answer.service_tier), ..usage };
    let stop = answer.stop_reason.and_then(text).unwrap_or_default();
    let sequence = answer.additional_model_response_fields.and_then(stop_sequence);
    message.beside = stop::beside(&stop, sequence);
    let called = !message.tool_calls.is_empty();
    let finish = finish_reason(&stop, json_answer && !called)?;
    let tier = object::<Tier<'_>>(answer.service_tier).and_then(|t| t.type_).and_then(text);
    let header = Header {
        id: &id(reply),
        created: reply.created,
        model: &reply.model,
        service_tier: tier.as_deref(),
    };
    let mut body = completion(header, &message, finish, &usage);
    if let Some(trace) = answer.trace.and_then(|t| t.guardrail)
        && body.pop() == Some(b'}')
    {
        body.extend_from_slice(br#","guardrail_trace":"#);
        body.extend_from_slice(trace.get().as_bytes());
        body.push(b'}');
    }
    Ok(ClientResponse { body: Some(body), usage })
}

/// Converse's answers have none.
pub(super) fn id(reply: &Reply) -> String {
    format!("converse-{}", reply.created)
}

/// OpenAI's word for a stop reason. `json_answer`: the only tool called was ours.
pub(super) fn finish_reason(stop: &str, json_answer: bool) -> Result<&'static str, Error> {
    match stop {
        "max_tokens" | "model_context_window_exceeded" => Ok("length"),
        "tool_use" if !json_answer => Ok("tool_calls"),
        "guardrail_intervened" | "content_filtered" => Ok("content_filter"),
        "malformed_model_output" => Err(bad("the model's output was malformed")),
        "malformed_tool_use" => Err(bad("the model's tool call was malformed")),
        // end_turn, stop_sequence and what is not known yet.
        _ => Ok("stop"),
    }
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// The bytes of a JSON string, or of none.
pub(super) fn string(raw: Option<&RawValue>) -> &[u8] {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"')).unwrap_or(EMPTY)
}

/// The sequence that was met, a JSON string, in `additionalModelResponseFields`.
pub(super) fn stop_sequence(fields: &RawValue) -> Option<&[u8]> {
    json::member(fields.get().as_bytes(), "stop_sequence")
}

/// Reads an object, and no array: serde would take one for a struct's fields.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    let text = raw.map(RawValue::get).filter(|text| text.starts_with('{'))?;
    serde_json::from_str(text).ok()
}

pub(super) fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}

/// Claude's own shape of a signed thought; the arguments are JSON strings.
pub(super) fn thinking_block(out: &mut Vec<u8>, thinking: &[u8], signature: &[u8]) {
    out.extend_from_slice(br#"{"type":"thinking","thinking":"#);
    out.extend_from_slice(thinking);
    out.extend_from_slice(br#","signature":"#);
    out.extend_from_slice(signature);
    out.push(b'}');
}

pub(super) fn redacted_block(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(br#"{"type":"redacted_thinking","data":"#);
    out.extend_from_slice(data);
    out.push(b'}');
}

const EMPTY: &[u8] = b"\"\"";

/// Reads one block; true: it was our tool's.
fn read_block(block: &Block<'_>, reply: &Reply, message: &mut Message) -> Result<bool, Error> {
    if let Some(text) = block.text {
        message.content.add(string(Some(text)));
    }
    if let Some(cited) = &block.citations_content {
        for part in cited.content.iter().flatten() {
            message.content.add(string(part.text));
        }
        for citation in cited.citations.iter().flatten() {
            message.citations.item().extend_from_slice(citation.get().as_bytes());
        }
    }
    if let Some(reasoning) = &block.reasoning_content {
        if let Some(thought) = &reasoning.reasoning_text {
            let (text, signature) = (string(thought.text), string(thought.signature));
            message.reasoning.add(text);
            if signature != EMPTY {
                thinking_block(message.thinking_blocks.item(), text, signature);
            }
        }
        if let Some(data) = reasoning.redacted_content {
            redacted_block(message.thinking_blocks.item(), string(Some(data)));
        }
    }
    let Some(call) = &block.tool_use else { return Ok(false) };
    // Tools that ran at the provider: no request of ours has one.
    if call.type_.is_some() {
        return Ok(false);
    }
    let input = call.input.map_or("{}", RawValue::get);
    if reply.json_tool && call.name.and_then(text).as_deref() == Some(JSON_TOOL) {
        message.content.add_plain(input);
        return Ok(true);
    }
    let (id, name) = (string(call.id), string(call.name));
    if id == EMPTY || name == EMPTY {
        return Err(bad("a tool call without id or name"));
    }
    message.tool_call(id, name, input);
    Ok(false)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    additional_model_response_fields: Option<&'a RawValue>,
    #[serde(borrow)]
    trace: Option<Trace<'a>>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Inner<'a>>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Trace<'a> {
    #[serde(borrow)]
    pub(super) guardrail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tier<'a> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'a RawValue>,
}

/// A union: one member is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<ReasoningContent<'a>>,
    #[serde(borrow)]
    citations_content: Option<CitationsContent<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ToolUse<'a> {
    #[serde(borrow, rename = "toolUseId")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningContent<'a> {
    #[serde(borrow)]
    reasoning_text: Option<ReasoningText<'a>>,
    #[serde(borrow)]
    redacted_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ReasoningText<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CitationsContent<'a> {
    #[serde(borrow)]
    content: Option<Vec<Cited<'a>>>,
    #[serde(borrow)]
    citations: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Cited<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_an_error() {
        for body in [
            "<html>busy</html>",
            "{}",
            "[]",
            r#"{"choices":[{"message":{"content":"x"}}]}"#,
            r#"{"output":{"message":{"content":["x"]}}}"#,
            r#"{"output":{"message":{"content":[{"toolUse":{}}]}},"stopReason":"tool_use"}"#,
            r#"{"output":{"message":{"content":[]}},"stopReason":"malformed_tool_use"}"#,
        ] {
            let e = to_openai_chat(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!(e.kind, Kind::BadAnswer, "{body}");
        }
    }
}
