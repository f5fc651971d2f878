//! This worker's attempts in flight, and what the other workers say of theirs: for the
//! strategy `least_busy`.
//!
//! Counted from the request headers of an attempt to `Attempt::done`, which Envoy calls
//! for every attempt that began, however it ended: whole, refused, reset, timed out, left
//! for another target, or with its client gone. What ends without that is a VM that has
//! trapped; its memory is gone, and its slot (`store::busy`) soon.

use crate::host::Host;
use crate::store::busy::{self, Busy, Place};
use std::cell::{Cell, RefCell};

pub struct Load {
    /// Differs between VMs.
    owner: u64,
    busy: RefCell<Busy>,
    place: Cell<Option<Place>>,
}

// === impl Load ===

impl Load {
    pub(super) fn new(owner: u64) -> Self {
        Self { owner, busy: RefCell::default(), place: Cell::new(None) }
    }

    /// Nothing of this worker's is in flight.
    pub fn is_idle(&self) -> bool {
        self.busy.borrow().is_idle()
    }

    pub(super) fn begin(&self, host: &dyn Host, target: u64, now: u64) {
        self.busy.borrow_mut().add(target, 1);
        self.publish(host, now);
    }

    pub(super) fn end(&self, host: &dyn Host, target: u64, now: u64) {
        self.busy.borrow_mut().end(target);
        self.publish(host, now);
    }

    /// Over all workers.
    pub(super) fn of_all(&self, host: &dyn Host, now: u64) -> Busy {
        let mut all = self.busy.borrow().clone();
        busy::add_others(host, self.owner, self.place.get(), &mut all, now);
        all
    }

    fn publish(&self, host: &dyn Host, now: u64) {
        let place = busy::publish(host, self.owner, self.place.get(), &self.busy.borrow(), now);
        self.place.set(place);
    }
}
