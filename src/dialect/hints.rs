//! What a chat request has, as far as a provider's quirks may care: found while the
//! gateway has the whole body anyway, so that an attempt at a provider without
//! quirks for this request need not read it again.
//!
//! Must not: be taken for the truth. A word may stand in a text; whoever acts on a
//! hint opens the messages and looks.

use memchr::memmem;

/// Which of the top-level fields that quirks may name say something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields(u64);

/// Which words stand somewhere in `messages`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// The role `developer`.
    pub developer: bool,
    /// `name`, of a message or of a function.
    pub names: bool,
    /// Members of `quirks::FOREIGN`.
    pub foreign: bool,
    /// Tool calls or their results.
    pub calls: bool,
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
    /// Takes down a field that is neither null nor an empty list.
    pub(super) fn note(&mut self, name: &str, raw: &[u8]) {
        if !matches!(raw, b"null" | b"[]")
            && let Some(bit) = NAMES.iter().position(|n| *n == name)
        {
            self.0 |= 1 << bit;
        }
    }

    pub fn has(self, name: &str) -> bool {
        NAMES.iter().position(|n| *n == name).is_none_or(|bit| self.0 & (1 << bit) != 0)
    }

    /// Whether `has` knows the field.
    pub fn knows(name: &str) -> bool {
        NAMES.contains(&name)
    }
}

// === impl Hints ===

impl Hints {
    pub(super) fn of(messages: &[u8]) -> Self {
        let has = |word: &[u8]| memmem::find(messages, word).is_some();
        // Only an assistant's turn has what other providers made of it; without one,
        // which is most calls, the rest need not be searched for.
        let answered = has(b"\"assistant\"");
        Self {
            developer: has(b"\"developer\""),
            names: has(b"\"name\""),
            // Three of FOREIGN begin so.
            foreign: answered
                && (has(b"\"reasoning")
                    || has(b"\"thinking_blocks\"")
                    || has(b"\"extra_content\"")),
            calls: answered && has(b"\"tool_call"),
        }
    }
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
        assert_eq!(fields, Fields::default());
        fields.note("stop", b"\"x\"");
        assert!(fields.has("stop") && !fields.has("seed") && fields.has("unheard_of"));
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
    }
}
