//! Turns: what one side says in a row, written as one message.
//!
//! The answers of tools stand first in the user's turn: the API wants them right
//! behind the calls. A turn without content is not written.

use super::content::Blocks;
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
    /// Calls wait to be gone on with, and no thought came with them.
    pub(super) thoughtless_calls: bool,
}

/// Whose turn is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Assistant,
    System,
}

#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) system: Blocks,
    written: Array,
    side: Option<Side>,
    /// Tools' answers.
    pub(super) results: Blocks,
    pub(super) blocks: Blocks,
    /// A signed thought stands behind the user's last own words.
    pub(super) thought: bool,
    /// The user's last turn answers calls.
    answers: bool,
    /// Who spoke last.
    last: Option<Side>,
}

/// Said for the user where the assistant spoke last.
const GO_ON: &[u8] = br#"{"role":"user","content":[{"type":"text","text":"(Go on.)"}]}"#;

// === impl Turns ===

impl Turns {
    /// Ends the turn that is being written where another side comes.
    pub(super) fn turn(&mut self, side: Option<Side>) {
        if self.side == side {
            return;
        }
        let results = std::mem::take(&mut self.results);
        let blocks = std::mem::take(&mut self.blocks);
        let content = [results.written.items(), blocks.written.items()];
        if let Some(side) = self.side
            && content.iter().any(|c| !c.is_empty())
        {
            let turn = self.written.item();
            if side == Side::User {
                self.answers = !results.written.is_empty();
                self.thought &= self.answers;
            }
            self.last = Some(side);
            turn.extend_from_slice(side.head());
            let comma: &[u8] = if content.iter().all(|c| !c.is_empty()) { b"," } else { b"" };
            let [results, blocks] = content;
            turn.extend_from_slice(results);
            turn.extend_from_slice(comma);
            turn.extend_from_slice(blocks);
            turn.extend_from_slice(b"]}");
        }
        self.side = side;
    }

    /// A system turn may follow what has been written.
    pub(super) fn take_instruction(&self) -> bool {
        let empty = self.results.written.is_empty() && self.blocks.written.is_empty();
        matches!(self.side, Some(Side::User | Side::System)) && !empty
    }

    pub(super) fn finish(
        mut self,
        messages: &Value<'_, '_>,
        may_prefill: bool,
        dropped: &mut Dropped,
    ) -> Result<Conversation, Error> {
        self.turn(None);
        if self.written.is_empty() {
            // Only instructions: the API asks for a turn, so they are the user's.
            let system = std::mem::take(&mut self.system);
            if system.written.is_empty() {
                return Err(messages.error("no message has content"));
            }
            self.side = Some(Side::User);
            self.blocks = system;
            self.turn(None);
        }
        if self.last == Some(Side::Assistant) {
            if may_prefill {
                prefill::trim(self.written.open());
            } else {
                dropped.add("messages (the assistant spoke last: a user's turn was put behind)");
                self.written.item().extend_from_slice(GO_ON);
            }
        }
        let thoughtless_calls = self.answers && !self.thought;
        Ok(Conversation { system: self.system, turns: self.written, thoughtless_calls })
    }
}

// === impl Side ===

impl Side {
    fn head(self) -> &'static [u8] {
        match self {
            Side::User => br#"{"role":"user","content":["#,
            Side::Assistant => br#"{"role":"assistant","content":["#,
            Side::System => br#"{"role":"system","content":["#,
        }
    }
}
