//! In which order targets are tried, over many calls: shares converge on weights, what
//! is sticky sticks, a change of the configuration moves no more than its share.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Value, json};
use sluice::config::{self, Config};
use sluice::dialect::Facts;
use sluice::route::{self, Moment, Planned};
use sluice::store::health::Table;

fn load(model: &Value) -> Config {
    let mut model = model.clone();
    model["name"] = json!("m");
    let file = json!({
        "providers": {
            "a": { "kind": "openai", "keys": "none" }, "b": { "kind": "openai", "keys": "none" },
            "c": { "kind": "openai", "keys": "none" }, "d": { "kind": "openai", "keys": "none" },
        },
        "models": [model],
        "catalog": [
            { "model": "a/dear", "input": 10, "output": 30 },
            { "model": "b/cheap-in", "input": 1, "output": 60 },
            { "model": "c/cheap-out", "input": 3, "output": 3 },
        ],
    });
    config::load(file.to_string().as_bytes(), &|_| None).unwrap()
}

/// The providers of one call's plan.
fn plan(config: &Config, body: &Value, header: Option<&str>, chance: u64) -> Vec<String> {
    let body = body.to_string().into_bytes();
    let facts = Facts::read(&body).unwrap();
    let header = |name: &str| header.filter(|_| name == "x-user").map(|v| v.as_bytes().to_vec());
    let moment = Moment {
        now: 1,
        table: &Table::default(),
        turn: &|_| 0,
        header: &header,
        chance,
        notes: None,
        prefers: None,
    };
    let planned = route::plan(config, &config.anonymous, (&facts, &body), moment);
    let Ok(Planned::Run(plan)) = planned else { panic!("no plan") };
    let names =
        (0..plan.targets.len()).map(|n| plan.resolve(config, n).unwrap().provider.name.clone());
    names.collect()
}

fn chat(text: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": text }] })
}

fn share(config: &Config, calls: u64, first: &str, header: impl Fn(u64) -> Option<String>) -> f64 {
    let hits = (0..calls)
        .filter(|n| plan(config, &chat("x"), header(*n).as_deref(), n * 0x9E37_79B9)[0] == first)
        .count();
    hits as f64 / calls as f64
}

#[test]
fn weights_converge_and_every_target_is_there_once() {
    let config = load(&json!({ "strategy": "weighted", "targets": [
        { "target": "a/x", "weight": 70 }, { "target": "b/x", "weight": 25 },
        { "target": "c/x", "weight": 5 }, { "target": "d/x", "weight": 0 }] }));
    for (provider, wanted) in [("a", 0.70), ("b", 0.25), ("c", 0.05), ("d", 0.0)] {
        let share = share(&config, 20_000, provider, |_| None);
        assert!((share - wanted).abs() < 0.01, "{provider}: {share}, {wanted} was asked for");
    }
    for n in 0..200 {
        let mut all = plan(&config, &chat("x"), None, n);
        assert_eq!(all[3], "d", "without weight: behind the others");
        all.sort();
        assert_eq!(all, ["a", "b", "c", "d"]);
    }
}

#[test]
fn a_canary_keeps_its_users() {
    let canary = |weight: u32| {
        load(&json!({ "strategy": "weighted", "by": "x-user", "targets": [
            { "target": "a/x", "weight": 100 - weight }, { "target": "b/x", "weight": weight }] }))
    };
    let user = |n: u64| Some(format!("user-{n}"));
    let (five, ten) = (canary(5), canary(10));
    let share = share(&five, 20_000, "b", user);
    assert!((share - 0.05).abs() < 0.005, "{share}");
    for n in 0..2_000 {
        let user = user(n);
        let first =
            |config: &Config, chance| plan(config, &chat("x"), user.as_deref(), chance)[0].clone();
        assert_eq!(first(&five, 1), first(&five, 2), "the same user, the same target");
        if first(&five, 1) == "b" {
            assert_eq!(first(&ten, 1), "b", "a wider canary keeps those it had");
        }
    }
}

#[test]
fn a_conversation_stays_and_a_lost_target_moves_its_own_alone() {
    let three = load(&json!({ "strategy": "sticky", "targets": ["a/x", "b/x", "c/x"] }));
    let four = load(&json!({ "strategy": "sticky", "targets": ["a/x", "b/x", "c/x", "d/x"] }));
    let (mut moved, mut at) = (0, [0_u32; 3]);
    for n in 0..3_000 {
        let first = chat(&format!("question {n}"));
        let mut later = first.clone();
        let turns = later["messages"].as_array_mut().unwrap();
        turns.push(json!({ "role": "assistant", "content": "answer" }));
        turns.push(json!({ "role": "user", "content": "and then?" }));
        let was = plan(&three, &first, None, n);
        assert_eq!(was, plan(&three, &later, None, n + 1), "another turn");
        at[was[0].as_bytes()[0] as usize - usize::from(b'a')] += 1;
        let now = plan(&four, &first, None, n);
        if now[0] != was[0] {
            assert_eq!(now[0], "d", "only the new one may take a conversation over");
            moved += 1;
        }
    }
    assert!(at.iter().all(|n| (900..1100).contains(n)), "{at:?}");
    assert!((650..850).contains(&moved), "{moved} of 3000, a quarter was its share");
}

#[test]
fn the_cheapest_is_so_for_this_call() {
    let config = load(&json!({ "strategy": "cheapest",
        "targets": ["d/unpriced", "a/dear", "b/cheap-in", "c/cheap-out"] }));
    let mut long = chat(&"word ".repeat(40_000));
    long["max_tokens"] = json!(10);
    let mut wordy = chat("x");
    wordy["max_tokens"] = json!(1_000);
    assert_eq!(plan(&config, &long, None, 1), ["b", "c", "a", "d"]);
    assert_eq!(plan(&config, &wordy, None, 1), ["c", "a", "b", "d"]);
}

#[test]
fn what_a_strategy_does_not_hear_is_refused() {
    let problems = |model: Value| {
        let mut model = model;
        model["name"] = json!("m");
        let file = json!({ "providers": { "a": { "kind": "openai", "keys": "none" } }, "models": [model] });
        let problems = config::load(file.to_string().as_bytes(), &|_| None).unwrap_err();
        problems.into_iter().map(|p| p.path).collect::<Vec<_>>()
    };
    let weighted = |weight: Value| json!({ "strategy": "weighted", "targets": [{ "target": "a/x", "weight": weight }] });
    for (model, path) in [
        (json!({ "by": "x-user", "targets": ["a/x"] }), "models[0].by"),
        (json!({ "strategy": "sticky", "by": "X User", "targets": ["a/x"] }), "models[0].by"),
        (
            json!({ "strategy": "sticky", "by": "x-sluice-pick", "targets": ["a/x"] }),
            "models[0].by",
        ),
        (json!({ "targets": [{ "target": "a/x", "weight": 2 }] }), "models[0].targets[0].weight"),
        (weighted(json!(10_001)), "models[0].targets[0].weight"),
        (weighted(json!(0)), "models[0].targets"),
    ] {
        assert_eq!(problems(model.clone()), [path], "{model}");
    }
}
