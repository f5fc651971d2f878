//! State that all workers share and config pushes survive: Envoy shared data.
//!
//! Envoy never frees a key, so every user of a `Store` has a bounded set of keys
//! and a versioned layout for its values. Must not: hold secrets or prompts.

pub mod busy;
pub mod health;
pub mod speed;
pub mod usage;

/// Compare-and-set over byte values.
pub trait Store {
    /// The value and the ticket for `cas`.
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket);

    /// Writes if nobody wrote since `ticket` was handed out.
    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool;

    /// Writes, whoever wrote before: for keys that have one writer.
    fn set(&self, key: &str, value: &[u8]) {
        while !self.cas(key, value, self.get(key).1) {}
    }
}

/// What a value's version was when it was read; `None`: the key was absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub Option<u32>);
