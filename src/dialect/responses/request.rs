//! Requests: a chat request to a Responses request.

use super::{FIELDS, input, tools};
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::effort::Effort;
use crate::dialect::openai::format::Format;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json;

pub(super) fn from_openai_chat(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;
    let Some(messages) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide a messages parameter"));
    };
    let effort = Effort::read(&root, &body)?;
    let reasons = request.traits.reasons
        || effort.is_some_and(|e| e != Effort::None)
        || body.get("reasoning").is_some();

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, request.model);
    input::read(&messages, reasons, &mut dropped)?.push_member(&mut out, "input");
    tools::write(&root, &body, &mut out, &mut dropped)?;
    text(&root, &body, &mut out, &mut dropped)?;
    reasoning(&root, &body, &mut out, &mut dropped)?;
    max_tokens(request, &body, &mut out, &mut dropped);
    for name in ["temperature", "top_p"] {
        let Some(value) = root.field(&body, name) else { continue };
        if request.traits.sampling {
            json::push_member(&mut out, name, value.raw);
        } else if value.number()? != 1.0 {
            dropped.add(format!("{name} (this model takes none)"));
        }
    }
    include(request.facts.logprobs, reasons, &mut out);
    json::push_member(&mut out, "store", body.get("store").unwrap_or(b"false"));
    for name in PASSED {
        if let Some(raw) = body.get(name) {
            json::push_member(&mut out, name, raw);
        }
    }
    stream(request.facts.stream, &root, &body, &mut out, &mut dropped)?;
    out.push(b'}');
    Ok(UpstreamRequest {
        body: Body::Whole(out),
        dropped: dropped.into_names(),
        ..Default::default()
    })
}

/// Fields that both APIs have alike.
const PASSED: &[&str] = &[
    "parallel_tool_calls",
    "top_logprobs",
    "truncation",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "service_tier",
    "moderation",
];

/// The smallest limit the API takes.
const MIN_TOKENS: u64 = 16;

/// `,"name":{members}`, where `members` begin with a comma; nothing without any.
fn object(out: &mut Vec<u8>, name: &str, members: &[u8]) {
    if let Some(members) = members.get(1..) {
        json::push_member(out, name, &[b"{", members, b"}"].concat());
    }
}

fn text(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut text = Vec::new();
    match Format::read(root, body, dropped)? {
        Format::Text => {}
        Format::Json => json::push_member(&mut text, "format", br#"{"type":"json_object"}"#),
        Format::Schema(schema) => {
            let Some(name) = schema.name else {
                return Err(Error::invalid("response_format.json_schema", "needs a name"));
            };
            let mut format = br#"{"type":"json_schema""#.to_vec();
            json::push_member(&mut format, "name", name);
            if let Some(description) = &schema.description {
                let mut string = Vec::new();
                json::push_text(&mut string, description);
                json::push_member(&mut format, "description", &string);
            }
            json::push_member(&mut format, "schema", schema.schema);
            json::push_member(
                &mut format,
                "strict",
                if schema.strict { b"true" } else { b"false" },
            );
            format.push(b'}');
            json::push_member(&mut text, "format", &format);
        }
    }
    if let Some(verbosity) = root.field(body, "verbosity") {
        json::push_member(&mut text, "verbosity", verbosity.string()?);
    }
    object(out, "text", &text);
    Ok(())
}

/// The client's own object, with the effort where it has none.
fn reasoning(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut reasoning = Vec::new();
    let mut effort = body.get("reasoning_effort");
    if let Some(own) = root.field(body, "reasoning") {
        let own_object = own.object()?;
        // Others' names for more of it: effort, tokens, hiding.
        dropped.unknown("reasoning.", &own_object, REASONING);
        for name in REASONING {
            if let Some(raw) = own_object.get(name) {
                json::push_member(&mut reasoning, name, raw);
            }
        }
        if let (Some(_), Some(ours)) = (own_object.get("effort"), effort) {
            effort = None;
            if own_object.get("effort") != Some(ours) {
                dropped.add("reasoning_effort (reasoning.effort is given)");
            }
        }
    }
    if let Some(effort) = effort {
        json::push_member(&mut reasoning, "effort", effort);
    }
    object(out, "reasoning", &reasoning);
    Ok(())
}

const REASONING: &[&str] = &["effort", "summary", "generate_summary", "context", "mode"];

fn max_tokens(request: &Request<'_>, body: &Object<'_>, out: &mut Vec<u8>, dropped: &mut Dropped) {
    let Some(asked) = request.facts.max_tokens else { return };
    if asked < MIN_TOKENS {
        let new = body.get("max_completion_tokens").is_some();
        let name = if new { "max_completion_tokens" } else { "max_tokens" };
        dropped.add(format!("{name} (raised to 16)"));
    }
    let mut number = Vec::new();
    json::push_number(&mut number, asked.max(MIN_TOKENS));
    json::push_member(out, "max_output_tokens", &number);
}

fn include(logprobs: bool, reasons: bool, out: &mut Vec<u8>) {
    let mut list = Vec::new();
    if reasons {
        list.extend_from_slice(br#","reasoning.encrypted_content""#);
    }
    if logprobs {
        list.extend_from_slice(br#","message.output_text.logprobs""#);
    }
    if let Some(list) = list.get(1..) {
        json::push_member(out, "include", &[b"[", list, b"]"].concat());
    }
}

fn stream(
    streams: bool,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if streams {
        json::push_member(out, "stream", b"true");
    }
    let Some(options) = root.field(body, "stream_options") else { return Ok(()) };
    let object = options.object()?;
    dropped.unknown("stream_options.", &object, &["include_usage", "include_obfuscation"]);
    if let Some(obfuscation) = options.field(&object, "include_obfuscation")
        && streams
    {
        obfuscation.boolean()?;
        let options = [br#"{"include_obfuscation":"#, obfuscation.raw, b"}"].concat();
        json::push_member(out, "stream_options", &options);
    }
    Ok(())
}
