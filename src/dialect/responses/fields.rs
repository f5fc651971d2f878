//! What becomes of each field of a chat request: the pair's loss list.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Every top-level field of a chat request, and the few of Responses' own that a
/// chat client may add.
pub const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("messages", Mapped, "input items, instructions among them"),
    field("max_completion_tokens", Mapped, "max_output_tokens, at least 16"),
    field("max_tokens", Mapped, "max_output_tokens, at least 16"),
    field("stream", Mapped, "stream"),
    field(
        "stream_options",
        Mapped,
        "include_obfuscation; the gateway writes the usage chunk itself",
    ),
    field("temperature", Mapped, "as it is; dropped where the model takes none"),
    field("top_p", Mapped, "as temperature"),
    field("tools", Mapped, "tools, flat; strict is false unless said"),
    field("tool_choice", Mapped, "tool_choice, flat"),
    field("parallel_tool_calls", Mapped, "as it is"),
    field("web_search_options", Mapped, "the hosted tool web_search"),
    field("response_format", Mapped, "text.format"),
    field("verbosity", Mapped, "text.verbosity"),
    field("reasoning_effort", Mapped, "reasoning.effort"),
    field("store", Mapped, "false unless said"),
    field("metadata", Mapped, "as it is"),
    field("user", Mapped, "as it is"),
    field("safety_identifier", Mapped, "as it is"),
    field("prompt_cache_key", Mapped, "as it is"),
    field("prompt_cache_retention", Mapped, "as it is"),
    field("prompt_cache_options", Mapped, "as it is"),
    field("service_tier", Mapped, "as it is"),
    field("moderation", Mapped, "as it is"),
    field("logprobs", Mapped, "include: message.output_text.logprobs"),
    field("top_logprobs", Mapped, "as it is"),
    field("n", Mapped, "only 1"),
    field("modalities", Mapped, "only text"),
    field("audio", Mapped, "only null"),
    // Responses' own.
    field("reasoning", Mapped, "as it is; its effort goes before reasoning_effort"),
    field("truncation", Mapped, "as it is"),
    field("stop", Dropped(&["[]"]), "no stop sequences"),
    field("frequency_penalty", Dropped(ZERO), "no such control"),
    field("presence_penalty", Dropped(ZERO), "no such control"),
    field("logit_bias", Dropped(&["{}"]), "no such control"),
    field("seed", Dropped(&[]), "no such control"),
    field("prediction", Dropped(&[]), "no predicted output"),
    field("functions", Rejected, "functions is deprecated and not carried: send tools"),
    field(
        "function_call",
        Rejected,
        "function_call is deprecated and not carried: send tool_choice",
    ),
];

const ZERO: &[&str] = &["0", "0.0", "-0", "-0.0"];

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
