//! The tool calls of a stream: what has begun and not ended, and what each event about
//! one says to the client.
//!
//! A call that got no arguments gets `{}` at its end: an empty string is not JSON, and
//! SDKs parse it.

use super::JSON_TOOL;
use super::events::{Body, Delta};
use super::response::string;
use super::stream::{Reader, bad};
use crate::dialect::openai::chunk::inner;
use crate::wire::json;

pub(super) struct Tool {
    /// The provider's index.
    pub(super) at: u64,
    /// The client's index of the call; `None` for our own tool.
    index: Option<u64>,
    /// Some arguments were passed on.
    sent: bool,
}

/// Most calls begun and not ended.
pub(super) const MAX_OPEN: usize = 64;

// === impl Reader ===

impl Reader {
    pub(super) fn tool_start(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = self.delta::<Delta<'_>>(body, out) else { return };
        let call = delta.message.unwrap_or_default().call();
        let Some(call) = call else { return self.fail(bad("a tool call without id or name"), out) };
        let function = call.function.as_ref();
        let (id, name) = (string(call.id), string(function.and_then(|f| f.name)));
        let at = body.index.unwrap_or(0);
        // Servers that tell no end of a call begin the next one.
        self.tool_end(at, out);
        self.progress.started = true;
        let own = self.reply.json_tool && json::text(name).as_deref() == Some(JSON_TOOL);
        let index = if own {
            self.json_answer = true;
            None
        } else if inner(id).is_empty() || inner(name).is_empty() {
            return self.fail(bad("a tool call without id or name"), out);
        } else {
            let index = self.tools;
            self.tools += 1;
            self.chunk(out, |chunks, out| chunks.tool_start(out, index, id, name));
            Some(index)
        };
        if self.open.len() == MAX_OPEN {
            return self.fail(bad("the provider's stream leaves too many calls open"), out);
        }
        self.open.push(Tool { at, index, sent: false });
        self.arguments(at, string(function.and_then(|f| f.arguments)), out);
    }

    pub(super) fn tool_delta(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = self.delta::<Delta<'_>>(body, out) else { return };
        let call = delta.message.unwrap_or_default().call();
        let arguments = call.and_then(|c| c.function).and_then(|f| f.arguments);
        self.arguments(body.index.unwrap_or(0), string(arguments), out);
    }

    /// A piece of a call's arguments; our own tool's are the answer.
    fn arguments(&mut self, at: u64, piece: &[u8], out: &mut Vec<u8>) {
        if inner(piece).is_empty() {
            return;
        }
        let Some(tool) = self.open.iter_mut().rev().find(|t| t.at == at) else {
            // A call whose beginning was lost would be run with half of its arguments.
            return self
                .fail(bad("the provider's stream adds to a tool call that is not open"), out);
        };
        tool.sent = true;
        match tool.index {
            None => self.piece("content", piece, None, out),
            Some(index) => {
                self.generated(piece);
                self.chunk(out, |chunks, out| chunks.tool_arguments(out, index, piece));
            }
        }
    }

    pub(super) fn tool_end(&mut self, at: u64, out: &mut Vec<u8>) {
        let Some(found) = self.open.iter().rposition(|t| t.at == at) else { return };
        if self.open.get(found).is_some_and(|tool| !tool.sent) {
            self.arguments(at, br#""{}""#, out);
        }
        self.open.swap_remove(found);
    }
}
