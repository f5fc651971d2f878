//! Where a client says how much may be answered, and how much of that may be thought.
//!
//! Who reads the limit (`facts`) and who lowers it (`policy::permits`) ask here.
//!
//! Quirks kept in mind: OpenAI's chats have an old name that its reasoning models refuse,
//! so it is never added; Google takes the names of its protobufs beside their JSON
//! names; Anthropic's thinking must be given less than all of it.
//! <https://platform.openai.com/docs/api-reference/chat/create>,
//! <https://protobuf.dev/programming-guides/json/>,
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>

use super::Dialect;

/// A dialect's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimit {
    /// The spellings of the member that it stands in; empty: the top level.
    pub within: &'static [&'static str],
    /// Its own names; the first goes before.
    pub names: &'static [&'static str],
    /// The way to the tokens that may be thought, which must be fewer.
    pub thinking: &'static [&'static str],
}

/// Fewest tokens that Anthropic takes as a budget of thinking.
pub const LEAST_THINKING: u64 = 1024;

// === impl Dialect ===

impl Dialect {
    /// `None`: nothing is generated, or not by tokens.
    pub const fn output_limit(self) -> Option<OutputLimit> {
        Some(match self {
            Dialect::OpenAiChat => at_top(&["max_completion_tokens", "max_tokens"]),
            Dialect::OpenAiResponses => at_top(&["max_output_tokens"]),
            Dialect::OpenAiCompletions | Dialect::CohereChat => at_top(&["max_tokens"]),
            Dialect::AnthropicMessages | Dialect::AnthropicVertex | Dialect::AnthropicBedrock => {
                let thinking = &["thinking", "budget_tokens"];
                OutputLimit { thinking, ..at_top(&["max_tokens"]) }
            }
            Dialect::Gemini => OutputLimit {
                within: &["generationConfig", "generation_config"],
                names: &["maxOutputTokens", "max_output_tokens"],
                thinking: &[],
            },
            Dialect::BedrockConverse => OutputLimit {
                within: &["inferenceConfig"],
                names: &["maxTokens"],
                thinking: &["additionalModelRequestFields", "thinking", "budget_tokens"],
            },
            _ => return None,
        })
    }
}

const fn at_top(names: &'static [&'static str]) -> OutputLimit {
    OutputLimit { within: &[], names, thinking: &[] }
}

// === impl OutputLimit ===

impl OutputLimit {
    /// It stands at this member of the top level.
    pub fn is_at(&self, name: &str) -> bool {
        self.top().contains(&name)
    }

    /// Its names where it stands at the top level.
    pub fn top(&self) -> &'static [&'static str] {
        if self.within.is_empty() { self.names } else { &[] }
    }
}
