//! Amazon Bedrock's Converse: one request shape for the models of many makers,
//! whole (`converse`) or as AWS event stream (`converse-stream`). Embeddings
//! (`vectors`) and rerank go by `invoke`, which has a shape for each maker.
//!
//! From OpenAI chat the request is rebuilt, never re-serialised. The model stands
//! in the path, not in the body. What differs by maker is told by
//! `ModelTraits::maker`: Claude thinks by `additionalModelRequestFields.thinking`
//! and signs its thoughts, which come and go as `thinking_blocks` of Claude's own
//! shape, so that a conversation may move between Bedrock and Anthropic; Nova has
//! `reasoningConfig`; others think as they like.
//!
//! Must not: know a model's name, a region or a key, or fetch a URL.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>;
//! the wire's exact shapes are those of the service model in botocore
//! (`bedrock-runtime/2023-09-30/service-2.json`, 1.44), which is ahead of the pages:
//! `outputConfig.effort`, cache points with a `ttl`, `model_context_window_exceeded`.
//! Reasoning: <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html>,
//! <https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html>;
//! structured output: <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>;
//! caching: <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>;
//! guardrails: <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html>.
//!
//! Quirks kept in mind, many only in error messages: turns alternate strictly and
//! the first is the user's; blank text is refused; a document needs a text beside it
//! and a name unlike any other's; tool blocks in the history need a `toolConfig`,
//! even where no tool may be called; there is no choice `none`; the answer has no
//! id; usage comes after the stop reason; what was read from the cache is not in
//! `inputTokens`; a text block's start may be missing.

use super::features::{Feature, Gap, Gaps};
use super::{Dialect, Translator};

mod blocks;
mod content;
pub mod error;
mod events;
mod fields;
mod format;
mod identity;
mod inference;
mod media;
mod messages;
mod reasoning;
mod request;
mod rerank;
mod response;
mod stream;
mod tools;
mod turns;
mod usage;
mod vectors;

pub use fields::FIELDS;
pub use rerank::Rerank;
pub use vectors::{COHERE_FROM_OPENAI, NOVA_FROM_OPENAI, TITAN_FROM_OPENAI};

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::BedrockConverse,
    gaps: GAPS,
    client_gaps: &[],
    request: request::from_openai_chat,
    reads: None,
    response: response::to_openai_chat,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply)),
    fields: FIELDS,
};

/// The client's bytes: the model and whether it streams are in the path.
pub const IDENTITY: Translator = Translator {
    client: Dialect::BedrockConverse,
    upstream: Dialect::BedrockConverse,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(|_, _| 0),
    response: identity::response,
    error: error::from_upstream,
    stream: |_| Box::new(identity::Stream::default()),
    fields: &[],
};

/// The tool a JSON answer comes through where the model takes no schema.
const JSON_TOOL: &str = "sluice_json_answer";

/// Most bytes of one message of a stream. The largest the service sends are images.
const MAX_MESSAGE: usize = 16 << 20;

/// What Converse cannot carry of a chat, and has no word for.
pub(super) const GAPS: Gaps = &[
    (Feature::ImageUrl, Gap::No("Converse fetches no URL but s3:")),
    (Feature::Choices, Gap::No("this model gives one choice")),
    (Feature::Logprobs, Gap::No("this model gives no log probabilities")),
];
