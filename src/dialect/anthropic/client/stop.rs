//! Why the model stopped, in Anthropic's words.
//!
//! Chat's reason says most of it; what a provider said beyond that stands beside it
//! (`openai::stop`). A sequence counts only where the client asked for it: some servers
//! put other words there.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>.

use super::answer::text;
use super::echo::Echo;
use crate::dialect::hub::read::Choice;
use crate::dialect::openai::stop::NATIVE;
use crate::wire::json;

#[derive(Debug, Default)]
pub(super) struct Stop {
    /// Chat's word.
    finish: String,
    /// The provider's own, where chat has none.
    native: Option<&'static str>,
    /// The sequence that was met.
    sequence: Option<String>,
    pub(super) called: bool,
    pub(super) refused: bool,
}

// === impl Stop ===

impl Stop {
    pub(super) fn of(called: bool, refused: bool) -> Self {
        Self { called, refused, ..Self::default() }
    }

    /// Takes down what a choice, or a chunk of it, says.
    pub(super) fn read(&mut self, choice: &Choice<'_>, echo: &Echo<'_>) {
        let Some(finish) = choice.finish_reason.and_then(text) else { return };
        self.finish = finish.into_owned();
        let native = choice.native_finish_reason.and_then(text);
        self.native = NATIVE.iter().copied().find(|word| native.as_deref() == Some(word));
        let met = choice.stop_reason.and_then(text);
        let asked = echo.sequences();
        self.sequence = match (met, self.native, asked.as_slice()) {
            (Some(met), ..) if asked.contains(&met) => Some(met.into_owned()),
            // Met one, and there is but one.
            (_, Some("stop_sequence"), [only]) => Some(only.to_string()),
            _ => None,
        };
    }

    /// Chat's word was for the length.
    pub(super) fn is_cut(&self) -> bool {
        self.finish == "length"
    }

    /// Some providers say `stop` where a tool was forced.
    fn word(&self) -> &'static str {
        match (self.finish.as_str(), self.native) {
            ("length", Some(native @ "model_context_window_exceeded")) => native,
            ("length", _) => "max_tokens",
            ("content_filter", _) => "refusal",
            _ if self.refused => "refusal",
            ("tool_calls" | "function_call", _) => "tool_use",
            _ if self.called => "tool_use",
            (_, Some(native @ ("stop_sequence" | "pause_turn"))) => native,
            _ if self.sequence.is_some() => "stop_sequence",
            _ => "end_turn",
        }
    }

    /// `"stop_reason":...,"stop_sequence":...`
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        let word = self.word();
        out.extend_from_slice(br#""stop_reason":"#);
        json::push_text(out, word);
        out.extend_from_slice(br#","stop_sequence":"#);
        match self.sequence.as_deref().filter(|_| word == "stop_sequence") {
            Some(sequence) => json::push_text(out, sequence),
            None => out.extend_from_slice(b"null"),
        }
    }
}
