//! Many workers, one table of who must be left alone: seeded outages, rate limits and
//! refused keys, lost races in the store, and a clock that only moves.
//!
//! What must hold: whoever plans after a refusal was written leaves that key alone
//! until its time is up, unless all targets rest; one probe at a time finds out whether
//! a target is well again; a provider that has recovered is used again soon; plans are
//! orders of the model's targets with keys of their own; the table stays small. A
//! failure prints its seed: `SEED=n cargo test --test health` runs it again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

#[path = "support/contended.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod contended;

use contended::{Contended, Dice};
use sluice::config::{self, Config, Provider};
use sluice::dialect::Facts;
use sluice::route::health::{self, Event, Ids, Standing};
use sluice::route::{self, Moment, Plan, Planned};
use sluice::store::health as table;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const START: u64 = 1_700_000_000 * SECOND;
const BODY: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
const CONFIG: &str = r#"{
  "providers": {
    "one": { "kind": "openai", "keys": [{ "value": "a" }, { "value": "b" }, { "value": "c" }] },
    "two": { "kind": "openai-compatible", "url": "http://two/v1", "keys": [{ "value": "d" }] },
    "three": { "kind": "openai-compatible", "url": "http://three/v1" }
  },
  "models": [{ "name": "m", "targets": ["one/x", "two/y", "three/z"] }],
  "health": { "failures": 3, "cooldown": "2s", "max_cooldown": "16s", "key_cooldown": "60s" }
}"#;

/// What a provider does to calls now.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Down,
    /// The first key is over its limit until then.
    Limited(u64),
}

struct World {
    config: Config,
    store: Contended,
    dice: Dice,
    now: u64,
    moods: [Mood; 3],
    /// Ids of key at target that were limited, and until when every plan must know.
    limits: Vec<(Ids, u64)>,
    /// A probe under way: target, since when.
    probes: Vec<(u64, u64)>,
    last_served: [u64; 3],
}

#[test]
fn workers_learn_from_each_other() {
    let one = std::env::var("SEED").ok().map(|s| s.parse().unwrap());
    let mut lost = 0;
    for seed in one.map_or(1..=40, |s: u64| s..=s) {
        let mut world = World::new(seed);
        for _ in 0..2_000 {
            world.turn(seed);
        }
        world.recovers(seed);
        lost += world.store.lost.get();
    }
    assert!(one.is_some() || lost > 1_000, "{lost} races were lost: the store is too kind");
}

// === impl World ===

impl World {
    fn new(seed: u64) -> Self {
        let config = config::load(CONFIG.as_bytes(), &|_| None).unwrap();
        let store = Contended::new(seed + 7_777);
        let moods = [Mood::Well; 3];
        let (limits, probes) = (Vec::new(), Vec::new());
        let dice = Dice::new(seed);
        Self { config, store, dice, now: START, moods, limits, probes, last_served: [0; 3] }
    }

    /// Some time passes, a provider may change its mood, a worker serves a call.
    fn turn(&mut self, seed: u64) {
        self.now += self.dice.below(60) * MS;
        if self.dice.below(40) == 0 {
            let which = self.dice.below(3) as usize;
            self.moods[which] = match self.dice.below(3) {
                0 => Mood::Down,
                1 => Mood::Limited(self.now + self.dice.below(20_000) * MS),
                _ => Mood::Well,
            };
        }
        let plan = self.plan(seed);
        self.run(&plan);
        assert!(table::read(&self.store).len() <= 9, "seed {seed}");
    }

    /// As the gateway role does it.
    fn plan(&mut self, seed: u64) -> Plan {
        let facts = Facts::read(BODY).unwrap();
        let turn = |_: &Provider| self.dice.below(100) as usize;
        loop {
            let table = table::read(&self.store);
            let moment = Moment {
                now: self.now,
                table: &table,
                turn: &turn,
                header: &|_| None,
                chance: 1,
                learned: &(),
                notes: None,
                prefers: None,
            };
            let everybody = &self.config.anonymous;
            let planned = route::plan(&self.config, everybody, (&facts, BODY), moment);
            let Ok(Planned::Run(plan)) = planned else { panic!("seed {seed}: no plan") };
            self.check(&plan, &table, seed);
            let Some(target) = plan.probe else { return plan };
            let rules = &self.config.health;
            let now = self.now;
            if table::update(&self.store, now, |t| health::claim(t, rules, target, now)) {
                let running = |p: &&(u64, u64)| p.0 == target && now < p.1 + 30 * SECOND;
                assert_eq!(self.probes.iter().find(running), None, "seed {seed}: two probes");
                self.probes.push((target, now));
                return plan;
            }
        }
    }

    fn check(&self, plan: &Plan, table: &table::Table, seed: u64) {
        let all: Vec<_> =
            (0..plan.targets.len()).map(|n| plan.resolve(&self.config, n).unwrap()).collect();
        let mut seen: Vec<Ids> = Vec::new();
        for at in &all {
            assert!(!seen.contains(&at.ids), "seed {seed}: the same key twice");
            seen.push(at.ids);
            let stands = health::standing(table, &self.config.health, at.ids, self.now);
            let rests = matches!(stands, Standing::Cooling(..));
            assert!(!rests || all.len() == 1, "seed {seed}: {} rests", at.provider.name);
            let known = self.limits.iter().any(|(ids, until)| *ids == at.ids && self.now < *until);
            assert!(!known || all.len() == 1, "seed {seed}: {} was limited", at.provider.name);
        }
        assert!((1..=8).contains(&all.len()), "seed {seed}");
    }

    /// Attempts one after the other; each teaches all.
    fn run(&mut self, plan: &Plan) {
        for n in 0..plan.targets.len() {
            let at = plan.resolve(&self.config, n).unwrap();
            let which = plan.targets[n].target;
            let event = match self.moods[which] {
                Mood::Down => Event::Failed(None),
                Mood::Limited(until) if until > self.now && plan.targets[n].key == Some(0) => {
                    self.limits.push((at.ids, until));
                    Event::Busy(Some(until))
                }
                _ => Event::Good,
            };
            let (rules, now) = (&self.config.health, self.now);
            table::update(&self.store, now, |t| health::record(t, rules, at.ids, event, now));
            self.probes.retain(|p| p.0 != at.ids.target);
            if event == Event::Good {
                self.last_served[which] = self.now;
                return;
            }
        }
        self.limits.retain(|(_, until)| *until > self.now);
    }

    /// All is well again: so it is found soon.
    fn recovers(&mut self, seed: u64) {
        self.moods = [Mood::Well; 3];
        let begin = self.now;
        while self.now < begin + 70 * SECOND {
            self.now += 50 * MS;
            let plan = self.plan(seed);
            self.run(&plan);
        }
        assert!(self.last_served[0] > self.now - SECOND, "seed {seed}: the first was given up");
        assert!(table::read(&self.store).len() <= 6, "seed {seed}: marks outlive their cause");
    }
}
