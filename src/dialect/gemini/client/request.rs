//! Requests: a `GenerateContentRequest` to a chat request.

use super::fields::FIELDS;
use super::results::Results;
use super::spell::{camel, field, member};
use super::{config, contents, tools};
use crate::dialect::hub::ChatRequest;
use crate::dialect::loss::{Dropped, Fate};
use crate::dialect::openai::read::{Object, Path, Value};
use crate::dialect::{Dialect, Maker, Request, Thinking};
use crate::error::Error;
use crate::wire::json;

/// What an answer must know of the request, in `Reply::echo`.
pub(super) const SHOWS_THOUGHTS: &[u8] = b"thoughts";

pub(super) fn to_chat(request: &Request<'_>, upstream: Dialect) -> Result<ChatRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    sort_out(&root, &body, &mut dropped)?;

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, &request.facts.model);
    out.extend_from_slice(br#","messages":["#);
    let system = field(&root, &body, "systemInstruction");
    let Some(list) = field(&root, &body, "contents") else {
        return Err(Error::invalid("contents", "you must provide contents"));
    };
    let results = Results::of(upstream, request.traits.maker);
    out.extend_from_slice(contents::read(system.as_ref(), &list, results, &mut dropped)?.items());
    out.push(b']');
    if request.facts.stream {
        member(&mut out, "stream", b"true");
        member(&mut out, "stream_options", br#"{"include_usage":true}"#);
    }
    let mut shows_thoughts = false;
    if let Some(config) = field(&root, &body, "generationConfig") {
        shows_thoughts =
            config::write(&config, budgets(request, upstream), &mut out, &mut dropped)?;
    }
    tools::write(&root, &body, &mut out, &mut dropped)?;
    if let Some(tier) = field(&root, &body, "serviceTier") {
        service_tier(&tier, &mut out)?;
    }
    out.push(b'}');
    let echo = if shows_thoughts { SHOWS_THOUGHTS.to_vec() } else { Vec::new() };
    Ok(ChatRequest { body: out, dropped: dropped.into_names(), echo })
}

/// Claude takes a budget, as long as it leaves something to say.
fn budgets(request: &Request<'_>, upstream: Dialect) -> u64 {
    let traits = &request.traits;
    let takes = traits.maker == Maker::Anthropic
        && traits.thinking == Thinking::Budget
        && !matches!(upstream, Dialect::OpenAiChat | Dialect::OpenAiResponses);
    let limit = request.facts.max_tokens.unwrap_or(traits.max_output_tokens.into());
    if takes { limit } else { 0 }
}

/// As `loss::sort_out`, for either spelling.
fn sort_out(root: &Value<'_, '_>, body: &Object<'_>, dropped: &mut Dropped) -> Result<(), Error> {
    for (name, raw) in body.iter() {
        if raw == b"null" {
            continue;
        }
        let own = camel(name);
        let known = FIELDS.iter().find(|f| f.name == own);
        match known.map(|f| (f.fate, f.note)) {
            Some((Fate::Mapped, _)) => {}
            Some((Fate::Dropped(defaults), _)) => {
                if !defaults.iter().any(|d| d.as_bytes() == raw) {
                    dropped.client_name("", name);
                }
            }
            Some((Fate::Rejected, note)) => {
                let value = Value { raw, path: Path::Key(&root.path, name) };
                return Err(value.error(note));
            }
            // A chat on Gemini's path would lose all of itself.
            None if name == "messages" => {
                let words = "is a chat's: this path takes Gemini's contents";
                return Err(Error::invalid("messages", words));
            }
            None => dropped.client_name("", name),
        }
    }
    Ok(())
}

fn service_tier(tier: &Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let text = tier.text()?.to_ascii_lowercase();
    let word: &[u8] = match text.strip_prefix("service_tier_").unwrap_or(&text) {
        "unspecified" => return Ok(()),
        "standard" => br#""default""#,
        "flex" => br#""flex""#,
        "priority" => br#""priority""#,
        _ => return Err(tier.error("must be standard, flex or priority")),
    };
    member(out, "service_tier", word);
    Ok(())
}
