//! Shared data as many workers find it: now and then somebody else wins the race.

use sluice::store::{Store, Ticket};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

pub struct Contended {
    pub values: RefCell<HashMap<String, (Vec<u8>, u32)>>,
    dice: Dice,
    pub lost: Cell<u32>,
    pub reads: Cell<u32>,
}

/// Seeded chance.
pub struct Dice(Cell<u64>);

// === impl Contended ===

impl Contended {
    pub fn new(seed: u64) -> Self {
        let (lost, reads) = (Cell::new(0), Cell::new(0));
        Self { values: RefCell::default(), dice: Dice::new(seed), lost, reads }
    }

    pub fn put(&self, key: &str, value: &[u8]) {
        self.values.borrow_mut().insert(key.to_owned(), (value.to_vec(), 1));
    }
}

impl Store for Contended {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        self.reads.set(self.reads.get() + 1);
        match self.values.borrow().get(key) {
            Some((value, version)) => (Some(value.clone()), Ticket(Some(*version))),
            None => (None, Ticket(None)),
        }
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        let mut values = self.values.borrow_mut();
        let stored = values.get_mut(key);
        if stored.as_ref().map(|(_, version)| *version) != ticket.0 {
            return false;
        }
        if self.dice.below(4) == 0 {
            // Somebody wrote the same bytes: the version has moved on.
            if let Some((_, version)) = stored {
                *version += 1;
                self.lost.set(self.lost.get() + 1);
                return false;
            }
        }
        values.insert(key.to_owned(), (value.to_vec(), ticket.0.map_or(1, |v| v + 1)));
        true
    }
}

// === impl Dice ===

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    /// xorshift64*
    pub fn below(&self, n: u64) -> u64 {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}
