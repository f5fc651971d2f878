//! Streams: Cohere's events to chat completion chunks.
//!
//! `message-start` names the answer; content blocks and tool calls follow, each
//! start, deltas, end; `message-end` brings the reason and all counts. Events of
//! unknown type are passed over. A piece of text is copied into its chunk as the JSON
//! string it came in.
//!
//! Spec: <https://docs.cohere.com/docs/streaming>,
//! <https://docs.cohere.com/reference/chat-stream>.

use super::calls::Tool;
use super::events::{Body, ContentDelta, Delta, End};
use super::response::{NO_ID, finish_reason, native, string, text};
use super::{logprobs, usage};
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header, inner};
use crate::dialect::openai::stop;
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::sse::{Decoder, Event};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) struct ToOpenAiChat {
    decoder: Decoder,
    reader: Reader,
}

/// Everything but the framing.
pub(super) struct Reader {
    pub(super) reply: Reply,
    pub(super) progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// Calls begun and not ended; one, in practice.
    pub(super) open: Vec<Tool>,
    pub(super) tools: u64,
    /// Our JSON tool was called.
    pub(super) json_answer: bool,
}

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            decoder: Decoder::new(openai::MAX_EVENT),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                open: Vec::new(),
                tools: 0,
                json_answer: false,
            },
        }
    }
}

impl StreamTranslator for ToOpenAiChat {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let reader = &mut self.reader;
        if self.decoder.feed(chunk, |event| reader.event(&event, out)).is_err() {
            reader.fail(bad("one event of the provider's stream is too long"), out);
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        self.decoder.finish(|event| reader.event(&event, out));
        let words = "the provider's stream ended before the answer was complete";
        reader.fail(Error::new(Kind::BrokenStream, words), out);
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() || self.progress.complete {
            return;
        }
        let Some(data) = event.data.as_deref() else {
            if event.raw.starts_with(b":") {
                chunk::ping(out);
            }
            return;
        };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return;
        }
        let body = match serde_json::from_slice::<Body<'_>>(data) {
            Ok(body) => body,
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => return,
            Err(_) => return self.fail(bad("the provider's stream is not valid JSON"), out),
        };
        let type_ = match body.type_.and_then(text) {
            Some(type_) => type_,
            None => String::from_utf8_lossy(event.name),
        };
        match type_.as_ref() {
            "content-delta" | "content-start" => self.content(&body, out),
            "tool-plan-delta" => {
                if let Some(delta) = self.delta::<Delta<'_>>(&body, out) {
                    let plan = delta.message.unwrap_or_default().tool_plan;
                    self.piece("reasoning_content", string(plan), None, out);
                }
            }
            "tool-call-start" => self.tool_start(&body, out),
            "tool-call-delta" => self.tool_delta(&body, out),
            "tool-call-end" => self.tool_end(body.index.unwrap_or(0), out),
            "citation-start" => self.citation(&body, out),
            "message-start" if self.progress.started => {
                self.fail(bad("the provider's stream begins twice"), out);
            }
            "message-start" => {
                let id = body.id.and_then(text);
                self.open_stream(id.as_deref().unwrap_or(NO_ID), out);
            }
            "message-end" => self.end(&body, out),
            // An error's whole body where an event should be.
            "" | "error" if body.message.is_some_and(|m| m.get().starts_with('"')) => {
                self.fail(super::error::in_answer(data), out);
            }
            _ => {}
        }
    }

    /// An event's `delta`; one that is none as we know it breaks the format.
    pub(super) fn delta<'a, D: Deserialize<'a> + Default>(
        &mut self,
        body: &Body<'a>,
        out: &mut Vec<u8>,
    ) -> Option<D> {
        let Some(raw) = body.delta else { return Some(D::default()) };
        let read = serde_json::from_str(raw.get()).ok();
        if read.is_none() {
            self.fail(bad("an event of the provider's stream has an unknown shape"), out);
        }
        read
    }

    fn open_stream(&mut self, id: &str, out: &mut Vec<u8>) {
        if self.chunks.is_none() {
            let (created, model) = (self.reply.created, self.reply.model.as_str());
            let header = Header { id, created, model, service_tier: None };
            let chunks = Chunks::new(header, self.reply.include_usage);
            chunks.role(out);
            self.chunks = Some(chunks);
        }
    }

    /// A chunk, where the stream has begun: nothing can come before that.
    pub(super) fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.open_stream(NO_ID, out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    /// A piece of generated text for the client.
    pub(super) fn piece(
        &mut self,
        field: &str,
        piece: &[u8],
        logprobs: Option<&RawValue>,
        out: &mut Vec<u8>,
    ) {
        if inner(piece).is_empty() {
            return;
        }
        self.generated(piece);
        let mut tokens = Vec::new();
        if let Some(raw) = logprobs {
            logprobs::push(raw.get(), &mut tokens);
        }
        if tokens.is_empty() {
            return self.chunk(out, |chunks, out| chunks.text(out, field, piece));
        }
        let delta = |out: &mut Vec<u8>| {
            out.extend_from_slice(format!("\"{field}\":").as_bytes());
            out.extend_from_slice(piece);
        };
        let beside = [br#","logprobs":"#.as_slice(), &logprobs::list(&tokens)].concat();
        self.chunk(out, |chunks, out| chunks.choice(out, 0, delta, &beside, None));
    }

    pub(super) fn generated(&mut self, piece: &[u8]) {
        self.progress.started = true;
        self.progress.output_bytes += inner(piece).len() as u64;
    }

    fn content(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = self.delta::<ContentDelta<'_>>(body, out) else { return };
        let Some(content) = delta.message.and_then(|m| m.content) else { return };
        self.piece("reasoning_content", string(content.thinking), None, out);
        self.piece("content", string(content.text), body.logprobs, out);
    }

    fn citation(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = self.delta::<Delta<'_>>(body, out) else { return };
        let Some(citation) = delta.message.unwrap_or_default().citations else { return };
        self.chunk(out, |chunks, out| {
            chunks.delta(out, |out| {
                out.extend_from_slice(br#""citations":["#);
                // A line end can only stand between its tokens, and would end the
                // event's line.
                let raw = citation.get().bytes();
                out.extend(raw.map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
                out.push(b']');
            });
        });
    }

    fn end(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(end) = self.delta::<End<'_>>(body, out) else { return };
        if let Some(usage) = end.usage.and_then(|u| usage::of_chat(u.get())) {
            self.progress.usage = usage;
        }
        let Some(reason) = end.finish_reason.and_then(text) else {
            return self.fail(bad("the provider's stream ended without a finish reason"), out);
        };
        let words = end.error.and_then(text);
        if let Some(error) = super::error::of_finish(&reason, words.as_deref()) {
            return self.fail(error, out);
        }
        while let Some(at) = self.open.last().map(|tool| tool.at) {
            self.tool_end(at, out);
        }
        self.progress.started = true;
        self.progress.complete = true;
        let beside = stop::beside(native(&reason), None);
        let reason = finish_reason(&reason, self.tools > 0, self.json_answer);
        let usage = self.progress.usage;
        self.chunk(out, |chunks, out| {
            chunks.finish(out, reason, &beside);
            chunks.usage(out, &usage);
        });
        chunk::done(out);
    }

    pub(super) fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&openai::error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

pub(super) fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}

#[cfg(test)]
mod tests {
    use super::super::calls::MAX_OPEN;
    use super::*;

    fn stream() -> ToOpenAiChat {
        ToOpenAiChat::new(&Reply { model: "m".into(), ..Default::default() })
    }

    fn feed(stream: &mut ToOpenAiChat, data: &str) -> String {
        let mut out = Vec::new();
        stream.feed(format!("data: {data}\n\n").as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn content_before_message_start_is_not_lost() {
        let mut s = stream();
        let delta = r#"{"type":"content-delta","delta":{"message":{"content":{"text":"hi"}}}}"#;
        let out = feed(&mut s, delta);
        assert!(out.contains(r#""model":"m""#) && out.contains(r#""content":"hi""#));
        assert!(s.progress().started && s.progress().output_bytes == 2);
    }

    #[test]
    fn a_start_is_no_content() {
        let mut s = stream();
        feed(&mut s, r#"{"type":"message-start","id":"a","delta":{"message":{"content":[]}}}"#);
        let start = r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#;
        assert_eq!(feed(&mut s, start), "");
        assert!(!s.progress().started);
    }

    #[test]
    fn bounds_what_it_keeps() {
        let mut s = stream();
        for i in 0..=MAX_OPEN {
            let start = format!(
                r#"{{"type":"tool-call-start","index":{i},"delta":{{"message":{{"tool_calls":{{"id":"a","function":{{"name":"f"}}}}}}}}}}"#
            );
            feed(&mut s, &start);
        }
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
        assert_eq!(feed(&mut s, r#"{"type":"message-start"}"#), "");
    }

    #[test]
    fn a_delta_of_another_shape_breaks_the_format() {
        let mut s = stream();
        feed(&mut s, r#"{"type":"content-delta","delta":{"message":{"content":[7]}}}"#);
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
        let mut s = stream();
        feed(&mut s, r#"{"type":"never-heard-of","delta":7}"#);
        assert!(s.progress().failed.is_none());
        feed(&mut s, r#"{"message":"internal server error"}"#);
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::ProviderFault));
    }
}
