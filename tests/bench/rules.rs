//! What rules cost: a plan with 500 of them, none of which fits, beside one without.
//!
//! Measured here, natively, in this process's own time. In wasm it is 1.5 to 2 times as
//! much, so that the bar is half of what a call may pay.

use serde_json::{Value, json};
use sluice::config::{self, Config};
use sluice::dialect::Facts;
use sluice::route::{self, Moment};
use sluice::store::health::Table;
use std::hint::black_box;
use std::time::Instant;

/// Microseconds that 500 rules add to a plan.
pub struct Cost {
    /// What the rules ask, and the cost.
    pub rows: Vec<(&'static str, f64)>,
}

const RULES: usize = 500;
/// 5 us in wasm.
pub const MAX_COST: f64 = 2.5;
const PLANS: u32 = 2_000;
const ROUNDS: usize = 15;

/// Rule `n`'s conditions, none of which the call fits.
type Ask = fn(usize) -> Value;

const ASKED: &[(&str, Ask)] = &[
    ("names of models", |n| json!({ "models": [format!("team-{n}/gpt-5-mini")] })),
    ("patterns of models", |n| json!({ "models": [format!("team-{n}/gpt-*")] })),
    ("values of a header", |n| json!({ "headers": { "x-team": format!("team-{n}") } })),
    ("patterns of a header", |n| json!({ "headers": { "x-team": format!("team-{n}-*") } })),
    ("words within a header", |n| json!({ "headers": { "x-team": format!("*-{n}-*") } })),
    (
        "limits of input",
        |n| json!({ "input_tokens": { "from": 100_000 + n, "below": 100_001 + n } }),
    ),
    ("four things each", |n| {
        json!({ "models": ["fast", format!("team-{n}/*")], "stream": false,
            "headers": { "x-team": format!("team-*-{n}") }, "consumers": ["anonymous"] })
    }),
];

/// Nanoseconds add up on any machine, and neighbours only ever add: the least of the
/// rounds is the nearest to the truth.
pub fn measure() -> Result<Cost, String> {
    let without = least(&config(&[])?);
    let rows = ASKED.iter().map(|(what, ask)| {
        let rules: Vec<_> = (0..RULES)
            .map(|n| json!({ "name": format!("r{n}"), "when": ask(n), "strategy": "order" }))
            .collect();
        Ok((*what, (least(&config(&rules)?) - without).max(0.0)))
    });
    rows.collect::<Result<_, _>>().map(|rows| Cost { rows })
}

fn config(rules: &[Value]) -> Result<Config, String> {
    let file = json!({
        "providers": { "a": { "kind": "openai", "keys": "none" } },
        "models": [{ "name": "fast", "targets": ["a/gpt-5-mini"] },
            { "name": "team-*", "targets": ["a/*"] }],
        "rules": rules,
    });
    config::load(file.to_string().as_bytes(), &|_| None).map_err(|all| format!("{all:?}"))
}

/// Microseconds of a plan.
fn least(config: &Config) -> f64 {
    let body = br#"{"model":"fast","messages":[{"role":"user","content":"hello there"}]}"#;
    let Ok(facts) = Facts::read(body) else { return f64::MAX };
    let header = |name: &str| (name == "x-team").then(|| b"team-of-nobody".to_vec());
    let table = Table::default();
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        for chance in 0..PLANS {
            let moment = Moment {
                now: 1,
                table: &table,
                turn: &|_| 0,
                header: &header,
                chance: chance.into(),
                learned: &(),
                notes: None,
                prefers: None,
            };
            let _ = black_box(route::plan(config, &config.anonymous, (&facts, body), moment));
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(PLANS)
    });
    rounds.fold(f64::MAX, f64::min)
}

// === impl Cost ===

impl Cost {
    pub fn worst(&self) -> f64 {
        self.rows.iter().map(|(_, us)| *us).fold(0.0, f64::max)
    }
}
