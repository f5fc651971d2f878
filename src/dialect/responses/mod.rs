//! OpenAI Responses: the upstream dialect of models that live nowhere else, and a
//! client's own.
//!
//! From OpenAI chat the request is rebuilt as a list of input items, the answer's
//! output items become one message. Both APIs are the same vendor's, so most is a
//! change of shape: bytes are copied as the client spelled them. What Responses
//! has no word for stands in `FIELDS`. The other row is identity: bytes, read
//! along.
//!
//! Must not: know a model's name, keep an answer at the provider unless the client
//! asks (`store` is false by default in chat, true in Responses), or refer to an
//! item that is kept there.
//!
//! Spec: <https://developers.openai.com/api/reference/resources/responses>,
//! <https://developers.openai.com/api/docs/guides/migrate-to-responses>,
//! streams <https://developers.openai.com/api/reference/resources/responses/streaming-events>,
//! reasoning <https://developers.openai.com/api/docs/guides/reasoning>.
//!
//! Quirks kept in mind, where docs and practice differ or the docs are silent:
//! - instructions stay input items of their own role and place, not `instructions`:
//!   JSON mode looks for the word "json" in input items only;
//! - `strict` of a function is tried where it is not said, unlike in chat, so it is
//!   always said;
//! - parts of an assistant's turn must be `output_text` or `refusal`;
//! - `max_output_tokens` is at least 16;
//! - models that do not reason refuse `include: reasoning.encrypted_content`, so it
//!   is asked for only where the model reasons or the client says how much;
//! - summaries need a verified organisation at OpenAI: only a client's own
//!   `reasoning.summary` asks for them;
//! - `error` events are documented flat and come nested
//!   (<https://github.com/openai/openai-dotnet/issues/881>): both are read, and ours
//!   are both.

use super::{Dialect, Translator};
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::loss::Dropped;

mod annotations;
mod answer;
mod calls;
pub mod client;
mod content;
pub mod error;
mod events;
mod fields;
mod identity;
mod input;
mod items;
mod request;
mod response;
mod stream;
pub(super) mod sweep;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

pub use fields::FIELDS;

pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::OpenAiResponses,
    gaps: GAPS,
    client_gaps: &[],
    request: request::from_openai_chat,
    reads: None,
    response: response::to_openai_chat,
    error: super::openai::error::from_upstream,
    stream: |reply| Box::new(stream::ToOpenAiChat::new(reply)),
    fields: FIELDS,
};

pub const IDENTITY: Translator = Translator {
    client: Dialect::OpenAiResponses,
    upstream: Dialect::OpenAiResponses,
    gaps: &[],
    client_gaps: &[],
    request: |request| {
        let mut dropped = Dropped::default();
        let splices = sweep::splices(request, &mut dropped);
        super::identity::with(request, splices, dropped)
    },
    reads: Some(super::identity::reads),
    response: identity::response,
    error: super::openai::error::from_upstream,
    stream: |_| Box::new(identity::Stream::new()),
    fields: &[],
};

/// What Responses cannot carry of a chat.
const GAPS: Gaps = &[
    (Feature::Audio, Gap::No("this model takes and gives no audio")),
    (Feature::Choices, Gap::No("this model gives one choice")),
    (Feature::Stop, Gap::Drops("no stop sequences")),
];
