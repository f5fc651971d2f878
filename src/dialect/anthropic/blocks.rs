//! The content blocks of a stream: what has begun and not ended, and what each
//! event about it says to the client.

use super::JSON_TOOL;
use super::events::{Body, Start};
use super::response::{string, text};
use super::stream::{Reader, bad};
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Text;
use crate::wire::json;
use serde_json::value::RawValue;

pub(super) enum Block {
    Text,
    Tool(Tool),
    Thinking(Thinking),
    /// The whole raw block: it comes in one event.
    Redacted(Vec<u8>),
    Unknown,
}

pub(super) struct Tool {
    /// The client's index of the call; `None` for our own tool.
    pub(super) index: Option<u64>,
    /// Some arguments were passed on.
    pub(super) sent: bool,
    /// An input that came whole with the start, as some compatible servers do.
    input: Option<String>,
}

/// Kept to be given back whole; given up beyond the bound.
#[derive(Default)]
pub(super) struct Thinking {
    text: Text,
    signature: Text,
}

/// Most bytes of one thinking block, and of its signature, that are kept.
const MAX_THINKING: usize = 1 << 20;

/// A call whose beginning was lost would be run with half of its arguments.
const NOT_OPEN: &str = "the provider's stream adds to a tool call that is not open";

/// Most blocks begun and not ended.
pub(super) const MAX_OPEN: usize = 64;

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
        let raw = body.content_block;
        let parsed: Option<Start<'_>> = raw.and_then(|b| serde_json::from_str(b.get()).ok());
        let start = parsed.unwrap_or_default();
        let block = match start.type_.and_then(text).as_deref() {
            Some("text") => {
                self.piece("content", string(start.text), out);
                Block::Text
            }
            Some("thinking") => {
                let mut thinking = Thinking::default();
                thinking.add(string(start.thinking));
                thinking.sign(string(start.signature));
                self.piece("reasoning_content", string(start.thinking), out);
                Block::Thinking(thinking)
            }
            Some("redacted_thinking") => {
                self.progress.started = true;
                Block::Redacted(raw.map(|r| r.get().as_bytes().to_vec()).unwrap_or_default())
            }
            Some("tool_use") => {
                self.progress.started = true;
                Block::Tool(Tool::new(self.tool(&start, out), start.input))
            }
            _ => Block::Unknown,
        };
        if self.open.len() == MAX_OPEN {
            return self.fail(bad("the provider's stream leaves too many blocks open"), out);
        }
        self.open.push((body.index.unwrap_or(0), block));
    }

    /// Tells of a tool call; `None` for the call of our own tool.
    fn tool(&mut self, start: &Start<'_>, out: &mut Vec<u8>) -> Option<u64> {
        let (id, name) = (string(start.id), string(start.name));
        if self.reply.json_tool && json::text(name).as_deref() == Some(JSON_TOOL) {
            self.json_answer = true;
            return None;
        }
        let index = self.tools;
        self.tools += 1;
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
        let index = body.index.unwrap_or(0);
        let block = self.open.iter_mut().rev().find(|(i, _)| *i == index).map(|(_, b)| b);
        match delta.type_.and_then(text).as_deref() {
            Some("text_delta") => self.piece("content", string(delta.text), out),
            Some("thinking_delta") => {
                let piece = string(delta.thinking);
                if let Some(Block::Thinking(thinking)) = block {
                    thinking.add(piece);
                }
                self.piece("reasoning_content", piece, out);
            }
            Some("signature_delta") => {
                if let Some(Block::Thinking(thinking)) = block {
                    thinking.sign(string(delta.signature));
                }
            }
            Some("input_json_delta") => {
                let piece = string(delta.partial_json);
                match block {
                    _ if inner(piece).is_empty() => {}
                    Some(Block::Tool(tool)) => {
                        tool.sent = true;
                        let index = tool.index;
                        self.arguments(index, piece, out);
                    }
                    // Of tools that Anthropic runs.
                    Some(_) => {}
                    None => self.fail(bad(NOT_OPEN), out),
                }
            }
            Some("citations_delta") => {
                if let Some(citation) = delta.citation {
                    self.chunk(out, |chunks, out| {
                        chunks.delta(out, |out| array(out, "citations", citation.get().as_bytes()));
                    });
                }
            }
            _ => {}
        }
    }

    pub(super) fn stop(&mut self, index: u64, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().rposition(|(i, _)| *i == index) else { return };
        match self.open.swap_remove(at).1 {
            Block::Tool(tool) => {
                if let Some(input) = tool.unsent() {
                    self.arguments(tool.index, &input, out);
                }
            }
            Block::Thinking(thinking) => {
                if let Some(block) = thinking.block() {
                    self.thinking_block(&block, out);
                }
            }
            Block::Redacted(block) => self.thinking_block(&block, out),
            _ => {}
        }
    }

    fn thinking_block(&mut self, block: &[u8], out: &mut Vec<u8>) {
        self.chunk(out, |chunks, out| {
            chunks.delta(out, |out| array(out, "thinking_blocks", block));
        });
    }
}

// === impl Tool ===

impl Tool {
    pub(super) fn new(index: Option<u64>, input: Option<&RawValue>) -> Self {
        Self { index, sent: false, input: input.map(|i| i.get().to_owned()) }
    }

    /// The arguments as a JSON string, where no delta brought any: an empty
    /// string is not JSON, and clients parse it.
    pub(super) fn unsent(&self) -> Option<Vec<u8>> {
        if self.sent {
            return None;
        }
        let mut arguments = Vec::new();
        json::push_text(&mut arguments, self.input.as_deref().unwrap_or("{}"));
        Some(arguments)
    }
}

// === impl Thinking ===

impl Thinking {
    pub(super) fn add(&mut self, piece: &[u8]) {
        if self.text.len() <= MAX_THINKING {
            self.text.add(piece);
        }
    }

    pub(super) fn sign(&mut self, piece: &[u8]) {
        if self.signature.len() <= MAX_THINKING {
            self.signature.add(piece);
        }
    }

    /// As the provider will take it back: not without its signature, not cut.
    pub(super) fn block(&self) -> Option<Vec<u8>> {
        let kept = self.text.len().max(self.signature.len()) <= MAX_THINKING;
        if !kept || self.signature.is_empty() {
            return None;
        }
        let mut block = br#"{"type":"thinking","thinking":"#.to_vec();
        self.text.push_string(&mut block);
        block.extend_from_slice(br#","signature":"#);
        self.signature.push_string(&mut block);
        block.push(b'}');
        Some(block)
    }
}

/// A member that is an array of one raw value. A line end can only stand between
/// its tokens, and would end the event's line.
fn array(out: &mut Vec<u8>, name: &str, item: &[u8]) {
    out.extend_from_slice(b"\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    out.extend(item.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
    out.push(b']');
}
