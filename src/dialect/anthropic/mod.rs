//! Anthropic Messages: the upstream dialect of Claude, on its own API and on the
//! clouds that speak it.
//!
//! From OpenAI chat the request is rebuilt, never re-serialised: strings, schemas
//! and arguments are copied as the client spelled them. What Anthropic has no
//! word for stands in `FIELDS`; what one call lost is in its `dropped`. Thinking
//! with its signatures and `cache_control` make the round trip under the names
//! that other gateways use (`reasoning_content`, `thinking_blocks`).
//!
//! A client that speaks Messages itself is served by bytes: its own with the
//! model's name spliced (`identity`), the provider's own read along (`along`).
//! What differs on Vertex and on Bedrock is in `host`, their framing in `frames`.
//!
//! Must not: know a model's name or a provider's address (what differs by model
//! is in `ModelTraits`), or send what the API is documented to refuse.
//!
//! Spec: <https://platform.claude.com/docs/en/api/messages/create>,
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>,
//! <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>; rules by
//! model: <https://platform.claude.com/docs/en/models/opus-5-5/migration-guide>.
//! Client side: <https://platform.openai.com/docs/api-reference/chat/create>.
//!
//! Quirks kept in mind: a forced tool and thinking exclude each other, and the
//! models that always think take no forced tool; newer models refuse temperature,
//! top_p and top_k, the generation before takes only one of the first two; blank
//! text and blank stop sequences are refused; tool ids and names have an alphabet;
//! thinking blocks must come back unchanged, but the client's shape keeps no order
//! between them and text, so they all go first.

use super::{Dialect, Translator, count};
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::identity::Unstreamed;

mod along;
mod blocks;
mod calls;
pub mod client;
mod content;
pub mod error;
mod events;
mod fields;
mod format;
mod frames;
mod host;
mod identity;
mod links;
mod media;
mod messages;
mod request;
mod response;
mod stream;
mod threads;
pub(super) mod sweep;
mod tools;
mod turns;
mod usage;

pub use fields::FIELDS;

use host::Host;

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::AnthropicMessages,
    gaps: GAPS,
    client_gaps: &[],
    request: |request| request::from_openai_chat(request, Host::Anthropic),
    reads: None,
    response: response::to_openai_chat,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply, Host::Anthropic)),
    fields: FIELDS,
};

pub const VERTEX_FROM_OPENAI_CHAT: Translator = Translator {
    upstream: Dialect::AnthropicVertex,
    gaps: CLOUD_GAPS,
    client_gaps: &[],
    request: |request| request::from_openai_chat(request, Host::Vertex),
    fields: fields::VERTEX,
    ..FROM_OPENAI_CHAT
};

pub const BEDROCK_FROM_OPENAI_CHAT: Translator = Translator {
    upstream: Dialect::AnthropicBedrock,
    gaps: CLOUD_GAPS,
    client_gaps: &[],
    request: |request| request::from_openai_chat(request, Host::Bedrock),
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply, Host::Bedrock)),
    fields: fields::BEDROCK,
    ..FROM_OPENAI_CHAT
};

pub const IDENTITY: Translator = Translator {
    client: Dialect::AnthropicMessages,
    upstream: Dialect::AnthropicMessages,
    gaps: GAPS,
    client_gaps: &[],
    request: identity::request,
    reads: Some(super::identity::reads),
    response: identity::response,
    error: error::from_upstream_to_messages,
    stream: |reply| Box::new(along::Along::new(reply, Host::Anthropic)),
    fields: &[],
};

pub const VERTEX_FROM_MESSAGES: Translator = Translator {
    upstream: Dialect::AnthropicVertex,
    gaps: CLOUD_GAPS,
    client_gaps: &[],
    request: |request| {
        links::refuse(request.body)?;
        identity::to_cloud(request, Host::Vertex)
    },
    reads: None,
    fields: fields::MESSAGES_TO_VERTEX,
    ..IDENTITY
};

pub const BEDROCK_FROM_MESSAGES: Translator = Translator {
    upstream: Dialect::AnthropicBedrock,
    gaps: CLOUD_GAPS,
    client_gaps: &[],
    request: |request| {
        links::refuse(request.body)?;
        identity::to_cloud(request, Host::Bedrock)
    },
    reads: None,
    fields: fields::MESSAGES_TO_BEDROCK,
    stream: |reply| Box::new(along::Along::new(reply, Host::Bedrock)),
    ..IDENTITY
};

pub const COUNT_IDENTITY: Translator = Translator {
    client: Dialect::AnthropicCount,
    upstream: Dialect::AnthropicCount,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(super::identity::reads),
    response: |body, _| count::as_it_is(body, count::ANTHROPIC),
    error: error::from_upstream_to_messages,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

pub const VERTEX_COUNT: Translator = Translator {
    upstream: Dialect::AnthropicVertexCount,
    gaps: &[NO_URLS],
    request: identity::to_cloud_counter,
    reads: None,
    fields: fields::COUNT_TO_VERTEX,
    ..COUNT_IDENTITY
};

/// The tool a JSON answer comes through where the model takes no schema.
const JSON_TOOL: &str = "sluice_json_answer";

/// What Messages cannot carry of a chat.
const GAPS: Gaps = &[AUDIO, CHOICES, LOGPROBS];

/// What it cannot on Vertex and on Bedrock.
const CLOUD_GAPS: Gaps = &[AUDIO, CHOICES, LOGPROBS, NO_URLS];

const NO_URLS: (Feature, Gap) = (Feature::ImageUrl, Gap::No("this provider fetches no images"));

const AUDIO: (Feature, Gap) = (Feature::Audio, Gap::No("this model takes and gives no audio"));
const CHOICES: (Feature, Gap) = (Feature::Choices, Gap::No("this model gives one choice"));
const LOGPROBS: (Feature, Gap) =
    (Feature::Logprobs, Gap::No("this model gives no log probabilities"));
