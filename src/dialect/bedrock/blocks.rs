//! The content blocks of a stream: what has begun and not ended, and what each
//! event about it says to the client.

use super::JSON_TOOL;
use super::events::{Body, ReasoningDelta};
use super::response::{ToolUse, bad, redacted_block, string, text, thinking_block};
use super::stream::Reader;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Text;

pub(super) enum Open {
    Tool(Tool),
    Thinking(Thinking),
    /// A tool that runs at the provider.
    Foreign,
}

pub(super) struct Tool {
    /// The client's index of the call; `None` for our own tool.
    index: Option<u64>,
    /// Some arguments were passed on.
    sent: bool,
}

/// Kept to be given back whole; given up beyond the bound.
#[derive(Default)]
pub(super) struct Thinking {
    text: Text,
    signature: Text,
    redacted: Text,
}

/// Most bytes of each part of a thought that are kept.
const MAX_THINKING: usize = 1 << 20;

/// A call whose beginning was lost would be run with half of its arguments.
const NOT_OPEN: &str = "the provider's stream adds to a tool call that is not open";

/// Most blocks begun and not ended.
pub(super) const MAX_OPEN: usize = 64;

/// A raw value on one line: a line end can only stand between its tokens, and would
/// end the client's event.
pub(super) fn push_line(out: &mut Vec<u8>, raw: &[u8]) {
    out.extend(raw.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
}

// === impl Reader ===

impl Reader {
    /// A piece of generated text for the client.
    fn piece(&mut self, field: &str, piece: &[u8], out: &mut Vec<u8>) {
        if !inner(piece).is_empty() {
            self.generated(piece);
            self.chunk(out, |chunks, out| chunks.text(out, field, piece));
        }
    }

    fn generated(&mut self, piece: &[u8]) {
        self.progress.started = true;
        self.progress.output_bytes += inner(piece).len() as u64;
    }

    pub(super) fn start(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let index = body.content_block_index.unwrap_or(0);
        let Some(call) = body.start.as_ref().and_then(|s| s.tool_use.as_ref()) else { return };
        if call.type_.is_some() {
            return self.opened(index, Open::Foreign, out);
        }
        self.progress.started = true;
        let index_of_call = self.tool(call, out);
        self.opened(index, Open::Tool(Tool { index: index_of_call, sent: false }), out);
    }

    fn opened(&mut self, index: u64, block: Open, out: &mut Vec<u8>) {
        if self.open.len() == MAX_OPEN {
            return self.fail(bad("the provider's stream leaves too many blocks open"), out);
        }
        self.open.push((index, block));
    }

    /// Tells of a tool call; `None` for the call of our own tool.
    fn tool(&mut self, call: &ToolUse<'_>, out: &mut Vec<u8>) -> Option<u64> {
        if self.reply.json_tool && call.name.and_then(text).as_deref() == Some(JSON_TOOL) {
            self.json_answer = true;
            return None;
        }
        let index = self.tools;
        self.tools += 1;
        let (id, name) = (string(call.id), string(call.name));
        self.chunk(out, |chunks, out| chunks.tool_start(out, index, id, name));
        Some(index)
    }

    /// A piece of a tool's arguments; our own tool's are the answer.
    fn arguments(&mut self, index: Option<u64>, piece: &[u8], out: &mut Vec<u8>) {
        let Some(index) = index else { return self.piece("content", piece, out) };
        self.generated(piece);
        self.chunk(out, |chunks, out| chunks.tool_arguments(out, index, piece));
    }

    pub(super) fn delta(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = &body.delta else { return };
        let index = body.content_block_index.unwrap_or(0);
        if let Some(text) = delta.text {
            self.piece("content", string(Some(text)), out);
        }
        if let Some(call) = &delta.tool_use {
            let piece = string(call.input);
            let block = self.open.iter_mut().rev().find(|(i, _)| *i == index).map(|(_, b)| b);
            match block {
                _ if inner(piece).is_empty() => {}
                Some(Open::Tool(tool)) => {
                    tool.sent = true;
                    let index = tool.index;
                    self.arguments(index, piece, out);
                }
                Some(_) => {}
                None => return self.fail(bad(NOT_OPEN), out),
            }
        }
        if let Some(thought) = &delta.reasoning_content {
            self.thought(index, thought, out);
        }
        if let Some(citation) = delta.citation {
            self.chunk(out, |chunks, out| {
                chunks.delta(out, |out| {
                    out.extend_from_slice(br#""citations":["#);
                    push_line(out, citation.get().as_bytes());
                    out.push(b']');
                });
            });
        }
    }

    /// Blocks of reasoning have no start.
    fn thought(&mut self, index: u64, thought: &ReasoningDelta<'_>, out: &mut Vec<u8>) {
        if !self.open.iter().any(|(i, _)| *i == index) {
            self.opened(index, Open::Thinking(Thinking::default()), out);
        }
        let block = self.open.iter_mut().rev().find(|(i, _)| *i == index).map(|(_, b)| b);
        if let Some(Open::Thinking(thinking)) = block {
            add(&mut thinking.text, string(thought.text));
            add(&mut thinking.signature, string(thought.signature));
            add(&mut thinking.redacted, string(thought.redacted_content));
        }
        self.progress.started |= thought.redacted_content.is_some();
        self.piece("reasoning_content", string(thought.text), out);
    }

    pub(super) fn stop(&mut self, index: u64, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().rposition(|(i, _)| *i == index) else { return };
        match self.open.swap_remove(at).1 {
            // An empty string is no JSON, and clients parse it.
            Open::Tool(Tool { index, sent: false }) => self.arguments(index, br#""{}""#, out),
            Open::Thinking(thinking) => {
                for block in thinking.blocks() {
                    self.chunk(out, |chunks, out| {
                        chunks.delta(out, |out| {
                            out.extend_from_slice(br#""thinking_blocks":["#);
                            out.extend_from_slice(&block);
                            out.push(b']');
                        });
                    });
                }
            }
            Open::Tool(_) | Open::Foreign => {}
        }
    }
}

fn add(text: &mut Text, piece: &[u8]) {
    if text.len() <= MAX_THINKING {
        text.add(piece);
    }
}

// === impl Thinking ===

impl Thinking {
    /// As the provider will take it back: not without its signature, not cut.
    fn blocks(&self) -> Vec<Vec<u8>> {
        let parts = [&self.text, &self.signature, &self.redacted];
        if parts.iter().any(|part| part.len() > MAX_THINKING) {
            return Vec::new();
        }
        let [thinking, signature, redacted] = parts.map(|part| {
            let mut string = Vec::with_capacity(part.len() + 2);
            part.push_string(&mut string);
            string
        });
        let mut blocks = Vec::new();
        if !self.signature.is_empty() {
            let mut block = Vec::new();
            thinking_block(&mut block, &thinking, &signature);
            blocks.push(block);
        }
        if !self.redacted.is_empty() {
            let mut block = Vec::new();
            redacted_block(&mut block, &redacted);
            blocks.push(block);
        }
        blocks
    }
}
