//! What becomes of each field of a request: the pairs' loss lists.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Of a chat request, and the few of Cohere's own that a chat client may add.
pub const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("messages", Mapped, "messages; instructions at the beginning become one"),
    field("max_completion_tokens", Mapped, "max_tokens"),
    field("max_tokens", Mapped, "max_tokens"),
    field("stop", Mapped, "stop_sequences; at most 5, the API takes no more"),
    field("stream", Mapped, "stream"),
    field("stream_options", Mapped, "the gateway writes the usage chunk itself"),
    field("temperature", Mapped, "temperature, at most 1; dropped where the model takes none"),
    field("top_p", Mapped, "p, from 0.01 to 0.99"),
    field("top_k", Mapped, "k, at most 500"),
    field("seed", Mapped, "seed; dropped where negative"),
    field("frequency_penalty", Mapped, "the same, from 0 to 1"),
    field("presence_penalty", Mapped, "the same, from 0 to 1; dropped beside frequency_penalty"),
    field("logprobs", Mapped, "logprobs"),
    field("tools", Mapped, "tools; strict_tools where all of them are strict; no custom tools"),
    field("tool_choice", Mapped, "tool_choice; a named tool: only that one, REQUIRED"),
    field("response_format", Mapped, "response_format, or a forced tool that is unwrapped"),
    field("reasoning_effort", Mapped, "thinking.token_budget"),
    field("n", Mapped, "only 1"),
    field("modalities", Mapped, "only text"),
    field("audio", Mapped, "only null"),
    // Cohere's own.
    field("thinking", Mapped, "goes before reasoning_effort; Anthropic's budget_tokens, too"),
    field("strict_tools", Mapped, "as it is; goes before the tools' own strict"),
    field("documents", Mapped, "as it is"),
    field("citation_options", Mapped, "as it is"),
    field("safety_mode", Mapped, "as it is"),
    field("priority", Mapped, "as it is"),
    field("parallel_tool_calls", Dropped(&["true"]), "no such control"),
    field("logit_bias", Dropped(&["{}"]), "no such control"),
    field("top_logprobs", Dropped(&["0"]), "only the chosen tokens'"),
    field("metadata", Dropped(&["{}"]), "no such field"),
    field("user", Dropped(&[]), "no such field"),
    field("safety_identifier", Dropped(&[]), "no such field"),
    field("service_tier", Dropped(&[r#""auto""#, r#""default""#]), "no tiers; see priority"),
    field("store", Dropped(&["false"]), "nothing is stored"),
    field("prediction", Dropped(&[]), "no predicted output"),
    field("verbosity", Dropped(&[r#""medium""#]), "no such control"),
    field("web_search_options", Dropped(&[]), "no search"),
    field("cache_control", Dropped(&[]), "prompts are cached unasked"),
    field("prompt_cache_key", Dropped(&[]), "prompts are cached unasked"),
    field("prompt_cache_retention", Dropped(&[]), "prompts are cached unasked"),
    field("prompt_cache_options", Dropped(&[]), "prompts are cached unasked"),
    field("moderation", Dropped(&[]), "no such control; see safety_mode"),
    field("functions", Rejected, "functions is deprecated and not carried: send tools"),
    field(
        "function_call",
        Rejected,
        "function_call is deprecated and not carried: send tool_choice",
    ),
];

/// Of an embeddings request, and Cohere's own that a client may add.
pub const EMBED_FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("input", Mapped, "texts; tokens are refused: they are another model's"),
    field("encoding_format", Mapped, "embedding_types: float or base64"),
    field("dimensions", Mapped, "output_dimension"),
    // Cohere's own.
    field("input_type", Mapped, "as it is; search_document where the client does not say"),
    field("truncate", Mapped, "as it is"),
    field("max_tokens", Mapped, "as it is"),
    field("priority", Mapped, "as it is"),
    field("user", Dropped(&[]), "no such field"),
    field("embedding_types", Rejected, "OpenAI's answer has one kind: send encoding_format"),
    field("images", Rejected, "OpenAI's embeddings are of text: call Cohere's own /v2/embed"),
    field("inputs", Rejected, "OpenAI's embeddings are of text: call Cohere's own /v2/embed"),
    field("texts", Rejected, "send input"),
];

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
