//! Deadlines of single attempts that are shorter than the call's per-try timeout.
//!
//! Envoy knows one per-try timeout per call; a target with a shorter one of its
//! own is watched here and its attempt reset, which the router retries. The
//! worker ticks only while something is watched. Bounded by the calls in flight.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// How late a deadline may be noticed, in milliseconds.
pub const TICK_MS: u32 = 25;

/// (due in Unix nanoseconds, context of the attempt)
#[derive(Default)]
pub struct Deadlines {
    watched: RefCell<BTreeSet<(u64, u32)>>,
}

impl Deadlines {
    /// True where ticks must begin.
    pub fn watch(&self, due: u64, context: u32) -> bool {
        let mut watched = self.watched.borrow_mut();
        watched.insert((due, context));
        watched.len() == 1
    }

    pub fn forget(&self, due: u64, context: u32) {
        self.watched.borrow_mut().remove(&(due, context));
    }

    /// The attempts that are late at `now`, forgotten with the call.
    pub fn late(&self, now: u64) -> Vec<u32> {
        let mut watched = self.watched.borrow_mut();
        let rest = watched.split_off(&(now + 1, 0));
        std::mem::replace(&mut *watched, rest).into_iter().map(|(_, context)| context).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.watched.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_late_ones_once() {
        let d = Deadlines::default();
        assert!(d.watch(10, 1));
        assert!(!d.watch(20, 2));
        d.watch(10, 3);
        d.forget(10, 3);
        assert_eq!(d.late(9), []);
        assert_eq!(d.late(10), [1]);
        assert_eq!(d.late(99), [2]);
        assert!(d.is_empty());
    }
}
