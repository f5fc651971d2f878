//! What becomes of a call: one named scenario per promise of the exchange.
//!
//! Each runs a whole call over an Envoy in memory (`fake`): the client's request,
//! Envoy's router with its retries, scripted providers, the end. Scenarios look at
//! what the client got, what providers got, what was counted, and that nothing is
//! left behind (`assert_calm`). What only a real Envoy can show is in `e2e`; what
//! only chance finds is in `simulation`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../fake/mod.rs"]
mod fake;

mod answers;
mod borders;
mod costs;
mod deadlines;
mod estimates;
mod explained;
mod fallback;
mod fleet;
mod health;
mod hang_ups;
mod identity;
mod keys;
mod learned;
mod ledger;
mod limits;
mod money;
mod lost;
mod surroundings;
mod abilities;
mod permits;
mod prefers;
mod rules;
mod pace;
mod retries;
mod windows;
mod withheld;
mod uploads;

use fake::envoy::Envoy;
use fake::exchange::Exchange;
use fake::provider::{
    Act, CLIENT_KEY, Request, Script, answer, begun, chat, ended, events, good, good_stream,
    in_pieces, opened, page, refusal, request, streamed, then, whole, with_trailers,
};
use fake::seen::{Client, Ending};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::time::Duration;

const PROVIDERS: &str = r#""providers": {
    "openai": { "kind": "openai", "keys": [{ "value": "sk-openai" }] },
    "anthropic": { "kind": "anthropic", "keys": [{ "value": "sk-ant" }] },
    "bedrock": { "kind": "bedrock", "region": "us-east-1", "keys": [{ "value": "token" }] },
    "ring": { "kind": "openai", "keys": [{ "value": "sk-r1" }, { "value": "sk-r2" }] },
    "vllm": { "kind": "openai-compatible", "url": "http://vllm:8000/v1" } }"#;

/// A gateway whose model `m` has these targets, each tried whatever it did before.
fn gateway(targets: &str) -> Envoy {
    with(targets, "")
}

fn with(targets: &str, more: &str) -> Envoy {
    healed(targets, &format!(r#"{more}, "health": {{ "enabled": false }}"#))
}

/// The same where those that fail rest.
fn healed(targets: &str, more: &str) -> Envoy {
    let models = format!(r#"[{{ "name": "m", "targets": [{targets}] }}]"#);
    Envoy::new(&format!(r#"{{ {PROVIDERS}, "models": {models} {more} }}"#))
}

const O: &str = r#""openai/gpt""#;
const A: &str = r#""anthropic/claude-haiku-4-5""#;
const OA: &str = r#""openai/gpt", "anthropic/claude-haiku-4-5""#;
const AO: &str = r#""anthropic/claude-haiku-4-5", "openai/gpt""#;

/// The first target has a deadline of its own.
const OWN: &str = r#"{ "target": "openai/a", "first_token_timeout": "300ms", "timeout": "300ms" },
    { "target": "openai/b", "first_token_timeout": "20s", "timeout": "20s" }"#;

fn error(client: &Client) -> (u16, String, String) {
    let body = client.json();
    let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    assert!(!word("message").is_empty(), "{body}");
    assert_eq!(client.header("content-type"), "application/json");
    (client.status(), word("type"), word("code"))
}

/// All content of a streamed answer.
fn content(client: &Client) -> String {
    let text = client.text();
    let data = text.split("\n\n").filter_map(|e| e.strip_prefix("data: "));
    data.filter_map(|d| serde_json::from_str::<Value>(d).ok())
        .filter_map(|v| v["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

fn outcome(exchange: &Exchange) -> (Value, Value) {
    let record = exchange.record().unwrap();
    (record["error"].clone(), record["estimated"].clone())
}

/// Calls, estimated calls, input and output of the only row.
fn used(envoy: &Envoy) -> (u64, u64, u64, u64) {
    let rows = envoy.rows();
    assert!(rows.len() <= 1, "{rows:?}");
    let c = rows.first().map(|r| r.counts).unwrap_or_default();
    (c.calls, c.estimated_calls, c.usage.input, c.usage.output)
}

thread_local! {
    static LOGGED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Logger;

/// What follows is written to the log of this thread.
fn listen() {
    let _ = log::set_logger(&Logger);
    log::set_max_level(log::LevelFilter::Info);
}

fn logged() -> Vec<String> {
    LOGGED.with(RefCell::take)
}

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LOGGED.with(|l| l.borrow_mut().push(record.args().to_string()));
    }

    fn flush(&self) {}
}
