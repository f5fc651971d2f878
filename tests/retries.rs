//! Many workers, one retry budget: seeded outages, lost races in the store, calls that
//! run beside each other.
//!
//! What must hold, at every moment: attempts that are not their call's first are at
//! most the configured share of the calls, and what time and the full bucket of the
//! beginning allow; a call is denied another attempt only when that is spent; whoever
//! is denied hears what the last provider said. A failure prints its seed:
//! `SEED=n cargo test --test retries` runs it again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "fake/mod.rs"]
mod fake;

use fake::envoy::Envoy;
use fake::provider::{chat, good, refusal};
use sluice::exchange::Worker;
use std::rc::Rc;

const PERCENT: u64 = 20;
const PER_SECOND: u64 = 2;
/// A full bucket.
const BURST: u64 = 100;
const WORKERS: u64 = 4;
const CALLS: usize = 1_200;
/// So many calls run beside each other.
const BESIDE: usize = 25;

struct Fleet {
    envoy: Envoy,
    workers: Vec<Rc<Worker>>,
    /// Exchanges that have not ended, and whose they are.
    open: Vec<(usize, usize)>,
    dice: u64,
    began: u64,
    calls: u64,
    limited: bool,
}

#[derive(Default, Debug)]
struct Seen {
    denied: u64,
    further: u64,
    served: u64,
}

#[test]
fn the_retry_budget_holds() {
    let one = std::env::var("SEED").ok().map(|s| s.parse().unwrap());
    let (mut all, mut lost) = (Seen::default(), 0);
    for seed in one.map_or(1..=5, |s: u64| s..=s) {
        let mut fleet = Fleet::new(seed, true);
        let seen = fleet.run(seed);
        lost += fleet.envoy.process.lost_races.get();
        all = Seen {
            denied: all.denied + seen.denied,
            further: all.further + seen.further,
            served: all.served + seen.served,
        };
    }
    assert!(one.is_some() || (all.denied > 1_000 && all.served > 1_000), "{all:?}");
    assert!(one.is_some() || lost > 200, "{lost} races were lost: the store is too kind");
}

/// What the budget is for, and a proof that the limit above can be broken.
#[test]
fn without_a_budget_an_outage_triples_the_load() {
    let mut fleet = Fleet::new(1, false);
    let seen = fleet.run(1);
    assert_eq!(seen.denied, 0);
    // Of 1,200 calls 600 meet an outage.
    assert!(seen.further >= 1_200, "{seen:?}");
}

// === impl Fleet ===

impl Fleet {
    fn new(seed: u64, limited: bool) -> Self {
        let budget = match limited {
            true => {
                format!(r#""budget": {{ "percent": {PERCENT}, "min_per_second": {PER_SECOND} }}"#)
            }
            false => String::new(),
        };
        let envoy = Envoy::new(&format!(
            r#"{{ "providers": {{ "openai": {{ "kind": "openai", "keys": "none" }} }},
                "models": [{{ "name": "m", "targets": ["openai/a", "openai/b", "openai/c"] }}],
                "retries": {{ {budget} }}, "health": {{ "enabled": false }} }}"#
        ));
        envoy.process.contention.set(4);
        let workers = (0..WORKERS).map(|n| Rc::new(Worker::new(n + 1))).collect();
        let began = envoy.process.now.get();
        let dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self { envoy, workers, open: Vec::new(), dice, began, calls: 0, limited }
    }

    fn run(&mut self, seed: u64) -> Seen {
        let mut seen = Seen::default();
        while self.calls < CALLS as u64 || !self.open.is_empty() {
            let down = self.calls / 300 % 2 == 1;
            if self.calls < CALLS as u64 && self.open.len() < BESIDE && self.below(4) == 0 {
                self.begin(down);
            }
            if self.below(5) == 0 {
                let millis = self.below(9);
                self.envoy.advance(millis);
            }
            if self.open.is_empty() {
                continue;
            }
            let place = self.below(self.open.len() as u64) as usize;
            let (index, worker) = self.open[place];
            self.envoy.vm.worker = Rc::clone(&self.workers[worker]);
            let before = self.envoy.exchanges[index].received.len();
            self.envoy.step(index);
            let exchange = &self.envoy.exchanges[index];
            if exchange.received.len() > before.max(1) {
                seen.further += 1;
                let seconds = (self.envoy.process.now.get() - self.began) / 1_000_000_000 + 1;
                let most = self.calls * PERCENT / 100 + PER_SECOND * seconds + BURST;
                assert!(!self.limited || seen.further <= most, "seed {seed}: {seen:?} of {most}");
            }
            if exchange.has_ended() {
                self.open.swap_remove(place);
                let (status, attempts) = (exchange.client.status(), exchange.received.len());
                match status {
                    200 => seen.served += 1,
                    // All targets said so.
                    503 if attempts == 3 => {}
                    503 => {
                        seen.denied += 1;
                        assert_eq!(exchange.client.json()["error"]["message"], "said 503");
                    }
                    _ => panic!("seed {seed}: {exchange:?}"),
                }
            }
        }
        assert_eq!(self.envoy.process.counted("sluice.retries_stopped"), seen.denied);
        assert!(self.workers.iter().all(|w| w.registry.is_empty()), "seed {seed}");
        seen
    }

    /// A call to a random worker. While providers are down all targets refuse, and else
    /// the first one now and then.
    fn begin(&mut self, down: bool) {
        let worker = self.below(WORKERS) as usize;
        self.envoy.vm.worker = Rc::clone(&self.workers[worker]);
        let scripts = match down {
            true => vec![refusal(503), refusal(503), refusal(503)],
            false if self.below(20) == 0 => vec![refusal(503), good("openai")],
            false => vec![good("openai")],
        };
        self.calls += 1;
        let index = self.envoy.open(chat("m"), scripts);
        self.open.push((index, worker));
    }

    /// xorshift64*
    fn below(&mut self, n: u64) -> u64 {
        let mut x = self.dice;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.dice = x;
        (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}
