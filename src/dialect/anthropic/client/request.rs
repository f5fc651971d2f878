//! Requests: Messages to chat, field by field.

use super::Way;
use super::content::Context;
use super::fields::FIELDS;
use super::{echo, messages, schema, thinking, tools};
use crate::dialect::anthropic::threads;
use crate::dialect::hub::ChatRequest;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::calls;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{Dialect, Maker, Operation, Request};
use crate::error::Error;
use crate::wire::json;

pub(super) fn to_chat(request: &Request<'_>, way: Way) -> Result<ChatRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    threads::refuse(request.body)?;
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;
    let Some(list) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide messages"));
    };
    let mut context = Context { way, dropped: &mut dropped };
    let written = messages::read(root.field(&body, "system"), &list, &mut context)?;
    // Behind the messages, whose roles tell better what is wrong.
    let max_tokens = root.field(&body, "max_tokens");
    // What is only counted has no answer to bound.
    if max_tokens.is_none() && request.facts.client.operation() != Operation::CountTokens {
        return Err(Error::invalid("max_tokens", "you must provide max_tokens"));
    }

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, request.model);
    written.push_member(&mut out, "messages");
    if let Some(max_tokens) = max_tokens {
        member(&mut out, "max_completion_tokens", max_tokens.raw);
    }
    tools::write(&mut out, &root, &body, &mut context)?;
    thinking::write(&mut out, &root, &body, way, &request.traits, &mut dropped)?;
    format(&mut out, &root, &body, &mut dropped)?;
    sampling(&mut out, &root, &body, way, request.traits.sampling, &mut dropped)?;
    stop_sequences(&mut out, &root, &body, way, &mut dropped)?;
    metadata(&mut out, &root, &body, &mut dropped)?;
    service_tier(&mut out, &root, &body)?;
    if request.facts.stream {
        out.extend_from_slice(br#","stream":true,"stream_options":{"include_usage":true}"#);
    }
    out.push(b'}');
    let stops = body.get("stop_sequences");
    let echo = echo::write(thinking::is_asked(&root, &body)?, stops);
    Ok(ChatRequest { body: out, dropped: dropped.into_names(), echo })
}

/// `,"name":value`
pub(super) fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// `output_config.format`, or `output_format` as it was called first.
fn format(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if let Some(config) = root.field(body, "output_config") {
        let object = config.object()?;
        dropped.unknown("output_config.", &object, &["effort", "format"]);
        if let Some(format) = config.field(&object, "format") {
            return one_format(out, &format, dropped);
        }
    }
    match root.field(body, "output_format") {
        Some(format) => one_format(out, &format, dropped),
        None => Ok(()),
    }
}

fn one_format(
    out: &mut Vec<u8>,
    format: &Value<'_, '_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = format.object()?;
    dropped.unknown("output_config.format.", &object, &["type", "schema", "name"]);
    let type_ = format.field(&object, "type").map(|t| t.text()).transpose()?;
    if type_.as_deref() != Some("json_schema") {
        return Err(format.error("must be of type json_schema"));
    }
    let Some(schema) = format.field(&object, "schema") else {
        return Err(format.error("needs a schema"));
    };
    schema.object()?;
    out.extend_from_slice(
        br#","response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":"#,
    );
    out.extend_from_slice(schema.raw);
    if schema::is_strict(schema.raw) {
        out.extend_from_slice(br#","strict":true"#);
    }
    out.extend_from_slice(b"}}");
    Ok(())
}

fn sampling(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    way: Way,
    takes: bool,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    for name in ["temperature", "top_p"] {
        let Some(value) = root.field(body, name) else { continue };
        let is_default = value.number()? == 1.0;
        if takes || !way.is_openai() {
            member(out, name, value.raw);
        } else if !is_default {
            dropped.add(format!("{name} (this model takes none)"));
        }
    }
    if let Some(top_k) = root.field(body, "top_k") {
        top_k.number()?;
        if way.upstream == Dialect::OpenAiChat && way.maker == Maker::OpenAi {
            dropped.add("top_k (this model takes none)");
        } else {
            member(out, "top_k", top_k.raw);
        }
    }
    Ok(())
}

fn stop_sequences(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    way: Way,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let Some(list) = root.field(body, "stop_sequences") else { return Ok(()) };
    let mut kept = Array::default();
    for (i, raw) in list.items()?.into_iter().enumerate() {
        let sequence = list.item(i, raw).string()?;
        if i >= MAX_STOP && way.upstream == Dialect::OpenAiChat && way.maker == Maker::OpenAi {
            dropped.add("stop_sequences (this model takes 4)");
        } else {
            kept.item().extend_from_slice(sequence);
        }
    }
    kept.push_member(out, "stop");
    Ok(())
}

/// OpenAI takes no more.
const MAX_STOP: usize = 4;

fn metadata(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let Some(metadata) = root.field(body, "metadata") else { return Ok(()) };
    let object = metadata.object()?;
    dropped.unknown("metadata.", &object, &["user_id"]);
    if let Some(user) = metadata.field(&object, "user_id") {
        let text = user.text()?;
        let fits = |c: char| c.is_ascii_graphic() || c == ' ';
        let mut string = Vec::new();
        json::push_text(&mut string, &calls::fitted(&text, fits, MAX_USER));
        member(out, "user", &string);
    }
    Ok(())
}

/// Longest `user` that OpenAI takes; coding agents' ids are longer.
const MAX_USER: usize = 64;

fn service_tier(out: &mut Vec<u8>, root: &Value<'_, '_>, body: &Object<'_>) -> Result<(), Error> {
    let Some(tier) = root.field(body, "service_tier") else { return Ok(()) };
    match tier.text()?.as_ref() {
        "auto" => member(out, "service_tier", br#""auto""#),
        "standard_only" => member(out, "service_tier", br#""default""#),
        _ => return Err(tier.error("must be auto or standard_only")),
    }
    Ok(())
}
