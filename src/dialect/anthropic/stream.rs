//! Streams: Messages events to chat completion chunks.
//!
//! `message_start` names the answer and says what went in; blocks follow one
//! after another, each start, deltas, stop; `message_delta` brings the stop
//! reason and what came out; `message_stop` ends. Events and deltas of unknown
//! type are passed over, as the API's versioning policy asks. A piece of text is
//! copied into its chunk as the JSON string it came in.
//!
//! `ping` becomes an SSE comment, so that the keep-alive reaches the client. A
//! tool call that got no arguments gets `{}` at its end: an empty string is not
//! JSON, and SDKs parse it.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use super::blocks::Block;
use super::events::{Body, Message};
use super::frames::{Frame, Frames};
use super::host::Host;
use super::response::{NO_ID, finish_reason, refusal, text};
use super::usage::{self, Tier};
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header};
use crate::dialect::openai::stop;
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) struct ToOpenAiChat {
    frames: Frames,
    reader: Reader,
}

/// Everything but the framing.
pub(super) struct Reader {
    pub(super) reply: Reply,
    pub(super) progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// The blocks begun and not ended, by the provider's index; one, in practice.
    pub(super) open: Vec<(u64, Block)>,
    pub(super) tools: u64,
    /// Our JSON tool was called.
    pub(super) json_answer: bool,
    finish: Option<&'static str>,
    /// Beside it.
    beside: Vec<u8>,
}

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply, host: Host) -> Self {
        Self {
            frames: Frames::new(host),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                open: Vec::new(),
                tools: 0,
                json_answer: false,
                finish: None,
                beside: Vec::new(),
            },
        }
    }
}

impl StreamTranslator for ToOpenAiChat {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let reader = &mut self.reader;
        if let Err(error) = self.frames.feed(chunk, |frame| reader.frame(frame, out)) {
            reader.fail(error, out);
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        let rest = self.frames.finish(|frame| reader.frame(frame, out));
        if reader.progress.complete || reader.progress.failed.is_some() {
            return;
        }
        if reader.finish.is_some() {
            // The answer is whole, only the farewell is missing.
            reader.end(out);
        } else {
            let words = "the provider's stream ended before the answer was complete";
            let early = Error::new(Kind::BrokenStream, words);
            reader.fail(rest.err().unwrap_or(early), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    fn frame(&mut self, frame: Result<Frame<'_>, Error>, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() || self.progress.complete {
            return;
        }
        let event = match frame {
            Ok(event) => event,
            Err(error) => return self.fail(error, out),
        };
        let Some(data) = event.data else {
            if event.raw.starts_with(b":") {
                chunk::ping(out);
            }
            return;
        };
        let data = data.trim_ascii();
        if data.is_empty() {
            return;
        }
        let body = match serde_json::from_slice::<Body<'_>>(data) {
            Ok(body) => body,
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => return,
            Err(_) => return self.fail(bad("the provider's stream is not valid JSON"), out),
        };
        let type_ = body.kind(event.name);
        match type_.as_ref() {
            "content_block_delta" => self.delta(&body, out),
            "content_block_start" => self.start(&body, out),
            "content_block_stop" => self.stop(body.index.unwrap_or(0), out),
            "message_start" => self.begin(body.message, out),
            "message_delta" => self.message_delta(&body, out),
            "message_stop" => self.end(out),
            "ping" => chunk::ping(out),
            "error" => self.fail(super::error::in_answer(data), out),
            _ => {}
        }
    }

    fn begin(&mut self, message: Option<&RawValue>, out: &mut Vec<u8>) {
        if self.progress.started {
            return self.fail(bad("the provider's stream begins twice"), out);
        }
        let message: Option<Message<'_>> = message.and_then(|m| serde_json::from_str(m.get()).ok());
        let message = message.unwrap_or_default();
        let usage = &mut self.progress.usage;
        let Tier(tier) =
            message.usage.and_then(|u| usage::update(usage, u.get())).unwrap_or_default();
        let id = message.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
        let model = message.model.and_then(text);
        self.open_stream(&id, model.as_deref(), tier, out);
    }

    fn open_stream(
        &mut self,
        id: &str,
        model: Option<&str>,
        tier: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        if self.chunks.is_none() {
            let header = Header {
                id,
                created: self.reply.created,
                model: model.unwrap_or(&self.reply.model),
                service_tier: tier,
            };
            let chunks = Chunks::new(header, self.reply.include_usage);
            chunks.role(out);
            self.chunks = Some(chunks);
        }
    }

    /// A chunk, where the stream has begun: nothing can come before that.
    pub(super) fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.open_stream(NO_ID, None, None, out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    fn message_delta(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        if let Some(usage) = body.usage {
            usage::update(&mut self.progress.usage, usage.get());
            self.progress.usage.output_reported = true;
        }
        let Some(delta) = &body.delta else { return };
        let Some(stop) = delta.stop_reason.and_then(text) else { return };
        self.progress.started = true;
        if stop == "refusal" {
            let mut words = Vec::new();
            json::push_text(&mut words, &refusal(delta.stop_details));
            self.chunk(out, |chunks, out| chunks.text(out, "refusal", &words));
        }
        self.beside = stop::beside(&stop, delta.stop_sequence.map(|s| s.get().as_bytes()));
        self.finish = Some(finish_reason(&stop, self.json_answer && self.tools == 0));
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(reason) = self.finish else {
            return self.fail(bad("the provider's stream ended without a stop reason"), out);
        };
        while let Some(index) = self.open.last().map(|(index, _)| *index) {
            self.stop(index, out);
        }
        self.progress.complete = true;
        let usage = self.progress.usage;
        let beside = std::mem::take(&mut self.beside);
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
    use super::super::blocks::MAX_OPEN;
    use super::*;

    fn stream() -> ToOpenAiChat {
        ToOpenAiChat::new(&Reply { model: "m".into(), ..Default::default() }, Host::Anthropic)
    }

    fn feed(stream: &mut ToOpenAiChat, data: &str) -> String {
        let mut out = Vec::new();
        stream.feed(format!("data: {data}\n\n").as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":9,"output_tokens":1}}}"#;

    #[test]
    fn starts_with_content_and_counts_from_the_first_event() {
        let mut s = stream();
        feed(&mut s, START);
        assert!(s.progress().usage.input_reported && s.progress().usage.input == 9);
        assert_eq!(feed(&mut s, r#"{"type":"ping"}"#), ": ping\n\n");
        let text =
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
        assert_eq!(feed(&mut s, text), "");
        assert!(!s.progress().started);
        let delta =
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#;
        assert!(feed(&mut s, delta).contains(r#""delta":{"content":"hi"}"#));
        assert!(s.progress().started && !s.progress().usage.output_reported);
        assert_eq!(s.progress().output_bytes, 2);
    }

    #[test]
    fn each_kind_of_content_starts() {
        for event in [
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"x"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"x"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#,
        ] {
            let mut s = stream();
            feed(&mut s, START);
            feed(&mut s, event);
            assert!(s.progress().started, "{event}");
        }
    }

    #[test]
    fn content_before_message_start_is_not_lost() {
        let mut s = stream();
        let delta =
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#;
        let out = feed(&mut s, delta);
        assert!(out.contains(r#""model":"m""#) && out.contains(r#""content":"hi""#));
    }

    #[test]
    fn bounds_what_it_keeps() {
        let mut s = stream();
        feed(&mut s, START);
        for i in 0..=MAX_OPEN {
            let start = format!(
                r#"{{"type":"content_block_start","index":{i},"content_block":{{"type":"text"}}}}"#
            );
            feed(&mut s, &start);
        }
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
        assert_eq!(feed(&mut s, START), "");
    }
}
