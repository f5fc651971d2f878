//! Anthropic Messages: the upstream dialect of Claude, on its own API and on the
//! clouds that speak it.
//!
//! From OpenAI chat the request is rebuilt, never re-serialised: strings, schemas
//! and arguments are copied as the client spelled them. What Anthropic has no
//! word for stands in `FIELDS`; what one call lost is in its `dropped`. Thinking
//! with its signatures and `cache_control` make the round trip under the names
//! that other gateways use (`reasoning_content`, `thinking_blocks`).
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

use super::{Dialect, Translator};
use crate::dialect::features::{Feature, Gap, Gaps};

mod blocks;
mod calls;
mod content;
pub mod error;
mod events;
mod fields;
mod format;
mod media;
mod messages;
mod request;
mod response;
mod stream;
mod tools;
mod turns;
mod usage;

pub use fields::FIELDS;

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::AnthropicMessages,
    gaps: GAPS,
    request: request::from_openai_chat,
    reads: None,
    response: response::to_openai_chat,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply)),
    fields: FIELDS,
};

/// The tool a JSON answer comes through where the model takes no schema.
const JSON_TOOL: &str = "sluice_json_answer";

/// What Messages cannot carry of a chat.
const GAPS: Gaps = &[
    (Feature::Audio, Gap::No("this model takes and gives no audio")),
    (Feature::Choices, Gap::No("this model gives one choice")),
    (Feature::Logprobs, Gap::No("this model gives no log probabilities")),
];
