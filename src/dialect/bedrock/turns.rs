//! Turns: what one side says in a row, written as one message.
//!
//! They must alternate, the user's first, and none may be empty. So turns without
//! content are left out, neighbours of one side joined, and where the assistant
//! would begin, the user is made to. The answers of tools stand first in the user's
//! turn, right behind the calls.

use super::content::Blocks;
use super::tools::Called;
use crate::dialect::claude::prefill;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Value;
use crate::error::Error;

/// What goes into the request.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Blocks,
    pub(super) turns: Array,
    pub(super) called: Called,
    /// Calls wait to be gone on with, and no thought came with them.
    pub(super) thoughtless_calls: bool,
}

/// Whose turn is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Assistant,
}

#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) system: Blocks,
    pub(super) called: Called,
    /// The turns that are over and have content, sides alternating.
    over: Vec<Turn>,
    current: Turn,
    /// A signed thought stands behind the user's last own words.
    pub(super) thought: bool,
    /// The user's last turn answers calls.
    answers: bool,
}

#[derive(Debug)]
pub(super) struct Turn {
    side: Side,
    /// Tools' answers.
    pub(super) results: Blocks,
    pub(super) blocks: Blocks,
}

/// Said for the user where the assistant would begin.
const OPENING: &[u8] = br#"{"text":"(The assistant begins.)"}"#;
/// Said for the user where the assistant spoke last.
const GO_ON: &[u8] = br#"{"text":"(Go on.)"}"#;
/// Beside a document that has no text beside it.
const BESIDE_DOCUMENT: &[u8] = br#""See the document.""#;

// === impl Turns ===

impl Turns {
    /// The turn to write to: another one where another side speaks.
    pub(super) fn turn(&mut self, side: Side) -> &mut Turn {
        if self.current.side != side {
            let over = std::mem::replace(&mut self.current, Turn::new(side));
            self.end(over);
            // Nothing lay between: the side speaks on.
            if let Some(last) = self.over.pop_if(|last| last.side == side) {
                self.current = last;
            }
        }
        &mut self.current
    }

    fn end(&mut self, mut turn: Turn) {
        if turn.blocks.has_document && !turn.blocks.has_text {
            turn.blocks.text(BESIDE_DOCUMENT, None, &mut Dropped::default());
        }
        if !turn.results.is_empty() || !turn.blocks.is_empty() {
            if turn.side == Side::User {
                self.answers = !turn.results.is_empty();
                self.thought &= self.answers;
            }
            self.over.push(turn);
        }
    }

    pub(super) fn finish(
        mut self,
        messages: &Value<'_, '_>,
        may_prefill: bool,
        dropped: &mut Dropped,
    ) -> Result<Conversation, Error> {
        let last = std::mem::take(&mut self.current);
        self.end(last);
        if self.over.is_empty() {
            // Only instructions: the API asks for a turn, so they are the user's.
            let blocks = std::mem::take(&mut self.system);
            if blocks.is_empty() {
                return Err(messages.error("no message has content"));
            }
            self.over.push(Turn { blocks, ..Turn::default() });
        }
        let mut turns = Array::default();
        if self.over.first().is_some_and(|first| first.side == Side::Assistant) {
            dropped.add("messages (the assistant began: a user's turn was put before)");
            say(OPENING, &mut turns);
        }
        for turn in &self.over {
            turn.write(turns.item());
        }
        if self.over.last().is_some_and(|last| last.side == Side::Assistant) {
            if may_prefill {
                prefill::trim(turns.open());
            } else {
                dropped.add("messages (the assistant spoke last: a user's turn was put behind)");
                say(GO_ON, &mut turns);
            }
        }
        let thoughtless_calls = self.answers && !self.thought;
        Ok(Conversation { system: self.system, turns, called: self.called, thoughtless_calls })
    }
}

/// A turn of the user's that the user did not write.
fn say(block: &[u8], turns: &mut Array) {
    let turn = turns.item();
    turn.extend_from_slice(Side::User.head());
    turn.extend_from_slice(block);
    turn.extend_from_slice(b"]}");
}

// === impl Turn ===

impl Turn {
    fn new(side: Side) -> Self {
        Self { side, results: Blocks::default(), blocks: Blocks::default() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.side.head());
        out.extend_from_slice(self.results.written.items());
        if !self.results.is_empty() && !self.blocks.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(self.blocks.written.items());
        out.extend_from_slice(b"]}");
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new(Side::User)
    }
}

// === impl Side ===

impl Side {
    fn head(self) -> &'static [u8] {
        match self {
            Side::User => br#"{"role":"user","content":["#,
            Side::Assistant => br#"{"role":"assistant","content":["#,
        }
    }
}
