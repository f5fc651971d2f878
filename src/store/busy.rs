//! How many attempts each target has in flight, over all workers: each worker keeps its
//! own slot in shared data, which nobody else writes while it holds.
//!
//! The truth is in the worker's memory (`exchange::load`); a slot only tells the others.
//! It is written anew when an attempt begins and when it ends, and counts until then and
//! for a lease: what a VM that is gone left behind is forgotten after that, and its slot
//! is free. (A VM after a reload cannot tell which slot was its worker's.) The lease is
//! short, so a worker that began and ended nothing for so long is counted as idle while
//! its long answers go on: few, as more would have ended meanwhile; and much better than
//! counting for long what is no more. Keys: `MAX_WORKERS`, the lowest free one first, so
//! that a reader stops at the first that is not there.
//!
//! Layout, version 1, little endian: u8 version, u64 owner, u64 until (Unix
//! nanoseconds), then for each target u64 id, u32 in flight.

use super::{Store, amend};

/// Attempts in flight by target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Busy {
    counts: Vec<(u64, u32)>,
}

/// Where a worker publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    slot: usize,
    /// Until then nobody else takes it, Unix nanoseconds.
    until: u64,
}

/// Most workers that are counted; the attempts of one more are known to itself alone.
pub const MAX_WORKERS: usize = 64;
/// Most targets of a slot; those with the fewest attempts are left out.
pub const MAX_TARGETS: usize = 64;
/// How long a slot holds after its last writing, in nanoseconds: 60 s.
pub const LEASE: u64 = 60_000_000_000;

const VERSION: u8 = 1;
const HEAD: usize = 17;
const SIZE: usize = 12;
/// Workers' clocks may differ by less.
const MARGIN: u64 = 1_000_000_000;

/// Tells all workers what `owner` has in flight. `place`: where it did so before; comes
/// back as where it does now, `None` where there is no room.
pub fn publish(
    store: &(impl Store + ?Sized),
    owner: u64,
    place: Option<Place>,
    busy: &Busy,
    now: u64,
) -> Option<Place> {
    let until = now.saturating_add(LEASE);
    let value = busy.encode(owner, until);
    if let Some(Place { slot, .. }) = place.filter(|p| now.saturating_add(MARGIN) < p.until) {
        store.set(&key(slot), &value);
        return Some(Place { slot, until });
    }
    let slots = place.map(|p| p.slot).into_iter().chain(0..MAX_WORKERS);
    for slot in slots {
        // Only a slot that is another's is passed: one's own, left for a lost race, would
        // count twice until its lease ends.
        let mine = amend(store, &key(slot), |held| {
            let holds = |(theirs, until): (u64, u64)| theirs != owner && until > now;
            let taken = held.and_then(head).is_some_and(holds);
            (!taken).then(|| value.clone())
        });
        if mine {
            return Some(Place { slot, until });
        }
    }
    None
}

/// Adds what all but `owner` have in flight. One read for each of them, and one more.
pub fn add_others(
    store: &(impl Store + ?Sized),
    owner: u64,
    place: Option<Place>,
    busy: &mut Busy,
    now: u64,
) {
    let own = place.filter(|place| place.until > now).map(|place| place.slot);
    for slot in (0..MAX_WORKERS).filter(|slot| own != Some(*slot)) {
        let Some(value) = store.get(&key(slot)).0 else { return };
        let holds = head(&value).is_some_and(|(theirs, until)| theirs != owner && until > now);
        for entry in value.get(HEAD..).filter(|_| holds).unwrap_or_default().chunks_exact(SIZE) {
            let id = entry.first_chunk().map(|id| u64::from_le_bytes(*id));
            let count = entry.last_chunk().map(|count| u32::from_le_bytes(*count));
            if let (Some(id), Some(count)) = (id, count) {
                busy.add(id, count);
            }
        }
    }
}

fn key(slot: usize) -> String {
    format!("busy.{slot}")
}

/// Owner and lease.
fn head(value: &[u8]) -> Option<(u64, u64)> {
    let (&VERSION, rest) = value.split_first()? else { return None };
    let (owner, rest) = rest.split_first_chunk()?;
    Some((u64::from_le_bytes(*owner), u64::from_le_bytes(*rest.first_chunk()?)))
}

// === impl Busy ===

impl Busy {
    pub const NONE: Self = Self { counts: Vec::new() };

    pub fn of(&self, id: u64) -> u32 {
        self.counts.iter().find(|(own, _)| *own == id).map_or(0, |(_, count)| *count)
    }

    pub fn is_idle(&self) -> bool {
        self.counts.is_empty()
    }

    pub fn add(&mut self, id: u64, more: u32) {
        match self.counts.iter_mut().find(|(own, _)| *own == id) {
            Some((_, count)) => *count = count.saturating_add(more),
            None if more > 0 => self.counts.push((id, more)),
            None => {}
        }
    }

    /// One less.
    pub fn end(&mut self, id: u64) {
        if let Some((_, count)) = self.counts.iter_mut().find(|(own, _)| *own == id) {
            *count = count.saturating_sub(1);
        }
        self.counts.retain(|(_, count)| *count > 0);
    }

    fn encode(&self, owner: u64, until: u64) -> Vec<u8> {
        let mut most: Vec<_> = self.counts.clone();
        if most.len() > MAX_TARGETS {
            most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            most.truncate(MAX_TARGETS);
        }
        let mut out = Vec::with_capacity(HEAD + most.len() * SIZE);
        out.push(VERSION);
        out.extend_from_slice(&owner.to_le_bytes());
        out.extend_from_slice(&until.to_le_bytes());
        for (id, count) in most {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
        out
    }
}
