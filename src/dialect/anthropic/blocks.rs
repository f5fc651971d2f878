//! The content blocks of a stream that have begun and not ended.

use crate::dialect::openai::chunk::Text;
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
