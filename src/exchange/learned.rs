//! What all workers have learned of targets, as this worker reads it: each kind at most
//! once, and only if somebody asks.

use super::Worker;
use crate::config::Config;
use crate::host::Host;
use crate::route::errand::{self, Errand};
use crate::route::learned::Learned;
use crate::route::state::State;
use crate::store::busy::Busy;
use crate::store::speed::{self as store, Speeds};
use std::cell::OnceCell;

pub(super) struct Lessons<'a> {
    worker: &'a Worker,
    host: &'a dyn Host,
    now: u64,
    speeds: OnceCell<Speeds>,
    busy: OnceCell<Busy>,
}

// === impl Lessons ===

impl<'a> Lessons<'a> {
    pub(super) fn new(worker: &'a Worker, host: &'a dyn Host, now: u64) -> Self {
        Self { worker, host, now, speeds: OnceCell::new(), busy: OnceCell::new() }
    }
}

impl Learned for Lessons<'_> {
    fn speeds(&self) -> &Speeds {
        self.speeds.get_or_init(|| store::read(self.host))
    }

    fn busy(&self) -> &Busy {
        self.busy.get_or_init(|| self.worker.load.of_all(self.host, self.now))
    }
}

// === impl Worker ===

impl Worker {
    /// Takes an errand for this call; `false`: another call has it.
    pub(super) fn run_errand(&self, host: &dyn Host, errand: Errand, now: u64) -> bool {
        store::update(host, |speeds| errand::claim(speeds, errand, now))
    }

    /// All that decisions are made of, by name.
    pub(super) fn state(&self, host: &dyn Host, config: &Config) -> State {
        let now = host.now();
        let table = self.table(host, config, (None, now));
        State::of(config, &table, &Lessons::new(self, host, now), now)
    }
}
