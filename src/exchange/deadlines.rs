//! Deadlines of single targets that are shorter than the call's per-try timeout.
//!
//! Envoy keeps one per-try timeout per call: the longest of its targets' own. A
//! shorter one is kept here, by a tick that runs only while something is watched.
//! It can only fail an attempt whose response headers have come and are held: an
//! attempt still without headers is judged when they arrive, or by Envoy's per-try
//! timeout. (Stock Envoy gives an upstream filter no means to fail an attempt
//! before that: `proxy_close_stream` and local replies there end the whole call.)
//! Bounded by the calls in flight.

use super::Worker;
use super::registry::{Answer, Outcome, Refusal, Shared};
use crate::error::{Error, Kind};
use crate::host::Host;
use crate::route::health::Event;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How late a deadline may be noticed, in milliseconds.
pub const TICK_MS: u32 = 25;

/// One attempt, watched.
pub struct Watch {
    pub entry: Shared,
    /// Unix time, nanoseconds.
    pub due: u64,
    /// The attempt's context in this VM.
    pub context: u32,
    /// Its response headers are held: it can be failed.
    pub held: Cell<bool>,
    /// It has been failed; its context must drop what still comes.
    pub late: Cell<bool>,
}

#[derive(Default)]
pub struct Deadlines {
    watched: RefCell<BTreeMap<(u64, u32), Rc<Watch>>>,
    /// When a tick was last asked for or came.
    ticked: Cell<u64>,
}

/// The error of a target that kept silent too long.
pub fn timeout() -> Error {
    Error::new(Kind::Timeout, "a deadline passed before the provider's first token")
}

// === impl Deadlines ===

impl Deadlines {
    pub fn watch(&self, host: &dyn Host, watch: &Rc<Watch>) {
        self.keep_time(host, host.now());
        self.watched.borrow_mut().insert((watch.due, watch.context), Rc::clone(watch));
    }

    /// Asks for ticks, if none is on its way.
    pub fn keep_time(&self, host: &dyn Host, now: u64) {
        // The timer is that of whose context asked, and goes with its configuration:
        // when it is overdue, ours takes over.
        let overdue = self.ticked.get() + 4 * u64::from(TICK_MS) * 1_000_000;
        if self.is_empty() || now >= overdue {
            host.set_tick(TICK_MS);
            self.ticked.set(now);
        }
    }

    pub fn forget(&self, watch: &Watch) {
        self.watched.borrow_mut().remove(&(watch.due, watch.context));
    }

    /// Forgets and returns the attempts that are late at `now`.
    fn late(&self, now: u64) -> Vec<Rc<Watch>> {
        let mut watched = self.watched.borrow_mut();
        let rest = watched.split_off(&(now + 1, 0));
        std::mem::replace(&mut *watched, rest).into_values().collect()
    }

    fn is_empty(&self) -> bool {
        self.watched.borrow().is_empty()
    }
}

// === impl Worker ===

impl Worker {
    /// Fails the attempts that are late. Called by the VM's timer.
    pub fn tick(&self, host: &dyn Host) {
        let now = host.now();
        self.deadlines.ticked.set(now);
        self.give_up_waiting(host, now);
        for watch in self.deadlines.late(now) {
            if !watch.held.get() {
                continue;
            }
            watch.late.set(true);
            let error = timeout();
            let status = error.status();
            {
                let mut entry = watch.entry.borrow_mut();
                if let Some(tried) = entry.tried.last_mut() {
                    tried.outcome = Some(Outcome::Failed(Kind::Timeout));
                }
                entry.answer = Answer::Refused(Refusal::new(error));
            }
            let entry = watch.entry.borrow();
            let at = entry.tried.last().and_then(|t| entry.plan.resolve(&entry.config, t.target));
            if let Some(at) = at {
                self.learn(host, &entry, at, Event::Failed(None));
            }
            drop(entry);
            host.fail_held(watch.context, status);
        }
        if self.deadlines.is_empty() && !self.surroundings.is_busy() {
            host.set_tick(0);
        }
    }
}
