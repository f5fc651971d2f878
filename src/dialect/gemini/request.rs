//! Requests: a chat request to a `GenerateContentRequest`.
//!
//! The model and whether to stream are in the path. The order of decisions: what the
//! tools are; whether a JSON answer can stand beside them, else the instructions ask
//! for it.

use super::FIELDS;
use super::config::{Config, Shape};
use super::contents;
use super::extra::Extra;
use super::tools;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::format::Format;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::Choice;
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json;

pub(super) fn from_openai_chat(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;
    let tools = tools::read(&root, &body, &mut dropped)?;
    let callable = !tools.defined.is_empty() && tools.choice != Choice::Never;
    let format = Format::read(&root, &body, &mut dropped)?;
    let shape = Shape::read(format, request, callable, &mut dropped);
    let extra = Extra::read(&root, &body, &mut dropped)?;
    let config = Config::read(request, &root, &body, &shape, extra.thinking, &mut dropped)?;

    let Some(list) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide a messages parameter"));
    };
    let mut conversation = contents::read(&list, request.traits.thinking, &mut dropped)?;
    if let Shape::Words(words) = &shape {
        let part = conversation.system.item();
        part.extend_from_slice(br#"{"text":"#);
        json::push_text(part, words);
        part.push(b'}');
    }

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"contents":["#);
    out.extend_from_slice(conversation.contents.items());
    out.push(b']');
    if !conversation.system.is_empty() {
        out.extend_from_slice(br#","systemInstruction":{"parts":["#);
        out.extend_from_slice(conversation.system.items());
        out.extend_from_slice(b"]}");
    }
    tools::write(&tools, &mut out, &mut dropped);
    if let Some(settings) = extra.safety {
        json::push_member(&mut out, "safetySettings", settings);
    }
    if let Some(cached) = extra.cached {
        json::push_member(&mut out, "cachedContent", cached);
    }
    service_tier(&mut out, &root, &body)?;
    config.push(&mut out);
    if let Some(options) = root.field(&body, "stream_options") {
        dropped.unknown("stream_options.", &options.object()?, &["include_usage"]);
    }
    out.push(b'}');
    Ok(UpstreamRequest {
        body: Body::Whole(out),
        dropped: dropped.into_names(),
        ..Default::default()
    })
}

/// Spec: <https://ai.google.dev/gemini-api/docs/priority-inference>,
/// <https://ai.google.dev/gemini-api/docs/flex-inference>.
fn service_tier(out: &mut Vec<u8>, root: &Value<'_, '_>, body: &Object<'_>) -> Result<(), Error> {
    let Some(tier) = root.field(body, "service_tier") else { return Ok(()) };
    match tier.text()?.as_ref() {
        "auto" => {}
        "default" => json::push_member(out, "serviceTier", br#""standard""#),
        "flex" => json::push_member(out, "serviceTier", br#""flex""#),
        "priority" => json::push_member(out, "serviceTier", br#""priority""#),
        _ => return Err(tier.error("must be auto, default, flex or priority")),
    }
    Ok(())
}
