//! Requests: a chat request to a Cohere chat.
//!
//! The order of decisions: what the tools are; how the answer becomes JSON (which
//! may add one); then all the rest, each for itself.

use super::FIELDS;
use super::format::Format;
use super::messages;
use super::thinking;
use super::tools;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::stop;
use crate::dialect::openai::tools::{Choice, Tools};
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json;

pub(super) fn from_openai_chat(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let traits = &request.traits;
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;

    let mut tools = Tools::read(&root, &body, &tools::NAMES, &mut dropped)?;
    let format = Format::read(&root, &body, traits, &tools, &mut dropped)?;
    if tools.choice == Choice::Never && matches!(format, Format::Native { .. }) {
        // None is to be called, and a format goes beside none.
        tools.defined.clear();
    }
    let json_tool = matches!(format, Format::Tool(_));
    let Some(list) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide a messages parameter"));
    };
    let conversation = messages::read(&list, traits, format.instruction(), &mut dropped)?;

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, request.model);
    json::push_member(&mut out, "stream", if request.facts.stream { b"true" } else { b"false" });
    conversation.push_member(&mut out, "messages");
    let own = if let Format::Tool(tool) = &format { Some(tool.as_slice()) } else { None };
    tools::write(&tools, own, traits.structured_output, &body, &mut out, &mut dropped);
    if let Format::Native { format, .. } = &format {
        json::push_member(&mut out, "response_format", format);
    }
    if let Some(max_tokens) = request.facts.max_tokens {
        out.extend_from_slice(br#","max_tokens":"#);
        json::push_number(&mut out, max_tokens);
    }
    stops(&mut out, &root, &body, &mut dropped)?;
    sampling(&mut out, &root, &body, traits.sampling, &mut dropped)?;
    penalties(&mut out, &root, &body, &mut dropped)?;
    if request.facts.logprobs {
        json::push_member(&mut out, "logprobs", b"true");
    }
    let max_tokens = request.facts.max_tokens.unwrap_or(traits.max_output_tokens.into());
    if let Some(thinking) = thinking::read(&root, &body, traits, max_tokens, &mut dropped)? {
        json::push_member(&mut out, "thinking", &thinking);
    }
    for name in ["safety_mode", "documents", "citation_options", "priority"] {
        if let Some(own) = body.get(name) {
            json::push_member(&mut out, name, own);
        }
    }
    if let Some(options) = root.field(&body, "stream_options") {
        dropped.unknown("stream_options.", &options.object()?, &["include_usage"]);
    }
    out.push(b'}');
    let (body, dropped) = (Body::Whole(out), dropped.into_names());
    Ok(UpstreamRequest { body, dropped, json_tool, ..Default::default() })
}

/// Most sequences the API takes.
const MAX_STOPS: usize = 5;

fn stops(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut list = stop::read(root, body)?;
    list.retain(|sequence| *sequence != b"\"\"");
    if list.len() > MAX_STOPS {
        list.truncate(MAX_STOPS);
        dropped.add("stop (more than 5)");
    }
    if !list.is_empty() {
        json::push_member(
            out,
            "stop_sequences",
            &[b"[", list.join(&b',').as_slice(), b"]"].concat(),
        );
    }
    Ok(())
}

fn sampling(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    takes: bool,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    for (name, theirs) in [("temperature", "temperature"), ("top_p", "p"), ("top_k", "k")] {
        let Some(value) = root.field(body, name) else { continue };
        let number = value.number()?;
        if number < 0.0 || (name == "top_p" && number > 1.0) {
            let range =
                if name == "top_p" { "must be from 0 to 1" } else { "must not be negative" };
            return Err(value.error(range));
        }
        if !takes {
            if name == "top_k" || number != 1.0 {
                dropped.add(format!("{name} (this model takes none)"));
            }
            continue;
        }
        match name {
            "temperature" if number > 1.0 => {
                dropped.add("temperature (clamped to 1)");
                json::push_member(out, theirs, b"1");
            }
            // The API's own bounds: all and almost all are the same to a client.
            "top_p" if number > 0.99 => json::push_member(out, theirs, b"0.99"),
            "top_p" if number < 0.01 => json::push_member(out, theirs, b"0.01"),
            "top_k" if number > 500.0 => {
                dropped.add("top_k (clamped to 500)");
                json::push_member(out, theirs, b"500");
            }
            _ => json::push_member(out, theirs, value.raw),
        }
    }
    if let Some(seed) = root.field(body, "seed") {
        seed.number()?;
        match std::str::from_utf8(seed.raw).ok().and_then(|s| s.parse::<u64>().ok()) {
            Some(_) => json::push_member(out, "seed", seed.raw),
            None => dropped.add("seed (not a whole number from 0)"),
        }
    }
    Ok(())
}

/// From 0 to 1, and only one of them.
fn penalties(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut given = false;
    for name in ["frequency_penalty", "presence_penalty"] {
        let Some(value) = root.field(body, name) else { continue };
        let number = value.number()?;
        if number == 0.0 {
            continue;
        }
        if number < 0.0 {
            dropped.add(format!("{name} (negative)"));
        } else if given {
            dropped.add(format!("{name} (not beside frequency_penalty)"));
        } else {
            given = true;
            if number > 1.0 {
                dropped.add(format!("{name} (clamped to 1)"));
            }
            json::push_member(out, name, if number > 1.0 { b"1" } else { value.raw });
        }
    }
    Ok(())
}
