//! What a chat request has, as far as a provider's quirks may care: noted while the
//! gateway checks the whole body anyway, so that an attempt at a provider without
//! quirks for this request need not read it again.
//!
//! Must not: be taken for the truth. A word may stand where it means something else;
//! whoever acts on a hint opens the messages and looks.
//!
//! Rejected: searching the messages for each word (`memmem`): a dozen passes over a
//! long conversation where this is a few instructions for each of its strings.

use crate::wire::json;

/// Which of the top-level fields that quirks may name are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields {
    there: u64,
    /// Those that are neither null nor an empty list.
    says: u64,
}

/// Which strings stand somewhere in `messages`, as keys or as values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// `developer`: a role.
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
    /// The string before was `tool_call_id`.
    id_next: bool,
}

/// At most 64. A field that is not here always counts as there.
const NAMES: &[&str] = &[
    "audio",
    "dimensions",
    "embedding_type",
    "encoding_format",
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
    "output_dimension",
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
    "top_k",
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

/// The longest spelling of the longest word below, quotes included.
const LONGEST: usize = 6 * "reasoning_content".len() + 2;

// === impl Hints ===

impl Hints {
    /// Takes down a string of the messages, quotes included.
    pub(super) fn note(&mut self, string: &[u8]) {
        let id_next = std::mem::take(&mut self.id_next);
        if id_next {
            self.longest_id = self.longest_id.max(string.len().saturating_sub(2));
        }
        // A word may be spelled with escapes, of six bytes a letter.
        let decoded = (string.len() <= LONGEST && string.contains(&b'\\'))
            .then(|| json::text(string).map(|text| format!("\"{text}\"")))
            .flatten();
        match decoded.as_deref().map_or(string, str::as_bytes) {
            b"\"developer\"" => self.developer = true,
            b"\"name\"" => self.names = true,
            b"\"tool_calls\"" => self.calls = true,
            b"\"tool_call_id\"" => (self.calls, self.id_next) = (true, true),
            b"\"reasoning\""
            | b"\"reasoning_content\""
            | b"\"reasoning_details\""
            | b"\"thinking_blocks\""
            | b"\"extra_content\"" => self.foreign = true,
            b"\"annotations\"" | b"\"audio\"" | b"\"function_call\"" | b"\"refusal\"" => {
                self.leftovers = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::quirks::{FOREIGN, LEFTOVERS};

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

    fn of(messages: &str) -> Hints {
        let mut hints = Hints::default();
        let body = format!(r#"{{"messages":{messages}}}"#);
        json::object_seeing(body.as_bytes(), |_, string| hints.note(string)).unwrap();
        hints
    }

    #[test]
    fn words_are_found_where_they_may_stand() {
        assert_eq!(
            of(r#"[{"role":"user","content":"a \"tool_calls\", reasoning"}]"#),
            Hints::default()
        );
        for name in FOREIGN {
            assert!(of(&format!(r#"[{{"{name}":null}}]"#)).foreign, "{name}");
        }
        for name in LEFTOVERS {
            assert!(of(&format!(r#"[{{"{name}":null}}]"#)).leftovers, "{name}");
        }
        let all = of(r#"[{"role":"developer","name":"n"},{"tool_calls":[]}]"#);
        assert!(all.developer && all.names && all.calls && !all.foreign && !all.leftovers);
        let spelled = of(
            r#"[{"r\u006fle":"d\u0065veloper","\u006eame":"n","refus\u0061l":1,"to\u006fl_calls":[],"reasoning\u005Fcontent":1,"to\u006Fl_call_id":"1234567"}]"#,
        );
        assert!(spelled.developer && spelled.names && spelled.calls && spelled.foreign);
        assert!(spelled.leftovers && spelled.longest_id == 7);
        let ids = of(r#"[{"tool_call_id" : "12345"},{"tool_call_id":"123","x":"1234567"}]"#);
        assert!(ids.calls && ids.longest_id == 5);
    }
}
