//! What becomes of each field of a chat request: the pair's loss list.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Every top-level field of a chat request, and the few of Bedrock's own that a
/// chat client may add.
pub const FIELDS: &[Field] = &[
    field("model", Mapped, "in the path"),
    field("messages", Mapped, "system and messages"),
    field("max_completion_tokens", Mapped, "inferenceConfig.maxTokens"),
    field("max_tokens", Mapped, "inferenceConfig.maxTokens"),
    field("temperature", Mapped, "inferenceConfig.temperature, clamped to 1; not with thinking"),
    field(
        "top_p",
        Mapped,
        "inferenceConfig.topP; not with thinking, nor beside temperature for Claude",
    ),
    field("stop", Mapped, "inferenceConfig.stopSequences; blank ones are dropped"),
    field("stream", Mapped, "in the path"),
    field("stream_options", Mapped, "the gateway writes the usage chunk itself"),
    field("tools", Mapped, "toolConfig.tools; custom tools are refused"),
    field(
        "tool_choice",
        Mapped,
        "toolConfig.toolChoice; none: no tools, where the history has none",
    ),
    field("parallel_tool_calls", Dropped(&["true"]), "no such control"),
    field("response_format", Mapped, "outputConfig.textFormat, or a forced tool that is unwrapped"),
    field(
        "reasoning_effort",
        Mapped,
        "by the model's maker: thinking, reasoningConfig, reasoning_effort",
    ),
    field("metadata", Mapped, "requestMetadata; pairs it refuses are dropped"),
    field("service_tier", Mapped, "serviceTier; auto is the default"),
    field("modalities", Mapped, "only text"),
    field("n", Mapped, "only 1"),
    field("logprobs", Mapped, "only false"),
    field("audio", Mapped, "only null"),
    // Of Claude, Nova and Bedrock.
    field("thinking", Mapped, "as it is, for Claude; goes before reasoning_effort"),
    field("top_k", Mapped, "for Claude and Nova, in additionalModelRequestFields"),
    field("guardrail_config", Mapped, "guardrailConfig, as it is"),
    field("performance_config", Mapped, "performanceConfig, as it is"),
    field("cache_control", Dropped(&[]), "mark messages, parts or tools: cachePoint"),
    field("user", Dropped(&[]), "no such field"),
    field("safety_identifier", Dropped(&[]), "no such field"),
    field("frequency_penalty", Dropped(ZERO), "no such control"),
    field("presence_penalty", Dropped(ZERO), "no such control"),
    field("logit_bias", Dropped(&["{}"]), "no such control"),
    field("seed", Dropped(&[]), "no such control"),
    field("top_logprobs", Dropped(&["0"]), "no log probabilities"),
    field("store", Dropped(&["false"]), "nothing is stored"),
    field("prediction", Dropped(&[]), "no predicted output"),
    field("verbosity", Dropped(&[r#""medium""#]), "no such control"),
    field("web_search_options", Dropped(&[]), "no search"),
    field("prompt_cache_key", Dropped(&[]), "the cache needs no key; see cache_control"),
    field("prompt_cache_retention", Dropped(&[]), "see cache_control.ttl"),
    field("prompt_cache_options", Dropped(&[]), "see cache_control"),
    field("moderation", Dropped(&[]), "see guardrail_config"),
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
