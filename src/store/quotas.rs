//! How far each key that has limits of its own has used them up: one value in shared
//! data, for all workers, and only where such limits are configured.
//!
//! Two buckets a key, each a moment: when it would be whole again if nobody called (a
//! "theoretical arrival time": <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>).
//! A key whose buckets are whole needs no entry, so the value is as small as what is in
//! use. What a moment means is judged in `route::quotas`. Must not: hold a key (ids are
//! digests), or more than `MAX_BUCKETS` entries.
//!
//! Layout, version 1, little endian: u8 version, then for each entry u64 id, u64
//! requests, u64 tokens.

use super::{Store, amend};

/// Moments are Unix nanoseconds; what is over is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    pub id: u64,
    pub requests: u64,
    pub tokens: u64,
}

/// Those that are not whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets {
    all: Vec<Bucket>,
}

/// Most entries: past that the one that is whole first goes.
pub const MAX_BUCKETS: usize = 256;

const KEY: &str = "quotas";
const VERSION: u8 = 1;
const SIZE: usize = 24;

pub fn read(store: &(impl Store + ?Sized)) -> Buckets {
    store.get(KEY).0.map(|value| Buckets::decode(&value)).unwrap_or_default()
}

/// Applies `change` to the buckets as they are now; `false` from it: nothing to write,
/// and that is the answer. A race lost too often is no answer either.
pub fn update(
    store: &(impl Store + ?Sized),
    now: u64,
    mut change: impl FnMut(&mut Buckets) -> bool,
) -> bool {
    amend(store, KEY, |value| {
        let mut buckets = value.map(Buckets::decode).unwrap_or_default();
        buckets.all.retain(|b| b.requests.max(b.tokens) > now);
        change(&mut buckets).then(|| buckets.encode())
    })
}

// === impl Buckets ===

impl Buckets {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Where there is none: a whole one.
    pub fn of(&self, id: u64) -> Bucket {
        let known = self.all.iter().find(|b| b.id == id).copied();
        known.unwrap_or(Bucket { id, ..Bucket::default() })
    }

    /// Replaces or adds.
    pub fn put(&mut self, bucket: Bucket) {
        self.all.retain(|b| b.id != bucket.id);
        if self.all.len() >= MAX_BUCKETS {
            let first = self.all.iter().enumerate().min_by_key(|(_, b)| b.requests.max(b.tokens));
            if let Some((i, _)) = first {
                self.all.swap_remove(i);
            }
        }
        self.all.push(bucket);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.all.len() * SIZE);
        out.push(VERSION);
        for b in &self.all {
            for n in [b.id, b.requests, b.tokens] {
                out.extend_from_slice(&n.to_le_bytes());
            }
        }
        out
    }

    /// Of another version: all are whole.
    fn decode(value: &[u8]) -> Self {
        let Some((&VERSION, rest)) = value.split_first() else { return Self::default() };
        let mut all = Vec::with_capacity(rest.len() / SIZE);
        for entry in rest.chunks_exact(SIZE) {
            let mut numbers = entry.chunks_exact(8).filter_map(|n| n.first_chunk::<8>());
            let mut number = || numbers.next().map(|n| u64::from_le_bytes(*n)).unwrap_or_default();
            all.push(Bucket { id: number(), requests: number(), tokens: number() });
        }
        Self { all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut buckets = Buckets::default();
        for id in 0..MAX_BUCKETS as u64 + 3 {
            buckets.put(Bucket { id, requests: 7 + id, tokens: 1 });
        }
        buckets.put(Bucket { id: 9, requests: 5, tokens: 6 });
        assert_eq!(buckets.len(), MAX_BUCKETS, "bounded");
        assert_eq!(buckets.of(0), Bucket::default(), "it was whole first");
        let read = Buckets::decode(&buckets.encode());
        assert_eq!(read, buckets);
        assert_eq!(read.of(9), Bucket { id: 9, requests: 5, tokens: 6 });
        let mut other = buckets.encode();
        other[0] = 9;
        assert!(Buckets::decode(&other).is_empty() && Buckets::decode(b"").is_empty());
    }
}
