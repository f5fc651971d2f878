//! How fast targets are: one value in shared data, so that all workers learn from every
//! attempt, and a configuration push forgets nothing (a restart of Envoy does).
//!
//! Written and read only by calls whose strategy asks for it. What a sample does to an
//! entry is judged in `route::speed`; this is bytes and races. Updates are
//! compare-and-set loops. Must not: hold a name (ids are digests), or more than
//! `MAX_ENTRIES`: past that the one that was used least lately goes.
//!
//! Layout, version 1, little endian: u8 version, then for each entry u64 id, u64 last,
//! u64 asked, f32 peak, f32 mean, f32 rate, f32 p95, u32 samples, u32 passed.

use super::{Store, amend};

/// What is known of a target.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Entry {
    pub id: u64,
    /// The latest sample, Unix nanoseconds.
    pub last: u64,
    /// When a call was last sent there to find out, Unix nanoseconds.
    pub asked: u64,
    /// Milliseconds to the first token: the worst lately, on its way down to `mean`.
    pub peak: f32,
    /// Milliseconds to the first token, on average.
    pub mean: f32,
    /// Tokens of output per second, on average; 0: not known.
    pub rate: f32,
    /// The 95th percentile of milliseconds to the first token of streams; 0: not known.
    pub p95: f32,
    pub samples: u32,
    /// Calls that might have come here and went elsewhere, since the latest sample or
    /// since it was last asked.
    pub passed: u32,
}

/// All entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Speeds {
    entries: Vec<Entry>,
}

/// Most targets remembered.
pub const MAX_ENTRIES: usize = 256;

const KEY: &str = "speed";
const VERSION: u8 = 1;
const SIZE: usize = 48;

pub fn read(store: &(impl Store + ?Sized)) -> Speeds {
    store.get(KEY).0.map(|value| Speeds::decode(&value)).unwrap_or_default()
}

/// Applies `change` to what is known now; `false` from it: nothing to write, and that is
/// the answer. A race lost too often is no answer either.
pub fn update(store: &(impl Store + ?Sized), mut change: impl FnMut(&mut Speeds) -> bool) -> bool {
    amend(store, KEY, |value| {
        let mut speeds = value.map(Speeds::decode).unwrap_or_default();
        change(&mut speeds).then(|| speeds.encode())
    })
}

// === impl Speeds ===

impl Speeds {
    pub const NONE: Self = Self { entries: Vec::new() };

    pub fn is_full(&self) -> bool {
        self.entries.len() >= MAX_ENTRIES
    }

    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.iter().find(|e| e.id == id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|e| e.id == id)
    }

    /// Replaces or adds.
    pub fn put(&mut self, entry: Entry) {
        if let Some(own) = self.get_mut(entry.id) {
            *own = entry;
            return;
        }
        if self.is_full() {
            let idle = self.entries.iter().enumerate().min_by_key(|(_, e)| e.last.max(e.asked));
            if let Some((i, _)) = idle {
                self.entries.swap_remove(i);
            }
        }
        self.entries.push(entry);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.entries.len() * SIZE);
        out.push(VERSION);
        for e in &self.entries {
            for n in [e.id, e.last, e.asked] {
                out.extend_from_slice(&n.to_le_bytes());
            }
            for n in [e.peak, e.mean, e.rate, e.p95] {
                out.extend_from_slice(&n.to_le_bytes());
            }
            for n in [e.samples, e.passed] {
                out.extend_from_slice(&n.to_le_bytes());
            }
        }
        out
    }

    /// Of another version: nothing is known.
    fn decode(value: &[u8]) -> Self {
        let Some((&VERSION, rest)) = value.split_first() else { return Self::default() };
        Self { entries: rest.chunks_exact(SIZE).filter_map(Entry::decode).collect() }
    }
}

// === impl Entry ===

impl Entry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let short = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let float = |at: usize| short(at).map(f32::from_bits).filter(|n| n.is_finite());
        Some(Self {
            id: long(0)?,
            last: long(8)?,
            asked: long(16)?,
            peak: float(24)?,
            mean: float(28)?,
            rate: float(32)?,
            p95: float(36)?,
            samples: short(40)?,
            passed: short(44)?,
        })
    }
}
