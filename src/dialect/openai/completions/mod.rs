//! Completions, OpenAI's older API: text in, text on. Byte for byte to servers that
//! have it, and through the hub to every chat model.
//!
//! A prompt becomes one message of the user's; what the model says to it is the
//! completion. What only a model without turns can do is refused by name: to go on in
//! the middle of a text (`suffix`), to say the prompt again (`echo`), to take tokens or
//! several prompts, to weigh them (`best_of`, `logprobs`). `max_tokens` that is not
//! given stays the model's own limit, where this API's was 16.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/completions/create>,
//! <https://platform.openai.com/docs/api-reference/completions/object>.

use super::{error, response, stream};
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::hub::{ChatRequest, Completion, Inbound};
use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};
use crate::dialect::{Dialect, Facts, Reply, Request, Translator, Usage};
use crate::error::Error;

mod answer;
mod request;

pub const IDENTITY: Translator = Translator {
    client: Dialect::OpenAiCompletions,
    upstream: Dialect::OpenAiCompletions,
    gaps: &[],
    client_gaps: &[],
    request: request::identity,
    reads: Some(|facts: &Facts, _| {
        let options = facts.stream_options.as_ref().map_or(0, |span| span.end);
        facts.model_span.end.max(options)
    }),
    response: response::older,
    error: error::from_upstream,
    stream: |reply| Box::new(stream::Identity::older(reply)),
    fields: &[],
};

/// The client half.
#[derive(Debug)]
pub struct Client;

/// What the API has no word for.
pub const LACKS: Gaps = &[
    (Feature::System, Gap::No(TEXT)),
    (Feature::ImageData, Gap::No(TEXT)),
    (Feature::ImageUrl, Gap::No(TEXT)),
    (Feature::Files, Gap::No(TEXT)),
    (Feature::Audio, Gap::No(TEXT)),
    (Feature::Tools, Gap::No(TEXT)),
    (Feature::ToolChoice, Gap::No(TEXT)),
    (Feature::ParallelCalls, Gap::No(TEXT)),
    (Feature::StructuredOutput, Gap::No(TEXT)),
    (Feature::Reasoning, Gap::No(TEXT)),
    (Feature::SignedThoughts, Gap::No(TEXT)),
    (Feature::PromptCache, Gap::No(TEXT)),
];
const TEXT: &str = "this API is text in, text out";

const FIELDS: &[Field] = &[
    field("model", Mapped, "as in the chat"),
    field("prompt", Mapped, "the user's message: a string, or an array of one"),
    field("max_tokens", Mapped, "max_completion_tokens; the model's own limit where not given"),
    field("temperature", Mapped, "as it is"),
    field("top_p", Mapped, "as it is"),
    field("n", Mapped, "as it is"),
    field("stream", Mapped, "stream"),
    field("stream_options", Mapped, "the gateway writes the usage chunk itself"),
    field("stop", Mapped, "as it is"),
    field("presence_penalty", Mapped, "as it is"),
    field("frequency_penalty", Mapped, "as it is"),
    field("logit_bias", Mapped, "as it is"),
    field("seed", Mapped, "as it is"),
    field("user", Mapped, "as it is"),
    field("echo", Mapped, "only false"),
    field("best_of", Mapped, "only 1, or as n"),
    field("logprobs", Rejected, "log probabilities of a text are not to be had from a chat"),
    field("suffix", Rejected, "a chat model cannot fill a gap in a text"),
    field("metadata", Dropped(&["{}"]), "no such field here"),
];

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}

// === impl Client ===

impl Inbound for Client {
    const CLIENT: Dialect = Dialect::OpenAiCompletions;
    const GAPS: Gaps = &[(
        Feature::Logprobs,
        Gap::No("log probabilities of a text are not to be had from a chat"),
    )];
    const FIELDS: &'static [Field] = FIELDS;
    type Writer = answer::Writer;

    fn request(request: &Request<'_>, _: Dialect) -> Result<ChatRequest, Error> {
        request::to_chat(request)
    }

    fn response(
        completion: &Completion<'_>,
        usage: &Usage,
        reply: &Reply,
    ) -> Result<Vec<u8>, Error> {
        Ok(answer::whole(completion, usage, reply))
    }
}
