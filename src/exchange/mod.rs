//! The life of a call: the gateway role (`call`), its attempts in the upstream
//! role (`attempt`), what they share (`registry`), and the end (`settle`). What a call
//! learns and spends goes to shared data by `expects`, `health`, `learned`, `load`, `quotas`,
//! `retries` and `spending` (limits; `fleet` asks the service that proxies share); time is
//! kept by `deadlines` and `idle`; `place` and `surroundings` know where Envoy has brought an
//! attempt, and what Envoy this is.
//!
//! Both roles run in one VM per Envoy worker and meet in `Worker`, which lives as
//! long as the VM. A VM reload empties it; look-ups cope with nothing found. Must
//! not: name proxy_wasm, or know a dialect's fields.

use hashbrown::HashMap;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

pub mod attempt;
pub mod call;
pub mod deadlines;
pub mod endpoints;
mod expects;
pub mod fleet;
mod health;
pub mod idle;
mod learned;
pub mod load;
mod place;
mod quotas;
pub mod registry;
pub mod retries;
pub mod settle;
pub mod spending;
pub mod surroundings;

use crate::telemetry::Meter;
use deadlines::Deadlines;
use expects::Sampling;
use load::Load;
use registry::Registry;
use settle::Rows;
use surroundings::Surroundings;

/// What a callback tells Envoy to do with the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Continue,
    Pause,
}

/// Everything one VM keeps between callbacks.
pub struct Worker {
    pub registry: Registry,
    pub meter: Meter,
    pub rows: Rows,
    pub deadlines: Deadlines,
    pub load: Load,
    sampling: Sampling,
    pub surroundings: Surroundings,
    /// Keys of a provider are used in turn.
    key_turns: RefCell<HashMap<String, usize>>,
    /// Calls that are not in the retry budget yet.
    calls: Cell<u32>,
    /// Providers whose key was refused and that were logged already.
    warned: RefCell<HashSet<String>>,
}

/// The filter state that leads the upstream role to the registry entry.
pub const CALL_ID: &str = "sluice.call";
/// The filter state for the access log.
pub const RECORD: &str = "sluice";

// === impl Worker ===

impl Worker {
    /// `nonce` must differ between VMs: ids of a VM that is gone must not be found.
    pub fn new(nonce: u64) -> Self {
        Self {
            registry: Registry::new(nonce),
            meter: Meter::default(),
            rows: Rows::default(),
            deadlines: Deadlines::default(),
            load: Load::new(nonce),
            sampling: Sampling::default(),
            surroundings: Surroundings::default(),
            key_turns: RefCell::new(HashMap::new()),
            calls: Cell::new(0),
            warned: RefCell::new(HashSet::new()),
        }
    }

    /// Counted by the provider a plan begins with: one counter for all would meet
    /// the same key every time where the traffic alternates.
    fn next_key_turn(&self, provider: &str) -> usize {
        let mut turns = self.key_turns.borrow_mut();
        // Bounded by the providers of all configurations this VM has seen.
        let turn = turns.entry_ref(provider).or_insert(0);
        let now = *turn;
        *turn = now.wrapping_add(1);
        now
    }

    /// Once per provider and VM: a refused key is the operator's to mend.
    fn warn_of_key(&self, provider: &str, status: u16) {
        // Bounded by the providers of all configurations this VM has seen.
        if self.warned.borrow_mut().insert(provider.to_owned()) {
            log::error!(
                "provider {provider} refused our key (HTTP {status}); check `providers.{provider}.keys`"
            );
        }
    }
}
