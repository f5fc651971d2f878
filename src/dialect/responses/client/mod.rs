//! Responses clients in front of every provider: the dialect's half of its
//! translations (`hub`).
//!
//! A request's items become chat messages: what the assistant thought, said and
//! called in a row is one message, each output of a call another. The answer's
//! message becomes output items again, whole or event by event, in the order in
//! which OpenAI's own come: reasoning, text, calls, each added, filled and done.
//!
//! Nothing is kept between calls, so `store` is false whatever was asked, and what
//! would need a kept answer (`previous_response_id`, `conversation`, `background`,
//! references to items) is refused by name. What a provider wants back with the next
//! turn (signed thoughts) travels sealed in the `encrypted_content` of a reasoning
//! item (`seal`), whether or not `include` asks for it: there is no other place.
//!
//! Must not: know a provider, or read a clock; ids are made of the chat answer's.
//!
//! Spec: <https://developers.openai.com/api/reference/resources/responses>, streams
//! <https://developers.openai.com/api/reference/resources/responses/streaming-events>,
//! how the package reads them
//! <https://github.com/openai/openai-python/blob/main/src/openai/lib/streaming/responses/_responses.py>.

use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::hub::{ChatRequest, Completion, Inbound};
use crate::dialect::loss::Field;
use crate::dialect::{Dialect, Reply, Request, Usage};
use crate::error::Error;

mod content;
mod echo;
mod fields;
mod frame;
mod input;
mod items;
mod output;
mod request;
mod response;
mod seal;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod turn;

pub(super) use seal::{BEGINS as SEAL, is_sealed};

/// The client's half.
pub struct Responses;

/// What the API has no word for.
pub const LACKS: Gaps = &[
    (Feature::Stop, Gap::No("Responses has no stop sequences")),
    (Feature::Choices, Gap::No("Responses gives one answer")),
];

/// Where a cache wants marks in the prompt.
const NO_KEY: Gaps =
    &[(Feature::PromptCache, Gap::Drops("prompt_cache_key: this provider caches what is marked"))];

impl Inbound for Responses {
    const CLIENT: Dialect = Dialect::OpenAiResponses;
    const GAPS_AT: &'static [(Dialect, Gaps)] = &[
        (Dialect::AnthropicMessages, NO_KEY),
        (Dialect::AnthropicVertex, NO_KEY),
        (Dialect::AnthropicBedrock, NO_KEY),
        (Dialect::BedrockConverse, NO_KEY),
    ];
    const FIELDS: &'static [Field] = fields::FIELDS;
    type Writer = stream::Writer;

    fn request(request: &Request<'_>, _: Dialect) -> Result<ChatRequest, Error> {
        request::to_chat(request)
    }

    fn response(
        completion: &Completion<'_>,
        usage: &Usage,
        reply: &Reply,
    ) -> Result<Vec<u8>, Error> {
        response::write(completion, usage, reply)
    }
}
