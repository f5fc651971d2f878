//! What becomes of each field of a request to count.

use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// From Messages; the half of the hub that reads them refuses what it refuses in a chat.
pub(super) const COUNTED: &[Field] = &[
    field("model", Mapped, "the provider's name of the model, in the path or in the body"),
    field("messages", Mapped, "as of a chat; blocks of tools that run at Anthropic are refused"),
    field("system", Mapped, "as of a chat"),
    field("tools", Mapped, "as of a chat; Anthropic's own are refused by name"),
    field("tool_choice", Mapped, "as of a chat; dropped at Vertex"),
    field("thinking", Mapped, "as of a chat"),
    field("output_config", Mapped, "as of a chat; the schema is dropped at Bedrock"),
    field("output_format", Mapped, "as of a chat; dropped at Bedrock"),
    field("max_tokens", Mapped, NO_TOKENS),
    field("metadata", Mapped, NO_TOKENS),
    field("service_tier", Mapped, NO_TOKENS),
    field("stop_sequences", Mapped, NO_TOKENS),
    field("stream", Mapped, NO_TOKENS),
    field("temperature", Mapped, NO_TOKENS),
    field("top_k", Mapped, NO_TOKENS),
    field("top_p", Mapped, NO_TOKENS),
    field("speed", Dropped(&[r#""standard""#]), "no such control"),
    field("container", Rejected, "containers run at Anthropic: this provider has none"),
    field("mcp_servers", Rejected, "MCP servers are called by Anthropic: this provider calls none"),
];

pub(super) const GEMINI_TO_VERTEX: &[Field] = &[
    field("contents", Mapped, "as it is"),
    field("systemInstruction", Mapped, "as it is"),
    field("tools", Mapped, "as it is"),
    field("generationConfig", Mapped, "as it is"),
    field("generateContentRequest", Mapped, "these members of it, at the top"),
    field("toolConfig", Dropped(&[]), "Vertex counts no choice of tools"),
    field("cachedContent", Dropped(&[]), "Vertex counts no cache"),
    field("safetySettings", Mapped, NO_TOKENS),
];

const NO_TOKENS: &str = "left out: it has no tokens";

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
