//! Gemini: `generateContent`, its streams and `batchEmbedContents`, at Google AI
//! Studio and at Vertex AI, which speak the same bodies.
//!
//! From OpenAI chat the request is rebuilt, never re-serialised: strings, schemas
//! and arguments are copied as the client spelled them. What Gemini has no word
//! for stands in `FIELDS`; what one call lost is in its `dropped`. A client that
//! speaks Gemini has its bytes passed as they are.
//!
//! Thought signatures make the round trip in `extra_content.google.thought_signature`,
//! on the tool call or the message, as in Google's own OpenAI compatibility; thoughts
//! in `reasoning_content`.
//!
//! Must not: know a model's name or a provider's address (what differs by model
//! is in `ModelTraits`), or send what the API is documented to refuse.
//!
//! Spec: <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/embeddings>,
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>,
//! <https://ai.google.dev/gemini-api/docs/function-calling>,
//! <https://ai.google.dev/gemini-api/docs/thinking>,
//! <https://ai.google.dev/gemini-api/docs/structured-output>,
//! <https://ai.google.dev/gemini-api/docs/openai>;
//! Vertex: <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>.
//! Where the pages are silent, Google's own client (`google-genai`) was read.
//!
//! Quirks kept in mind: there is no role for tools (results are the user's), none
//! for instructions in the middle, and no id of the model in the body; a stream has no
//! last event but ends; a bad key is a 400; errors may come wrapped in an array; calls
//! may lack ids; a finished answer with calls says `STOP`; `candidatesTokenCount`
//! leaves thoughts out, where some versions have counted them in.

use super::{Dialect, Translator};
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::identity::Unstreamed;

mod answer;
pub mod client;
mod config;
mod contents;
mod embed;
pub mod error;
mod extra;
mod fields;
pub(super) mod finish;
mod identity;
mod logprobs;
mod media;
mod parts;
mod predict;
mod request;
mod response;
mod schema;
mod signature;
mod stream;
pub(super) mod sweep;
mod thinking;
mod tools;
mod turns;
mod usage;

pub use client::Client;
pub use fields::{EMBED_FIELDS, FIELDS, PREDICT_FIELDS};

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::Gemini,
    gaps: GAPS,
    client_gaps: &[],
    request: request::from_openai_chat,
    reads: None,
    response: response::to_openai_chat,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply)),
    fields: FIELDS,
};

pub const IDENTITY: Translator = Translator {
    client: Dialect::Gemini,
    upstream: Dialect::Gemini,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(|facts, _| if facts.marked { facts.body_bytes } else { 0 }),
    response: identity::response,
    error: error::from_upstream_verbatim,
    stream: |_| Box::new(identity::stream()),
    fields: &[],
};

pub const EMBED_FROM_OPENAI: Translator = Translator {
    client: Dialect::OpenAiEmbeddings,
    upstream: Dialect::GeminiEmbed,
    gaps: EMBED_GAPS,
    client_gaps: &[],
    request: embed::from_openai,
    reads: None,
    response: embed::to_openai,
    error: error::from_upstream,
    stream: |_| Box::new(Unstreamed::default()),
    fields: EMBED_FIELDS,
};

pub const PREDICT_FROM_OPENAI: Translator = Translator {
    upstream: Dialect::VertexEmbed,
    request: predict::from_openai,
    response: predict::to_openai,
    fields: PREDICT_FIELDS,
    ..EMBED_FROM_OPENAI
};

pub const EMBED_IDENTITY: Translator = Translator {
    client: Dialect::GeminiEmbed,
    upstream: Dialect::GeminiEmbed,
    gaps: &[],
    client_gaps: &[],
    request: embed::identity,
    reads: None,
    response: embed::identity_response,
    error: error::from_upstream_verbatim,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

const GAPS: Gaps = &[(
    Feature::PromptCache,
    Gap::Drops("caching is implicit, or by extra_body.google.cached_content"),
)];

/// What its embeddings have no word for.
pub(super) const EMBED_LACKS: Gaps = &[
    (Feature::TokenInputs, Gap::No("this model takes text, not tokens")),
    (Feature::Base64, Gap::No("Gemini gives numbers")),
];

/// What they cannot carry of OpenAI's: base64 is made here.
const EMBED_GAPS: Gaps = &[(Feature::TokenInputs, Gap::No("this model takes text, not tokens"))];
