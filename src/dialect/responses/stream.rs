//! Streams: typed events to chat completion chunks.
//!
//! `response.created` names the answer; items follow, each added, deltas, done;
//! `response.completed` or `.incomplete` ends with the usage. Calls are numbered in
//! the order in which they are added, whatever items stand between them. What a
//! server tells only at the end of a part or an item, without deltas, is told then.
//! Events of unknown type are passed over.
//!
//! A reasoning item is given back whole when it is done: before, its encrypted
//! content may be unfinished.

use super::answer::{Answer, NO_ID, finish_reason, text};
use super::error;
use super::events::Event;
use super::identity::failure;
use super::items::{Call, Field, Part};
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header};
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::sse;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) struct ToOpenAiChat {
    decoder: sse::Decoder,
    reader: Reader,
}

/// Everything but the framing.
pub(super) struct Reader {
    reply: Reply,
    pub(super) progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// The calls begun and not ended.
    pub(super) open: Vec<Call>,
    pub(super) calls: u64,
    /// The parts that deltas came for: their ends tell nothing new.
    pub(super) told: Vec<Part>,
    /// The last part of reasoning: a further one is a new paragraph.
    pub(super) reasoning: Option<Part>,
}

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            decoder: sse::Decoder::new(openai::MAX_EVENT),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                open: Vec::new(),
                calls: 0,
                told: Vec::new(),
                reasoning: None,
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
    fn event(&mut self, event: &sse::Event<'_>, out: &mut Vec<u8>) {
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
        match serde_json::from_slice::<Event<'_>>(data) {
            Ok(known) => self.known(&known, event.name, data, out),
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => {}
            Err(_) => self.fail(bad("the provider's stream is not valid JSON"), out),
        }
    }

    fn known(&mut self, event: &Event<'_>, name: &[u8], data: &[u8], out: &mut Vec<u8>) {
        match event.type_(name).as_ref() {
            "response.output_text.delta" => self.text(event, Field::Content, out),
            "response.output_text.done" => self.whole(event, Field::Content, out),
            "response.refusal.delta" => self.text(event, Field::Refusal, out),
            "response.refusal.done" => self.whole(event, Field::Refusal, out),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.text(event, Field::Reasoning, out);
            }
            "response.reasoning_summary_text.done" | "response.reasoning_text.done" => {
                self.whole(event, Field::Reasoning, out);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.arguments(event.about(), event.delta(), out);
            }
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.rest(event.about(), event.whole(), out);
            }
            "response.output_text.annotation.added" => self.annotation(event, out),
            "response.output_item.added" => self.added(event, out),
            "response.output_item.done" => self.done(event, out),
            "response.created" | "response.in_progress" | "response.queued" => {
                self.open_stream(&answer(event.response), out);
            }
            "response.completed" | "response.incomplete" => self.end(event.response, out),
            "response.failed" => {
                let read = answer(event.response);
                if let Some(usage) = read.counted() {
                    self.progress.usage = usage;
                }
                self.fail(failure(event.response), out);
            }
            "error" => self.fail(error::of_event(data, event.error.is_some()), out),
            _ => {}
        }
    }

    fn open_stream(&mut self, answer: &Answer<'_>, out: &mut Vec<u8>) {
        if self.chunks.is_some() {
            return;
        }
        let id = answer.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
        let model = answer.model.and_then(text);
        // "auto" is what was asked for: what served comes at the end, too late.
        let tier = answer.service_tier.and_then(text).filter(|t| t != "auto");
        let header = Header {
            id: &id,
            created: answer.created().unwrap_or(self.reply.created),
            model: model.as_deref().unwrap_or(&self.reply.model),
            service_tier: tier.as_deref(),
        };
        let chunks = Chunks::new(header, self.reply.include_usage);
        chunks.role(out);
        self.chunks = Some(chunks);
    }

    /// A chunk, where the stream has begun: nothing can come before that.
    pub(super) fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.open_stream(&Answer::default(), out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    fn end(&mut self, response: Option<&RawValue>, out: &mut Vec<u8>) {
        let answer = answer(response);
        self.open_stream(&answer, out);
        let usage = answer.counted();
        self.progress.usage = usage.unwrap_or_default();
        self.progress.started = true;
        self.progress.complete = true;
        let (reason, usage) = (finish_reason(&answer, self.calls > 0), self.progress.usage);
        self.chunk(out, |chunks, out| {
            chunks.finish(out, reason, b"");
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

fn answer(raw: Option<&RawValue>) -> Answer<'_> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}

pub(super) fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}
