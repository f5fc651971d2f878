//! Thousands of calls at once over one worker, with everything going wrong that can.
//!
//! A seed decides it all: plans, answers, cuts, faults, hang-ups, the clock, VM
//! reloads and configuration pushes, and whose turn it is next. A failure prints
//! its seed and the call; `SEED=n cargo test --test simulation` runs it again.
//!
//! What must hold: nothing panics; each call is settled exactly once; usage is what
//! complete answers reported, plus marked estimates; nothing is left in the
//! registry or among the deadlines; a client sees a complete answer, or an error in
//! its dialect, or a stream that says or shows that it broke; nobody's key or
//! header reaches a stranger.
//!
//! The expectations come from what was scripted and from what the client and the
//! providers saw, never from the code under test.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod fake;

use fake::envoy::Envoy;
use fake::exchange::Exchange;
use fake::provider::{
    Act, CLIENT_KEY, Request, Script, answer, chat, ended, events, good, good_stream, in_pieces,
    opened, refusal, streamed, then, whole, with_trailers,
};
use fake::seen::Ending;
use serde_json::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

const SEEDS: u64 = 6;
const CALLS: usize = 500;
const AT_ONCE: usize = 24;

const CONFIG: &str = r#"{
  "providers": {
    "openai": { "kind": "openai", "keys": [{ "value": "sk-openai-1" }] },
    "anthropic": { "kind": "anthropic", "keys": [{ "value": "sk-ant-1" }] },
    "vllm": { "kind": "openai-compatible", "url": "http://vllm:8000/v1" },
    "claude": { "kind": "anthropic-compatible", "url": "http://claude/v1", "keys": [{ "value": "sk-own-1" }] }
  },
  "models": [
    { "name": "o", "strategy": "least_busy", "targets": ["openai/a"] },
    { "name": "a", "strategy": "fastest", "targets": ["anthropic/claude-haiku-4-5"] },
    { "name": "oa", "targets": ["openai/a", "anthropic/claude-haiku-4-5"] },
    { "name": "ao", "targets": ["anthropic/claude-haiku-4-5", "openai/a"] },
    { "name": "own", "targets": [{ "target": "openai/a", "first_token_timeout": "60ms", "timeout": "60ms" }, "vllm/b"] },
    { "name": "many", "targets": [
        { "target": "anthropic/x", "first_token_timeout": "40ms", "timeout": "90ms" }, "openai/a", "vllm/b",
        { "target": "claude/c", "first_token_timeout": "50ms", "timeout": "50ms" }, "openai/d", "anthropic/y",
        "claude/z", { "target": "vllm/last", "first_token_timeout": "30ms", "timeout": "30ms" }] }
  ],
  "defaults": { "first_token_timeout": "150ms", "timeout": "200ms", "total_timeout": "700ms" },
  "health": { "enabled": false },
  "usage": { "max_rows": 6 }
}"#;

/// Model to the dialects of its targets.
const MODELS: &[(&str, &[&str])] = &[
    ("o", &["openai"]),
    ("a", &["anthropic"]),
    ("oa", &["openai", "anthropic"]),
    ("ao", &["anthropic", "openai"]),
    ("own", &["openai", "openai"]),
    (
        "many",
        &[
            "anthropic",
            "openai",
            "openai",
            "anthropic",
            "openai",
            "anthropic",
            "anthropic",
            "openai",
        ],
    ),
];

/// A provider's keys: all that it may see.
const KEYS: &[(&str, &str)] =
    &[("openai", "sk-openai-"), ("anthropic", "sk-ant-"), ("claude", "sk-own-"), ("", CLIENT_KEY)];

#[test]
fn calls_by_chance() {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=SEEDS).collect(),
    };
    for seed in seeds {
        let run = || Simulation::new(seed).run();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            eprintln!("replay with SEED={seed}");
            resume_unwind(panic);
        }
    }
}

struct Simulation {
    dice: Dice,
    envoy: Envoy,
    expected: Vec<Expected>,
    /// Indexes of the calls that have not ended.
    open: Vec<usize>,
    tally: Tally,
}

/// What was scripted for a call.
struct Expected {
    stream: bool,
    /// Input and output tokens that each attempt's answer reports, if it does.
    reports: Vec<Option<(u64, u64)>>,
}

#[derive(Default)]
struct Tally {
    /// Calls whose VM lived to their end, and that said at least their headers.
    settled: u64,
    charged: u64,
    estimated: u64,
    input: u64,
    output: u64,
    /// Nanodollars, as the records say.
    cost: u64,
    unpriced: u64,
    outcomes: HashMap<String, u64>,
}

// === impl Simulation ===

impl Simulation {
    fn new(seed: u64) -> Self {
        let envoy = Envoy::new(CONFIG);
        Self {
            dice: Dice(seed),
            envoy,
            expected: Vec::new(),
            open: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn run(mut self) {
        loop {
            let alive = self.open.clone();
            if self.expected.len() == CALLS && alive.is_empty() {
                break;
            }
            let opens = self.expected.len() < CALLS && alive.len() < AT_ONCE;
            match self.dice.below(1000) {
                0..150 if opens => self.open(),
                150..160 => self.push_or_reload(),
                160..168 if !alive.is_empty() => {
                    let index = self.dice.one_of(&alive);
                    self.envoy.hang_up(index);
                }
                168..172 if !alive.is_empty() => {
                    let index = self.dice.one_of(&alive);
                    self.local_reply(index);
                }
                172..230 => {
                    let millis = self.dice.below(20);
                    self.envoy.advance(millis);
                }
                _ if alive.is_empty() => self.envoy.advance(1),
                _ => {
                    let index = self.dice.one_of(&alive);
                    if !self.envoy.step(index) {
                        self.envoy.advance(1);
                    }
                }
            }
            self.check_the_ended();
        }
        self.check_the_whole();
    }

    fn open(&mut self) {
        let dice = &mut self.dice;
        let (model, dialects) = dice.one_of(MODELS);
        let stream = dice.chance(60);
        let mut asked = if stream { streamed(model) } else { chat(model) };
        for name in
            ["x-sluice-target-1", "x-sluice-pick", "x-envoy-max-retries", "x-envoy-retry-on"]
        {
            if dice.chance(30) {
                asked = asked.with(name, "spoofed");
            }
        }
        if dice.chance(50) {
            let size = dice.between(1, 80);
            asked = asked.in_pieces(size);
        }
        if dice.chance(5) {
            asked = asked.with_trailers();
        }
        if dice.chance(4) {
            asked = spoiled(asked, dice);
        }
        let mut expected = Expected { stream, reports: Vec::new() };
        let scripts = dialects.iter().map(|dialect| {
            let report = (1 + dice.below(1000), 1 + dice.below(1000));
            let (script, reports) = script(dialect, stream, report, dice);
            expected.reports.push(reports.then_some(report));
            script
        });
        let scripts = scripts.collect();
        self.open.push(self.envoy.open(asked, scripts));
        self.expected.push(expected);
    }

    fn push_or_reload(&mut self) {
        if self.dice.chance(6) {
            self.envoy.reload();
        } else if self.dice.chance(30) {
            self.envoy.push_config();
        }
    }

    /// Envoy speaks before anything has: no health, an overload.
    fn local_reply(&mut self, index: usize) {
        let status = self.dice.one_of(&[413, 500, 503, 504]);
        let exchange = &mut self.envoy.exchanges[index];
        if exchange.has_spoken() && exchange.client.headers.is_empty() && !exchange.orphan {
            exchange.local_reply(status, "overload");
        }
    }

    fn check_the_ended(&mut self) {
        let (exchanges, tally) = (&self.envoy.exchanges, &mut self.tally);
        self.open.retain(|index| {
            let (exchange, expected) = (&exchanges[*index], &self.expected[*index]);
            if exchange.has_ended() {
                let checked = catch_unwind(AssertUnwindSafe(|| {
                    check_client(exchange, expected);
                    check_providers(exchange);
                    tally.add(exchange, expected);
                }));
                if let Err(panic) = checked {
                    eprintln!("call {index}: {exchange:?}");
                    resume_unwind(panic);
                }
            }
            !exchange.has_ended()
        });
    }

    fn check_the_whole(&mut self) {
        self.envoy.assert_calm();
        let process = &self.envoy.process;
        assert_eq!(process.counted("sluice.requests"), self.tally.settled, "settled once each");
        assert_eq!(process.counted("sluice.internal_errors;reason=plan"), 0);
        assert_eq!(process.counted("sluice.internal_errors;reason=usage_lost"), 0);
        let rows = self.envoy.rows();
        let sum = |of: fn(&sluice::store::usage::Counts) -> u64| -> u64 {
            rows.iter().map(|r| of(&r.counts)).sum()
        };
        assert_eq!(sum(|c| c.calls), self.tally.charged);
        assert_eq!(sum(|c| c.estimated_calls), self.tally.estimated);
        assert_eq!(sum(|c| c.usage.input), self.tally.input);
        assert_eq!(sum(|c| c.usage.output), self.tally.output);
        assert_eq!(sum(|c| c.cost), self.tally.cost);
        assert_eq!(sum(|c| c.unpriced_calls), self.tally.unpriced);
        assert_eq!(process.counted("sluice.cost_nanodollars"), self.tally.cost);
        assert_eq!(process.counted("sluice.unpriced_calls"), self.tally.unpriced);
        assert!(self.tally.cost > 0 && self.tally.unpriced > 0);
        // Chance must have met each kind of end.
        for outcome in ["ok", "cancelled", "busy", "timeout", "unreachable", "broken_stream"] {
            assert!(self.tally.outcomes.contains_key(outcome), "{:?}", self.tally.outcomes);
        }
    }
}

/// A request that must be refused.
fn spoiled(mut asked: Request, dice: &mut Dice) -> Request {
    match dice.below(4) {
        0 => asked.with(":path", "/v1/nothing"),
        1 => asked.with("content-type", "text/plain"),
        2 => {
            asked.body = vec![b"{\"model\":".to_vec()];
            asked
        }
        _ => {
            asked.body = vec![br#"{"model":"nobody","messages":[{}]}"#.to_vec()];
            asked
        }
    }
}

/// What a provider does, good or bad, and whether a complete answer has usage.
fn script(
    dialect: &str,
    stream: bool,
    (input, output): (u64, u64),
    dice: &mut Dice,
) -> (Script, bool) {
    let other = if dialect == "openai" { "anthropic" } else { "openai" };
    let all = events(dialect, &["Hi", " th\u{e9}re", " you"], input, output);
    let good_one = if stream {
        ended(&all.concat())
    } else {
        answer(200, "application/json", &whole(dialect, "Hi there", input, output))
    };
    let some = dice.between(0, all.len() - 1);
    let part = all[..some].concat();
    let error = r#"data: {"type":"error","error":{"type":"overloaded_error","message":"full"}}"#;
    let kind = dice.below(34);
    // Of a chat completion the finish comes first, then the usage, then the farewell.
    let reports = kind != 29 || dialect != "openai" || some != all.len() - 2;
    let made = match kind {
        0..10 => good_one,
        10 => good_one.into_iter().take(1).collect(),
        11 => with_trailers(good_one),
        12 => Script::new(),
        13 => [Act::ConnectFailure].into(),
        14 => [Act::Reset].into(),
        15..19 => refusal(dice.one_of(&[408, 409, 425, 429])),
        19..22 => refusal(dice.one_of(&[500, 502, 503, 529])),
        22 => refusal(dice.one_of(&[400, 404, 422])),
        23 => refusal(dice.one_of(&[401, 403])),
        24 => answer(200, "text/html", b"<html>"),
        25 => [Act::Headers(dice.one_of(&[200, 204, 301, 429, 500]), vec![], true)].into(),
        // The other kind of answer, and the other dialect's.
        26 if stream => good(dialect),
        26 => good_stream(dialect),
        27 if stream => good_stream(other),
        27 => good(other),
        28 => answer(200, "application/json", b"{\"choices\""),
        29 if stream => ended(&part),
        30 if stream => then(opened(&part), Act::Reset),
        31 if stream => opened(&part),
        32 if stream => ended(&format!("{part}{error}\n\n")),
        33 if stream => ended(&format!("{part}data: {{oops\n\n{part}")),
        _ => then(good_one.into_iter().take(1).collect(), Act::Reset),
    };
    let made = if dice.chance(60) { in_pieces(made, dice.between(1, 200)) } else { made };
    (made, reports)
}

fn check_client(exchange: &Exchange, expected: &Expected) {
    let client = &exchange.client;
    let status = client.status();
    let told = |v: &Value| v["error"]["message"].as_str().is_some_and(|m| !m.is_empty());
    match client.ending.unwrap() {
        Ending::Left => {
            assert!(client.farewells() <= 1);
            return;
        }
        Ending::Broken => return assert!(status == 200 && client.farewells() <= 1),
        Ending::Complete => {}
    }
    if status == 503 && exchange.orphan {
        return;
    }
    let length = client.header("content-length");
    assert!(length.is_empty() || length == client.body.len().to_string(), "{length}");
    assert!(status == 200 || (400..600).contains(&status), "{status}");
    assert!(!matches!(status, 401 | 403), "our key is none of the client's business");
    if status != 200 {
        assert!(told(&client.json()));
        assert_eq!(client.header("content-type"), "application/json");
    } else if !expected.stream {
        assert!(client.json()["choices"].is_array());
    } else {
        let text = client.text();
        let data = text.split("\n\n").filter_map(|e| e.strip_prefix("data: "));
        let events: Vec<Value> =
            data.filter(|d| *d != "[DONE]").map(|d| serde_json::from_str(d).unwrap()).collect();
        let errors = events.iter().filter(|e| told(e)).count();
        assert_eq!(client.farewells() + errors, 1, "{text}");
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.contains("[DONE]") || last.contains("\"error\""), "{last}");
    }
}

fn check_providers(exchange: &Exchange) {
    for sent in &exchange.received {
        let mut all = String::from_utf8_lossy(&sent.body).into_owned();
        for (name, value) in &sent.headers {
            let value = String::from_utf8_lossy(value);
            all.push_str(&value);
            let internal = name.starts_with("x-sluice-") || name.starts_with("x-envoy-");
            assert!(!internal || sent.attempt < exchange.planned, "{name}: {value} at the last");
        }
        assert!(!all.contains("spoofed"));
        for (provider, key) in KEYS {
            assert!(*provider == sent.cluster || !all.contains(key), "{} saw {key}", sent.cluster);
        }
        assert_eq!(sent.header("content-length"), sent.body.len().to_string());
    }
    let attempts: Vec<_> = exchange.received.iter().map(|r| r.attempt).collect();
    assert!(attempts.windows(2).all(|w| w[0] < w[1]) && attempts.len() <= 8);
}

// === impl Tally ===

impl Tally {
    fn add(&mut self, exchange: &Exchange, expected: &Expected) {
        if exchange.orphan || !exchange.has_spoken() {
            assert!(exchange.record().is_none());
            return;
        }
        self.settled += 1;
        let Some(record) = exchange.record() else {
            assert!(exchange.received.is_empty() && exchange.client.status() != 200);
            return;
        };
        let outcome = record["error"].as_str().unwrap_or("ok").to_owned();
        *self.outcomes.entry(outcome.clone()).or_default() += 1;
        let number = |name: &str| record[name].as_u64().unwrap();
        let tokens = (number("input_tokens"), number("output_tokens"));
        let estimated = record["estimated"].as_bool().unwrap();
        let client = &exchange.client;
        let answered = client.status() == 200;
        let complete = client.ending == Some(Ending::Complete);
        if complete && answered && (!expected.stream || client.farewells() == 1) {
            assert_eq!(outcome, "ok");
            let last = exchange.received.last().unwrap().attempt;
            match expected.reports[last - 1] {
                Some(report) => assert_eq!((tokens, estimated), (report, false), "{record}"),
                None => assert!(estimated && tokens.1 > 0, "{record}"),
            }
        } else if complete && !answered {
            assert_eq!((tokens, estimated), ((0, 0), false), "{record}");
        }
        let charged = answered || exchange.left_at_work;
        assert!(charged || tokens == (0, 0), "{record}");
        assert!(!charged || tokens.0 > 0, "{record}");
        let unpriced = record["unpriced"].as_bool() == Some(true);
        let usd = record["cost_usd"].as_f64();
        assert_eq!(usd.is_none(), unpriced, "{record}");
        assert!(charged || usd == Some(0.0), "{record}");
        self.unpriced += u64::from(unpriced);
        self.cost += (usd.unwrap_or_default() * 1e9).round() as u64;
        self.charged += u64::from(charged);
        self.estimated += u64::from(estimated);
        self.input += tokens.0;
        self.output += tokens.1;
    }
}

/// splitmix64
struct Dice(u64);

// === impl Dice ===

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        low + usize::try_from(self.below((high - low + 1) as u64)).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() - 1)]
    }
}
