//! What clients and providers should not send, over every pair: a clear 400 or a
//! sound request, a clear failure or a sound answer; never a panic, never nonsense
//! passed on as an answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

mod answers;
mod lists;
mod requests;

use serde_json::{Value, json};
use sluice::dialect::{
    Addressed, Body, Dialect, Facts, Feed, Maker, ModelTraits, Operation, Reply, Request,
    TRANSLATORS, Thinking, Translator, features, quirks,
};
use sluice::error::{Error, Fault};
use sluice::wire::json as wire;

const TRAITS: ModelTraits = ModelTraits {
    max_output_tokens: 8192,
    structured_output: true,
    sampling: true,
    system_turns: false,
    thinking: Thinking::Budget,
    reasons: true,
    maker: Maker::Anthropic,
};

fn translate(pair: &Translator, body: &Value) -> Result<Value, Error> {
    let raw = serde_json::to_vec(body).unwrap();
    let addressed = Addressed { model: "m".into(), stream: false };
    let addressed = (pair.client == Dialect::Gemini).then_some(addressed);
    let facts = Facts::of(pair.client, &raw, addressed)?;
    features::check(pair.gaps, &facts)?;
    let request = Request {
        body: &raw,
        facts: &facts,
        model: "real",
        traits: TRAITS,
        quirks: &quirks::NONE,
        betas: "",
    };
    let upstream = match (pair.request)(&request)?.body {
        Body::Whole(whole) => whole,
        Body::Spliced(splices) => wire::splice(&raw, &splices),
    };
    Ok(serde_json::from_slice(&upstream).expect("an upstream request must be JSON"))
}

fn speaks(upstream: Dialect) -> Dialect {
    match upstream {
        Dialect::AnthropicVertex | Dialect::AnthropicBedrock => Dialect::AnthropicMessages,
        other => other,
    }
}
