//! Who used how many tokens of what, and what it cost: rows of counters in shared data.
//!
//! A row is one consumer x model x provider x upstream model, and where the consumer has
//! a team, x team x organization (which may be empty). Rows are claimed
//! in order, `usage/0`, `usage/1`, ...; the first `max_rows` combinations seen
//! get one, later ones share the row `usage/other`. Updates are compare-and-set
//! loops, so counts are exact under any number of workers. A row is never
//! removed: the table is bounded by configuration, and a process restart empties
//! it.
//!
//! `usage/since` holds when the first filter of the process began to count: u64 Unix
//! nanoseconds, little endian.
//!
//! Layout, version 2, little endian: u8 version, `COUNTERS` x u64, then the
//! labels as UTF-8, joined by NUL. Version 1 had two counters less and is read as
//! long as an old filter may have written it: the process outlives the filter. Its
//! calls were not priced.

use super::{Key, Store, Ticket};
use crate::dialect::Usage;
use std::borrow::Cow;

/// What one settled call adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: u64,
    /// Calls whose tokens are partly or wholly an estimate.
    pub estimated_calls: u64,
    /// Calls whose cost is not known; it is missing in `cost`.
    pub unpriced_calls: u64,
    /// Nanodollars (10^-9 USD). A row holds 18 billion dollars.
    pub cost: u64,
    pub usage: Usage,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub labels: String,
    pub counts: Counts,
}

/// Where a combination's counters live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Row(u32),
    Other,
}

/// The labels of the row that takes what no other row does.
pub const OTHER: &str = "other\0other\0other\0other";

const SINCE: &str = "usage/since";
const VERSION: u8 = 2;
const COUNTERS: usize = 10;
/// Of version 1.
const COUNTERS_1: usize = 8;
/// Contention is between a few workers; this many lost races in a row is a bug.
const MAX_RACES: u32 = 10_000;

/// Finds or claims the row of `labels` and adds `counts` to it; `known` spares
/// the search. Returns where they went; `None`: lost, which is a bug.
pub fn add(
    store: &(impl Store + ?Sized),
    max_rows: u32,
    labels: &str,
    known: Option<Slot>,
    counts: &Counts,
) -> Option<Slot> {
    if let Some(slot) = known {
        return update(store, slot, labels, counts);
    }
    let mut n = 0;
    while n < max_rows {
        let slot = Slot::Row(n);
        let (value, ticket) = store.get(&slot.key());
        match value.as_deref().map(decode) {
            // Free: claim it. Lost the race: look at the same row again.
            None => {
                if store.cas(&slot.key(), &encode(labels, counts), ticket) {
                    return Some(slot);
                }
            }
            Some(Some(row)) if row.labels == labels => return update(store, slot, labels, counts),
            Some(_) => n += 1,
        }
    }
    update(store, Slot::Other, OTHER, counts)
}

/// Notes that counting begins now, where it has not begun before.
pub fn begin(store: &(impl Store + ?Sized), now: u64) {
    if let (None, ticket) = store.get(SINCE) {
        // Lost the race: another worker has written as good a time.
        let _ = store.cas(SINCE, &now.to_le_bytes(), ticket);
    }
}

/// Since when the rows count, Unix nanoseconds.
pub fn since(store: &(impl Store + ?Sized)) -> Option<u64> {
    let value = store.get(SINCE).0?;
    Some(u64::from_le_bytes(value.try_into().ok()?))
}

/// A label as it stands in a row: a NUL in it would make its rest another label.
pub fn label(name: &str) -> Cow<'_, str> {
    match name.contains('\0') {
        false => Cow::Borrowed(name),
        true => Cow::Owned(name.replace('\0', "\u{fffd}")),
    }
}

/// All rows; the last may be `OTHER`.
pub fn report(store: &(impl Store + ?Sized), max_rows: u32) -> Vec<Row> {
    let claimed = (0..max_rows).map_while(|n| store.get(&Slot::Row(n).key()).0);
    let other = store.get(&Slot::Other.key()).0;
    claimed.chain(other).filter_map(|value| decode(&value)).collect()
}

fn update(
    store: &(impl Store + ?Sized),
    slot: Slot,
    labels: &str,
    counts: &Counts,
) -> Option<Slot> {
    let key = slot.key();
    for _ in 0..MAX_RACES {
        let (value, ticket): (_, Ticket) = store.get(&key);
        let sum = match value.as_deref().and_then(decode) {
            Some(row) => row.counts.plus(counts),
            None => *counts,
        };
        if store.cas(&key, &encode(labels, &sum), ticket) {
            return Some(slot);
        }
    }
    None
}

fn encode(labels: &str, counts: &Counts) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + COUNTERS * 8 + labels.len());
    out.push(VERSION);
    for n in counts.to_array() {
        out.extend_from_slice(&n.to_le_bytes());
    }
    out.extend_from_slice(labels.as_bytes());
    out
}

fn decode(value: &[u8]) -> Option<Row> {
    let (version, rest) = value.split_first()?;
    let counted = match *version {
        VERSION => COUNTERS,
        1 => COUNTERS_1,
        _ => return None,
    };
    let (numbers, labels) = rest.split_at_checked(counted * 8)?;
    let mut counters = [0u64; COUNTERS];
    for (counter, bytes) in counters.iter_mut().zip(numbers.chunks_exact(8)) {
        *counter = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    let mut counts = Counts::from_array(counters);
    if *version == 1 {
        counts.unpriced_calls = counts.calls;
    }
    Some(Row { labels: std::str::from_utf8(labels).ok()?.to_owned(), counts })
}

// === impl Counts ===

impl Counts {
    fn to_array(self) -> [u64; COUNTERS] {
        let u = self.usage;
        [
            self.calls,
            self.estimated_calls,
            u.input,
            u.output,
            u.cached_input,
            u.cache_write,
            u.cache_write_1h,
            u.reasoning,
            self.unpriced_calls,
            self.cost,
        ]
    }

    fn from_array(
        [
            calls,
            estimated_calls,
            input,
            output,
            cached_input,
            cache_write,
            cache_write_1h,
            reasoning,
            unpriced_calls,
            cost,
        ]: [u64; COUNTERS],
    ) -> Self {
        let usage = Usage {
            input,
            output,
            cached_input,
            cache_write,
            cache_write_1h,
            reasoning,
            ..Default::default()
        };
        Self { calls, estimated_calls, unpriced_calls, cost, usage }
    }

    /// Saturates: a row that is full stays so.
    pub fn plus(self, other: &Self) -> Self {
        let mut sum = self.to_array();
        for (a, b) in sum.iter_mut().zip(other.to_array()) {
            *a = a.saturating_add(b);
        }
        Self::from_array(sum)
    }
}

// === impl Slot ===

impl Slot {
    fn key(self) -> Key {
        match self {
            Slot::Row(n) => Key::numbered("usage/", u64::from(n)),
            Slot::Other => Key::of("usage/other"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// Shared data that lets another worker in before every n-th write.
    #[derive(Default)]
    struct Memory {
        data: RefCell<HashMap<String, (Vec<u8>, u32)>>,
        intrude: RefCell<Vec<(String, Vec<u8>)>>,
    }

    impl Store for Memory {
        fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
            match self.data.borrow().get(key) {
                Some((value, version)) => (Some(value.clone()), Ticket(Some(*version))),
                None => (None, Ticket(None)),
            }
        }

        fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
            if let Some((key, value)) = self.intrude.borrow_mut().pop() {
                let version = self.data.borrow().get(&key).map_or(1, |v| v.1 + 1);
                self.data.borrow_mut().insert(key, (value, version));
            }
            let mut data = self.data.borrow_mut();
            let version = data.get(key).map(|v| v.1);
            if version != ticket.0 {
                return false;
            }
            data.insert(key.to_owned(), (value.to_vec(), version.map_or(1, |v| v + 1)));
            true
        }
    }

    fn one(input: u64) -> Counts {
        let usage = Usage { input, ..Default::default() };
        Counts { calls: 1, cost: input * 3, usage, ..Default::default() }
    }

    #[test]
    fn counts_and_overflows_to_other() {
        let store = Memory::default();
        assert_eq!(add(&store, 2, "a", None, &one(1)), Some(Slot::Row(0)));
        assert_eq!(add(&store, 2, "b", None, &one(2)), Some(Slot::Row(1)));
        assert_eq!(add(&store, 2, "c", None, &one(4)), Some(Slot::Other));
        assert_eq!(add(&store, 2, "d", None, &one(8)), Some(Slot::Other));
        assert_eq!(add(&store, 2, "a", None, &one(16)), Some(Slot::Row(0)));
        assert_eq!(add(&store, 2, "a", Some(Slot::Row(0)), &one(32)), Some(Slot::Row(0)));
        let rows = report(&store, 2);
        let seen: Vec<_> = rows
            .iter()
            .map(|r| (r.labels.as_str(), r.counts.calls, r.counts.usage.input))
            .collect();
        assert_eq!(seen, [("a", 3, 49), ("b", 1, 2), (OTHER, 2, 12)]);
    }

    #[test]
    fn a_row_of_an_older_filter_goes_on() {
        let store = Memory::default();
        let mut old = vec![1];
        for n in [7u64, 1, 100, 50, 0, 0, 0, 5] {
            old.extend(n.to_le_bytes());
        }
        old.extend(b"a");
        store.data.borrow_mut().insert("usage/0".into(), (old, 1));
        assert_eq!(add(&store, 4, "a", None, &one(2)), Some(Slot::Row(0)));
        let counts = report(&store, 4)[0].counts;
        assert_eq!((counts.calls, counts.unpriced_calls, counts.cost), (8, 7, 6));
        assert_eq!((counts.usage.input, counts.usage.reasoning), (102, 5));
        store.data.borrow_mut().insert("usage/1".into(), (b"\x09?".to_vec(), 1));
        assert_eq!(report(&store, 4).len(), 1, "what a newer one wrote is not read");
    }

    #[test]
    fn a_lost_race_is_run_again() {
        let store = Memory::default();
        store.intrude.borrow_mut().push(("usage/0".into(), encode("b", &one(1))));
        assert_eq!(add(&store, 4, "a", None, &one(2)), Some(Slot::Row(1)));
        store.intrude.borrow_mut().push(("usage/1".into(), encode("a", &one(100))));
        assert_eq!(add(&store, 4, "a", None, &one(3)), Some(Slot::Row(1)));
        assert_eq!(report(&store, 4)[1].counts.usage.input, 103);
    }
}
