//! OpenAI chat completions: the client dialect, the hub, and identity to itself.
//!
//! Identity is bytes: a request is the client's own with the model name spliced
//! (and `include_usage` asked for when streaming); an answer is the provider's
//! own, read along for usage, errors and its end. What these files do not know
//! passes untouched. Imitators' varieties are `Quirks`: `adapt` changes in place what
//! they name, `reasoning` gives reasoning text the client's name of it.
//!
//! As the hub it also lends what every translation from chat needs: reading a
//! request's inside (`read`, `role`, `media`, `calls`, `tools`, `format`, `effort`,
//! `stop`) and writing answers (`chunk`, `completion`, `usage`, `error`).
//!
//! Other operations have files of their own: `embeddings`, `completions`, `modalities`.
//!
//! Must not: know a provider's address, an SDK, or another dialect.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/chat/create>,
//! streaming <https://platform.openai.com/docs/api-reference/chat-streaming>,
//! errors <https://platform.openai.com/docs/guides/error-codes>.
//! Quirks kept in mind: the usage chunk has empty `choices`; with it every other
//! chunk says `"usage":null`; the first chunk has a role and `content: ""`; some
//! compatible servers forget `[DONE]`, or put usage into the finish chunk.

use super::{Dialect, Translator};

mod adapt;
pub mod calls;
pub mod chunk;
pub mod completion;
pub mod completions;
pub mod effort;
pub mod embeddings;
pub mod error;
pub mod format;
pub mod media;
pub mod modalities;
pub mod read;
mod reasoning;
mod request;
mod response;
pub mod role;
pub mod stop;
mod stream;
mod template;
pub mod tools;
pub mod usage;

pub(in crate::dialect) use stream::MAX_EVENT;

pub const IDENTITY: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::OpenAiChat,
    gaps: &[],
    client_gaps: &[],
    request: request::identity,
    reads: Some(request::identity_reads),
    response: response::identity,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::Identity::new(reply)),
    fields: &[],
};
