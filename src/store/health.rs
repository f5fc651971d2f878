//! Who must be left alone, and until when: one value in shared data, so that every
//! worker learns at once what one of them was told, and a configuration push forgets
//! nothing.
//!
//! Only trouble is written down: while all is well the value is absent or empty, and
//! a call pays one read. A mark is forgotten some time after its last event, and by
//! the next success. Updates are compare-and-set loops. What a mark means is judged
//! in `route::health`; this is bytes and races. Must not: hold a name or a key (ids
//! are digests), or more than `MAX_MARKS`.
//!
//! Layout, version 1, little endian: u8 version, then for each mark u64 id, u64 until,
//! u64 last, u64 claimed, u16 failures, u8 reason. A filter that does not know a reason
//! drops its marks and keeps the others: a new reason is no new version.

use super::{Store, amend};
use serde::{Deserialize, Serialize};

/// What is known of a target, of a key, or of a key at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub id: u64,
    /// Not to be tried before, Unix nanoseconds; 0: not cooling.
    pub until: u64,
    /// The latest event, Unix nanoseconds.
    pub last: u64,
    /// A probe is under way until then, Unix nanoseconds; of a pace: when it is over.
    pub claimed: u64,
    /// In a row.
    pub failures: u16,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The provider said when to come back, or that nothing is left.
    RateLimited,
    /// It fails: a circuit.
    Failing,
    /// It refuses this key.
    KeyRefused,
    /// Little is left: `until` is when the next call may go, and as long before that as
    /// calls are apart stands `last`.
    Paced,
    /// It has used up a limit of its own. Never written: `store::quotas` knows.
    OwnLimit,
}

/// All marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    marks: Vec<Mark>,
}

/// Most marks kept: past that the one whose time is up first goes.
pub const MAX_MARKS: usize = 256;
/// How long a mark outlives its last event and its cooldown, in nanoseconds.
pub const MEMORY: u64 = 600_000_000_000;

const KEY: &str = "health";
const VERSION: u8 = 1;
const SIZE: usize = 35;

pub fn read(store: &(impl Store + ?Sized)) -> Table {
    store.get(KEY).0.map(|value| Table::decode(&value)).unwrap_or_default()
}

/// Applies `change` to the table as it is now; `false` from it: nothing to write, and
/// that is the answer. A race lost too often is no answer either.
pub fn update(
    store: &(impl Store + ?Sized),
    now: u64,
    mut change: impl FnMut(&mut Table) -> bool,
) -> bool {
    amend(store, KEY, |value| {
        let mut table = value.map(Table::decode).unwrap_or_default();
        table.forget(now);
        change(&mut table).then(|| table.encode())
    })
}

// === impl Table ===

impl Table {
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn get(&self, id: u64) -> Option<&Mark> {
        self.marks.iter().find(|m| m.id == id)
    }

    /// Replaces or adds.
    pub fn put(&mut self, mark: Mark) {
        if let Some(own) = self.marks.iter_mut().find(|m| m.id == mark.id) {
            *own = mark;
            return;
        }
        if self.marks.len() >= MAX_MARKS {
            let first = self.marks.iter().enumerate().min_by_key(|(_, m)| m.until.max(m.last));
            if let Some((i, _)) = first {
                self.marks.swap_remove(i);
            }
        }
        self.marks.push(mark);
    }

    pub fn remove(&mut self, id: u64) {
        self.marks.retain(|m| m.id != id);
    }

    fn forget(&mut self, now: u64) {
        self.marks.retain(|m| m.until.max(m.last).saturating_add(MEMORY) > now);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.marks.len() * SIZE);
        out.push(VERSION);
        for m in &self.marks {
            for n in [m.id, m.until, m.last, m.claimed] {
                out.extend_from_slice(&n.to_le_bytes());
            }
            out.extend_from_slice(&m.failures.to_le_bytes());
            out.push(m.reason as u8);
        }
        out
    }

    /// Of another version: nothing is known.
    fn decode(value: &[u8]) -> Self {
        let Some((&VERSION, rest)) = value.split_first() else { return Self::default() };
        Self { marks: rest.chunks_exact(SIZE).filter_map(Mark::decode).collect() }
    }
}

// === impl Mark ===

impl Mark {
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut number = || {
            let (head, tail) = bytes.split_first_chunk::<8>()?;
            bytes = tail;
            Some(u64::from_le_bytes(*head))
        };
        let (id, until, last, claimed) = (number()?, number()?, number()?, number()?);
        let (failures, rest) = bytes.split_first_chunk::<2>()?;
        let reason = match rest {
            [0] => Reason::RateLimited,
            [1] => Reason::Failing,
            [2] => Reason::KeyRefused,
            [3] => Reason::Paced,
            _ => return None,
        };
        Some(Self { id, until, last, claimed, failures: u16::from_le_bytes(*failures), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_newer_filter_costs_its_mark_alone() {
        let mark = |id, reason| Mark { id, until: 9, last: 8, claimed: 7, failures: 6, reason };
        let mut table = Table::default();
        table.put(mark(1, Reason::Paced));
        table.put(mark(2, Reason::KeyRefused));
        let mut value = table.encode();
        assert_eq!(Table::decode(&value), table);
        value[SIZE] = 99;
        assert_eq!(Table::decode(&value).marks, [mark(2, Reason::KeyRefused)]);
    }
}
