//! What limits promise while calls run together: nothing reserved is lost or kept, what is
//! settled is what was used, no window shows more than its amount and what the calls that
//! ran together used beyond their reservations, and nobody is refused without reason.
//!
//! `world` runs calls of many workers in any order, by seed; `books` is what is true.
//! `schedules` tries every order of single store operations. A failure prints its seed:
//! `SEED=n cargo test --test limits` runs it again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

mod books;
#[path = "../support/contended.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod contended;
mod schedules;
mod world;

use std::collections::BTreeMap;
use world::{Course, World};

fn seeds() -> Vec<u64> {
    let one = std::env::var("SEED").ok().map(|s| s.parse().unwrap());
    one.map_or((1..=200).collect(), |seed| vec![seed])
}

/// All seeds; per kind the worst overshoot and its bound, and how many were refused.
fn run(course: Course) {
    let mut all: BTreeMap<String, books::Line> = BTreeMap::new();
    let (mut lost, mut nested, mut admitted, mut died) = (0, 0, 0, 0);
    for seed in seeds() {
        let world = World::new(seed, course);
        world.run(160);
        world.end();
        for (kind, line) in world.report() {
            all.entry(kind).or_default().add(&line);
        }
        lost += world.store.lost.get();
        nested += world.nested.get();
        admitted += world.admitted.get();
        died += world.died.get();
    }
    println!("{course:?}: {admitted} calls, {died} died, {lost} races lost, {nested} interleaved");
    for (kind, line) in &all {
        println!(
            "  {kind:<34} overshoot {:>9} of at most {:>9}, refused {:>6}",
            line.overshoot, line.bound, line.refused
        );
        if course.exact {
            assert_eq!(line.overshoot, 0, "{kind}");
        }
        assert!(seeds().len() == 1 || line.refused > 0, "{kind} never came into play");
    }
    if seeds().len() > 1 {
        assert!(lost > 10_000 && nested > 10_000 && admitted > 10_000 && died > 300);
        assert!(course.exact || all.values().any(|line| line.overshoot > 0));
    }
}

#[test]
fn exact_reservations_never_overshoot() {
    run(Course { exact: true, back: 0 });
}

#[test]
fn overshoot_is_what_calls_used_beyond_their_reservations() {
    run(Course { exact: false, back: 0 });
}

#[test]
fn a_clock_that_goes_back_a_little() {
    run(Course { exact: true, back: 50 });
    run(Course { exact: false, back: 50 });
}
