//! What calls have taught of a model's tokens: one value in shared data for each model of
//! a kind of provider.
//!
//! Models live in a table of `MAX_MODELS` keys, by open addressing: `tokens/N` for N from
//! the id on, `PROBES` places at most. Where all of them are taken, the one that was used
//! least lately goes if it has rested for a day; else nothing is learned of the new one.
//! What the numbers mean is judged in `dialect::estimate`. Must not: hold a name (ids are
//! digests).
//!
//! Layout, version 1, little endian: u8 version, u64 id, u32 minute of the latest call
//! (Unix), u32 calls, `CLASSES` x f32 factors, as many doubts, `BUCKETS` x u16 answers.

use super::{Key, MAX_RACES, Store, Ticket};
use crate::dialect::estimate::factors::{FACTORS, Factors};
use crate::dialect::estimate::outputs::{BUCKETS, Outputs};
use crate::dialect::estimate::text::CLASSES;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned {
    /// Calls that taught something.
    pub calls: u32,
    pub factors: Factors,
    pub outputs: Outputs,
}

pub const MAX_MODELS: u64 = 256;
const PROBES: u64 = 8;
const VERSION: u8 = 1;
const SIZE: usize = 1 + 8 + 4 + 4 + 8 * CLASSES + 2 * BUCKETS;
const MINUTE: u64 = 60_000_000_000;
const DAY: u32 = 24 * 60;

/// `None`: nothing is known of it.
pub fn read(store: &(impl Store + ?Sized), id: u64) -> Option<Learned> {
    places(id).map_while(|key| store.get(&key).0).find_map(|value| {
        let (theirs, _, learned) = decode(&value)?;
        (theirs == id).then_some(learned)
    })
}

/// Applies `change`; `false` from it: nothing to write. `false`: not written. `now`: Unix
/// nanoseconds.
pub fn update(
    store: &(impl Store + ?Sized),
    id: u64,
    now: u64,
    mut change: impl FnMut(&mut Learned) -> bool,
) -> bool {
    let minute = u32::try_from(now / MINUTE).unwrap_or(u32::MAX);
    for _ in 0..MAX_RACES {
        let Some((key, ticket, mut learned)) = find(store, id, minute) else { return false };
        if !change(&mut learned) {
            return false;
        }
        if store.cas(&key, &learned.encode(id, minute), ticket) {
            return true;
        }
    }
    false
}

fn places(id: u64) -> impl Iterator<Item = Key> {
    (0..PROBES).map(move |n| Key::numbered("tokens/", id.wrapping_add(n) % MAX_MODELS))
}

/// Its place, or one that it may take.
fn find(store: &(impl Store + ?Sized), id: u64, minute: u32) -> Option<(Key, Ticket, Learned)> {
    let mut idle: Option<(u32, Key, Ticket)> = None;
    for key in places(id) {
        let (value, ticket) = store.get(&key);
        let Some(value) = value else {
            return match idle {
                Some((u32::MAX, key, ticket)) => Some((key, ticket, Learned::NONE)),
                _ => Some((key, ticket, Learned::NONE)),
            };
        };
        match decode(&value) {
            Some((theirs, _, learned)) if theirs == id => return Some((key, ticket, learned)),
            Some((_, last, _)) => {
                let rested = minute.saturating_sub(last);
                if rested >= DAY && idle.as_ref().is_none_or(|(most, ..)| rested > *most) {
                    idle = Some((rested, key, ticket));
                }
            }
            // Of another version.
            None => idle = Some((u32::MAX, key, ticket)),
        }
    }
    idle.map(|(_, key, ticket)| (key, ticket, Learned::NONE))
}

/// Id, minute of the latest call, and the rest.
fn decode(value: &[u8]) -> Option<(u64, u32, Learned)> {
    let (&VERSION, rest) = value.split_first()? else { return None };
    let (id, rest) = rest.split_first_chunk()?;
    let (last, rest) = rest.split_first_chunk()?;
    let (calls, rest) = rest.split_first_chunk()?;
    let (factors, rest) = rest.split_at_checked(4 * CLASSES)?;
    let (doubts, outputs) = rest.split_at_checked(4 * CLASSES)?;
    let mut learned = Learned { calls: u32::from_le_bytes(*calls), ..Learned::NONE };
    let float = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
    let own = learned.factors.values.iter_mut().zip(factors.as_chunks().0);
    // What stands there may be wrong, and must not spoil all that comes.
    own.for_each(|(own, bytes)| *own = bounded(float(bytes), FACTORS));
    let own = learned.factors.doubts.iter_mut().zip(doubts.as_chunks().0);
    own.for_each(|(own, bytes)| *own = bounded(float(bytes), (0.0, 1.0)));
    let own = learned.outputs.counts.iter_mut().zip(outputs.as_chunks().0);
    own.for_each(|(own, bytes)| *own = u16::from_le_bytes(*bytes));
    Some((u64::from_le_bytes(*id), u32::from_le_bytes(*last), learned))
}

fn bounded(number: f32, (least, most): (f32, f32)) -> f32 {
    if number.is_finite() { number.clamp(least, most) } else { 1.0 }
}

// === impl Learned ===

impl Learned {
    pub const NONE: Self = Self { calls: 0, factors: Factors::NONE, outputs: Outputs::NONE };

    fn encode(&self, id: u64, minute: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIZE);
        out.push(VERSION);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&minute.to_le_bytes());
        out.extend_from_slice(&self.calls.to_le_bytes());
        for number in self.factors.values.iter().chain(&self.factors.doubts) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for count in &self.outputs.counts {
            out.extend_from_slice(&count.to_le_bytes());
        }
        debug_assert_eq!(out.len(), SIZE);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Memory(RefCell<HashMap<String, (Vec<u8>, u32)>>);

    impl Store for Memory {
        fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
            match self.0.borrow().get(key) {
                Some((value, version)) => (Some(value.clone()), Ticket(Some(*version))),
                None => (None, Ticket(None)),
            }
        }

        fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
            if self.get(key).1 != ticket {
                return false;
            }
            let version = ticket.0.unwrap_or(0) + 1;
            self.0.borrow_mut().insert(key.to_owned(), (value.to_owned(), version));
            true
        }
    }

    fn teach(store: &Memory, id: u64, now: u64) -> bool {
        update(store, id, now, |l| {
            l.calls += 1;
            l.outputs.add(id);
            l.factors.learn(&[100.0; CLASSES], 2_000)
        })
    }

    #[test]
    fn what_is_written_is_read_and_keys_are_bounded() {
        let store = Memory::default();
        let id = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let kept = (0..10_000).filter(|n| teach(&store, id(*n), 0)).count();
        assert!((200..=256).contains(&kept), "{kept}");
        assert_eq!(store.0.borrow().len(), 256);
        assert!(teach(&store, id(0), 0));
        let learned = read(&store, id(0)).unwrap();
        assert_eq!(learned.calls, 2);
        let (theirs, last, again) = decode(&learned.encode(id(0), 7)).unwrap();
        assert_eq!((theirs, last, again), (id(0), 7, learned));
        // A day later those that rest make room.
        let day = u64::from(DAY) * MINUTE;
        assert!((20_000..20_100).all(|n| teach(&store, id(n), day)));
        assert_eq!(store.0.borrow().len(), 256);
    }

    #[test]
    fn whatever_stands_there_is_bounded() {
        let store = Memory::default();
        let mut wild = Learned::NONE.encode(3, 0);
        wild[17..21].copy_from_slice(&f32::NAN.to_le_bytes());
        wild[21..25].copy_from_slice(&1e30_f32.to_le_bytes());
        store.set("tokens/3", &wild);
        let learned = read(&store, 3).unwrap();
        assert_eq!(learned.factors.values[..2], [1.0, FACTORS.1]);
        for broken in [&b""[..], b"\x09", &wild[..SIZE - 70]] {
            store.set("tokens/3", broken);
            assert_eq!(read(&store, 3), None);
            assert!(teach(&store, 3, 0));
        }
    }
}
