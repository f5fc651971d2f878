//! Requests: a chat request to a Messages request.
//!
//! The order of decisions: what the tools are and whether one is forced; how the
//! answer becomes JSON (which may force one); whether the model thinks (not with
//! a forced tool); what of the sampling is left (nothing with thinking).

use super::betas;
use super::format::Format;
use super::host::Host;
use super::media;
use super::messages;
use super::tools::{self, NAMES};
use crate::dialect::claude::prefill;
use crate::dialect::claude::thinking::{Asked, Thought};
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::stop;
use crate::dialect::openai::tools::{Choice, Tools};
use crate::dialect::{Body, Request, Thinking, UpstreamRequest};
use crate::error::Error;
use crate::wire::json;

pub(super) fn from_openai_chat(
    request: &Request<'_>,
    host: Host,
) -> Result<UpstreamRequest, Error> {
    let traits = &request.traits;
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(host.fields(), &root, &body, &mut dropped)?;

    let mut tools = Tools::read(&root, &body, &NAMES, &mut dropped)?;
    if tools.choice.is_forced() && traits.thinking == Thinking::Always {
        dropped.add("tool_choice (this model cannot be forced)");
        tools.choice = Choice::Auto;
    }
    let asked = Asked::read(&root, &body)?;
    let mut format = Format::read(&root, &body, traits, asked.wants(), &mut dropped)?;
    if matches!(format, Format::Tool(_)) {
        match tools.choice {
            // One tool and no other: there will be no JSON answer this time.
            Choice::Named(_) => format = Format::Text,
            Choice::Never => tools.choice = Choice::Named(JSON_TOOL_STRING),
            _ if tools.defined.is_empty() => {
                tools.choice = Choice::Named(JSON_TOOL_STRING);
                tools.single = true;
            }
            _ => tools.choice = Choice::Any,
        }
    }
    let json_tool = matches!(format, Format::Tool(_));
    let default = u64::from(traits.max_output_tokens).max(1);
    let max_tokens = request.facts.max_tokens.unwrap_or(default);
    let mut thought = asked.settle(traits, tools.choice.is_forced(), max_tokens, &mut dropped);

    let Some(list) = root.field(&body, "messages") else {
        return Err(Error::invalid("messages", "you must provide a messages parameter"));
    };
    if !host.is_anthropic() {
        media::refuse_links(&list)?;
    }
    let takes = messages::Takes {
        system_turns: traits.system_turns,
        thoughts: thought.keeps(traits),
        prefill: prefill::is_taken(traits, thought.on),
    };
    let mut conversation = messages::read(&list, takes, &mut dropped)?;
    if thought.on && traits.thinking == Thinking::Budget && conversation.thoughtless_calls {
        asked.revoke(&mut thought, &mut dropped);
    }
    if let Format::Instruction(text) = &format {
        let mut string = Vec::new();
        json::push_text(&mut string, text);
        conversation.system.text(&string, None, &mut dropped);
    }

    let mut out = Vec::with_capacity(request.body.len() + 256);
    host.open(request.model, &mut out);
    out.extend_from_slice(br#","max_tokens":"#);
    json::push_number(&mut out, max_tokens);
    conversation.system.written.push_member(&mut out, "system");
    conversation.turns.push_member(&mut out, "messages");
    let own = if let Format::Tool(tool) = &format { Some(tool.as_slice()) } else { None };
    tools::write(&tools, traits.structured_output, own, &mut out, &mut dropped);
    if let Some(thinking) = &thought.thinking {
        json::push_member(&mut out, "thinking", thinking);
    }
    output_config(&mut out, &thought, &format);
    sampling(&mut out, &root, &body, traits.sampling, thought.on, &mut dropped)?;
    stop_sequences(&mut out, &root, &body, &mut dropped)?;
    metadata(&mut out, &root, &body, &mut dropped)?;
    if host.is_anthropic() {
        service_tier(&mut out, &root, &body, &mut dropped)?;
        if let Some(cache) = body.get("cache_control") {
            json::push_member(&mut out, "cache_control", cache);
        }
    }
    if host.body_says_betas() {
        let own = root.field(&body, "anthropic_beta");
        betas::push(request, own.is_some(), &mut out, &mut dropped);
        if let Some(own) = own {
            for (i, raw) in own.items()?.into_iter().enumerate() {
                own.item(i, raw).string()?;
            }
            json::push_member(&mut out, "anthropic_beta", own.raw);
        }
    }
    if let Some(options) = root.field(&body, "stream_options") {
        dropped.unknown("stream_options.", &options.object()?, &["include_usage"]);
    }
    if request.facts.stream && host.body_says_stream() {
        out.extend_from_slice(br#","stream":true"#);
    }
    out.push(b'}');
    Ok(UpstreamRequest {
        body: Body::Whole(out),
        dropped: dropped.into_names(),
        json_tool,
        ..Default::default()
    })
}

/// `super::JSON_TOOL` as a JSON string.
const JSON_TOOL_STRING: &[u8] = br#""sluice_json_answer""#;

fn output_config(out: &mut Vec<u8>, thought: &Thought, format: &Format) {
    let mut config = Vec::new();
    if let Some(effort) = thought.effort {
        json::push_member(&mut config, "effort", format!("\"{effort}\"").as_bytes());
    }
    if let Format::Native(native) = format {
        json::push_member(&mut config, "format", native);
    }
    if let Some(config) = config.get(1..) {
        out.extend_from_slice(br#","output_config":{"#);
        out.extend_from_slice(config);
        out.push(b'}');
    }
}

/// Thinking models sample in their own way, newer ones always; most others take
/// temperature or top_p, not both.
fn sampling(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    takes: bool,
    thinks: bool,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let refused = match (takes, thinks) {
        (false, _) => Some("this model takes none"),
        (_, true) => Some("not with thinking"),
        _ => None,
    };
    let mut heated = false;
    if let Some(temperature) = root.field(body, "temperature") {
        let number = temperature.number()?;
        if number < 0.0 {
            return Err(temperature.error("must not be negative"));
        }
        if let Some(why) = refused.filter(|_| number != 1.0) {
            dropped.add(format!("temperature ({why})"));
        } else if refused.is_none() && number > 1.0 {
            dropped.add("temperature (clamped to 1)");
            heated = true;
            json::push_member(out, "temperature", b"1");
        } else if refused.is_none() && number != 1.0 {
            heated = true;
            json::push_member(out, "temperature", temperature.raw);
        }
    }
    if let Some(top_p) = root.field(body, "top_p")
        && top_p.number()? != 1.0
    {
        match refused {
            Some(why) => dropped.add(format!("top_p ({why})")),
            None if heated => dropped.add("top_p (not beside temperature)"),
            None => json::push_member(out, "top_p", top_p.raw),
        }
    }
    if let Some(top_k) = root.field(body, "top_k") {
        top_k.number()?;
        match refused {
            Some(why) => dropped.add(format!("top_k ({why})")),
            None => json::push_member(out, "top_k", top_k.raw),
        }
    }
    Ok(())
}

/// The API refuses sequences without a visible character.
fn stop_sequences(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut list = Vec::new();
    for sequence in stop::read(root, body)? {
        if json::text(sequence).is_none_or(|text| text.trim().is_empty()) {
            dropped.add("stop (blank sequence)");
        } else {
            list.push(b',');
            list.extend_from_slice(sequence);
        }
    }
    if let Some(list) = list.get(1..) {
        json::push_member(out, "stop_sequences", &[b"[", list, b"]"].concat());
    }
    Ok(())
}

/// Who the end user is, for the provider's abuse detection: the nearest of the
/// client's words for it.
fn metadata(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut user = None;
    if let Some(metadata) = root.field(body, "metadata") {
        let object = metadata.object()?;
        dropped.unknown("metadata.", &object, &["user_id"]);
        if let Some(id) = metadata.field(&object, "user_id") {
            user = Some(id.string()?);
        }
    }
    for name in ["user", "safety_identifier"] {
        if let Some(id) = root.field(body, name) {
            let id = id.string()?;
            match user {
                None => user = Some(id),
                Some(other) if other == id => {}
                Some(_) => dropped.add(name),
            }
        }
    }
    if let Some(user) = user.filter(|user| *user != b"\"\"") {
        json::push_member(out, "metadata", &[br#"{"user_id":"#, user, b"}"].concat());
    }
    Ok(())
}

/// Spec: <https://platform.claude.com/docs/en/api/service-tiers>.
fn service_tier(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let Some(tier) = root.field(body, "service_tier") else { return Ok(()) };
    match tier.text()?.as_ref() {
        "auto" | "priority" => json::push_member(out, "service_tier", br#""auto""#),
        "default" | "standard_only" => {
            json::push_member(out, "service_tier", br#""standard_only""#)
        }
        "flex" => {
            dropped.add("service_tier (flex taken as standard)");
            json::push_member(out, "service_tier", br#""standard_only""#);
        }
        _ => dropped.add("service_tier"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_tool_has_one_name() {
        assert_eq!(json::text(JSON_TOOL_STRING).unwrap(), super::super::JSON_TOOL);
    }
}
