//! State that all workers share and config pushes survive: Envoy shared data.
//!
//! Envoy never frees a key, so every user of a `Store` has a bounded set of keys
//! and a versioned layout for its values. Must not: hold secrets or prompts.

pub mod accounts;
pub mod busy;
pub mod health;
pub mod quotas;
pub mod retries;
pub mod speed;
pub mod tokens;
pub mod usage;

use smallvec::SmallVec;
use std::ops::Deref;

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

/// Contention is between a few workers; this many lost races in a row is a bug.
const MAX_RACES: u32 = 1_000;

/// The key of a place in a table, without an allocation: each call makes some.
struct Key(SmallVec<[u8; 24]>);

/// Writes what `change` makes of a value; `None` from it: nothing to write. `false`: not
/// written, for that reason or because the race was lost too often.
fn amend(
    store: &(impl Store + ?Sized),
    key: &str,
    mut change: impl FnMut(Option<&[u8]>) -> Option<Vec<u8>>,
) -> bool {
    for _ in 0..MAX_RACES {
        let (value, ticket) = store.get(key);
        let Some(new) = change(value.as_deref()) else { return false };
        if store.cas(key, &new, ticket) {
            return true;
        }
    }
    false
}

// === impl Key ===

impl Key {
    fn of(name: &str) -> Self {
        Self(SmallVec::from_slice(name.as_bytes()))
    }

    fn numbered(table: &str, place: u64) -> Self {
        let mut key = Self::of(table);
        key.0.extend_from_slice(itoa::Buffer::new().format(place).as_bytes());
        key
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
