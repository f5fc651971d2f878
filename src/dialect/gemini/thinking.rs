//! How the model is told to think.
//!
//! OpenAI's `reasoning_effort` becomes a budget in tokens (Gemini 2.5) or a level
//! (Gemini 3), by the numbers of Google's own OpenAI compatibility; 2.5 Pro's budget
//! cannot be 0. Not every level
//! is known to every model of the newer line, but low, medium and high are; thinking
//! cannot be turned off there. A client that asks for effort is shown the thoughts.
//! Its own `thinking_config` goes before the word.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/openai#thinking>,
//! <https://ai.google.dev/gemini-api/docs/thinking#levels-budgets>.

use crate::dialect::Thinking;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::effort::Effort;

/// The value of `thinkingConfig`. `own`: the client's.
pub(super) fn config(
    kind: Thinking,
    effort: Option<Effort>,
    own: Option<Vec<u8>>,
    dropped: &mut Dropped,
) -> Option<Vec<u8>> {
    if own.is_some() {
        if effort.is_some() {
            dropped.add("reasoning_effort (thinking_config is given)");
        }
        return own;
    }
    let effort = effort?;
    match kind {
        Thinking::None if effort == Effort::None => None,
        Thinking::None => {
            dropped.add("reasoning_effort");
            None
        }
        Thinking::Budget if effort == Effort::None => Some(br#"{"thinkingBudget":0}"#.to_vec()),
        // 2.5 Pro: the least it takes.
        Thinking::Always if effort == Effort::None => {
            dropped.add("reasoning_effort (none taken as least)");
            Some(br#"{"thinkingBudget":128}"#.to_vec())
        }
        Thinking::Budget | Thinking::Always => {
            let budget = match effort {
                Effort::None | Effort::Minimal | Effort::Low => 1024,
                Effort::Medium => 8192,
                Effort::High | Effort::XHigh | Effort::Max => 24_576,
            };
            Some(format!(r#"{{"thinkingBudget":{budget},"includeThoughts":true}}"#).into_bytes())
        }
        Thinking::Level | Thinking::Adaptive => {
            let level = match effort {
                Effort::None => {
                    dropped.add("reasoning_effort (none taken as low)");
                    return Some(br#"{"thinkingLevel":"LOW"}"#.to_vec());
                }
                Effort::Minimal => {
                    dropped.add("reasoning_effort (minimal taken as low)");
                    "LOW"
                }
                Effort::Low => "LOW",
                Effort::Medium => "MEDIUM",
                Effort::High => "HIGH",
                Effort::XHigh | Effort::Max => {
                    dropped.add("reasoning_effort (taken as high)");
                    "HIGH"
                }
            };
            Some(format!(r#"{{"thinkingLevel":"{level}","includeThoughts":true}}"#).into_bytes())
        }
    }
}
