//! The open items of a streamed answer, and their events: added, filled, done.

use super::output::{self, Kind};
use super::seal::Seal;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::{Array, Text};
use crate::wire::json::{self, push_member};

/// Numbers events and writes them.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) sequence: u64,
}

/// Where an item stands in the output.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) index: u64,
    /// A JSON string.
    pub(super) id: Vec<u8>,
}

/// A message, with one part open.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) place: Place,
    /// Those that are done, and how many.
    parts: Array,
    done: u64,
    part: Option<Part>,
}

#[derive(Debug)]
struct Part {
    kind: Kind,
    text: Text,
    annotations: Array,
    annotated: u64,
    logprobs: Array,
}

#[derive(Debug)]
pub(super) struct Thought {
    pub(super) place: Place,
    summary: Text,
    pub(super) seal: Seal,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) place: Place,
    /// Chat's.
    pub(super) index: u64,
    /// JSON strings.
    pub(super) call_id: Vec<u8>,
    name: Vec<u8>,
    arguments: Text,
}

// === impl Events ===

impl Events {
    /// An event; `members`, each behind a comma, stand after its type and number.
    pub(super) fn push(
        &mut self,
        out: &mut Vec<u8>,
        type_: &str,
        members: impl FnOnce(&mut Vec<u8>),
    ) {
        for piece in ["event: response.", type_, "\ndata: {\"type\":\"response.", type_] {
            out.extend_from_slice(piece.as_bytes());
        }
        out.extend_from_slice(br#"","sequence_number":"#);
        json::push_number(out, self.sequence);
        self.sequence += 1;
        members(out);
        out.extend_from_slice(b"}\n\n");
    }

    /// An event about an item as a whole.
    pub(super) fn item(&mut self, out: &mut Vec<u8>, what: &str, index: u64, item: &[u8]) {
        self.push(out, what, |out| {
            out.extend_from_slice(br#","output_index":"#);
            json::push_number(out, index);
            push_member(out, "item", item);
        });
    }

    /// An event inside of an item. `part`: the name of its index, and the index.
    fn inside(
        &mut self,
        out: &mut Vec<u8>,
        type_: &str,
        place: &Place,
        part: Option<(&str, u64)>,
        members: impl FnOnce(&mut Vec<u8>),
    ) {
        self.push(out, type_, |out| {
            push_member(out, "item_id", &place.id);
            out.extend_from_slice(br#","output_index":"#);
            json::push_number(out, place.index);
            if let Some((name, index)) = part {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                json::push_number(out, index);
            }
            members(out);
        });
    }
}

// === impl Said ===

impl Said {
    pub(super) fn open(place: Place, events: &mut Events, out: &mut Vec<u8>) -> Self {
        let item = output::message(&place.id, "in_progress", b"");
        events.item(out, "output_item.added", place.index, &item);
        Self { place, parts: Array::default(), done: 0, part: None }
    }

    /// A piece of text, a JSON string. `logprobs`: its tokens, without brackets.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        piece: &[u8],
        logprobs: &[u8],
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        if self.part.as_ref().is_some_and(|part| part.kind != kind) {
            self.end_part(events, out);
        }
        let at = Some(("content_index", self.done));
        let place = &self.place;
        let part = self.part.get_or_insert_with(|| {
            let empty = output::part(kind, &Text::default(), b"", b"");
            events.inside(out, "content_part.added", place, at, |out| {
                push_member(out, "part", &empty)
            });
            Part {
                kind,
                text: Text::default(),
                annotations: Array::default(),
                annotated: 0,
                logprobs: Array::default(),
            }
        });
        if inner(piece).is_empty() && logprobs.is_empty() {
            return;
        }
        part.text.add(piece);
        if !logprobs.is_empty() {
            part.logprobs.item().extend_from_slice(logprobs);
        }
        let type_ = match kind {
            Kind::Text => "output_text.delta",
            Kind::Refusal => "refusal.delta",
        };
        events.inside(out, type_, place, at, |out| {
            push_member(out, "delta", piece);
            if kind == Kind::Text {
                push_member(out, "logprobs", &[b"[", logprobs, b"]"].concat());
            }
        });
    }

    /// A citation of the text so far; without a text there is nothing to cite.
    pub(super) fn annotate(&mut self, citation: &[u8], events: &mut Events, out: &mut Vec<u8>) {
        let Some(part) = self.part.as_mut().filter(|part| part.kind == Kind::Text) else { return };
        let at = Some(("content_index", self.done));
        events.inside(out, "output_text.annotation.added", &self.place, at, |out| {
            out.extend_from_slice(br#","annotation_index":"#);
            json::push_number(out, part.annotated);
            push_member(out, "annotation", citation);
        });
        part.annotated += 1;
        part.annotations.item().extend_from_slice(citation);
    }

    /// The item as it came to be.
    pub(super) fn close(mut self, status: &str, events: &mut Events, out: &mut Vec<u8>) -> Vec<u8> {
        self.end_part(events, out);
        let item = output::message(&self.place.id, status, self.parts.items());
        events.item(out, "output_item.done", self.place.index, &item);
        item
    }

    fn end_part(&mut self, events: &mut Events, out: &mut Vec<u8>) {
        let Some(part) = self.part.take() else { return };
        let at = Some(("content_index", self.done));
        let (type_, field) = match part.kind {
            Kind::Text => ("output_text.done", "text"),
            Kind::Refusal => ("refusal.done", "refusal"),
        };
        events.inside(out, type_, &self.place, at, |out| {
            push_member(out, field, b"");
            part.text.push_string(out);
            if part.kind == Kind::Text {
                push_member(out, "logprobs", &[b"[", part.logprobs.items(), b"]"].concat());
            }
        });
        let (annotations, logprobs) = (part.annotations.items(), part.logprobs.items());
        let whole = output::part(part.kind, &part.text, annotations, logprobs);
        events.inside(out, "content_part.done", &self.place, at, |out| {
            push_member(out, "part", &whole)
        });
        self.parts.item().extend_from_slice(&whole);
        self.done += 1;
    }
}

// === impl Thought ===

impl Thought {
    pub(super) fn open(place: Place, events: &mut Events, out: &mut Vec<u8>) -> Self {
        let summary = Text::default();
        let item = output::reasoning(&place.id, &summary, None);
        events.item(out, "output_item.added", place.index, &item);
        Self { place, summary, seal: Seal::default() }
    }

    pub(super) fn add(&mut self, piece: &[u8], events: &mut Events, out: &mut Vec<u8>) {
        let at = Some(("summary_index", 0));
        if self.summary.is_empty() {
            events.inside(out, "reasoning_summary_part.added", &self.place, at, |out| {
                out.extend_from_slice(br#","part":"#);
                output::summary_part(out, &self.summary);
            });
        }
        self.summary.add(piece);
        events.inside(out, "reasoning_summary_text.delta", &self.place, at, |out| {
            push_member(out, "delta", piece);
        });
    }

    /// The item as it came to be.
    pub(super) fn close(self, events: &mut Events, out: &mut Vec<u8>) -> Vec<u8> {
        let at = Some(("summary_index", 0));
        if !self.summary.is_empty() {
            events.inside(out, "reasoning_summary_text.done", &self.place, at, |out| {
                push_member(out, "text", b"");
                self.summary.push_string(out);
            });
            events.inside(out, "reasoning_summary_part.done", &self.place, at, |out| {
                out.extend_from_slice(br#","part":"#);
                output::summary_part(out, &self.summary);
            });
        }
        let item = output::reasoning(&self.place.id, &self.summary, Some(&self.seal));
        events.item(out, "output_item.done", self.place.index, &item);
        item
    }
}

// === impl Call ===

impl Call {
    /// `call_id` and `name` are JSON strings.
    pub(super) fn open(
        place: Place,
        index: u64,
        (call_id, name): (&[u8], &[u8]),
        events: &mut Events,
        out: &mut Vec<u8>,
    ) -> Self {
        let item = output::function_call(&place.id, "in_progress", (call_id, name), b"\"\"");
        events.item(out, "output_item.added", place.index, &item);
        let (call_id, name) = (call_id.to_vec(), name.to_vec());
        Self { place, index, call_id, name, arguments: Text::default() }
    }

    pub(super) fn add(&mut self, piece: &[u8], events: &mut Events, out: &mut Vec<u8>) {
        if inner(piece).is_empty() {
            return;
        }
        self.arguments.add(piece);
        events.inside(out, "function_call_arguments.delta", &self.place, None, |out| {
            push_member(out, "delta", piece);
        });
    }

    /// Its arguments are whole JSON, so nothing can follow.
    pub(super) fn is_whole(&self) -> bool {
        let mut string = Vec::new();
        self.arguments.push_string(&mut string);
        json::text(&string).is_some_and(|text| json::object(text.as_bytes()).is_ok())
    }

    /// The item as it came to be.
    pub(super) fn close(mut self, status: &str, events: &mut Events, out: &mut Vec<u8>) -> Vec<u8> {
        if self.arguments.is_empty() {
            self.add(br#""{}""#, events, out);
        }
        let mut arguments = Vec::new();
        self.arguments.push_string(&mut arguments);
        events.inside(out, "function_call_arguments.done", &self.place, None, |out| {
            push_member(out, "name", &self.name);
            push_member(out, "arguments", &arguments);
        });
        let names = (self.call_id.as_slice(), self.name.as_slice());
        let item = output::function_call(&self.place.id, status, names, &arguments);
        events.item(out, "output_item.done", self.place.index, &item);
        item
    }
}
