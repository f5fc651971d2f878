//! Cohere, version 2 of its API: chat, embeddings and rerank.
//!
//! From OpenAI chat the request is rebuilt: strings, schemas and arguments are
//! copied as the client spelled them. What Cohere has no word for stands in
//! `FIELDS`. A chat client may add Cohere's own `documents`, `citation_options`,
//! `safety_mode`, `strict_tools`, `thinking` and `priority`, and `document` parts in
//! the answers of tools; citations come back as `citations` of the message.
//!
//! Reasoning has two places: `thinking` blocks of reasoning models, and `tool_plan`,
//! the "chain-of-thought style reflection and plan" before tool calls. Neither is the
//! answer, so the client gets both as `reasoning_content`. Both are unsigned, so it
//! may send that back, whoever wrote it: as a `thinking` block to a model that
//! thinks, else as the `tool_plan` of a message with calls.
//!
//! Must not: know a model's name or a provider's address.
//!
//! Spec: <https://docs.cohere.com/reference/chat>,
//! <https://docs.cohere.com/reference/chat-stream>,
//! <https://docs.cohere.com/reference/embed>,
//! <https://docs.cohere.com/reference/rerank>,
//! <https://docs.cohere.com/reference/errors>,
//! <https://docs.cohere.com/docs/reasoning>,
//! <https://docs.cohere.com/docs/structured-outputs>.
//!
//! Where documents differ, and what is done here:
//!
//! - The reference and the SDKs call a format's schema `json_schema`, the guide
//!   `schema`; the reference is followed. Neither goes beside `tools` or `documents`:
//!   with tools the answer comes through a tool of ours, which is unwrapped.
//! - With a format "your message should always explicitly instruct the model to
//!   generate a JSON", lest it never end: a sentence is added to the system message
//!   for a schema, of which OpenAI's clients need not speak.
//! - `usage.tokens` is what the model read and wrote, Cohere's own preamble included;
//!   `usage.billed_units` is less. `tokens` are counted as OpenAI's are; the billed
//!   ones only where there are no others.
//! - A stream has no error event: the last event's `finish_reason` is `ERROR` or
//!   `TIMEOUT`, with the words in `delta.error`.
//! - The SDK's streams may end with `[DONE]`; Cohere's own end with `message-end`.
//!   `tool_calls` of a stream is one object; some servers send a list of one.
//! - The errors page knows 402 (billing) and a machine's word `error_type`, which the
//!   reference leaves out, and says that temperature is at most 1 and that both penalties
//!   cannot be given at once.

use super::features::{Feature, Gap, Gaps};
use super::identity::{self, Unstreamed};
use super::{Dialect, Translator};

mod calls;
mod content;
mod embed;
pub mod error;
mod events;
mod fields;
mod format;
mod logprobs;
mod messages;
mod request;
mod rerank;
mod response;
mod same;
mod stream;
mod thinking;
mod tools;
mod usage;

pub use fields::{EMBED_FIELDS, FIELDS};
pub use rerank::Rerank;

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::CohereChat,
    gaps: GAPS,
    client_gaps: &[],
    request: request::from_openai_chat,
    reads: None,
    response: response::to_openai_chat,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply)),
    fields: FIELDS,
};

pub const CHAT_IDENTITY: Translator = Translator {
    client: Dialect::CohereChat,
    upstream: Dialect::CohereChat,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response: same::chat,
    error: error::same,
    stream: |_| Box::new(same::Stream::new()),
    fields: &[],
};

pub const EMBED_FROM_OPENAI: Translator = Translator {
    client: Dialect::OpenAiEmbeddings,
    upstream: Dialect::CohereEmbed,
    gaps: EMBED_LACKS,
    client_gaps: &[],
    request: embed::from_openai,
    reads: None,
    response: embed::to_openai,
    error: error::from_upstream,
    stream: |_| Box::new(Unstreamed::default()),
    fields: EMBED_FIELDS,
};

pub const EMBED_IDENTITY: Translator = Translator {
    client: Dialect::CohereEmbed,
    upstream: Dialect::CohereEmbed,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response: same::embed,
    error: error::same,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

pub const RERANK_IDENTITY: Translator = Translator {
    client: Dialect::CohereRerank,
    upstream: Dialect::CohereRerank,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response: same::rerank,
    error: error::same,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

/// The tool a JSON answer comes through where there are other tools.
const JSON_TOOL: &str = "sluice_json_answer";

/// What Cohere cannot carry of a chat, and has no word for.
pub(super) const GAPS: Gaps = &[
    (Feature::Files, Gap::No("only plain text and image files are carried")),
    (Feature::Audio, Gap::No("this model takes and gives no audio")),
    (Feature::SignedThoughts, Gap::Drops("signatures: thoughts have none here")),
    (Feature::PromptCache, Gap::Drops("cache marks: prompts are cached unasked")),
    (Feature::Choices, Gap::No("this model gives one choice")),
];

/// What its embeddings have no word for.
pub(super) const EMBED_LACKS: Gaps =
    &[(Feature::TokenInputs, Gap::No("this model takes text, not tokens"))];

/// What its ranking has no word for.
pub(super) const RERANK_LACKS: Gaps =
    &[(Feature::DocumentsBack, Gap::No("documents are named by their index"))];
