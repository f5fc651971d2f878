//! What becomes of each field of a Responses request on its way to chat.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

pub(super) const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("input", Mapped, "messages; items of tools that OpenAI hosts are dropped"),
    field("instructions", Mapped, "the first system message"),
    field("tools", Mapped, "function tools; others are refused by name"),
    field("tool_choice", Mapped, "tool_choice, nested"),
    field("parallel_tool_calls", Mapped, "as it is, where there are tools"),
    field("text", Mapped, "response_format and verbosity"),
    field("reasoning", Mapped, "reasoning_effort; a summary is what the provider shows"),
    field("max_output_tokens", Mapped, "max_completion_tokens"),
    field("temperature", Mapped, "as it is"),
    field("top_p", Mapped, "as it is"),
    field("top_logprobs", Mapped, "logprobs and top_logprobs"),
    field("include", Mapped, "message.output_text.logprobs; sealed reasoning always comes"),
    field("metadata", Mapped, "repeated in the answer"),
    field("user", Mapped, "as it is"),
    field("safety_identifier", Mapped, "as it is"),
    field("prompt_cache_key", Mapped, "as it is"),
    field("prompt_cache_retention", Mapped, "as it is"),
    field("prompt_cache_options", Mapped, "as it is"),
    field("service_tier", Mapped, "as it is"),
    field("stream", Mapped, "stream"),
    field("stream_options", Mapped, "no event is obfuscated"),
    field("store", Mapped, "nothing is stored: the answer says false"),
    field("background", Mapped, "only false"),
    field("truncation", Dropped(&[r#""disabled""#]), "a provider's own limits hold"),
    field("max_tool_calls", Dropped(&[]), "of hosted tools only"),
    field("moderation", Dropped(&[]), "no such control"),
    field("context_management", Dropped(&["[]"]), "the client's own business here"),
    field("previous_response_id", Rejected, NOT_KEPT),
    field("conversation", Rejected, NOT_KEPT),
    field("prompt", Rejected, "prompts stored at OpenAI cannot be reached: send input"),
];

const NOT_KEPT: &str =
    "no answers are kept for this model: send the whole conversation as input, with store: false";

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
