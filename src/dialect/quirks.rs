//! How a provider's API differs from the vendor whose dialect it speaks: data, one
//! `Quirks` per row of the provider table, acted on by the dialect's translation.
//!
//! Must not: name a provider. A difference that no field here can tell is a new
//! field, documented, not a branch on a name.

/// Differences in requests and answers. Field names are the dialect's own,
/// top-level unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quirks {
    /// Fields that have another name here: (ours, theirs). Where the client sent
    /// both, theirs wins and ours is listed as dropped.
    pub rename: &'static [(&'static str, &'static str)],
    /// Fields the API refuses: left out and listed.
    pub drop: &'static [&'static str],
    /// Numbers outside of (field, least, most) become the nearer end, and are listed.
    pub clamp: &'static [(&'static str, f64, f64)],
    /// Fields that must be there: (field, JSON value where the client gave none).
    pub require: &'static [(&'static str, &'static str)],
    /// Values with another word: (field, JSON value, JSON value here).
    pub replace: &'static [(&'static str, &'static str, &'static str)],
    /// `stream_options.include_usage` is understood; else usage comes unasked, or
    /// not at all.
    pub stream_options: bool,
    /// The role `developer` is understood; else it becomes `system`.
    pub developer_role: bool,
    /// What a tool call's id may look like.
    pub tool_ids: ToolIds,
    /// The field of messages and deltas that holds reasoning text here; the
    /// client's is always `reasoning_content`.
    pub reasoning: &'static str,
    /// Members of an assistant's message, beside OpenAI's own, that may be sent
    /// back in the next turn. Others of `FOREIGN` are left out and listed.
    pub echoes: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolIds {
    Any,
    /// At most so many bytes.
    Max(usize),
    /// Exactly so many letters and digits.
    Alphanumeric(usize),
}

/// Members that answers of some providers have and others refuse in a request:
/// signed thoughts and reasoning of earlier turns.
pub const FOREIGN: &[&str] =
    &["reasoning", "reasoning_content", "reasoning_details", "thinking_blocks", "extra_content"];

/// As the vendor's own API.
pub const NONE: Quirks = Quirks {
    rename: &[],
    drop: &[],
    clamp: &[],
    require: &[],
    replace: &[],
    stream_options: true,
    developer_role: true,
    tool_ids: ToolIds::Any,
    reasoning: "reasoning_content",
    echoes: &[],
};

// === impl Quirks ===

impl Default for &'static Quirks {
    fn default() -> Self {
        &NONE
    }
}
