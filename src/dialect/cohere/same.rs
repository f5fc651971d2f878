//! Cohere to Cohere: the provider's own answers, read along for what the gateway must
//! know (first content, counts, errors, the end).

use super::error;
use super::events::{Body, ContentDelta, Delta, End};
use super::response::{Answer, string, text};
use super::usage;
use crate::dialect::openai::chunk::inner;
use crate::dialect::relay::{self, Keep, Reader, Relay};
use crate::dialect::{ClientResponse, Progress, Reply, Usage};
use crate::error::{Error, Kind};
use crate::wire::sse::Event;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn chat(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = Answer::read(body)?;
    let usage = answer.usage.and_then(|u| usage::of_chat(u.get())).unwrap_or_default();
    Ok(ClientResponse { body: None, usage })
}

pub(super) fn embed(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    listed(body, |l| l.embeddings.is_some(), usage::of_embed)
}

pub(super) fn rerank(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    listed(body, |l| l.results.is_some(), usage::of_rerank)
}

fn listed(
    body: &[u8],
    is_answer: fn(&Listed<'_>) -> bool,
    usage: fn(Option<&str>) -> Usage,
) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Listed<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is not what was asked for"));
    };
    if !is_answer(&answer) {
        return Err(match answer.message {
            Some(_) => error::in_answer(body),
            None => Error::new(Kind::BadAnswer, "the provider's answer has no results"),
        });
    }
    Ok(ClientResponse { body: None, usage: usage(answer.meta.map(RawValue::get)) })
}

/// An answer of embed or rerank.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

/// A chat's stream, passed on event by event.
pub(super) fn stream() -> Relay<Along> {
    Relay::new(Along::default())
}

/// Reads along.
#[derive(Default)]
pub(super) struct Along {
    progress: Progress,
}

// === impl Along ===

impl Reader for Along {
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Keep {
        if self.progress.failed.is_some() {
            return Keep::No;
        }
        let data = event.data.as_deref().unwrap_or_default().trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Keep::Yes;
        }
        match serde_json::from_slice::<Body<'_>>(data) {
            Ok(body) => self.known(&body, event.name),
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => {}
            Err(_) => {
                self.fail(relay::no_json(), out);
                return Keep::No;
            }
        }
        Keep::Yes
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&super::error::event(&error));
            self.progress.failed = Some(error);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.fail(relay::cut_short(), out);
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Along {
    fn known(&mut self, body: &Body<'_>, name: &[u8]) {
        let type_ = match body.type_.and_then(text) {
            Some(type_) => type_,
            None => String::from_utf8_lossy(name),
        };
        match type_.as_ref() {
            "content-start" | "content-delta" => {
                let delta: ContentDelta<'_> = read(body);
                if let Some(content) = delta.message.and_then(|m| m.content) {
                    self.generated(string(content.thinking));
                    self.generated(string(content.text));
                }
            }
            "tool-plan-delta" | "tool-call-start" | "tool-call-delta" => {
                let delta: Delta<'_> = read(body);
                let message = delta.message.unwrap_or_default();
                self.generated(string(message.tool_plan));
                let function = message.call().and_then(|c| c.function);
                self.generated(string(function.and_then(|f| f.arguments)));
                self.progress.started |= type_ == "tool-call-start";
            }
            "message-end" => {
                let end: End<'_> = read(body);
                if let Some(usage) = end.usage.and_then(|u| usage::of_chat(u.get())) {
                    self.progress.usage = usage;
                }
                let reason = end.finish_reason.and_then(text).unwrap_or_default();
                let words = end.error.and_then(text);
                self.progress.failed = error::of_finish(&reason, words.as_deref());
                let whole = self.progress.failed.is_none();
                self.progress.complete |= whole;
                self.progress.started |= whole;
            }
            _ => {}
        }
    }

    fn generated(&mut self, piece: &[u8]) {
        let bytes = inner(piece).len() as u64;
        self.progress.started |= bytes > 0;
        self.progress.output_bytes += bytes;
    }
}

/// What is not understood here is for the client to understand.
fn read<'a, D: Deserialize<'a> + Default>(body: &Body<'a>) -> D {
    body.delta.and_then(|d| serde_json::from_str(d.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Feed, StreamTranslator};

    #[test]
    fn passes_bytes_and_reads_along() {
        let mut stream = stream();
        let mut out = Vec::new();
        let start = b"event: message-start\r\ndata: {\"type\":\"message-start\",\"x\":1.0}\r\n\r\n";
        assert_eq!(stream.feed(start, &mut out), Feed::Same);
        assert!(out.is_empty() && !stream.progress().started);
        let end = b"data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"tokens\":{\"input_tokens\":3,\"output_tokens\":2}}}}\n\n";
        assert_eq!(stream.feed(end, &mut out), Feed::Same);
        stream.finish(&mut out);
        assert!(out.is_empty() && stream.progress().complete);
        assert_eq!(stream.progress().usage.input, 3);
    }

    #[test]
    fn a_cut_stream_ends_in_an_error_of_the_dialect() {
        let mut stream = stream();
        let mut out = Vec::new();
        stream.feed(b"data: {\"type\":\"message-start\"}\n\n", &mut out);
        stream.finish(&mut out);
        let said = String::from_utf8(out).unwrap();
        assert!(said.contains(r#""finish_reason":"ERROR""#), "{said}");
        assert_eq!(stream.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BrokenStream));
    }

    #[test]
    fn answers_of_another_kind_are_errors() {
        assert_eq!(embed(b"{}", &Reply::default()).unwrap_err().kind, Kind::BadAnswer);
        assert_eq!(rerank(b"7", &Reply::default()).unwrap_err().kind, Kind::BadAnswer);
        let e = rerank(br#"{"message":"boom"}"#, &Reply::default()).unwrap_err();
        assert_eq!((e.kind, e.message.as_ref()), (Kind::ProviderFault, "boom"));
    }
}
