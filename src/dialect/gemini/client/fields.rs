//! What becomes of each top-level field on its way to chat.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// In Google's spelling; the snake case of each is the same field.
pub(super) const FIELDS: &[Field] = &[
    field("model", Mapped, "the path's goes before it"),
    field("contents", Mapped, "messages"),
    field("systemInstruction", Mapped, "the system message; text only"),
    field("tools", Mapped, "functionDeclarations; tools that run at Google are refused"),
    field("toolConfig", Mapped, "tool_choice; VALIDATED is auto"),
    field(
        "generationConfig",
        Mapped,
        "sampling, limits, stop, response_format, reasoning_effort, logprobs, n",
    ),
    field("serviceTier", Mapped, "service_tier: standard is default"),
    field("safetySettings", Dropped(&["[]"]), "no such control"),
    field("labels", Dropped(&["{}"]), "no such field"),
    field("store", Dropped(&["false"]), "nothing is stored"),
    field("cachedContent", Rejected, "a cache at Google is not to be had here: send its contents"),
];

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
