//! End to end: a real Envoy with the real wasm, the files in `envoy/`, and mock
//! providers steered by each test.
//!
//! Needs `target/sluice.wasm` and an Envoy (see `support::gateway`); `make test`
//! provides both. A missing one is a failure, never a skip.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../support/contended.rs"]
mod contended;

mod basics;
mod clients_count;
mod clients_responses;
mod clients_completions;
mod clients_gemini;
mod clients_media;
mod clients_messages;
mod config;
mod connecting;
mod counting;
mod deadlines;
mod dialects;
mod explained;
mod fallback;
mod fleet;
mod health;
mod hedging;
mod hostile;
mod identity;
mod keys;
mod kinds;
mod learned;
mod ledger;
mod limits;
mod misdirected;
mod money;
mod moving;
mod natives;
mod openai_sdk;
mod permits;
mod prefers;
mod relay;
mod search;
mod shadow;
mod sign_in;

mod streams;
mod surroundings;
mod switch;
mod trailers;
mod vendor_anthropic;
mod vendor_bedrock;
mod vendor_cohere;
mod vendor_gemini;
mod vendor_openai;
mod weather;
