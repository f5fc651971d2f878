//! The API languages and the translations between them.
//!
//! A `Dialect` is what one end speaks. A `Translator` is one row for one
//! (client, upstream) pair: four plain functions, no state. A call's moving
//! parts live in the `StreamTranslator` the row makes. Everything here is
//! sans-IO: bytes, ids and times come in, bytes go out, so golden files are
//! exact. Nothing here reads a clock, logs, or knows a provider's address or
//! key; a dialect never imports another one but the hub (`openai`).
//!
//! Rejected: one big `enum Event` that all dialects parse to and print from.
//! It forces every provider's novelty through one type, and what the type
//! does not know is lost in silence.
//!
//! # Adding a dialect
//!
//! One folder, and a row in each table that it has a part in:
//!
//! 1. `language`: its name, its operation, the features that it has no word for, its
//!    errors; `facts`: the fields without which it asks nothing, and those that say what
//!    the gateway must know (the model, whether to stream, limits) by names of its own;
//!    `shape`, where requests are forms or answers are no JSON; `misdirected`: its path
//!    and what marks its requests, where clients speak it.
//! 2. The folder: `IDENTITY`, and its stream as a `relay::Reader`. For a provider of
//!    chats also `FROM_OPENAI_CHAT`, with `FIELDS` (what becomes of each field; the code
//!    acts on it) and `GAPS` (features that it does not carry).
//! 3. `pairs`: its rows, one for each client. Behind the hub they need a type `ToX` in
//!    `hub::rows`; of ranks they are `rerank::Row`s of a `Client` and a `Provider`, of
//!    counters `count::Counted`.
//! 4. `provider::kinds`: the path, at each kind of provider that speaks it;
//!    `exchange::endpoints`: the path its clients call, also in what a 404 names.
//! 5. `cli::mock`: its path, and its vendor, who refuses what the real one refuses.
//! 6. `tests/golden/themes`: its requests and its answers. `BLESS=1 cargo test --test
//!    golden` makes a case of each with everyone; read them. `--test readme` blesses
//!    the tables in docs; README.md's table of endpoints is written by hand.
//!
//! # Adding a client
//!
//! For a dialect that has a row in `language`: its `hub::Inbound` in a folder of its own
//! (`openai::completions` is the least one), `FIELDS` and `GAPS_AT` of its half, a row
//! `Through::<Client, ToX>` for each provider dialect in `pairs`, its requests in the
//! themes.

#![deny(clippy::indexing_slicing)]

use crate::error::Error;
use crate::wire::json::Splice;
use loss::{Field, Lost};

pub mod anthropic;
pub mod asks;
pub mod bedrock;
mod claude;
pub mod cohere;
pub mod conversation;
mod cost;
pub mod count;
pub mod estimate;
pub mod facts;
pub mod features;
pub mod gemini;
mod identity;
pub mod hints;
pub mod hub;
pub mod jina;
mod language;
pub mod loss;
pub mod misdirected;
pub mod openai;
mod pairs;
pub mod quirks;
mod relay;
pub mod rerank;
pub mod responses;
mod shape;
pub mod voyage;
pub mod withheld;

pub use facts::{Addressed, Facts};
pub use language::{Dialect, Operation};
pub use pairs::{TRANSLATORS, translator};
pub use quirks::Quirks;
pub use shape::{Form, Shape};

/// One (client, upstream) pair. The support matrix is `TRANSLATORS`.
pub struct Translator {
    pub client: Dialect,
    pub upstream: Dialect,
    /// What the pair does not carry. Asked while planning, from top-level facts
    /// alone, so that a target that must refuse is skipped, not tried.
    pub gaps: features::Gaps,
    /// The same of the client's half, where a pair goes through the hub.
    pub client_gaps: features::Gaps,
    pub request: fn(&Request<'_>) -> Result<UpstreamRequest, Error>,
    /// How much of the client's body `request` reads; `None`: all of it. A short
    /// prefix spares copying megabytes out of Envoy.
    pub reads: Option<fn(&Facts, &Quirks) -> usize>,
    /// A whole 2xx body to the client's whole body.
    pub response: fn(&[u8], &Reply) -> Result<ClientResponse, Error>,
    /// A whole error body, of any shape or none. Total: never fails.
    pub error: fn(u16, &[u8]) -> UpstreamError,
    pub stream: fn(&Reply) -> Box<dyn StreamTranslator>,
    /// What becomes of each top-level field; empty: all pass as they are.
    pub fields: &'static [Field],
}

/// What a request translation may know.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The client's body, valid JSON (`wire::json::scan` passed it) or a form.
    pub body: &'a [u8],
    /// What the gateway read of it: spans are offsets into `body`.
    pub facts: &'a Facts,
    /// The provider's name of the model.
    pub model: &'a str,
    pub traits: ModelTraits,
    /// How the provider's API differs from the dialect's own vendor.
    pub quirks: &'static Quirks,
    /// The client's header `anthropic-beta`, or empty: some providers want its flags in
    /// the body.
    pub betas: &'a str,
}

/// What a translation must know of the target's model. From the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelTraits {
    /// Tokens; the default for a required output limit.
    pub max_output_tokens: u32,
    /// Takes a JSON schema natively, for answers and for tools.
    pub structured_output: bool,
    /// Takes temperature, top_p and top_k other than the defaults.
    pub sampling: bool,
    /// Takes system messages in the middle of a conversation.
    pub system_turns: bool,
    pub thinking: Thinking,
    /// Reasons before it answers, however it is told to.
    pub reasons: bool,
    /// Whose model it is, whoever serves it.
    pub maker: Maker,
}

/// Makers whose models have request fields or signatures of their own on clouds
/// that serve many makers' models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    Amazon,
    Anthropic,
    Cohere,
    DeepSeek,
    Google,
    Meta,
    Mistral,
    OpenAi,
    Other,
}

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    None,
    /// A budget in tokens.
    Budget,
    /// A word: Gemini's `thinkingLevel`.
    Level,
    /// The model decides; an effort word steers it.
    Adaptive,
    /// As `Adaptive`, but it cannot be turned off, so that no tool can be forced
    /// either.
    Always,
}

/// The provider's request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UpstreamRequest {
    pub body: Body,
    /// Names of client fields that this pair does not carry, for `x-sluice-dropped`.
    pub dropped: Vec<Lost>,
    /// The JSON answer comes back as a call of our own tool and must be unwrapped.
    pub json_tool: bool,
    /// The client wants its vectors as base64 of little-endian floats.
    pub base64: bool,
    /// What the answer must repeat of the request, in the pair's own form.
    pub echo: Vec<u8>,
}

/// How the provider's body differs from the client's.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// The client's bytes with these replacements, ascending, not overlapping.
    Spliced(Vec<Splice>),
    Whole(Vec<u8>),
}

/// What an answer translation may know of the request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The provider's name of the model, for answers that lack one.
    pub model: String,
    /// Unix seconds, for answers that lack it.
    pub created: u64,
    /// The client asked for the usage chunk of a stream.
    pub include_usage: bool,
    /// The usage chunk comes first as well, with what the provider has told by then.
    pub early_usage: bool,
    /// See `UpstreamRequest::json_tool`.
    pub json_tool: bool,
    /// See `UpstreamRequest::base64`.
    pub base64: bool,
    /// See `Facts::inputs`; 0 where that is not known.
    pub inputs: usize,
    /// What the provider's headers say went in, where its bodies do not.
    pub told_input: Option<u64>,
    /// See `UpstreamRequest::echo`.
    pub echo: Vec<u8>,
    /// The answer is neither JSON nor events: `Shape::Opaque`.
    pub opaque: bool,
    pub quirks: &'static Quirks,
}

/// The client's whole answer.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientResponse {
    /// `None`: the provider's bytes as they are.
    pub body: Option<Vec<u8>>,
    pub usage: Usage,
}

/// A provider's refusal, understood.
#[derive(Debug, PartialEq, Eq)]
pub struct UpstreamError {
    pub error: Error,
    /// The body already is a well-formed error of the client's dialect.
    pub verbatim: bool,
}

/// A provider's stream, translated event by event. Bytes may be cut anywhere.
pub trait StreamTranslator {
    /// Takes provider bytes and appends client bytes to `out`.
    /// `Feed::Same`: the client's bytes are exactly `chunk`; `out` is untouched.
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed;

    /// The provider's body has ended. Appends what is left: the terminal event
    /// where the answer is complete, an error event where it is not. Call once.
    fn finish(&mut self, out: &mut Vec<u8>);

    fn progress(&self) -> &Progress;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    Same,
    Changed,
}

/// What a stream has shown so far. Readable at any time: a client may hang up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The first event with content has passed (text, reasoning, a tool call, a
    /// refusal, a finish): from here on the answer is the client's.
    pub started: bool,
    /// The provider said the answer is complete.
    pub complete: bool,
    /// The provider reported an error, or broke its own format. The error event
    /// is already in `out`; before `started` the attempt may fall back instead.
    pub failed: Option<Error>,
    pub usage: Usage,
    /// Bytes of generated text seen (content, reasoning, tool arguments), to
    /// estimate output when the provider never reports it.
    pub output_bytes: u64,
}

/// Tokens by kind, OpenAI's way of counting: `cached_input` and `cache_write`
/// are parts of `input`, `reasoning` is a part of `output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub cached_input: u64,
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour, at its own price.
    pub cache_write_1h: u64,
    pub reasoning: u64,
    /// The provider said how much went in.
    pub input_reported: bool,
    /// The provider said how much came out, and the answer is complete.
    pub output_reported: bool,
    /// Input and output that the provider charges for, where that is not all of them.
    pub billed: Option<(u64, u64)>,
    /// What the provider says that the call cost, in nanodollars.
    pub cost: Option<u64>,
    /// The tier that served the call (`flex`, `priority`), where that is not the
    /// standard one, which lists of prices are about.
    pub tier: Option<&'static str>,
}

// === impl UpstreamRequest ===

impl UpstreamRequest {
    /// Refuses a request that lost more than hints, where the operator wants it so.
    pub fn allow(self, strict: bool) -> Result<Self, Error> {
        let lost = || self.dropped.iter().filter(|lost| !lost.is_hint);
        match lost().next() {
            Some(first) if strict => Err(Error::invalid(
                first.split(' ').next().unwrap_or_default().to_owned(),
                format!(
                    "this model cannot carry: {}",
                    lost().map(|lost| &**lost).collect::<Vec<_>>().join(", ")
                ),
            )),
            _ => Ok(self),
        }
    }
}

// === impl Usage ===

impl Usage {
    /// A count as a provider wrote it. Some have sent floats and negatives; and one
    /// absurd number must not spoil a shared sum for good, so it is bounded by more
    /// than any call can have.
    fn tokens(number: f64) -> u64 {
        // `as` saturates: negatives become 0.
        number.min(1e9) as u64
    }

    /// With parts that are no more than their wholes, whatever a provider wrote: the
    /// wholes are believed.
    pub fn within(self) -> Self {
        let cached_input = self.cached_input.min(self.input);
        let cache_write = self.cache_write.min(self.input - cached_input);
        Self {
            cached_input,
            cache_write,
            cache_write_1h: self.cache_write_1h.min(cache_write),
            reasoning: self.reasoning.min(self.output),
            ..self
        }
    }

    /// Of calls that generate nothing: that much is known.
    fn input_only(input: Option<f64>) -> Self {
        Self {
            input: input.map_or(0, Self::tokens),
            input_reported: input.is_some(),
            output_reported: true,
            ..Self::default()
        }
    }
}

// === impl Body ===

impl Default for Body {
    fn default() -> Self {
        Body::Spliced(Vec::new())
    }
}
