//! How a provider's API differs from the vendor whose dialect it speaks: data, one
//! `Quirks` per row of the provider table, acted on by the dialect's translation.
//!
//! Must not: name a provider. A difference that no field here can tell is a new
//! field, documented, not a branch on a name.

use super::{Facts, Operation};

/// Differences in requests and answers. Field names are the dialect's own,
/// top-level unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quirks {
    /// Fields that have another name here: (ours, theirs). Where the client sent
    /// both, theirs wins and ours is listed as dropped.
    pub rename: &'static [(&'static str, &'static str)],
    /// Fields the API refuses: left out, and listed where they say anything but
    /// the dialect's default.
    pub drop: &'static [&'static str],
    /// The same, for models that reason.
    pub reasoning_drop: &'static [&'static str],
    /// Values the API refuses: (field, JSON value); the field is left out and listed.
    pub drop_value: &'static [(&'static str, &'static str)],
    /// Fields a call is about and the API has nothing like: the call is refused by
    /// name, so that another target may serve it. One that says nothing is left out.
    pub refuse: &'static [&'static str],
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
    /// `name` of a message is taken; else it is left out and listed.
    pub message_names: bool,
    /// `LEFTOVERS` are taken, which clients send back with the rest of an answer; else
    /// they are left out, and listed where they say anything.
    pub leftovers: bool,
    /// What a tool call's id may look like.
    pub tool_ids: ToolIds,
    /// The field of messages and deltas that holds reasoning text here; the
    /// client's is always `reasoning_content`.
    pub reasoning: &'static str,
    /// Members of an assistant's message, beside OpenAI's own, that may be sent
    /// back in the next turn. Others of `FOREIGN` are left out and listed. With
    /// `reasoning` among them, `reasoning_content` goes back under that name.
    pub echoes: &'static [&'static str],
    /// The JSON string that stands for reasoning in an assistant's message without
    /// any, where the API insists on it in conversations with tool calls: turns that
    /// another model took have none. Empty: the API does not insist.
    pub no_reasoning: &'static str,
    /// All above is of chats.
    pub embeddings: Embeddings,
}

/// Differences of the embeddings of an API like OpenAI's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embeddings {
    /// Of the request's fields, as above.
    pub body: Option<&'static Quirks>,
    /// Gives base64 where asked; else it is made here.
    pub base64: bool,
    /// Takes tokens for text.
    pub tokens: bool,
    /// Most inputs of a call; 0: none is told.
    pub most: usize,
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

/// OpenAI's own members of an answer that a request has little use for; its clients
/// send them back as null or empty.
pub const LEFTOVERS: &[&str] = &["annotations", "audio", "function_call", "refusal"];

/// The client's name of reasoning text, in answers and in requests.
pub const REASONING: &str = "reasoning_content";

/// A server that takes whatever there is: every byte passes.
pub const NONE: Quirks = Quirks {
    rename: &[],
    drop: &[],
    reasoning_drop: &[],
    drop_value: &[],
    refuse: &[],
    clamp: &[],
    require: &[],
    replace: &[],
    stream_options: true,
    developer_role: true,
    message_names: true,
    leftovers: true,
    tool_ids: ToolIds::Any,
    reasoning: REASONING,
    echoes: FOREIGN,
    no_reasoning: "",
    embeddings: EMBEDDINGS,
};

/// Embeddings as OpenAI has them, without its limit.
pub const EMBEDDINGS: Embeddings = Embeddings { body: None, base64: true, tokens: true, most: 0 };

/// OpenAI's own API refuses unknown members of messages, `top_k`, which clients of
/// other dialects send, and tool call ids of more than 40 bytes.
/// <https://platform.openai.com/docs/api-reference/chat/create>
/// Inputs: <https://platform.openai.com/docs/api-reference/embeddings/create>.
pub const OPENAI: Quirks = Quirks {
    drop: &["top_k"],
    tool_ids: ToolIds::Max(40),
    echoes: &[],
    embeddings: Embeddings { most: 2048, ..EMBEDDINGS },
    ..NONE
};

// === impl Quirks ===

impl Quirks {
    /// Whether a request has anything these act on. May say yes for nothing, never
    /// no for something: yes only costs reading the whole body.
    pub fn concern(&self, facts: &Facts) -> bool {
        if facts.client.operation() != Operation::Chat {
            return self.embeddings.concern(facts);
        }
        self.concern_body(facts)
    }

    /// The same, whatever the operation.
    pub fn concern_body(&self, facts: &Facts) -> bool {
        let (has, hints) = (|name: &str| facts.fields.has(name), facts.hints);
        self.refuse.iter().any(|name| has(name))
            || self.rename.iter().any(|(ours, _)| has(ours))
            || self.drop.iter().any(|name| has(name))
            || self.reasoning_drop.iter().any(|name| has(name))
            || self.drop_value.iter().any(|(name, _)| has(name))
            || self.clamp.iter().any(|(name, ..)| has(name))
            || self.replace.iter().any(|(name, ..)| has(name))
            || self.require.iter().any(|(name, _)| !facts.fields.says(name))
            || (!self.stream_options && facts.stream_options.is_some())
            || (!self.developer_role && hints.developer)
            || (!self.message_names && hints.names)
            || (!self.leftovers && hints.leftovers)
            || match self.tool_ids {
                ToolIds::Any => false,
                ToolIds::Max(most) => hints.longest_id > most,
                ToolIds::Alphanumeric(_) => hints.calls,
            }
            || (!self.no_reasoning.is_empty() && hints.calls)
            || (self.has_foreign_rules() && hints.foreign)
    }

    fn has_foreign_rules(&self) -> bool {
        self.reasoning != REASONING || FOREIGN.iter().any(|name| !self.echoes.contains(name))
    }

    /// The first field of `refuse` that the request has.
    pub fn refused(&self, facts: &Facts) -> Option<&'static str> {
        self.refuse.iter().copied().find(|name| facts.fields.says(name))
    }
}

// === impl Embeddings ===

impl Embeddings {
    fn concern(&self, facts: &Facts) -> bool {
        (self.most > 0 && facts.inputs > self.most)
            || (!self.tokens && facts.token_inputs)
            || self.body.is_some_and(|q| q.concern_body(facts))
    }
}

impl Default for &'static Quirks {
    fn default() -> Self {
        &NONE
    }
}
