//! Whole answers: a Cohere message to a chat completion.
//!
//! Texts are joined without decoding. Cohere names no model in its answers: the one
//! that was asked for is told. A finish of `ERROR` or `TIMEOUT` inside a 200 is an
//! error, so that another target may be tried.
//!
//! Spec: <https://docs.cohere.com/reference/chat>.

use super::{JSON_TOOL, logprobs, usage};
use crate::dialect::openai::chunk::{Header, inner};
use crate::dialect::openai::completion::{Array, Choice, Message, completion_of};
use crate::dialect::openai::stop;
use crate::dialect::{ClientResponse, Reply};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn to_openai_chat(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = Answer::read(body)?;
    let mut message = Message::default();
    let parsed = answer.message()?;
    content(&parsed, &mut message)?;
    if let Some(plan) = parsed.tool_plan {
        if !message.reasoning.is_empty() && !inner(string(Some(plan))).is_empty() {
            message.reasoning.add_plain("\n\n");
        }
        message.reasoning.add(string(Some(plan)));
    }
    let mut json_answer = false;
    for call in parsed.tool_calls.unwrap_or_default() {
        json_answer |= tool_call(&call, reply, &mut message)?;
    }
    for citation in parsed.citations.unwrap_or_default() {
        message.citations.item().extend_from_slice(citation.get().as_bytes());
    }
    let mut tokens = Array::default();
    for item in answer.logprobs.unwrap_or_default() {
        let mut token = Vec::new();
        logprobs::push(item.get(), &mut token);
        if !token.is_empty() {
            tokens.item().extend_from_slice(&token);
        }
    }
    let usage = answer.usage.and_then(|u| usage::of_chat(u.get())).unwrap_or_default();
    let reason = answer.finish_reason.and_then(text).unwrap_or_default();
    message.beside = stop::beside(native(&reason), None);
    let finish = finish_reason(&reason, !message.tool_calls.is_empty(), json_answer);
    let id = answer.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
    let header =
        Header { id: &id, created: reply.created, model: &reply.model, service_tier: None };
    let logprobs = (!tokens.is_empty()).then(|| logprobs::list(tokens.items()));
    let choice = Choice { message: &message, finish, logprobs: logprobs.as_deref() };
    let body = completion_of(header, &[choice], &usage);
    Ok(ClientResponse { body: Some(body), usage })
}

/// For an answer without one.
pub(super) const NO_ID: &str = "cohere_unknown";

/// OpenAI's word. `called`: tools of the client's. `json_answer`: ours.
pub(super) fn finish_reason(reason: &str, called: bool, json_answer: bool) -> &'static str {
    match reason {
        // The second: on clouds that serve the version before.
        "MAX_TOKENS" | "ERROR_LIMIT" => "length",
        "ERROR_TOXIC" => "content_filter",
        _ if called => "tool_calls",
        "TOOL_CALL" if !json_answer => "tool_calls",
        // COMPLETE, STOP_SEQUENCE and what is not known yet.
        _ => "stop",
    }
}

/// Its word as others spell it, where chat has none.
pub(super) fn native(reason: &str) -> &'static str {
    if reason == "STOP_SEQUENCE" { "stop_sequence" } else { "" }
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// The bytes of a JSON string, or of none.
pub(super) fn string(raw: Option<&RawValue>) -> &[u8] {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"')).unwrap_or(EMPTY)
}

const EMPTY: &[u8] = b"\"\"";

fn content(parsed: &Parsed<'_>, message: &mut Message) -> Result<(), Error> {
    let Some(raw) = parsed.content else { return Ok(()) };
    if raw.get().starts_with('"') {
        message.content.add(raw.get().as_bytes());
        return Ok(());
    }
    let Ok(blocks) = serde_json::from_str::<Vec<Block<'_>>>(raw.get()) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's content is no list of blocks"));
    };
    for block in blocks {
        message.content.add(string(block.text));
        message.reasoning.add(string(block.thinking));
    }
    Ok(())
}

/// Adds a call. True where it is the answer through our JSON tool.
fn tool_call(call: &ToolCall<'_>, reply: &Reply, message: &mut Message) -> Result<bool, Error> {
    let function = call.function.as_ref();
    let (id, name) = (string(call.id), string(function.and_then(|f| f.name)));
    let arguments = function.and_then(|f| f.arguments).and_then(text).unwrap_or_default();
    let input = if arguments.trim().is_empty() { "{}" } else { arguments.as_ref() };
    if reply.json_tool && json::text(name).as_deref() == Some(JSON_TOOL) {
        message.content.add_plain(input);
        return Ok(true);
    }
    if id.len().min(name.len()) == EMPTY.len() {
        return Err(Error::new(Kind::BadAnswer, "a tool call without id or name"));
    }
    message.tool_call(id, name, input);
    Ok(false)
}

/// A whole answer; of an error, `message` is a string.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    logprobs: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct Parsed<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_plan: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    citations: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

// === impl Answer ===

impl<'a> Answer<'a> {
    /// What has no message, or ended in an error, is one.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Error> {
        let Ok(answer) = serde_json::from_slice::<Self>(body) else {
            return Err(Error::new(Kind::BadAnswer, "the provider's answer is no chat"));
        };
        match answer.message.map(|m| m.get().as_bytes()) {
            Some([b'{', ..]) => {}
            Some([b'"', ..]) => return Err(super::error::in_answer(body)),
            _ => return Err(Error::new(Kind::BadAnswer, "the provider's answer has no message")),
        }
        let reason = answer.finish_reason.and_then(text).unwrap_or_default();
        match super::error::of_finish(&reason, None) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    fn message(&self) -> Result<Parsed<'a>, Error> {
        let parsed = self.message.and_then(|m| serde_json::from_str(m.get()).ok());
        parsed.ok_or_else(|| Error::new(Kind::BadAnswer, "the provider's message is not one"))
    }
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
            (r#"{"message":{"content":[7]}}"#, Kind::BadAnswer),
            (r#"{"message":{"content":{}}}"#, Kind::BadAnswer),
            (r#"{"message":{"tool_calls":[{}]}}"#, Kind::BadAnswer),
            (r#"{"message":{"tool_calls":7}}"#, Kind::BadAnswer),
            (r#"{"message":"internal server error"}"#, Kind::ProviderFault),
            (r#"{"message":{},"finish_reason":"ERROR"}"#, Kind::ProviderFault),
        ] {
            let e = to_openai_chat(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!(e.kind, kind, "{body}");
        }
    }

    #[test]
    fn finish_reasons() {
        for (reason, called, json_answer, want) in [
            ("COMPLETE", false, false, "stop"),
            ("STOP_SEQUENCE", false, false, "stop"),
            ("MAX_TOKENS", true, false, "length"),
            ("TOOL_CALL", true, false, "tool_calls"),
            ("TOOL_CALL", false, true, "stop"),
            ("TOOL_CALL", true, true, "tool_calls"),
            ("COMPLETE", true, false, "tool_calls"),
            ("", false, false, "stop"),
        ] {
            assert_eq!(finish_reason(reason, called, json_answer), want, "{reason}");
        }
    }
}
