//! Requests: a chat request to a Converse request.
//!
//! The order of decisions: what the tools are and whether one is forced; how the
//! answer becomes JSON (which may force one); how the model thinks; what of the
//! sampling is left.

use super::format::Format;
use super::reasoning::{self, Reasoning};
use super::{FIELDS, inference, messages, tools};
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::{Choice, Tools};
use crate::dialect::{Body, Request, Thinking, UpstreamRequest};
use crate::error::Error;
use crate::wire::json;

pub(super) fn from_openai_chat(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let traits = &request.traits;
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;

    let mut tools = Tools::read(&root, &body, &tools::NAMES, &mut dropped)?;
    if tools.choice.is_forced() && traits.thinking == Thinking::Always {
        dropped.add("tool_choice (this model cannot be forced)");
        tools.choice = Choice::Auto;
    }
    let asked = reasoning::Asked::read(&root, &body)?;
    let mut format = Format::read(&root, &body, traits, asked.wants(), &mut dropped)?;
    if matches!(format, Format::Tool(_)) {
        match tools.choice {
            // One tool and no other: there will be no JSON answer this time.
            Choice::Named(_) => format = Format::Text,
            Choice::Never => tools.choice = Choice::Named(JSON_TOOL_STRING),
            _ if tools.defined.is_empty() => tools.choice = Choice::Named(JSON_TOOL_STRING),
            _ => tools.choice = Choice::Any,
        }
    }
    let json_tool = matches!(format, Format::Tool(_));
    let mut reasoning = asked.settle(request, tools.choice.is_forced(), &mut dropped);

    let Some(list) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide a messages parameter"));
    };
    let mut conversation = messages::read(&list, traits, &reasoning, &mut dropped)?;
    if conversation.thoughtless_calls {
        asked.revoke(traits, &mut reasoning, &mut dropped);
    }
    if let Format::Instruction(text) = &format {
        let mut string = Vec::new();
        json::push_text(&mut string, text);
        conversation.system.text(&string, None, &mut dropped);
    }

    let mut out = Vec::with_capacity(request.body.len() + 256);
    conversation.turns.push_member(&mut out, "messages");
    conversation.system.written.push_member(&mut out, "system");
    inference::write(&mut out, request, &root, &body, &reasoning, &mut dropped)?;
    let own = if let Format::Tool(tool) = &format { Some(tool.as_slice()) } else { None };
    tools::write(&tools, traits, own, &conversation.called, &mut out, &mut dropped);
    more_fields(&mut out, &root, &body, traits.maker, &reasoning, &mut dropped)?;
    output_config(&mut out, &reasoning, &format);
    settings(&mut out, request.facts.stream, &root, &body, &mut dropped)?;
    metadata(&mut out, &root, &body, &mut dropped)?;
    if let Some(options) = root.field(&body, "stream_options") {
        dropped.unknown("stream_options.", &options.object()?, &["include_usage"]);
    }
    // Each member brought its comma.
    if let Some(first) = out.first_mut() {
        *first = b'{';
    }
    out.push(b'}');
    Ok(UpstreamRequest {
        body: Body::Whole(out),
        dropped: dropped.into_names(),
        json_tool,
        ..Default::default()
    })
}

/// `,"name":{members}`, or nothing where there are none. Each member of `members`
/// begins with its comma.
pub(super) fn object(out: &mut Vec<u8>, name: &str, members: &[u8]) {
    if let Some(members) = members.get(1..) {
        json::push_member(out, name, &[b"{", members, b"}"].concat());
    }
}

/// `super::JSON_TOOL` as a JSON string.
const JSON_TOOL_STRING: &[u8] = br#""sluice_json_answer""#;

/// `additionalModelRequestFields`: what only some makers' models know.
fn more_fields(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    maker: crate::dialect::Maker,
    reasoning: &Reasoning,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut more = reasoning.fields.clone();
    if let Some(top_k) = root.field(body, "top_k") {
        top_k.number()?;
        inference::top_k(&mut more, top_k.raw, maker, reasoning, dropped);
    }
    object(out, "additionalModelRequestFields", &more);
    Ok(())
}

fn output_config(out: &mut Vec<u8>, reasoning: &Reasoning, format: &Format) {
    let mut config = Vec::new();
    if let Format::Native(native) = format {
        json::push_member(&mut config, "textFormat", native);
    }
    if let Some(effort) = reasoning.effort {
        json::push_member(&mut config, "effort", format!("\"{effort}\"").as_bytes());
    }
    object(out, "outputConfig", &config);
}

/// Guardrail, latency and tier.
fn settings(
    out: &mut Vec<u8>,
    stream: bool,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if let Some(guardrail) = root.field(body, "guardrail_config") {
        let object = guardrail.object()?;
        if object.get("streamProcessingMode").is_some() && !stream {
            dropped.add("guardrail_config.streamProcessingMode (not streamed)");
            let mut kept = Vec::new();
            for (name, raw) in object.iter().filter(|(name, _)| *name != "streamProcessingMode") {
                kept.push(b',');
                json::push_text(&mut kept, name);
                kept.push(b':');
                kept.extend_from_slice(raw);
            }
            self::object(out, "guardrailConfig", &kept);
        } else {
            json::push_member(out, "guardrailConfig", guardrail.raw);
        }
    }
    if let Some(performance) = root.field(body, "performance_config") {
        performance.object()?;
        json::push_member(out, "performanceConfig", performance.raw);
    }
    let Some(tier) = root.field(body, "service_tier") else { return Ok(()) };
    match tier.text()?.as_ref() {
        "auto" => {}
        "default" | "flex" | "priority" | "reserved" => {
            json::push_member(out, "serviceTier", &[br#"{"type":"#, tier.raw, b"}"].concat());
        }
        "scale" => dropped.add("service_tier (no such tier)"),
        _ => return Err(tier.error("must be auto, default, flex, priority or reserved")),
    }
    Ok(())
}

/// `requestMetadata` marks the call in invocation logs. It takes fewer characters
/// and half the length that OpenAI's `metadata` does.
fn metadata(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let Some(metadata) = root.field(body, "metadata") else { return Ok(()) };
    let object = metadata.object()?;
    let fits = |text: &str| {
        let plain = |c: char| {
            c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c)
        };
        text.len() <= 256 && text.chars().all(plain)
    };
    let (mut kept, mut count) = (Vec::new(), 0);
    for (name, raw) in object.iter() {
        let value = json::text(raw).filter(|value| fits(value));
        if value.is_none() || name.is_empty() || !fits(name) || count == MAX_METADATA {
            dropped.client_name("metadata.", name);
            continue;
        }
        count += 1;
        kept.push(b',');
        json::push_text(&mut kept, name);
        kept.push(b':');
        kept.extend_from_slice(raw);
    }
    self::object(out, "requestMetadata", &kept);
    Ok(())
}

/// Most pairs of `requestMetadata`.
const MAX_METADATA: usize = 16;
