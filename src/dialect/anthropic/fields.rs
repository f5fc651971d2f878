//! What becomes of each field of a chat request: the pair's loss list.

use super::threads;
use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Every top-level field of a chat request, and the few of Anthropic's own that
/// a chat client may add. At Anthropic itself.
pub const FIELDS: &[Field] = &joined::<COMMON_ROWS, 4, { COMMON_ROWS + 4 }>(
    COMMON,
    [
        field("model", Mapped, "the provider's name of the model"),
        field("stream", Mapped, "stream"),
        field("service_tier", Mapped, "auto and priority: auto; default and flex: standard_only"),
        field("cache_control", Mapped, "as it is; also on messages, parts and tools"),
    ],
);

/// On Vertex.
pub const VERTEX: &[Field] = &joined::<COMMON_ROWS, 4, { COMMON_ROWS + 4 }>(
    COMMON,
    [IN_THE_PATH, field("stream", Mapped, "in the path, and stream"), NO_TIER, PARTS_ONLY],
);

/// On Bedrock.
pub const BEDROCK: &[Field] = &joined::<COMMON_ROWS, 5, { COMMON_ROWS + 5 }>(
    COMMON,
    [
        IN_THE_PATH,
        field("stream", Mapped, "in the path"),
        NO_TIER,
        PARTS_ONLY,
        field("anthropic_beta", Mapped, "as it is: Bedrock does not read the header"),
    ],
);

/// From a client that speaks Messages; what is not named passes as it is.
pub const MESSAGES_TO_VERTEX: &[Field] = &[
    IN_THE_PATH,
    field("stream", Mapped, "in the path, and as it is"),
    VERSION,
    NO_NATIVE_TIER,
    PARTS_ONLY,
    threads::ROW,
];

/// The same on Bedrock.
pub const MESSAGES_TO_BEDROCK: &[Field] = &[
    IN_THE_PATH,
    field("stream", Mapped, "in the path"),
    VERSION,
    NO_NATIVE_TIER,
    PARTS_ONLY,
    threads::ROW,
];

/// What Vertex counts.
pub const COUNT_TO_VERTEX: &[Field] =
    &[field("model", Mapped, "the provider's name of the model"), VERSION, PARTS_ONLY];

const VERSION: Field = field("anthropic_version", Mapped, "the provider's own is written");
const NO_NATIVE_TIER: Field =
    field("service_tier", Dropped(&[r#""auto""#, r#""standard_only""#]), "this provider has none");
const IN_THE_PATH: Field = field("model", Mapped, "in the path");
const NO_TIER: Field =
    field("service_tier", Dropped(&[r#""auto""#, r#""default""#]), "this provider has none");
const PARTS_ONLY: Field = field(
    "cache_control",
    Dropped(&[]),
    "this provider takes it on messages, parts and tools alone, as it is",
);

const COMMON_ROWS: usize = 36;
const COMMON: [Field; COMMON_ROWS] = [
    field("messages", Mapped, "system and messages"),
    field("max_completion_tokens", Mapped, "max_tokens"),
    field("max_tokens", Mapped, "max_tokens"),
    field("stop", Mapped, "stop_sequences; blank ones are dropped: the API refuses them"),
    field("stream_options", Mapped, "the gateway writes the usage chunk itself"),
    field(
        "temperature",
        Mapped,
        "clamped to 1; dropped with thinking and where the model takes none",
    ),
    field("top_p", Mapped, "dropped beside temperature, and as temperature is"),
    field("tools", Mapped, "tools; custom tools are refused"),
    field("tool_choice", Mapped, "tool_choice; allowed_tools narrows tools"),
    field("parallel_tool_calls", Mapped, "tool_choice.disable_parallel_tool_use"),
    field("response_format", Mapped, "output_config.format, or a forced tool that is unwrapped"),
    field("reasoning_effort", Mapped, "thinking and output_config.effort"),
    field("metadata", Mapped, "metadata.user_id; other keys are dropped"),
    field("user", Mapped, "metadata.user_id"),
    field("safety_identifier", Mapped, "metadata.user_id, where user is absent"),
    field("n", Mapped, "only 1"),
    field("logprobs", Mapped, "only false"),
    field("modalities", Mapped, "only text"),
    field("audio", Mapped, "only null"),
    // Anthropic's own.
    field("thinking", Mapped, "as it is; goes before reasoning_effort"),
    field("top_k", Mapped, "as it is, but as temperature"),
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
    field("moderation", Dropped(&[]), "no such control"),
    field("functions", Rejected, "functions is deprecated and not carried: send tools"),
    field(
        "function_call",
        Rejected,
        "function_call is deprecated and not carried: send tool_choice",
    ),
];

const ZERO: &[&str] = &["0", "0.0", "-0", "-0.0"];

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn joined<const A: usize, const B: usize, const N: usize>(
    a: [Field; A],
    b: [Field; B],
) -> [Field; N] {
    let mut all = [b[0]; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < B { b[i] } else { a[i - B] };
        i += 1;
    }
    all
}

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
