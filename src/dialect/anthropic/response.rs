//! Whole answers: a `message` to a chat completion.
//!
//! Text is joined without decoding; a tool's input becomes the arguments string
//! as Anthropic spelled it. Thinking is given twice: joined for people
//! (`reasoning_content`) and as the signed blocks (`thinking_blocks`), which a
//! client sends back so that the next turn may build on them.
//!
//! Spec: <https://platform.claude.com/docs/en/api/messages/create>,
//! <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>.

use super::JSON_TOOL;
use super::usage::{self, Tier};
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
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is not a message"));
    };
    if answer.error.is_some() {
        return Err(super::error::in_answer(body));
    }
    let Some(blocks) = answer.content else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no content"));
    };
    let mut message = Message::default();
    let mut json_answer = false;
    for raw in blocks {
        json_answer |= block(raw, reply, &mut message)?;
    }
    let mut usage = Usage::default();
    let Tier(tier) =
        answer.usage.and_then(|u| usage::update(&mut usage, u.get())).unwrap_or_default();
    usage.output_reported = usage.input_reported;
    let stop = answer.stop_reason.and_then(text).unwrap_or_default();
    if stop == "refusal" {
        message.refusal.add_plain(&refusal(answer.stop_details));
    }
    message.beside = stop::beside(&stop, answer.stop_sequence.map(|s| s.get().as_bytes()));
    let called = !message.tool_calls.is_empty();
    let finish = finish_reason(&stop, json_answer && !called);
    let id = answer.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
    let model = answer.model.and_then(text);
    let header = Header {
        id: &id,
        created: reply.created,
        model: model.as_deref().unwrap_or(&reply.model),
        service_tier: tier,
    };
    let body = completion(header, &message, finish, &usage);
    Ok(ClientResponse { body: Some(body), usage })
}

/// For an answer without one.
pub(super) const NO_ID: &str = "msg_unknown";

/// OpenAI's word for a stop reason. `json_answer`: the only tool called was ours.
pub(super) fn finish_reason(stop: &str, json_answer: bool) -> &'static str {
    match stop {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" if !json_answer => "tool_calls",
        "refusal" => "content_filter",
        // end_turn, stop_sequence, pause_turn (a server tool's long turn, which
        // no request of ours starts) and what is not known yet.
        _ => "stop",
    }
}

/// What to tell the client of a refusal.
pub(super) fn refusal(details: Option<&RawValue>) -> String {
    let details: Option<StopDetails> = details.and_then(|d| serde_json::from_str(d.get()).ok());
    match details.map(|d| (d.explanation, d.category)) {
        Some((Some(explanation), _)) => explanation,
        Some((None, Some(category))) => format!("The model declined to answer ({category})."),
        _ => "The model declined to answer.".to_owned(),
    }
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// Adds one content block. True where it is the answer through our JSON tool.
fn block(raw: &RawValue, reply: &Reply, message: &mut Message) -> Result<bool, Error> {
    let Ok(block) = serde_json::from_str::<Block<'_>>(raw.get()) else {
        return Err(Error::new(Kind::BadAnswer, "a content block of the provider is no object"));
    };
    match block.type_.and_then(text).as_deref() {
        Some("text") => {
            message.content.add(string(block.text));
            if let Some(citations) = block.citations {
                for citation in citations {
                    message.citations.item().extend_from_slice(citation.get().as_bytes());
                }
            }
        }
        Some("thinking") => {
            message.reasoning.add(string(block.thinking));
            message.thinking_blocks.item().extend_from_slice(raw.get().as_bytes());
        }
        Some("redacted_thinking") => {
            message.thinking_blocks.item().extend_from_slice(raw.get().as_bytes());
        }
        Some("tool_use") => {
            let input = block.input.map_or("{}", RawValue::get);
            if reply.json_tool && block.name.and_then(text).as_deref() == Some(JSON_TOOL) {
                message.content.add_plain(input);
                return Ok(true);
            }
            let (id, name) = (string(block.id), string(block.name));
            if id.len().min(name.len()) == EMPTY.len() {
                return Err(Error::new(Kind::BadAnswer, "a tool call without id or name"));
            }
            message.tool_call(id, name, input);
        }
        // Blocks of tools that run at the provider: no request of ours has one.
        _ => {}
    }
    Ok(false)
}

/// The bytes of a JSON string, or of none.
pub(super) fn string(raw: Option<&RawValue>) -> &[u8] {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"')).unwrap_or(EMPTY)
}

const EMPTY: &[u8] = b"\"\"";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_sequence: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_details: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    citations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StopDetails {
    explanation: Option<String>,
    category: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_an_error() {
        for (body, kind) in [
            ("<html>busy</html>", Kind::BadAnswer),
            ("{}", Kind::BadAnswer),
            ("[]", Kind::BadAnswer),
            (r#"{"choices":[{"message":{"content":"x"}}]}"#, Kind::BadAnswer),
            (r#"{"content":["x"]}"#, Kind::BadAnswer),
            (r#"{"content":[{"type":"tool_use"}]}"#, Kind::BadAnswer),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#,
                Kind::ProviderFault,
            ),
        ] {
            let e = to_openai_chat(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!(e.kind, kind, "{body}");
        }
    }

    #[test]
    fn a_refusal_always_has_words() {
        assert_eq!(refusal(None), "The model declined to answer.");
        let raw = RawValue::from_string(r#"{"type":"refusal","category":"cyber"}"#.into()).unwrap();
        assert_eq!(refusal(Some(&raw)), "The model declined to answer (cyber).");
        let raw = RawValue::from_string(r#"{"explanation":"No."}"#.into()).unwrap();
        assert_eq!(refusal(Some(&raw)), "No.");
    }
}
