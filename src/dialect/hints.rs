//! What a chat request has, as far as a provider's quirks may care: found while the
//! gateway has the whole body anyway, so that an attempt at a provider without
//! quirks for this request need not read it again.
//!
//! Must not: be taken for the truth. A word may stand in a text; whoever acts on a
//! hint opens the messages and looks.

use super::quirks::LEFTOVERS;
use memchr::memmem;

/// Which of the top-level fields that quirks may name are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields {
    there: u64,
    /// Those that are neither null nor an empty list.
    says: u64,
}

/// Which words stand somewhere in `messages`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// The role `developer`.
    pub developer: bool,
    /// `name`, of a message or of a function.
    pub names: bool,
    /// Members of `quirks::FOREIGN`.
    pub foreign: bool,
    /// Members of `quirks::LEFTOVERS`.
    pub leftovers: bool,
    /// Tool calls or their results.
    pub calls: bool,
    /// The longest `tool_call_id`, in bytes as it is spelled. Every call that is
    /// answered has its id there, too.
    pub longest_id: usize,
}

/// At most 64. A field that is not here always counts as there.
const NAMES: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "random_seed",
    "reasoning_effort",
    "reasoning_format",
    "reasoning_split",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

// === impl Fields ===

impl Fields {
    pub(super) fn note(&mut self, name: &str, raw: &[u8]) {
        if let Some(bit) = bit(name) {
            self.there |= bit;
            self.says |= if matches!(raw, b"null" | b"[]") { 0 } else { bit };
        }
    }

    /// It is there, be it null: some APIs refuse even that.
    pub fn has(self, name: &str) -> bool {
        bit(name).is_none_or(|bit| self.there & bit != 0)
    }

    /// It is there and says something.
    pub fn says(self, name: &str) -> bool {
        bit(name).is_none_or(|bit| self.says & bit != 0)
    }

    /// Whether there is a bit for the field.
    pub fn knows(name: &str) -> bool {
        NAMES.contains(&name)
    }
}

fn bit(name: &str) -> Option<u64> {
    NAMES.iter().position(|n| *n == name).map(|at| 1 << at)
}

// === impl Hints ===

impl Hints {
    pub(super) fn of(messages: &[u8]) -> Self {
        let has = |word: &[u8]| memmem::find(messages, word).is_some();
        // Only an assistant's turn has what other providers made of it; without one,
        // which is most calls, the rest need not be searched for.
        let answered = has(b"\"assistant\"");
        let calls = answered && has(b"\"tool_call");
        Self {
            developer: has(b"\"developer\""),
            names: has(b"\"name\""),
            // Three of FOREIGN begin so.
            foreign: answered
                && (has(b"\"reasoning")
                    || has(b"\"thinking_blocks\"")
                    || has(b"\"extra_content\"")),
            leftovers: answered
                && LEFTOVERS.iter().any(|name| has(format!("\"{name}\"").as_bytes())),
            calls,
            longest_id: if calls { longest_id(messages) } else { 0 },
        }
    }
}

fn longest_id(messages: &[u8]) -> usize {
    const NAME: &[u8] = b"\"tool_call_id\"";
    let lengths = memmem::find_iter(messages, NAME).filter_map(|at| {
        let rest = messages.get(at + NAME.len()..)?.trim_ascii_start().strip_prefix(b":")?;
        memchr::memchr(b'"', rest.trim_ascii_start().strip_prefix(b"\"")?)
    });
    lengths.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::quirks::FOREIGN;

    #[test]
    fn every_field_has_a_bit() {
        assert!(NAMES.len() <= 64 && NAMES.is_sorted());
        let mut fields = Fields::default();
        fields.note("seed", b"null");
        fields.note("tools", b"[]");
        fields.note("stop", b"\"x\"");
        assert!(fields.has("stop") && fields.has("seed") && !fields.has("user"));
        assert!(fields.says("stop") && !fields.says("seed") && !fields.says("tools"));
        assert!(fields.has("unheard_of") && fields.says("unheard_of"));
    }

    #[test]
    fn words_are_found_where_they_may_stand() {
        let none = Hints::of(br#"[{"role":"user","content":"a tool_call, reasoning"}]"#);
        assert_eq!(none, Hints::default());
        for name in FOREIGN {
            let messages = format!(r#"[{{"role":"assistant","{name}":null}}]"#);
            assert!(Hints::of(messages.as_bytes()).foreign, "{name}");
        }
        let all = r#"[{"role":"developer","name":"n"},{"role":"assistant","tool_calls":[]}]"#;
        let all = Hints::of(all.as_bytes());
        assert!(all.developer && all.names && all.calls && !all.foreign);
        let ids = r#"{"role":"assistant"},{"tool_call_id" : "12345"},{"tool_call_id":"123"}"#;
        assert_eq!(Hints::of(ids.as_bytes()).longest_id, 5);
    }
}
