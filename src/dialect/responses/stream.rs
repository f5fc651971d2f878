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

use super::annotations;
use super::answer::{Answer, EMPTY, Item, NO_ID, finish_reason, one_line, string, text};
use super::error;
use super::events::Event;
use super::identity::failure;
use super::response::PARAGRAPH;
use super::usage;
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header, inner};
use crate::dialect::openai::completion::Array;
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
struct Reader {
    reply: Reply,
    progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// The calls begun and not ended.
    open: Vec<Call>,
    calls: u64,
    /// The last part that deltas came for: its end tells nothing new.
    told: Option<(Field, u64, u64)>,
    /// Reasoning was told, so that a further part of it is a new paragraph.
    reasoned: bool,
}

struct Call {
    output_index: u64,
    /// The client's.
    index: u64,
    custom: bool,
    /// Some arguments were passed on.
    sent: bool,
}

/// Where a piece of text belongs in the client's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Content,
    Refusal,
    Reasoning,
}

/// Most calls begun and not ended.
const MAX_OPEN: usize = 256;

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
                told: None,
                reasoned: false,
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
                self.arguments(event.output_index, event.delta(), out);
            }
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.rest(event.output_index, event.whole(), out);
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
                if let Some(usage) = read.usage.and_then(|u| usage::read(u.get())) {
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
    fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.open_stream(&Answer::default(), out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    fn generated(&mut self, piece: &[u8]) {
        self.progress.started = true;
        self.progress.output_bytes += inner(piece).len() as u64;
    }

    fn text(&mut self, event: &Event<'_>, field: Field, out: &mut Vec<u8>) {
        let part = field.part(event);
        if event.delta() == EMPTY {
            return;
        }
        self.piece(part, event.delta(), event.logprobs, out);
    }

    /// The end of a part: news only where no delta came.
    fn whole(&mut self, event: &Event<'_>, field: Field, out: &mut Vec<u8>) {
        let part = field.part(event);
        if self.told != Some(part) && event.whole() != EMPTY {
            self.piece(part, event.whole(), event.logprobs, out);
        }
    }

    fn piece(
        &mut self,
        part: (Field, u64, u64),
        piece: &[u8],
        logprobs: Option<&RawValue>,
        out: &mut Vec<u8>,
    ) {
        self.generated(piece);
        if part.0 == Field::Reasoning {
            if self.reasoned && self.told != Some(part) {
                self.chunk(out, |chunks, out| chunks.text(out, Field::Reasoning.name(), PARAGRAPH));
            }
            self.reasoned = true;
        }
        self.told = Some(part);
        let logprobs: Vec<&RawValue> =
            logprobs.and_then(|l| serde_json::from_str(l.get()).ok()).unwrap_or_default();
        let mut list = Array::default();
        for token in logprobs {
            list.item().extend_from_slice(&one_line(token));
        }
        self.chunk(out, |chunks, out| match part.0 {
            Field::Content if !list.is_empty() => {
                chunks.text_with_logprobs(out, piece, list.items());
            }
            _ => chunks.text(out, part.0.name(), piece),
        });
    }

    fn annotation(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if let Some(citation) = event.annotation.and_then(|a| annotations::write(a, 0)) {
            self.chunk(out, |chunks, out| {
                chunks.delta(out, |out| {
                    out.extend_from_slice(br#""annotations":["#);
                    out.extend_from_slice(&citation);
                    out.push(b']');
                });
            });
        }
    }

    fn added(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let item = item(event.item);
        let custom = match item.type_.and_then(text).as_deref() {
            Some("function_call") => false,
            Some("custom_tool_call") => true,
            _ => return,
        };
        let (id, name) = (string(item.call_id), string(item.name));
        if id == EMPTY || name == EMPTY {
            return self.fail(bad("a tool call without id or name"), out);
        }
        if self.open.len() == MAX_OPEN {
            return self.fail(bad("the provider's stream leaves too many calls open"), out);
        }
        self.progress.started = true;
        let index = self.calls;
        self.calls += 1;
        let output_index = event.output_index.unwrap_or(0);
        self.open.push(Call { output_index, index, custom, sent: false });
        self.chunk(out, |chunks, out| {
            if custom {
                chunks.custom_start(out, index, id, name);
            } else {
                chunks.tool_start(out, index, id, name);
            }
        });
    }

    fn arguments(&mut self, at: Option<u64>, piece: &[u8], out: &mut Vec<u8>) {
        let at = at.unwrap_or(0);
        let Some(call) = self.open.iter_mut().rev().find(|c| c.output_index == at) else { return };
        if piece == EMPTY {
            return;
        }
        call.sent = true;
        let (index, custom) = (call.index, call.custom);
        self.generated(piece);
        self.chunk(out, |chunks, out| {
            if custom {
                chunks.custom_input(out, index, piece);
            } else {
                chunks.tool_arguments(out, index, piece);
            }
        });
    }

    /// The arguments as they came to be: news only where no delta came.
    fn rest(&mut self, at: Option<u64>, whole: &[u8], out: &mut Vec<u8>) {
        let found = self.open.iter().rev().find(|c| c.output_index == at.unwrap_or(0));
        if found.is_some_and(|c| !c.sent) {
            self.arguments(at, whole, out);
        }
    }

    fn done(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let item = item(event.item);
        match item.type_.and_then(text).as_deref() {
            Some("reasoning") if item.is_sealed() => {
                let Some(raw) = event.item else { return };
                self.progress.started = true;
                self.chunk(out, |chunks, out| {
                    chunks.delta(out, |out| {
                        out.extend_from_slice(br#""thinking_blocks":["#);
                        out.extend_from_slice(&one_line(raw));
                        out.push(b']');
                    });
                });
            }
            Some(kind @ ("function_call" | "custom_tool_call")) => {
                let at = event.output_index.unwrap_or(0);
                if !self.open.iter().any(|c| c.output_index == at) {
                    self.added(event, out);
                }
                let custom = kind == "custom_tool_call";
                let whole = string(if custom { item.input } else { item.arguments });
                // SDKs parse a function's arguments: an empty string is not JSON.
                let empty = whole == EMPTY && !custom;
                self.rest(event.output_index, if empty { br#""{}""# } else { whole }, out);
                self.open.retain(|c| c.output_index != at);
            }
            _ => {}
        }
    }

    fn end(&mut self, response: Option<&RawValue>, out: &mut Vec<u8>) {
        let answer = answer(response);
        self.open_stream(&answer, out);
        let usage = answer.usage.and_then(|u| usage::read(u.get()));
        self.progress.usage = usage.unwrap_or_default();
        self.progress.started = true;
        self.progress.complete = true;
        let (reason, usage) = (finish_reason(&answer, self.calls > 0), self.progress.usage);
        self.chunk(out, |chunks, out| {
            chunks.finish(out, reason);
            chunks.usage(out, &usage);
        });
        chunk::done(out);
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&openai::error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

// === impl Field ===

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Content => "content",
            Field::Refusal => "refusal",
            Field::Reasoning => "reasoning_content",
        }
    }

    /// The part of the answer that an event is about.
    fn part(self, event: &Event<'_>) -> (Self, u64, u64) {
        let inside = event.summary_index.or(event.content_index);
        (self, event.output_index.unwrap_or(0), inside.unwrap_or(0))
    }
}

fn answer(raw: Option<&RawValue>) -> Answer<'_> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}

fn item(raw: Option<&RawValue>) -> Item<'_> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}

fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}
