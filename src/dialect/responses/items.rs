//! The items of a streamed answer: pieces of text, citations, calls, reasoning, and
//! what each event about them says to the client.

use super::annotations;
use super::answer::{EMPTY, Item, one_line, string, text};
use super::events::{About, Event};
use super::response::PARAGRAPH;
use super::stream::{Reader, bad};
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use serde_json::value::RawValue;

/// A call that has begun and not ended.
pub(super) struct Call {
    output_index: Option<u64>,
    /// By which the provider's events may call it; JSON strings.
    ids: [Vec<u8>; 2],
    /// The client's.
    index: u64,
    custom: bool,
    /// Some arguments were passed on.
    sent: bool,
}

/// Where a piece of text belongs in the client's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Content,
    Refusal,
    Reasoning,
}

/// A part of the answer: what it holds, and where.
pub(super) type Part = (Field, u64, u64);

/// Most calls begun and not ended.
const MAX_OPEN: usize = 256;

/// Most parts that are remembered as told.
const MAX_TOLD: usize = 256;

/// Most bytes of an id that are kept.
const MAX_ID: usize = 256;

// === impl Call ===

impl Call {
    /// By its place where both know one, else by its id, else any.
    fn is(&self, about: About<'_>) -> bool {
        match (self.output_index, about.index) {
            (Some(own), Some(other)) => own == other,
            _ if about.id == EMPTY => true,
            _ => self.ids.iter().any(|id| about.id.get(..about.id.len().min(MAX_ID)) == Some(id)),
        }
    }
}

// === impl Reader ===

impl Reader {
    fn generated(&mut self, piece: &[u8]) {
        self.progress.started = true;
        self.progress.output_bytes += inner(piece).len() as u64;
    }

    pub(super) fn text(&mut self, event: &Event<'_>, field: Field, out: &mut Vec<u8>) {
        let part = field.part(event);
        if event.delta() == EMPTY {
            return;
        }
        self.piece(part, event.delta(), event.logprobs, out);
    }

    /// The end of a part: news only where no delta came.
    pub(super) fn whole(&mut self, event: &Event<'_>, field: Field, out: &mut Vec<u8>) {
        let part = field.part(event);
        let new = self.told.len() < MAX_TOLD && !self.told.contains(&part);
        if new && event.whole() != EMPTY {
            self.piece(part, event.whole(), event.logprobs, out);
        }
    }

    fn piece(&mut self, part: Part, piece: &[u8], logprobs: Option<&RawValue>, out: &mut Vec<u8>) {
        self.generated(piece);
        if part.0 == Field::Reasoning {
            if self.reasoning.is_some_and(|last| last != part) {
                self.chunk(out, |chunks, out| chunks.text(out, Field::Reasoning.name(), PARAGRAPH));
            }
            self.reasoning = Some(part);
        }
        if self.told.len() < MAX_TOLD && !self.told.contains(&part) {
            self.told.push(part);
        }
        let logprobs: Vec<&RawValue> =
            logprobs.and_then(|l| serde_json::from_str(l.get()).ok()).unwrap_or_default();
        let mut list = Array::default();
        for token in logprobs {
            list.item().extend_from_slice(&one_line(token));
        }
        let logprobs = super::response::logprobs(&list).filter(|_| part.0 == Field::Content);
        self.chunk(out, |chunks, out| match logprobs {
            Some(logprobs) => {
                let text = |out: &mut Vec<u8>| {
                    out.extend_from_slice(br#""content":"#);
                    out.extend_from_slice(piece);
                };
                let beside = [br#","logprobs":"#, logprobs.as_slice()].concat();
                chunks.choice(out, 0, text, &beside, None);
            }
            None => chunks.text(out, part.0.name(), piece),
        });
    }

    pub(super) fn annotation(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
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

    pub(super) fn added(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
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
        let ids = [string(item.id), id].map(|id| id.get(..id.len().min(MAX_ID)));
        let ids = ids.map(|id| id.unwrap_or_default().to_vec());
        let output_index = event.output_index;
        self.open.push(Call { output_index, ids, index, custom, sent: false });
        self.chunk(out, |chunks, out| {
            if custom {
                chunks.custom_start(out, index, id, name);
            } else {
                chunks.tool_start(out, index, id, name);
            }
        });
    }

    pub(super) fn arguments(&mut self, about: About<'_>, piece: &[u8], out: &mut Vec<u8>) {
        let Some(call) = self.open.iter_mut().rev().find(|c| c.is(about)) else { return };
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
    pub(super) fn rest(&mut self, about: About<'_>, whole: &[u8], out: &mut Vec<u8>) {
        let found = self.open.iter().rev().find(|c| c.is(about));
        if found.is_some_and(|c| !c.sent) {
            self.arguments(about, whole, out);
        }
    }

    pub(super) fn done(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
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
                let id = if item.id.is_some() { item.id } else { item.call_id };
                let about = About { index: event.output_index, id: string(id) };
                if !self.open.iter().any(|c| c.is(about)) {
                    self.added(event, out);
                }
                let custom = kind == "custom_tool_call";
                let whole = string(if custom { item.input } else { item.arguments });
                // SDKs parse a function's arguments: an empty string is not JSON.
                let empty = whole == EMPTY && !custom;
                self.rest(about, if empty { br#""{}""# } else { whole }, out);
                self.open.retain(|c| !c.is(about));
            }
            _ => {}
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
    fn part(self, event: &Event<'_>) -> Part {
        let inside = event.summary_index.or(event.content_index);
        (self, event.output_index.unwrap_or(0), inside.unwrap_or(0))
    }
}

fn item(raw: Option<&RawValue>) -> Item<'_> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}
