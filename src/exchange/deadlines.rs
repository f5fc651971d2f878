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
use super::idle::{Idle, Live};
use super::registry::{Answer, Outcome, Refusal, Shared};
use crate::config::compiled::STREAM_FAILED;
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
    /// What it is late with.
    pub what: Late,
    /// It has been failed; its context must drop what still comes.
    pub late: Cell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    FirstToken,
    /// `min_speed`.
    Speed,
}

#[derive(Default)]
pub struct Deadlines {
    watched: RefCell<BTreeMap<(u64, u32), Rc<Watch>>>,
    pub(super) idle: Idle,
    /// When a tick was last asked for or came.
    ticked: Cell<u64>,
    /// The tick that was asked for, in milliseconds; 0: none.
    period: Cell<u32>,
}

/// Between `TICK_MS` and a second.
fn slow(period: u64) -> u32 {
    u32::try_from(period).unwrap_or(u32::MAX).clamp(TICK_MS, 1_000)
}

/// The error of a target that kept silent too long.
pub fn timeout() -> Error {
    Error::new(Kind::Timeout, "a deadline passed before the provider's first token")
}

/// The error of a stream that began too slowly.
pub fn too_slow() -> Error {
    Error::new(Kind::Timeout, "the provider's stream began slower than it must")
}

// === impl Deadlines ===

impl Deadlines {
    pub fn watch(&self, host: &dyn Host, watch: &Rc<Watch>) {
        self.keep_time(host, host.now());
        self.watched.borrow_mut().insert((watch.due, watch.context), Rc::clone(watch));
    }

    /// Asks for ticks, if none is on its way.
    pub fn keep_time(&self, host: &dyn Host, now: u64) {
        self.ask(host, now, TICK_MS);
    }

    /// `now`: a stream has begun.
    pub fn watch_stream(&self, host: &dyn Host, live: &Rc<Live>, now: u64) {
        if let Some(period) = live.period_ms() {
            self.ask(host, now, slow(period));
            self.idle.watch(live, now);
        }
    }

    /// Asks for a tick at least that often.
    fn ask(&self, host: &dyn Host, now: u64, period: u32) {
        let asked = self.period.get();
        // The timer is that of whose context asked, and goes with its configuration:
        // when it is overdue, ours takes over.
        let overdue = now >= self.ticked.get() + 4 * u64::from(asked) * 1_000_000;
        if asked == 0 || period < asked || overdue {
            let period = if asked == 0 { period } else { period.min(asked) };
            host.set_tick(period);
            self.period.set(period);
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

    /// The tick that is needed now.
    fn needed(&self) -> u32 {
        match self.watched.borrow().is_empty() {
            false => TICK_MS,
            true => self.idle.period_ms().map_or(0, slow),
        }
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
            if watch.what == Late::Speed && !self.may_move_on(host, &watch.entry.borrow()) {
                continue;
            }
            watch.late.set(true);
            let (error, status) = match watch.what {
                Late::FirstToken => (timeout(), timeout().status()),
                Late::Speed => (too_slow(), STREAM_FAILED),
            };
            {
                let mut entry = watch.entry.borrow_mut();
                if let Some(tried) = entry.tried.last_mut() {
                    tried.outcome = Some(Outcome::Failed(Kind::Timeout));
                }
                if let Some(target) = entry.tried.last().map(|t| t.target) {
                    entry.tell(host, target, None);
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
        self.look_at_streams(host, now);
        let waits = self.surroundings.is_busy();
        let needed = if waits { TICK_MS } else { self.deadlines.needed() };
        if needed == 0 || needed != self.deadlines.period.get() {
            host.set_tick(needed);
            self.deadlines.period.set(needed);
        }
    }
}
