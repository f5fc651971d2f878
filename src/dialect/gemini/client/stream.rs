//! Streams: chunks to events of `streamGenerateContent?alt=sse`.
//!
//! Every event is an answer of its own shape. Calls are held until the choice ends, as
//! Gemini tells them whole; then the finish reasons, until the usage is known.
//! There are no pings: clients of Google's have been seen to fail on comments.

use super::parts::{self, Parts, string};
use super::request::SHOWS_THOUGHTS;
use super::response::{self, Finish};
use crate::dialect::hub::read::ToolCall;
use crate::dialect::hub::{self, Chunk};
use crate::dialect::openai::MAX_EVENT;
use crate::dialect::{Progress, Reply};
use crate::error::Error;
use crate::wire::json;

pub struct Writer {
    shows_thoughts: bool,
    model: String,
    /// `,"modelVersion":…,"responseId":…`, of the first chunk.
    names: Vec<u8>,
    choices: Vec<Candidate>,
}

/// One choice, as far as it is told.
#[derive(Default)]
struct Candidate {
    index: u64,
    parts: Parts,
    calls: Vec<Call>,
    /// Bytes of all arguments.
    held: usize,
    refused: bool,
    broken: bool,
    finish: Option<String>,
}

struct Call {
    index: u64,
    /// JSON strings.
    id: Vec<u8>,
    name: Vec<u8>,
    arguments: String,
    signature: Option<Vec<u8>>,
}

/// Most choices told apart; no request may ask for more.
pub(super) const MAX_CHOICES: usize = 128;
/// Most calls; with further ones the answer is said to be malformed.
const MAX_CALLS: usize = 512;

// === impl Writer ===

impl hub::Writer for Writer {
    fn new(reply: &Reply) -> Self {
        Self {
            shows_thoughts: reply.echo == SHOWS_THOUGHTS,
            model: reply.model.clone(),
            names: Vec::new(),
            choices: Vec::new(),
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, _: &Progress, out: &mut Vec<u8>) {
        if self.names.is_empty() {
            response::push_names(&mut self.names, chunk.model, chunk.id, &self.model);
        }
        for choice in &chunk.choices {
            let Some(at) = self.candidate(choice.index) else { continue };
            let Some(candidate) = self.choices.get_mut(at) else { continue };
            if let Some(delta) = &choice.delta {
                candidate.parts.message(delta, self.shows_thoughts);
                candidate.refused |= string(delta.refusal).is_some();
                for call in delta.tool_calls.iter().flatten() {
                    candidate.hold(call);
                }
            }
            if let Some(word) = choice.finish_reason.and_then(|f| json::text(f.get().as_bytes())) {
                candidate.finish = Some(word.into_owned());
                candidate.tell_calls();
            }
            if !candidate.parts.is_empty() {
                let (index, said) = (candidate.index, candidate.parts.take());
                out.extend_from_slice(br#"data: {"candidates":["#);
                response::push_candidate(out, index, &said, None, choice.logprobs);
                out.push(b']');
                out.extend_from_slice(&self.names);
                out.extend_from_slice(b"}\n\n");
            }
        }
    }

    fn ping(&mut self, _: &mut Vec<u8>) {}

    fn finish(&mut self, progress: &Progress, out: &mut Vec<u8>) {
        if self.names.is_empty() {
            response::push_names(&mut self.names, None, None, &self.model);
        }
        out.extend_from_slice(br#"data: {"candidates":["#);
        for (i, candidate) in self.choices.iter_mut().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            candidate.tell_calls();
            candidate.parts.settle();
            let Candidate { refused, broken, .. } = *candidate;
            let finish = Finish::read(candidate.finish.as_deref(), refused, broken);
            let said = candidate.parts.take();
            response::push_candidate(out, candidate.index, &said, Some(finish), None);
        }
        out.push(b']');
        if progress.usage.input_reported || progress.usage.output_reported {
            response::push_usage(out, &progress.usage);
        }
        out.extend_from_slice(&self.names);
        out.extend_from_slice(b"}\n\n");
    }

    fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(&super::super::error::event(error));
    }
}

impl Writer {
    /// Where the choice stands in `choices`.
    fn candidate(&mut self, index: u64) -> Option<usize> {
        if let Some(at) = self.choices.iter().position(|c| c.index == index) {
            return Some(at);
        }
        if self.choices.len() == MAX_CHOICES {
            return None;
        }
        self.choices.push(Candidate { index, ..Candidate::default() });
        Some(self.choices.len() - 1)
    }
}

// === impl Candidate ===

impl Candidate {
    fn hold(&mut self, piece: &ToolCall<'_>) {
        let index = piece.index.unwrap_or_default();
        let at = match self.calls.iter().position(|c| c.index == index) {
            Some(at) => at,
            None if self.calls.len() == MAX_CALLS => {
                self.broken = true;
                return;
            }
            None => {
                let (id, name, arguments) = (Vec::new(), Vec::new(), String::new());
                self.calls.push(Call { index, id, name, arguments, signature: None });
                self.calls.len() - 1
            }
        };
        let Some(call) = self.calls.get_mut(at) else { return };
        if let Some(id) = string(piece.id) {
            id.clone_into(&mut call.id);
        }
        if let Some(signature) = parts::google(piece.extra_content) {
            call.signature = Some(signature);
        }
        let Some(function) = &piece.function else { return };
        if let Some(name) = string(function.name) {
            name.clone_into(&mut call.name);
        }
        if let Some(text) = function.arguments.and_then(|a| json::text(a.get().as_bytes())) {
            self.held += text.len();
            if self.held > MAX_EVENT {
                self.broken = true;
            } else {
                call.arguments.push_str(&text);
            }
        }
    }

    fn tell_calls(&mut self) {
        for call in std::mem::take(&mut self.calls) {
            let Call { id, name, arguments, signature, .. } = call;
            match response::arguments(&arguments) {
                Some(args) if !name.is_empty() => self.parts.call(&id, &name, args, signature),
                _ => self.broken = true,
            }
        }
    }
}
