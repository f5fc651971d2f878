//! Streams: chat chunks to typed events.
//!
//! Text and reasoning close each other; a call closes both. Calls that a provider
//! fills in turns stay open until they are whole. The last event repeats the answer,
//! so the writer keeps it, up to a bound. Signatures that come behind what they sign
//! make a reasoning item of their own at the next border.

use super::frame::{Frame, Status};
use super::items::{Call, Events, Place, Said, Thought};
use super::output::{self, Kind};
use super::seal::Seal;
use crate::dialect::hub::read::{Choice, Message, ToolCall};
use crate::dialect::hub::{self, Chunk};
use crate::dialect::openai::MAX_EVENT;
use crate::dialect::responses::answer::{EMPTY, one_line, string, text};
use crate::dialect::responses::error;
use crate::dialect::{Progress, Reply};
use crate::error::{Error, Kind as Fault};
use crate::wire::json;

pub struct Writer {
    reply: Reply,
    /// From the first chunk on.
    frame: Option<Frame>,
    events: Events,
    /// The output; an empty one is not done yet.
    items: Vec<Vec<u8>>,
    said: Option<Said>,
    thought: Option<Thought>,
    /// Those begun and not ended.
    calls: Vec<Call>,
    /// What came while no reasoning was open.
    late: Seal,
    finish: Option<String>,
    /// Bytes kept for the last event.
    kept: usize,
    /// It failed or is whole: nothing may follow.
    ended: bool,
    gave_up: Option<Error>,
}

/// What the last event may repeat, in bytes.
const MAX_KEPT: usize = MAX_EVENT;

/// What an item costs beside its text.
const ITEM: usize = 256;

impl hub::Writer for Writer {
    fn new(reply: &Reply) -> Self {
        Self {
            reply: reply.clone(),
            frame: None,
            events: Events::default(),
            items: Vec::new(),
            said: None,
            thought: None,
            calls: Vec::new(),
            late: Seal::default(),
            finish: None,
            kept: 0,
            ended: false,
            gave_up: None,
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, _progress: &Progress, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        self.begin(chunk, out);
        for choice in chunk.choices.iter().filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta.as_ref().or(choice.message.as_ref()) {
                self.delta(delta, choice, out);
            }
            if let Some(reason) = choice.finish_reason.and_then(text) {
                self.finish = Some(reason.into_owned());
            }
        }
        if self.kept > MAX_KEPT {
            let words = "the answer is longer than its last event could repeat";
            self.give_up(Error::new(Fault::BadAnswer, words), out);
        }
    }

    fn ping(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": ping\n\n");
    }

    fn finish(&mut self, progress: &Progress, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.begin(&Chunk::default(), out);
        let reason = self.finish.take();
        let status = Status::of_finish(reason.as_deref());
        self.end_thought(out);
        let called = !self.calls.is_empty();
        self.end_said(if called { Status::Completed } else { status }, out);
        let last = self.calls.iter().map(|call| call.place.index).max();
        for call in std::mem::take(&mut self.calls) {
            let status = if Some(call.place.index) == last { status } else { Status::Completed };
            self.end_call(call, status, out);
        }
        self.end_late(out);
        if self.items.is_empty() {
            self.say(Kind::Text, EMPTY, b"", out);
            self.end_said(status, out);
        }
        let Some(frame) = &self.frame else { return };
        let items: Vec<&[u8]> = self.items.iter().map(Vec::as_slice).collect();
        self.events.push(out, status.word(), |out| {
            out.extend_from_slice(br#","response":"#);
            frame.push(out, status, &items, Some(&progress.usage));
        });
    }

    /// As OpenAI does: the error by itself, which the SDKs raise, and the response
    /// that failed.
    fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        out.extend_from_slice(&error::event(error, self.events.sequence));
        self.events.sequence += 1;
        if let Some(frame) = &self.frame {
            let done = self.items.iter().map(Vec::as_slice).filter(|item| !item.is_empty());
            let items: Vec<&[u8]> = done.collect();
            self.events.push(out, "failed", |out| {
                out.extend_from_slice(br#","response":"#);
                frame.push(out, Status::Failed(error), &items, None);
            });
        }
    }

    fn gave_up(&self) -> Option<&Error> {
        self.gave_up.as_ref()
    }
}

// === impl Writer ===

impl Writer {
    fn give_up(&mut self, error: Error, out: &mut Vec<u8>) {
        hub::Writer::fail(self, &error, out);
        self.gave_up = Some(error);
    }

    fn begin(&mut self, chunk: &Chunk<'_>, out: &mut Vec<u8>) {
        if self.frame.is_some() {
            return;
        }
        let names = (chunk.id, chunk.model, chunk.service_tier);
        let frame = Frame::new(names, chunk.created, &self.reply);
        for type_ in ["created", "in_progress"] {
            self.events.push(out, type_, |out| {
                out.extend_from_slice(br#","response":"#);
                frame.push(out, Status::InProgress, &[], None);
            });
        }
        self.frame = Some(frame);
    }

    fn delta(&mut self, delta: &Message<'_>, choice: &Choice<'_>, out: &mut Vec<u8>) {
        let thought = string(delta.reasoning_content);
        if thought != EMPTY {
            self.end_said(Status::Completed, out);
            self.kept += thought.len();
            let (thinking, events) = self.thinking(out);
            thinking.add(thought, events, out);
        }
        for block in delta.thinking_blocks.iter().flatten() {
            self.end_said(Status::Completed, out);
            self.kept += block.get().len();
            let (thinking, _) = self.thinking(out);
            thinking.seal.thinking_blocks.item().extend_from_slice(block.get().as_bytes());
        }
        let tokens = output::tokens(choice.logprobs);
        for (kind, said) in [(Kind::Text, delta.content), (Kind::Refusal, delta.refusal)] {
            let said = string(said);
            // Gemini's tokens come behind their text.
            let late = kind == Kind::Text && !tokens.is_empty() && self.said.is_some();
            if said != EMPTY || late {
                let tokens = if kind == Kind::Text { tokens.as_slice() } else { b"" };
                self.say(kind, said, tokens, out);
            }
        }
        for citation in delta.annotations.iter().flatten().filter_map(|a| output::annotation(a)) {
            self.kept += citation.len();
            if let Some(said) = &mut self.said {
                said.annotate(&citation, &mut self.events, out);
            }
        }
        for base64 in delta.images.iter().flatten().filter_map(|i| output::base64_of(i)) {
            self.picture(&base64, out);
        }
        for call in delta.tool_calls.iter().flatten() {
            if self.ended {
                return;
            }
            self.call(call, out);
        }
        if let Some(extra) = delta.extra_content {
            let seal = self.seal();
            seal.extra_content = one_line(extra);
            self.kept += extra.get().len();
        }
    }

    fn say(&mut self, kind: Kind, piece: &[u8], tokens: &[u8], out: &mut Vec<u8>) {
        self.end_thought(out);
        self.end_whole_calls(out);
        self.kept += piece.len() + tokens.len();
        if self.said.is_none() {
            let place = self.place("msg");
            self.said = Some(Said::open(place, &mut self.events, out));
        }
        if let Some(said) = &mut self.said {
            said.add(kind, piece, tokens, &mut self.events, out);
        }
    }

    /// The open reasoning, opened where there is none.
    fn thinking(&mut self, out: &mut Vec<u8>) -> (&mut Thought, &mut Events) {
        let place = match self.thought {
            Some(_) => Place { index: 0, id: Vec::new() },
            None => self.place("rs"),
        };
        let events = &mut self.events;
        let thought = self.thought.get_or_insert_with(|| Thought::open(place, events, out));
        (thought, events)
    }

    /// Where signatures go: into the open reasoning, or wait for one.
    fn seal(&mut self) -> &mut Seal {
        self.thought.as_mut().map_or(&mut self.late, |thought| &mut thought.seal)
    }

    fn picture(&mut self, base64: &[u8], out: &mut Vec<u8>) {
        self.end_thought(out);
        self.end_said(Status::Completed, out);
        self.kept += base64.len();
        let place = self.place("ig");
        let item = output::picture(&place.id, base64);
        self.events.item(out, "output_item.added", place.index, &item);
        self.events.item(out, "output_item.done", place.index, &item);
        self.done(place.index, item);
    }

    fn call(&mut self, call: &ToolCall<'_>, out: &mut Vec<u8>) {
        let index = call.index.unwrap_or(0);
        let function = call.function.as_ref();
        let (id, name) = (string(call.id), string(function.and_then(|f| f.name)));
        if let Some(extra) = call.extra_content {
            // Of this call or, where it comes late, of the open one.
            self.kept += extra.get().len();
            let extra = one_line(extra);
            if id != EMPTY {
                self.seal().call(id, &extra);
            }
        }
        // Some servers repeat the id in every piece, others give all calls one index.
        let known = self.calls.iter().any(|c| c.index == index && c.call_id == id);
        if id != EMPTY && name != EMPTY && !known {
            self.end_thought(out);
            self.end_said(Status::Completed, out);
            self.end_whole_calls(out);
            self.end_late(out);
            let place = self.place("fc");
            self.kept += id.len() + name.len();
            self.calls.push(Call::open(place, index, (id, name), &mut self.events, out));
        }
        let piece = string(function.and_then(|f| f.arguments));
        if let Some(call) = self.calls.iter_mut().rev().find(|c| c.index == index) {
            self.kept += piece.len();
            call.add(piece, &mut self.events, out);
        } else if !json::text(piece).is_none_or(|text| text.trim().is_empty()) {
            let words = "the provider's stream adds to a tool call that is not open";
            self.give_up(Error::new(Fault::BrokenStream, words), out);
        }
    }

    /// A new item's place in the output.
    fn place(&mut self, kind: &str) -> Place {
        let index = self.items.len() as u64;
        self.items.push(Vec::new());
        self.kept += ITEM;
        let id = self.frame.as_ref().map(|frame| frame.item_id(kind, index));
        Place { index, id: id.unwrap_or_default() }
    }

    fn done(&mut self, index: u64, item: Vec<u8>) {
        let at = usize::try_from(index).ok();
        if let Some(place) = at.and_then(|at| self.items.get_mut(at)) {
            *place = item;
        }
    }

    fn end_thought(&mut self, out: &mut Vec<u8>) {
        if let Some(thought) = self.thought.take() {
            let index = thought.place.index;
            let item = thought.close(&mut self.events, out);
            self.done(index, item);
        }
    }

    fn end_said(&mut self, status: Status<'_>, out: &mut Vec<u8>) {
        if let Some(said) = self.said.take() {
            let index = said.place.index;
            let item = said.close(status.word(), &mut self.events, out);
            self.done(index, item);
        }
    }

    fn end_call(&mut self, call: Call, status: Status<'_>, out: &mut Vec<u8>) {
        let index = call.place.index;
        let item = call.close(status.word(), &mut self.events, out);
        self.done(index, item);
    }

    fn end_whole_calls(&mut self, out: &mut Vec<u8>) {
        let (whole, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.calls).into_iter().partition(Call::is_whole);
        self.calls = open;
        for call in whole {
            self.end_call(call, Status::Completed, out);
        }
    }

    /// Signatures that came behind what they sign, or just before a call.
    fn end_late(&mut self, out: &mut Vec<u8>) {
        if !self.late.is_empty() {
            let seal = std::mem::take(&mut self.late);
            self.kept += seal.size();
            let (thought, _) = self.thinking(out);
            thought.seal = seal;
            self.end_thought(out);
        }
    }
}
