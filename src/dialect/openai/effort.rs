//! `reasoning_effort`: OpenAI's one word for how long a model may think.

use super::read::{Object, Value};
use crate::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    pub fn read(root: &Value<'_, '_>, body: &Object<'_>) -> Result<Option<Self>, Error> {
        let Some(word) = root.field(body, "reasoning_effort") else { return Ok(None) };
        match Self::named(&word.text()?) {
            Some(effort) => Ok(Some(effort)),
            None => Err(word.error("must be none, minimal, low, medium, high, xhigh or max")),
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Effort::None),
            "minimal" => Some(Effort::Minimal),
            "low" => Some(Effort::Low),
            "medium" => Some(Effort::Medium),
            "high" => Some(Effort::High),
            "xhigh" => Some(Effort::XHigh),
            "max" => Some(Effort::Max),
            _ => None,
        }
    }

    /// Tokens, for models that are told so.
    pub fn budget(self) -> u64 {
        match self {
            Effort::None | Effort::Minimal => 1024,
            Effort::Low => 2048,
            Effort::Medium => 8192,
            Effort::High => 16_384,
            Effort::XHigh | Effort::Max => 32_768,
        }
    }
}
