//! Why a candidate ended.
//!
//! Every documented value has its line; one that is not known yet is a `stop`. What
//! was withheld is OpenAI's `content_filter` with the reason as the refusal; a
//! blocked prompt is told in the same way, as an answer and not as an error: it is
//! the provider's last word, billed, and no other key would change it.
//!
//! What the model spoilt (`MALFORMED_FUNCTION_CALL` and its like) has no word at
//! OpenAI. As `stop` it would end an agent's work in silence; it is an error, so that
//! another attempt may be made.
//!
//! Spec: <https://ai.google.dev/api/generate-content#FinishReason>.

use crate::error::{Error, Kind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    Withheld,
    /// The model's answer is no answer.
    Broken,
}

impl Finish {
    pub(super) fn read(reason: &str) -> Self {
        match reason {
            "MAX_TOKENS" | "CONTINUATION" => Finish::Length,
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "ESCALATION"
            | "PUP_LIMITED_DISABLED"
            | "MODEL_ARMOR" => Finish::Withheld,
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE" => Finish::Broken,
            // STOP, OTHER, IMAGE_OTHER, NO_IMAGE, FINISH_REASON_UNSPECIFIED.
            _ => Finish::Stop,
        }
    }

    /// OpenAI's word for it.
    pub(super) fn word(self, called: bool) -> &'static str {
        match self {
            Finish::Withheld => "content_filter",
            Finish::Length => "length",
            Finish::Stop | Finish::Broken if called => "tool_calls",
            Finish::Stop | Finish::Broken => "stop",
        }
    }
}

/// Does a candidate end so because its answer was withheld?
pub(in crate::dialect) fn is_withheld(reason: &str) -> bool {
    Finish::read(reason) == Finish::Withheld
}

/// What to tell the client of a withheld answer.
pub(super) fn refusal(reason: &str, message: Option<&str>) -> String {
    match message.filter(|m| !m.is_empty()) {
        Some(message) => message.to_owned(),
        None => format!("The model's answer was withheld ({reason})."),
    }
}

/// A candidate that ended `Broken`. Its words may hold what the model said, no key.
pub(super) fn broken(reason: &str, message: Option<&str>) -> Error {
    let words: String = message.unwrap_or_default().chars().take(MAX_WORDS).collect();
    let gap = if words.is_empty() { "" } else { ": " };
    Error::new(Kind::BadAnswer, format!("the model spoilt its answer ({reason}){gap}{words}"))
}

const MAX_WORDS: usize = 500;
