//! What counters take of a chat's request, and how they want it wrapped.

use crate::dialect::loss::Lost;
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json::{self, Splice};

/// What OpenAI's counter takes of Responses.
pub(super) const OPENAI: &[&str] = &[
    "model",
    "input",
    "instructions",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

/// What Vertex's takes of `generateContent`, in both of the spellings.
const VERTEX: &[&str] = &[
    "contents",
    "systemInstruction",
    "system_instruction",
    "tools",
    "generationConfig",
    "generation_config",
];

/// What Bedrock's takes of Converse.
const BEDROCK: &[&str] = &["messages", "system", "toolConfig", "additionalModelRequestFields"];

/// These members alone, in their order.
pub(super) fn only(body: &[u8], names: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    out.push(b'{');
    for member in json::members(body).unwrap_or_default() {
        if names.contains(&member.key.as_ref()) {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(
                body.get(member.name.start..member.value.end).unwrap_or_default(),
            );
        }
    }
    out.push(b'}');
    out
}

/// AI Studio's: the whole call, the model in it.
pub(super) fn gemini(model: &str, chat: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(chat.len() + 128);
    out.extend_from_slice(br#"{"generateContentRequest":{"model":"#);
    json::push_text(&mut out, &resource(model));
    let rest = chat.strip_prefix(b"{").unwrap_or(b"}");
    if !rest.starts_with(b"}") {
        out.push(b',');
    }
    out.extend_from_slice(rest);
    out.push(b'}');
    out
}

/// Vertex's. `choice`: the client's name of a choice of tools, which it does not count.
pub(super) fn vertex(chat: &[u8], choice: &str, dropped: &mut Vec<Lost>) -> Vec<u8> {
    for (names, said) in [
        (["toolConfig", "tool_config"], choice),
        (["cachedContent", "cached_content"], "cachedContent"),
    ] {
        if value(chat, &names).is_some() {
            dropped.push(Lost::hint(format!("{said} (not counted)")));
        }
    }
    only(chat, VERTEX)
}

pub(super) fn bedrock(chat: &[u8], dropped: &mut Vec<Lost>) -> Vec<u8> {
    if value(chat, &["outputConfig"]).is_some() {
        dropped.push(Lost::hint("output_config (not counted)"));
    }
    [br#"{"input":{"converse":"#, &only(chat, BEDROCK)[..], b"}}"].concat()
}

/// The client's bytes; where they name the model, the provider's name.
pub(super) fn gemini_identity(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut splices = Vec::new();
    if let Some(call) = member(request.body, CALL)
        && let Some(model) = request.body.get(call.clone()).and_then(|c| member(c, &["model"]))
    {
        let range = call.start + model.start..call.start + model.end;
        let mut with = Vec::new();
        json::push_text(&mut with, &resource(request.model));
        splices.push(Splice { range, with });
    }
    Ok(UpstreamRequest { body: Body::Spliced(splices), ..Default::default() })
}

pub(super) fn gemini_to_vertex(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut dropped = Vec::new();
    let call = value(request.body, CALL).unwrap_or(request.body);
    let body = Body::Whole(vertex(call, "toolConfig", &mut dropped));
    Ok(UpstreamRequest { body, dropped, ..Default::default() })
}

/// The first member of one of these names.
pub(super) fn value<'a>(raw: &'a [u8], names: &[&str]) -> Option<&'a [u8]> {
    raw.get(member(raw, names)?)
}

fn member(raw: &[u8], names: &[&str]) -> Option<std::ops::Range<usize>> {
    let members = json::members(raw).ok()?;
    members.into_iter().find(|m| names.contains(&m.key.as_ref())).map(|m| m.value)
}

/// A model's name as Google writes it in bodies.
fn resource(model: &str) -> String {
    if model.starts_with("models/") { model.to_owned() } else { format!("models/{model}") }
}

const CALL: &[&str] = &["generateContentRequest", "generate_content_request"];
