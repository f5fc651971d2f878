//! Many workers, one memory of how fast and how busy targets are: seeded, with lost races
//! in the store, answers that take their time, and providers that change.
//!
//! What must hold: the fastest target gets nearly all calls; one that becomes slow or
//! fails loses them with its first bad sample, one that recovers is found again; finding
//! out stays within its share; fast starts need no more than a call for each target.
//! Attempts in flight are counted truly, whatever ends them, and what a VM leaves behind
//! is forgotten after a lease; calls spread by weight. Tables stay small. A failure prints
//! its seed: `SEED=n cargo test --test speed` runs it again.

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
use sluice::config::{self, Config};
use sluice::dialect::Facts;
use sluice::route::errand::{self, SHARE, STALE};
use sluice::route::learned::Known;
use sluice::route::speed::{self, Sample};
use sluice::route::{self, Moment, Plan, Planned};
use sluice::store::busy::{self, Busy, LEASE, MAX_WORKERS, Place};
use sluice::store::health::Table;
use sluice::store::speed::{self as store, Entry, MAX_ENTRIES, Speeds};
use std::collections::BTreeMap;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const START: u64 = 1_700_000_000 * SECOND;
const BODY: &[u8] = br#"{"model":"fast","stream":true,"messages":[{"role":"user","content":"x"}]}"#;
const IDLE: &[u8] = br#"{"model":"idle","messages":[{"role":"user","content":"x"}]}"#;
const CONFIG: &str = r#"{
  "providers": {
    "one": { "kind": "openai-compatible", "url": "http://one/v1" },
    "two": { "kind": "openai-compatible", "url": "http://two/v1" },
    "three": { "kind": "openai-compatible", "url": "http://three/v1" }
  },
  "models": [
    { "name": "fast", "strategy": "fastest", "targets": ["one/x", "two/x", "three/x"] },
    { "name": "idle", "strategy": "least_busy",
      "targets": ["one/x", "two/x", { "target": "three/x", "weight": 2 }] }
  ]
}"#;

/// What a target does with calls now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    /// Milliseconds to the first token.
    Takes(u64),
    Fails,
}

struct World {
    config: Config,
    store: Contended,
    dice: Dice,
    now: u64,
    moods: [Mood; 3],
    /// What is still to come: when, which one; target, sample.
    coming: BTreeMap<(u64, u64), (usize, Sample)>,
    calls: u64,
    errands: u64,
}

fn seeds() -> Vec<u64> {
    match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=12).collect(),
    }
}

#[test]
fn the_fastest_is_found_and_found_again() {
    let seeds = seeds();
    let mut lost = 0;
    for seed in &seeds {
        let mut world = World::new(*seed);
        let fast = world.dice.below(3) as usize;
        let slow = (fast + 1) % 3;
        world.moods = [Mood::Takes(400); 3];
        world.moods[fast] = Mood::Takes(100);
        world.moods[slow] = Mood::Takes(1_500);
        // Each is seen once, soon, however little is going on.
        for _ in 0..6 {
            world.call(*seed);
            world.pass(60 * SECOND);
        }
        let speeds = store::read(&world.store);
        let ids: Vec<u64> = world.config.targets.iter().take(3).map(|t| t.id).collect();
        assert!(ids.iter().all(|id| speeds.get(*id).is_some_and(|e| e.samples > 0)), "seed {seed}");
        let share = world.share(60, seed);
        assert!(share[fast] > 0.9, "seed {seed}: the fastest has {share:?}");
        // Slow, or failing: gone once that is known.
        let bad = if world.dice.below(2) == 0 { Mood::Fails } else { Mood::Takes(5_000) };
        world.moods[fast] = bad;
        world.share(6, seed);
        let share = world.share(60, seed);
        assert!(share[fast] < 0.08, "seed {seed}: {bad:?} has {share:?}");
        // Well again.
        world.moods[fast] = Mood::Takes(100);
        world.share(90, seed);
        let share = world.share(30, seed);
        assert!(share[fast] > 0.9, "seed {seed}: after {bad:?} it has {share:?}");
        let most = world.calls / u64::from(SHARE) + 3;
        assert!(world.errands <= most, "seed {seed}: {} of {}", world.errands, world.calls);
        assert!(world.errands > 10, "seed {seed}: nobody found out");
        lost += world.store.lost.get();
    }
    assert!(seeds.len() == 1 || lost > 1_000, "{lost} races were lost: the store is too kind");
}

#[test]
fn a_rush_finds_out_no_more_than_its_share() {
    for seed in seeds() {
        let mut world = World::new(seed);
        world.moods = [Mood::Takes(50), Mood::Takes(60), Mood::Takes(2_000)];
        // All at once: nothing is known, and one call goes to each.
        for _ in 0..100 {
            world.call(seed);
        }
        assert_eq!(world.errands, 3, "seed {seed}");
        world.pass(5 * SECOND);
        // Two hundred calls a second: time bounds what the share does not.
        for _ in 0..4_000 {
            world.pass(5 * MS);
            world.call(seed);
        }
        let most = 3 + 2 * (25 * SECOND / STALE);
        assert!(world.errands <= most, "seed {seed}: {} errands", world.errands);
    }
}

#[test]
fn memory_is_bounded_and_forgets_who_was_used_least_lately() {
    let mut speeds = Speeds::default();
    for id in 0..2_000 {
        speed::record(&mut speeds, id, Sample::First(1.0), START + id);
        speed::record(&mut speeds, 7, Sample::First(1.0), START + id);
    }
    assert!(speeds.is_full() && speeds.get(7).is_some() && speeds.get(1_999).is_some());
    assert_eq!((0..2_000).filter(|id| speeds.get(*id).is_some()).count(), MAX_ENTRIES);
    let store = Contended::new(1);
    assert!(store::update(&store, |all| {
        *all = speeds.clone();
        true
    }));
    assert_eq!(store::read(&store), speeds);
    // Of a later version, or cut: nothing, or as much as is whole.
    store.put("speed", b"\x09junk");
    assert_eq!(store::read(&store), Speeds::default());
    store.put("speed", &[[1].as_slice(), &[255; 100]].concat());
    assert!((0..9).all(|id| store::read(&store).get(id).is_none()));
    speeds.put(Entry { id: 3, ..Entry::default() });
    assert!(speeds.is_full());
}

/// A worker's VM, as `exchange::load` keeps it.
struct Vm {
    owner: u64,
    busy: Busy,
    place: Option<Place>,
    /// In flight, by target.
    truth: [u32; 3],
    published: u64,
}

#[test]
fn what_is_in_flight_is_counted_and_nothing_leaks() {
    for seed in seeds() {
        let world = World::new(seed);
        let (store, dice) = (&world.store, &world.dice);
        let ids: Vec<u64> = world.config.targets.iter().take(3).map(|t| t.id).collect();
        let (mut now, mut owner) = (START, 1);
        let fresh =
            |owner| Vm { owner, busy: Busy::NONE, place: None, truth: [0; 3], published: 0 };
        let mut vms: Vec<Vm> = (0..6).map(|n| fresh(1_000 + n)).collect();
        // What dead VMs left: how much of what, and until when it may be seen.
        let mut ghosts: Vec<([u32; 3], u64)> = Vec::new();
        for _ in 0..3_000 {
            now += dice.below(if dice.below(50) == 0 { 40_000 } else { 400 }) * MS;
            let vm = &mut vms[dice.below(6) as usize];
            let target = dice.below(3) as usize;
            match dice.below(100) {
                0 => {
                    ghosts.push((vm.truth, vm.published + LEASE));
                    owner += 1;
                    *vm = fresh(owner);
                }
                1..50 => {
                    vm.busy.add(ids[target], 1);
                    vm.truth[target] += 1;
                    vm.publish(store, now);
                }
                _ if vm.truth[target] > 0 => {
                    vm.busy.end(ids[target]);
                    vm.truth[target] -= 1;
                    vm.publish(store, now);
                }
                _ => {}
            }
            ghosts.retain(|(_, until)| *until > now);
            let reader = &vms[dice.below(6) as usize];
            let mut seen = reader.busy.clone();
            busy::add_others(store, reader.owner, reader.place, &mut seen, now);
            for (n, id) in ids.iter().enumerate() {
                let live = |vm: &&Vm| vm.owner == reader.owner || vm.published + LEASE > now;
                let least: u32 = vms.iter().filter(live).map(|vm| vm.truth[n]).sum();
                let most = least + ghosts.iter().map(|(left, _)| left[n]).sum::<u32>();
                let seen = seen.of(*id);
                assert!((least..=most).contains(&seen), "seed {seed}: {least} {seen} {most}");
            }
        }
        for vm in &mut vms {
            for (n, id) in ids.iter().enumerate() {
                (0..vm.truth[n]).for_each(|_| vm.busy.end(*id));
            }
            assert!(vm.busy.is_idle());
            vm.publish(store, now);
        }
        let mut seen = Busy::default();
        busy::add_others(store, 0, None, &mut seen, now + LEASE);
        assert!(seen.is_idle(), "seed {seed}: {seen:?}");
        assert!(store.values.borrow().len() <= MAX_WORKERS);
    }
}

#[test]
fn more_workers_than_slots_know_their_own() {
    let store = Contended::new(3);
    let mut all = Busy::default();
    let places = (0..70).map(|owner| {
        let mut own = Busy::default();
        own.add(9, 1);
        busy::publish(&store, owner, None, &own, START)
    });
    assert_eq!(places.filter(Option::is_some).count(), MAX_WORKERS);
    busy::add_others(&store, 70, None, &mut all, START);
    assert_eq!(all.of(9), 64);
}

#[test]
fn calls_spread_by_weight() {
    for seed in seeds() {
        let world = World::new(seed);
        let ids: Vec<u64> = world.config.targets.iter().take(3).map(|t| t.id).collect();
        let mut known = Known::default();
        let mut flying: Vec<usize> = Vec::new();
        let mut idle = [0; 3];
        for n in 0..2_000 {
            let quiet = n < 600;
            let plan = world.plan(&known, IDLE, seed).unwrap();
            let target = plan.targets[0].target - 3;
            assert_eq!(plan.targets.len(), 3);
            idle[target] += u32::from(quiet);
            known.busy.add(ids[target], 1);
            flying.push(target);
            while flying.len() > if quiet { 0 } else { 40 } {
                let ended = flying.swap_remove(world.dice.below(flying.len() as u64) as usize);
                known.busy.end(ids[ended]);
            }
        }
        // Nobody was busy: by chance, a half for the heavy one.
        assert!(idle[2] > 250 && idle[0] > 100 && idle[1] > 100, "seed {seed}: {idle:?}");
        let now: Vec<u32> = ids.iter().map(|id| known.busy.of(*id)).collect();
        assert!(now[2].abs_diff(20) <= 2 && now[0].abs_diff(10) <= 2, "seed {seed}: {now:?}");
    }
}

// === impl World ===

impl World {
    fn new(seed: u64) -> Self {
        Self {
            config: config::load(CONFIG.as_bytes(), &|_| None).unwrap(),
            store: Contended::new(seed + 7_777),
            dice: Dice::new(seed),
            now: START,
            moods: [Mood::Takes(100); 3],
            coming: BTreeMap::new(),
            calls: 0,
            errands: 0,
        }
    }

    /// So many seconds of ten calls a second: the shares of the targets.
    fn share(&mut self, seconds: u64, seed: &u64) -> [f64; 3] {
        let end = self.now + seconds * SECOND;
        let (mut all, mut calls) = ([0.0; 3], 0.0);
        while self.now < end {
            self.pass(self.dice.below(200) * MS);
            all[self.call(*seed)] += 1.0;
            calls += 1.0;
        }
        all.map(|n| n / calls)
    }

    /// As the gateway role does it; the target it went to first.
    fn call(&mut self, seed: u64) -> usize {
        self.calls += 1;
        let plan = loop {
            let known = Known { speeds: store::read(&self.store), busy: Busy::default() };
            let plan = self.plan(&known, BODY, seed).unwrap();
            let now = self.now;
            let Some(errand) = plan.errand else { break plan };
            if store::update(&self.store, |all| errand::claim(all, errand, now)) {
                self.errands += 1;
                break plan;
            }
        };
        // Who fails is followed by the next; each teaches.
        let mut at = self.now;
        for choice in &plan.targets {
            let number = self.calls * 10 + self.coming.len() as u64 % 10;
            match self.moods[choice.target] {
                Mood::Takes(ms) => {
                    let ms = ms * (80 + self.dice.below(40)) / 100;
                    at += ms * MS;
                    self.coming.insert((at, number), (choice.target, Sample::First(ms as f32)));
                    let rest = Sample::Rest(100, 1_000.0);
                    self.coming.insert((at + SECOND, number), (choice.target, rest));
                    break;
                }
                Mood::Fails => {
                    at += MS;
                    self.coming.insert((at, number), (choice.target, Sample::Failed(30_000.0)));
                }
            }
        }
        plan.targets[0].target
    }

    fn plan(&self, known: &Known, body: &[u8], seed: u64) -> Result<Plan, String> {
        let facts = Facts::read(body).unwrap();
        let moment = Moment {
            now: self.now,
            table: &Table::default(),
            turn: &|_| 0,
            header: &|_| None,
            chance: self.dice.below(u64::MAX >> 33),
            learned: known,
            notes: None,
            prefers: None,
        };
        match route::plan(&self.config, &self.config.anonymous, (&facts, body), moment) {
            Ok(Planned::Run(plan)) => Ok(plan),
            _ => Err(format!("seed {seed}: no plan")),
        }
    }

    /// Time passes, and what was to come comes.
    fn pass(&mut self, time: u64) {
        let end = self.now + time;
        while let Some(first) = self.coming.first_entry().filter(|e| e.key().0 <= end) {
            let at = first.key().0;
            let (target, sample) = first.remove();
            let ids: Vec<u64> = self.config.targets.iter().take(3).map(|t| t.id).collect();
            store::update(&self.store, |all| {
                let news = speed::record(all, ids[target], sample, at);
                if !matches!(sample, Sample::Rest(..)) {
                    speed::pass(all, ids[target], ids.iter().copied());
                }
                news
            });
        }
        self.now = end;
    }
}

// === impl Vm ===

impl Vm {
    fn publish(&mut self, store: &Contended, now: u64) {
        self.place = busy::publish(store, self.owner, self.place, &self.busy, now);
        assert!(self.place.is_some());
        self.published = now;
    }
}
