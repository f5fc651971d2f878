//! Whole answers: output items to one message of a chat completion.
//!
//! Items of tools that run at the provider (searches) are passed over: what they
//! found is in the text and its annotations. A reasoning item is given twice: its
//! summary for people, and the item itself where the provider will take it back.

use super::annotations;
use super::answer::{Answer, EMPTY, Item, NO_ID, Part, finish_reason, string, text};
use crate::dialect::openai::chunk::Header;
use crate::dialect::openai::completion::{Array, Choice, Message, completion_of};
use crate::dialect::{ClientResponse, Reply};
use crate::error::{Error, Kind};
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn to_openai_chat(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = read(body)?;
    let mut gathered = Gathered::default();
    for raw in answer.output.iter().flatten() {
        gathered.item(raw)?;
    }
    let message = &gathered.message;
    let finish = finish_reason(&answer, !message.tool_calls.is_empty());
    let usage = answer.counted().unwrap_or_default();
    let id = answer.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
    let model = answer.model.and_then(text);
    let tier = answer.service_tier.and_then(text);
    let header = Header {
        id: &id,
        created: answer.created().unwrap_or(reply.created),
        model: model.as_deref().unwrap_or(&reply.model),
        service_tier: tier.as_deref(),
    };
    let logprobs = logprobs(&gathered.logprobs);
    let choice = Choice { message, finish, logprobs: logprobs.as_deref() };
    let body = completion_of(header, &[choice], &usage);
    Ok(ClientResponse { body: Some(body), usage })
}

/// A choice's `logprobs`, where there are tokens.
pub(super) fn logprobs(tokens: &Array) -> Option<Vec<u8>> {
    let content = [br#"{"content":["#, tokens.items(), br#"],"refusal":null}"#].concat();
    (!tokens.is_empty()).then_some(content)
}

/// An answer that is one: an error inside a 200 is an error.
pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is not a response"));
    };
    let failed = answer.status.and_then(text).as_deref() == Some("failed");
    if let Some(error) = answer.error {
        return Err(super::error::of_object(error.get().as_bytes()));
    }
    if failed {
        return Err(Error::new(Kind::ProviderFault, "the provider failed to answer"));
    }
    if answer.output.is_none() {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no output"));
    }
    Ok(answer)
}

#[derive(Default)]
struct Gathered {
    message: Message,
    /// Of the content's tokens.
    logprobs: Array,
    /// Characters of content so far.
    characters: u64,
}

// === impl Gathered ===

impl Gathered {
    fn item(&mut self, raw: &RawValue) -> Result<(), Error> {
        let Ok(item) = serde_json::from_str::<Item<'_>>(raw.get()) else {
            // An item that is not known yet.
            return Ok(());
        };
        match item.type_.and_then(text).as_deref() {
            Some("message") => item.content.iter().flatten().for_each(|p| self.part(p)),
            Some("reasoning") => self.reasoning(&item, raw),
            Some("function_call") => {
                let arguments = Some(string(item.arguments)).filter(|a| *a != EMPTY);
                self.call(&item, "function", "arguments", arguments.unwrap_or(br#""{}""#))?;
            }
            Some("custom_tool_call") => {
                self.call(&item, "custom", "input", string(item.input))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn part(&mut self, part: &Part<'_>) {
        match part.type_.and_then(text).as_deref() {
            Some("output_text") => {
                for raw in part.annotations.iter().flatten() {
                    if let Some(citation) = annotations::write(raw, self.characters) {
                        self.message.annotations.item().extend_from_slice(&citation);
                    }
                }
                for raw in part.logprobs.iter().flatten() {
                    self.logprobs.item().extend_from_slice(raw.get().as_bytes());
                }
                let text = string(part.text);
                self.characters += annotations::characters(text);
                self.message.content.add(text);
            }
            Some("refusal") => self.message.refusal.add(string(part.refusal)),
            _ => {}
        }
    }

    fn reasoning(&mut self, item: &Item<'_>, raw: &RawValue) {
        // Models with open weights think aloud; others give a summary, if asked.
        let summary = item.summary.as_deref().unwrap_or_default();
        let parts =
            if summary.is_empty() { item.content.as_deref().unwrap_or_default() } else { summary };
        for part in parts {
            if !self.message.reasoning.is_empty() {
                self.message.reasoning.add(PARAGRAPH);
            }
            self.message.reasoning.add(string(part.text));
        }
        if item.is_sealed() {
            self.message.thinking_blocks.item().extend_from_slice(raw.get().as_bytes());
        }
    }

    fn call(&mut self, item: &Item<'_>, type_: &str, key: &str, value: &[u8]) -> Result<(), Error> {
        let (id, name) = (string(item.call_id), string(item.name));
        if id == EMPTY || name == EMPTY {
            return Err(Error::new(Kind::BadAnswer, "a tool call without id or name"));
        }
        let out = self.message.tool_calls.item();
        out.extend_from_slice(br#"{"id":"#);
        out.extend_from_slice(id);
        out.extend_from_slice(format!(r#","type":"{type_}","{type_}":{{"name":"#).as_bytes());
        out.extend_from_slice(name);
        out.extend_from_slice(format!(r#","{key}":"#).as_bytes());
        out.extend_from_slice(value);
        out.extend_from_slice(b"}}");
        Ok(())
    }
}

/// Between parts of a summary.
pub(super) const PARAGRAPH: &[u8] = br#""\n\n""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_response_is_an_error() {
        for (body, kind, status) in [
            ("<html>busy</html>", Kind::BadAnswer, 502),
            ("{}", Kind::BadAnswer, 502),
            (r#"{"choices":[{"message":{"content":"x"}}]}"#, Kind::BadAnswer, 502),
            (r#"{"output":[{"type":"function_call","name":"f"}]}"#, Kind::BadAnswer, 502),
            (r#"{"status":"failed","output":[]}"#, Kind::ProviderFault, 502),
            (
                r#"{"status":"failed","error":{"code":"server_error","message":"x"},"output":[]}"#,
                Kind::ProviderFault,
                500,
            ),
            (
                r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"}}"#,
                Kind::Busy,
                429,
            ),
        ] {
            let e = to_openai_chat(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!((e.kind, e.status()), (kind, status), "{body}");
        }
    }

    #[test]
    fn unknown_items_are_passed_over() {
        let body = br#"{"output":[7,{"type":"new_thing","content":"x"},{"type":"message","content":[{"type":"output_text","text":"hi"}]}]}"#;
        let answer = to_openai_chat(body, &Reply::default()).unwrap();
        assert!(String::from_utf8(answer.body.unwrap()).unwrap().contains(r#""content":"hi""#));
    }
}
