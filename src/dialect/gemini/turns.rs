//! Turns: what one side says in a row, written as one content.
//!
//! The results of one turn's calls are one content of the user's, in the order of
//! the calls, whatever the order of the client's messages: Gemini wants as many
//! results as calls, right behind them. A turn without parts is not written.

use crate::dialect::openai::completion::Array;
use crate::error::Error;
use std::borrow::Cow;

/// Whose turn is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Model,
}

#[derive(Debug, Default)]
pub(super) struct Turns<'a> {
    contents: Array,
    side: Option<Side>,
    pub(super) parts: Array,
    /// The calls of the model's last turn.
    pub(super) calls: Vec<Open<'a>>,
}

/// A call that waits for its result.
#[derive(Debug)]
pub(super) struct Open<'a> {
    /// `None`: a call of the deprecated kind.
    pub(super) id: Option<Cow<'a, str>>,
    /// A JSON string.
    pub(super) name: &'a [u8],
    /// Where it stands in the request.
    pub(super) at: String,
    /// The result's part.
    pub(super) result: Option<Vec<u8>>,
    /// Parts that stand behind all results.
    pub(super) beside: Array,
}

// === impl Turns ===

impl<'a> Turns<'a> {
    /// Ends the turn that is being written where another side comes.
    pub(super) fn turn(&mut self, side: Option<Side>) -> Result<(), Error> {
        // One model turn may come in several messages, but not past its results.
        if self.side != side || side == Some(Side::User) || self.is_answered() {
            self.settle()?;
        }
        if self.side != side {
            self.flush();
            self.side = side;
        }
        Ok(())
    }

    /// The content, where there is any.
    pub(super) fn finish(mut self) -> Result<Array, Error> {
        self.turn(None)?;
        Ok(self.contents)
    }

    /// The call a result belongs to: the first with this id that has none yet.
    pub(super) fn call(&mut self, id: Option<&str>) -> Option<&mut Open<'a>> {
        self.calls.iter_mut().find(|c| c.result.is_none() && c.id.as_deref() == id)
    }

    fn is_answered(&self) -> bool {
        self.calls.iter().any(|c| c.result.is_some())
    }

    /// Writes the results of the last turn's calls.
    fn settle(&mut self) -> Result<(), Error> {
        let calls = std::mem::take(&mut self.calls);
        if calls.is_empty() {
            return Ok(());
        }
        self.flush();
        self.side = None;
        let mut results = Array::default();
        let mut beside = Array::default();
        for call in calls {
            let Some(result) = call.result else {
                return Err(Error::invalid(call.at, "this call has no result behind it"));
            };
            results.item().extend_from_slice(&result);
            if !call.beside.is_empty() {
                beside.item().extend_from_slice(call.beside.items());
            }
        }
        if !beside.is_empty() {
            results.item().extend_from_slice(beside.items());
        }
        self.parts = results;
        self.write(Side::User);
        Ok(())
    }

    fn flush(&mut self) {
        if let Some(side) = self.side {
            self.write(side);
        }
    }

    fn write(&mut self, side: Side) {
        let parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            return;
        }
        let content = self.contents.item();
        content.extend_from_slice(match side {
            Side::User => br#"{"role":"user","parts":["#,
            Side::Model => br#"{"role":"model","parts":["#,
        });
        content.extend_from_slice(parts.items());
        content.extend_from_slice(b"]}");
    }
}
