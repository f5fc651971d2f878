//! How the model is told to think, by its maker.
//!
//! - Claude: `additionalModelRequestFields.thinking` and `outputConfig.effort`, by
//!   the rules of `dialect::claude`. (Older pages put `output_config.effort` into the
//!   additional fields; the service's own model has it in `outputConfig`.)
//! - Nova: `reasoningConfig` with one of three efforts. It takes no temperature and
//!   topP then, and with `high` no maxTokens either.
//! - OpenAI's open models: `reasoning_effort` as OpenAI has it, three words of it.
//! - Others: nothing is documented, so the word is listed as dropped.

use crate::dialect::claude::thinking;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::effort::Effort;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{Maker, ModelTraits, Request, Thinking};
use crate::error::Error;
use crate::wire::json;

/// What the request says of thinking.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    /// Members of `additionalModelRequestFields`, each behind a comma.
    pub(super) fields: Vec<u8>,
    /// `outputConfig.effort`
    pub(super) effort: Option<&'static str>,
    /// Claude takes back the thoughts of earlier turns.
    pub(super) keeps_thoughts: bool,
    /// Temperature and its like must be left alone.
    pub(super) own_sampling: bool,
    /// No maxTokens may be given.
    pub(super) unbounded: bool,
}

/// What the client asked for.
pub(super) struct Asked<'a> {
    claude: thinking::Asked<'a>,
    effort: Option<Effort>,
    has_thinking: bool,
}

/// The three words that Nova and OpenAI's models know.
fn word(effort: Effort) -> Option<&'static [u8]> {
    match effort {
        Effort::None => None,
        Effort::Minimal | Effort::Low => Some(br#""low""#),
        Effort::Medium => Some(br#""medium""#),
        Effort::High | Effort::XHigh | Effort::Max => Some(br#""high""#),
    }
}

// === impl Asked ===

impl<'a> Asked<'a> {
    pub(super) fn read(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Self, Error> {
        Ok(Self {
            claude: thinking::Asked::read(root, body)?,
            effort: Effort::read(root, body)?,
            has_thinking: body.get("thinking").is_some(),
        })
    }

    pub(super) fn wants(&self) -> bool {
        self.claude.wants()
    }

    /// `forced`: a tool is forced, which Claude's thinking does not go with.
    pub(super) fn settle(
        &self,
        request: &Request<'_>,
        forced: bool,
        dropped: &mut Dropped,
    ) -> Reasoning {
        let traits = &request.traits;
        let mut reasoning = Reasoning::default();
        if traits.maker == Maker::Anthropic {
            let default = u64::from(traits.max_output_tokens).max(1);
            let max_tokens = request.facts.max_tokens.unwrap_or(default);
            let thought = self.claude.settle(traits, forced, max_tokens, dropped);
            if let Some(thinking) = &thought.thinking {
                json::push_member(&mut reasoning.fields, "thinking", thinking);
            }
            reasoning.keeps_thoughts = thought.keeps(traits);
            reasoning.effort = thought.effort;
            reasoning.own_sampling = thought.on;
            return reasoning;
        }
        if self.has_thinking {
            dropped.add("thinking (of another maker's models)");
        }
        let Some(effort) = self.effort else { return reasoning };
        let thinks = traits.thinking != Thinking::None;
        match (traits.maker, word(effort)) {
            (Maker::Amazon, Some(word)) if thinks => {
                let config = [br#"{"type":"enabled","maxReasoningEffort":"#, word, b"}"].concat();
                json::push_member(&mut reasoning.fields, "reasoningConfig", &config);
                reasoning.own_sampling = true;
                reasoning.unbounded = word == br#""high""#;
            }
            (Maker::Amazon, None) => {}
            (Maker::OpenAi, Some(word)) if thinks => {
                json::push_member(&mut reasoning.fields, "reasoning_effort", word);
            }
            (_, None) if !thinks => {}
            _ => dropped.add("reasoning_effort"),
        }
        reasoning
    }

    /// The calls in progress came without a thought.
    pub(super) fn revoke(
        &self,
        traits: &ModelTraits,
        reasoning: &mut Reasoning,
        dropped: &mut Dropped,
    ) {
        let by_budget = traits.maker == Maker::Anthropic && traits.thinking == Thinking::Budget;
        if by_budget && reasoning.own_sampling {
            self.claude.revoke(&mut thinking::Thought::default(), dropped);
            *reasoning = Reasoning { keeps_thoughts: true, ..Reasoning::default() };
        }
    }
}
