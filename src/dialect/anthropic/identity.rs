//! A client that speaks Messages, and a provider that does: for a cloud the
//! client's bytes without the model's name and with the cloud's version instead. Answers are the provider's bytes, read for usage.
//!
//! What a cloud does not take at the top is left out and listed; deeper down the
//! provider's own words about it reach the client, who wrote its own dialect.

use super::error;
use super::host::Host;
use super::{sweep, threads, usage};
use crate::dialect::loss::{Dropped, Fate};
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest, Usage};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Member, Splice};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn request(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut dropped = Dropped::default();
    let splices = sweep::splices(request, &mut dropped);
    crate::dialect::identity::with(request, splices, dropped)
}

pub(super) fn to_cloud(request: &Request<'_>, host: Host) -> Result<UpstreamRequest, Error> {
    let mut version = br#""anthropic_version":"#.to_vec();
    json::push_text(&mut version, host.version().unwrap_or_default());
    without_the_unknown(request, host, version)
}

/// Vertex's counter: the model is in the body.
pub(super) fn to_cloud_counter(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut model = br#""model":"#.to_vec();
    json::push_text(&mut model, request.model);
    without_the_unknown(request, Host::Vertex, model)
}

/// The client's bytes without what the host does not take; `with`: the member that
/// stands where the model was.
fn without_the_unknown(
    request: &Request<'_>,
    host: Host,
    with: Vec<u8>,
) -> Result<UpstreamRequest, Error> {
    let body = request.body;
    threads::refuse(body)?;
    let members = json::object(body).unwrap_or_default();
    let mut dropped = Dropped::default();
    let mut splices = Vec::new();
    // A member goes with the comma before it; where nothing before it stays, with
    // the one behind it.
    let mut stays = false;
    for (i, member) in members.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| members.get(i));
        if member.key == "model" {
            let range = key_at(body, before)..member.value.end;
            splices.push(Splice { range, with: with.clone() });
            stays = true;
        } else if leaves(body, member, host, &mut dropped) {
            let range = match (before, members.get(i + 1)) {
                (Some(before), _) if stays => before.value.end..member.value.end,
                (_, Some(_)) => key_at(body, before)..key_at(body, Some(member)),
                // The model always stays, so a last member has it before it.
                (_, None) => continue,
            };
            splices.push(Splice { range, with: Vec::new() });
        } else {
            stays = true;
        }
    }
    splices.extend(sweep::splices(request, &mut dropped));
    splices.sort_by_key(|s| s.range.start);
    Ok(UpstreamRequest {
        body: Body::Spliced(splices),
        dropped: dropped.into_names(),
        ..Default::default()
    })
}

pub(super) fn response(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is not a message"));
    };
    if answer.error.is_some() {
        return Err(error::in_answer(body));
    }
    if answer.content.is_none() {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no content"));
    }
    let mut counted = Usage::default();
    if let Some(raw) = answer.usage {
        usage::update(&mut counted, raw.get());
    }
    counted.output_reported = counted.input_reported;
    Ok(ClientResponse { body: None, usage: counted })
}

/// Does this member of a Messages request stay here?
fn leaves(body: &[u8], member: &Member<'_>, host: Host, dropped: &mut Dropped) -> bool {
    let name = member.key.as_ref();
    let field = host.native_fields().iter().find(|f| f.name == name);
    match (field.map(|f| f.fate), name) {
        (Some(Fate::Dropped(defaults)), _) => {
            let raw = body.get(member.value.clone()).unwrap_or_default();
            if raw != b"null" && !defaults.iter().any(|d| d.as_bytes() == raw) {
                dropped.client_name("", name);
            }
            true
        }
        (_, "stream") => !host.body_says_stream(),
        (_, "anthropic_version") => true,
        _ => false,
    }
}

/// Where the key begins that follows this member, or is the first.
fn key_at(body: &[u8], before: Option<&Member<'_>>) -> usize {
    let start = before.map_or(0, |m| m.value.end);
    let rest = body.get(start..).unwrap_or_default();
    start + rest.iter().position(|b| *b == b'"').unwrap_or(rest.len())
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Facts, Maker, ModelTraits, Thinking, quirks};

    fn made(host: Host, body: &str) -> (String, Vec<String>) {
        let facts = Facts::of(Dialect::AnthropicMessages, body.as_bytes(), None).unwrap();
        let traits = ModelTraits {
            max_output_tokens: 1,
            structured_output: true,
            sampling: true,
            system_turns: true,
            thinking: Thinking::None,
            maker: Maker::Anthropic,
            reasons: false,
        };
        let quirks = &quirks::NONE;
        let asked = Request { body: body.as_bytes(), facts: &facts, model: "real", traits, quirks };
        let made = match host {
            Host::Anthropic => super::request(&asked),
            _ => to_cloud(&asked, host),
        };
        let made = made.unwrap();
        let Body::Spliced(splices) = made.body else { panic!("identity must splice") };
        let text = String::from_utf8(json::splice(body.as_bytes(), &splices)).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        (text, made.dropped.iter().map(|lost| lost.to_string()).collect())
    }

    #[test]
    fn touches_only_what_it_must() {
        let (text, _) = made(Host::Anthropic, r#"{ "x": 1E+02, "model" : "m", "messages":[ ] }"#);
        assert_eq!(text, r#"{ "x": 1E+02, "model" : "real", "messages":[ ] }"#);
        for (host, body, want, dropped) in [
            (
                Host::Vertex,
                r#"{ "a": 1E+02, "mod\u0065l" : "m", "stream": true, "messages":[ ] }"#,
                r#"{ "a": 1E+02, "anthropic_version":"vertex-2023-10-16", "stream": true, "messages":[ ] }"#,
                vec![],
            ),
            (
                Host::Bedrock,
                r#"{"stream": true , "service_tier":"priority", "model":"m", "anthropic_version":"x","messages":[]}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31","messages":[]}"#,
                vec!["service_tier"],
            ),
            (
                Host::Bedrock,
                r#"{"model":"m","stream":false,"cache_control":{"type":"ephemeral"},"messages":[]}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31","messages":[]}"#,
                vec!["cache_control"],
            ),
            (
                Host::Bedrock,
                r#"{"messages":[],"stream":false,"model":"m"}"#,
                r#"{"messages":[],"anthropic_version":"bedrock-2023-05-31"}"#,
                vec![],
            ),
        ] {
            assert_eq!(
                made(host, body),
                (want.to_owned(), dropped.into_iter().map(str::to_owned).collect()),
                "{body}"
            );
        }
    }
}
