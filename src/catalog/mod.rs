//! What is known of models beyond their names: output caps and capabilities.
//!
//! Only what a translation needs today: Anthropic's required `max_tokens`, and
//! which forms of thinking, structured output, sampling and system messages a
//! model takes. The longest prefix wins, so dated names find their family. Must
//! not: know prices (nothing here charges money yet) or guess capabilities of a
//! name it does not know.
//!
//! Sources: <https://platform.claude.com/docs/en/about-claude/models/overview>,
//! thinking <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>,
//! sampling <https://platform.claude.com/docs/en/about-claude/models/migration-guide>,
//! system messages <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>.

use crate::dialect::{Maker, ModelTraits, Thinking};

/// The traits of a provider's model name. An unknown name gets the modest ones
/// that every model takes.
pub fn traits(model: &str) -> ModelTraits {
    FAMILIES
        .iter()
        .filter(|family| model.starts_with(family.prefix))
        .max_by_key(|family| family.prefix.len())
        .map_or(UNKNOWN, |family| family.traits)
}

struct Family {
    prefix: &'static str,
    traits: ModelTraits,
}

const UNKNOWN: ModelTraits = ModelTraits {
    max_output_tokens: 4096,
    structured_output: false,
    sampling: true,
    system_turns: false,
    thinking: Thinking::None,
    maker: Maker::Other,
};

/// Before 4.5: no native schemas, thinking by budget where there is any.
const fn older(max_output_tokens: u32, thinking: Thinking) -> ModelTraits {
    ModelTraits { max_output_tokens, thinking, maker: Maker::Anthropic, ..UNKNOWN }
}

/// 4.1 and 4.5: native schemas, thinking by budget.
const fn budget(max_output_tokens: u32) -> ModelTraits {
    ModelTraits { structured_output: true, ..older(max_output_tokens, Thinking::Budget) }
}

/// 4.6: adaptive thinking.
const ADAPTIVE: ModelTraits = ModelTraits { thinking: Thinking::Adaptive, ..budget(128_000) };
/// 4.7: no sampling parameters any more.
const NO_SAMPLING: ModelTraits = ModelTraits { sampling: false, ..ADAPTIVE };
/// 4.8 and later: system messages in the middle of a conversation.
const CURRENT: ModelTraits = ModelTraits { system_turns: true, ..NO_SAMPLING };
/// Fable, Mythos and Opus 5.5: thinking cannot be turned off.
const ALWAYS: ModelTraits = ModelTraits { thinking: Thinking::Always, ..CURRENT };

const fn family(prefix: &'static str, traits: ModelTraits) -> Family {
    Family { prefix, traits }
}

const FAMILIES: &[Family] = &[
    family("claude-", older(8192, Thinking::None)),
    family("claude-3-", older(4096, Thinking::None)),
    family("claude-3-5-", older(8192, Thinking::None)),
    family("claude-3-7-sonnet", older(64_000, Thinking::Budget)),
    family("claude-fable-", ALWAYS),
    family("claude-haiku-4-5", budget(64_000)),
    family("claude-haiku-5", CURRENT),
    family("claude-mythos-", ALWAYS),
    family("claude-mythos-preview", ModelTraits { system_turns: false, ..ALWAYS }),
    family("claude-opus-4", older(32_000, Thinking::Budget)),
    family("claude-opus-4-1", budget(32_000)),
    family("claude-opus-4-5", budget(64_000)),
    family("claude-opus-4-6", ADAPTIVE),
    family("claude-opus-4-7", NO_SAMPLING),
    family("claude-opus-4-8", CURRENT),
    family("claude-opus-5", CURRENT),
    family("claude-opus-5-5", ALWAYS),
    family("claude-sonnet-4", older(64_000, Thinking::Budget)),
    family("claude-sonnet-4-5", budget(64_000)),
    family("claude-sonnet-4-6", ADAPTIVE),
    family("claude-sonnet-5", NO_SAMPLING),
    family("claude-sonnet-5-5", CURRENT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        assert_eq!(traits("claude-haiku-4-5-20251001").max_output_tokens, 64_000);
        assert_eq!(traits("claude-opus-4-20250514").thinking, Thinking::Budget);
        assert_eq!(traits("claude-opus-4-7").thinking, Thinking::Adaptive);
        assert!(!traits("claude-opus-4-7").sampling && traits("claude-opus-4-6").sampling);
        assert_eq!(traits("llama-9"), UNKNOWN);
    }
}
