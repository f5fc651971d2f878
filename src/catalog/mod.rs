//! What is known of models beyond their names: output caps and capabilities.
//!
//! Only what a translation needs today: Anthropic's required `max_tokens`, and
//! which form of thinking and of structured output a model takes. The longest
//! prefix wins, so dated names find their family. Must not: know prices (the
//! provider issue brings them) or guess capabilities of a name it does not know.
//!
//! Source: <https://platform.claude.com/docs/en/about-claude/models/overview>,
//! thinking forms <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>.

use crate::dialect::{ModelTraits, Thinking};

/// The traits of a provider's model name. An unknown name gets the modest ones
/// that every model takes.
pub fn traits(model: &str) -> ModelTraits {
    FAMILIES.iter().filter(|f| model.starts_with(f.0)).max_by_key(|f| f.0.len()).map_or(
        UNKNOWN,
        |&(_, max_output_tokens, structured_output, thinking)| ModelTraits {
            max_output_tokens,
            structured_output,
            thinking,
        },
    )
}

const UNKNOWN: ModelTraits =
    ModelTraits { max_output_tokens: 4096, structured_output: false, thinking: Thinking::None };

/// Name prefix, output cap in tokens, native JSON schema, thinking.
const FAMILIES: &[(&str, u32, bool, Thinking)] = &[
    ("claude-", 8192, false, Thinking::None),
    ("claude-3-", 4096, false, Thinking::None),
    ("claude-3-5-", 8192, false, Thinking::None),
    ("claude-3-7-sonnet", 64_000, false, Thinking::Budget),
    ("claude-fable-", 128_000, true, Thinking::Adaptive),
    ("claude-haiku-4-5", 64_000, true, Thinking::Budget),
    ("claude-haiku-5", 128_000, true, Thinking::Adaptive),
    ("claude-mythos-", 128_000, true, Thinking::Adaptive),
    ("claude-opus-4", 32_000, false, Thinking::Budget),
    ("claude-opus-4-1", 32_000, true, Thinking::Budget),
    ("claude-opus-4-5", 64_000, true, Thinking::Budget),
    ("claude-opus-4-6", 128_000, true, Thinking::Adaptive),
    ("claude-opus-4-7", 128_000, true, Thinking::Adaptive),
    ("claude-opus-4-8", 128_000, true, Thinking::Adaptive),
    ("claude-opus-5", 128_000, true, Thinking::Adaptive),
    ("claude-sonnet-4", 64_000, false, Thinking::Budget),
    ("claude-sonnet-4-5", 64_000, true, Thinking::Budget),
    ("claude-sonnet-4-6", 128_000, true, Thinking::Adaptive),
    ("claude-sonnet-5", 128_000, true, Thinking::Adaptive),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        assert_eq!(traits("claude-haiku-4-5-20251001").max_output_tokens, 64_000);
        assert_eq!(traits("claude-opus-4-20250514").thinking, Thinking::Budget);
        assert_eq!(traits("claude-opus-4-7").thinking, Thinking::Adaptive);
        assert_eq!(traits("llama-9"), UNKNOWN);
    }
}
