//! What becomes of each field of a request: the pairs' loss lists.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Every top-level field of a chat request, and the few of Google's own that a chat
/// client may add.
pub const FIELDS: &[Field] = &[
    field("model", Mapped, "in the path"),
    field("messages", Mapped, "systemInstruction and contents"),
    field("max_completion_tokens", Mapped, "generationConfig.maxOutputTokens"),
    field("max_tokens", Mapped, "generationConfig.maxOutputTokens"),
    field("stop", Mapped, "generationConfig.stopSequences"),
    field("stream", Mapped, "streamGenerateContent"),
    field("stream_options", Mapped, "the gateway writes the usage chunk itself"),
    field("temperature", Mapped, "generationConfig.temperature"),
    field("top_p", Mapped, "generationConfig.topP"),
    field("frequency_penalty", Mapped, "generationConfig.frequencyPenalty; dropped from 2.5 on"),
    field("presence_penalty", Mapped, "generationConfig.presencePenalty; dropped from 2.5 on"),
    field("seed", Mapped, "generationConfig.seed; dropped beyond 32 bits"),
    field("n", Mapped, "generationConfig.candidateCount, at most 8"),
    field("logprobs", Mapped, "generationConfig.responseLogprobs"),
    field("top_logprobs", Mapped, "generationConfig.logprobs"),
    field("tools", Mapped, "functionDeclarations; tools that run at Google are refused"),
    field("tool_choice", Mapped, "toolConfig; allowed_tools narrows tools"),
    field("parallel_tool_calls", Mapped, "only true; false is dropped: no such control"),
    field("response_format", Mapped, "responseMimeType and responseJsonSchema, or words"),
    field("reasoning_effort", Mapped, "thinkingConfig"),
    field("modalities", Mapped, "responseModalities: text and image; audio is refused"),
    field("service_tier", Mapped, "serviceTier: default is standard; auto is left out"),
    // Google's own.
    field("safety_settings", Mapped, "safetySettings, as it is"),
    field("extra_body", Mapped, "google: thinking_config, safety_settings, cached_content"),
    field("google", Mapped, "as extra_body.google"),
    field("top_k", Mapped, "generationConfig.topK"),
    field("audio", Rejected, "this model answers in text and images only"),
    field("logit_bias", Dropped(&["{}"]), "no such control"),
    field("user", Dropped(&[]), "no such field"),
    field("safety_identifier", Dropped(&[]), "no such field"),
    field("metadata", Dropped(&["{}"]), "no such field"),
    field("store", Dropped(&["false"]), "nothing is stored"),
    field("prediction", Dropped(&[]), "no predicted output"),
    field("verbosity", Dropped(&[r#""medium""#]), "no such control"),
    field("web_search_options", Dropped(&[]), "no search"),
    field("prompt_cache_key", Dropped(&[]), "the cache needs no key"),
    field("prompt_cache_retention", Dropped(&[]), "no such control"),
    field("prompt_cache_options", Dropped(&[]), "no such control"),
    field("moderation", Dropped(&[]), "no such control; see safety_settings"),
    field("functions", Rejected, "functions is deprecated and not carried: send tools"),
    field(
        "function_call",
        Rejected,
        "function_call is deprecated and not carried: send tool_choice",
    ),
];

/// Every top-level field of an embeddings request.
pub const EMBED_FIELDS: &[Field] = &[
    field("model", Mapped, "in the path and in each of requests"),
    field("input", Mapped, "requests; token arrays are refused"),
    field("dimensions", Mapped, "outputDimensionality"),
    field("encoding_format", Mapped, "the gateway writes base64 itself"),
    field("task_type", Mapped, "taskType; Google's own"),
    field("title", Mapped, "title; Google's own"),
    field("user", Dropped(&[]), "no such field"),
];

/// The same of an embeddings request to Vertex.
pub const PREDICT_FIELDS: &[Field] = &[
    field("model", Mapped, "in the path"),
    field("input", Mapped, "instances; token arrays are refused"),
    field("dimensions", Mapped, "parameters.outputDimensionality"),
    field("encoding_format", Mapped, "the gateway writes base64 itself"),
    // Google's own.
    field("task_type", Mapped, "task_type of each instance"),
    field("title", Mapped, "title of each instance"),
    field("auto_truncate", Mapped, "parameters.autoTruncate"),
    field("user", Dropped(&[]), "no such field"),
    field("instances", Rejected, "send input"),
    field("parameters", Rejected, "send dimensions and auto_truncate"),
];

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
