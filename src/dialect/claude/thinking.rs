//! How the model is told to think.
//!
//! OpenAI has one word, `reasoning_effort`. Here it becomes, by the model's kind:
//! - a budget in tokens, for models that take one. It is a part of `max_tokens`,
//!   as OpenAI's limit also covers reasoning, so it is at most half of it, and at
//!   least the 1,024 the API asks for;
//! - `thinking: adaptive` and an effort word, for newer models. Their thinking is
//!   hidden by default; a client that asks for effort is shown the summary, else
//!   its stream would stand still;
//! - the effort word alone, where thinking cannot be turned off or is off because
//!   a tool is forced: the API refuses both at once.
//!
//! Newer models think unless they are told not to, so a forced tool turns it off in so
//! many words; without thinking they take no effort above high.
//!
//! A client's own `thinking` object is passed on as it is, but for a budget where the
//! model decides, and for turning off what cannot be. Models that take a budget refuse
//! a turn in progress whose calls came without a thought while thinking is on, and one
//! with thoughts while it is off: see `revoke` and `keeps`.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/effort>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::effort::Effort;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{ModelTraits, Thinking};
use crate::error::Error;
use crate::wire::json;

/// What the request says of thinking.
#[derive(Debug, Default)]
pub(in crate::dialect) struct Thought {
    /// The value of `thinking`.
    pub(in crate::dialect) thinking: Option<Vec<u8>>,
    /// `output_config.effort`.
    pub(in crate::dialect) effort: Option<&'static str>,
    /// The model will think: sampling must be left alone.
    pub(in crate::dialect) on: bool,
}

/// What the client asked for, before anything else is weighed.
#[derive(Debug, Default)]
pub(in crate::dialect) struct Asked<'a> {
    thinking: Option<&'a [u8]>,
    /// The client's own object turns it on.
    thinking_on: bool,
    /// It names a budget.
    by_budget: bool,
    effort: Option<Effort>,
}

const DISABLED: &[u8] = br#"{"type":"disabled"}"#;
const ADAPTIVE: &[u8] = br#"{"type":"adaptive","display":"summarized"}"#;

/// The smallest budget the API takes.
const MIN_BUDGET: u64 = 1024;

// === impl Asked ===

impl<'a> Asked<'a> {
    pub(in crate::dialect) fn read(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Self, Error> {
        let mut asked = Asked::default();
        if let Some(own) = root.field(body, "thinking") {
            let object = own.object()?;
            let type_ = own.field(&object, "type").map(|t| t.text()).transpose()?;
            asked.thinking_on = type_.as_deref() != Some("disabled");
            asked.by_budget = type_.as_deref() == Some("enabled");
            asked.thinking = Some(own.raw);
        }
        asked.effort = Effort::read(root, body)?;
        Ok(asked)
    }

    /// The client wants the model to think.
    pub(in crate::dialect) fn wants(&self) -> bool {
        match self.thinking {
            Some(_) => self.thinking_on,
            None => self.effort.is_some_and(|e| e != Effort::None),
        }
    }

    /// `forced`: a tool is forced, which thinking does not go with.
    pub(in crate::dialect) fn settle(
        &self,
        traits: &ModelTraits,
        forced: bool,
        max_tokens: u64,
        dropped: &mut Dropped,
    ) -> Thought {
        // 4.6, the last that takes a temperature, takes a budget as well.
        let by_word =
            matches!(traits.thinking, Thinking::Adaptive | Thinking::Always) && !traits.sampling;
        let mut thought = self.by_effort(traits, forced, max_tokens, dropped);
        if let Some(own) = self.thinking {
            thought.on = self.thinking_on && !forced;
            thought.thinking = None;
            if forced && self.thinking_on {
                dropped.add("thinking (not with a forced tool)");
            } else if traits.thinking == Thinking::None && self.thinking_on {
                dropped.add("thinking");
                thought.on = false;
            } else if traits.thinking == Thinking::Always && !self.thinking_on {
                dropped.add("thinking (it cannot be turned off)");
            } else if self.by_budget && by_word {
                dropped.add("thinking.budget_tokens (this model decides)");
                thought.thinking = Some(ADAPTIVE.to_vec());
            } else {
                thought.thinking = Some(own.to_vec());
            }
        }
        thought.on |= traits.thinking == Thinking::Always;
        if forced && traits.thinking == Thinking::Adaptive {
            thought.thinking = Some(DISABLED.to_vec());
        }
        if !thought.on && matches!(thought.effort, Some("xhigh" | "max")) {
            dropped.add("reasoning_effort (taken as high, without thinking)");
            thought.effort = Some("high");
        }
        thought
    }

    /// The calls in progress came without a thought: no thinking this time.
    pub(in crate::dialect) fn revoke(&self, thought: &mut Thought, dropped: &mut Dropped) {
        let name = if self.thinking.is_some() { "thinking" } else { "reasoning_effort" };
        dropped.add(format!("{name} (the calls in progress came without it)"));
        *thought = Thought { effort: thought.effort, ..Thought::default() };
    }

    fn by_effort(
        &self,
        traits: &ModelTraits,
        forced: bool,
        max_tokens: u64,
        dropped: &mut Dropped,
    ) -> Thought {
        let Some(effort) = self.effort else { return Thought::default() };
        match traits.thinking {
            Thinking::None | Thinking::Level | Thinking::Budget if effort == Effort::None => {
                Thought::default()
            }
            Thinking::None | Thinking::Level => {
                dropped.add("reasoning_effort");
                Thought::default()
            }
            Thinking::Budget => {
                let budget = effort.budget().min(max_tokens / 2);
                if self.thinking.is_some() {
                    dropped.add("reasoning_effort (thinking is given)");
                } else if forced {
                    dropped.add("reasoning_effort (not with a forced tool)");
                } else if budget < MIN_BUDGET {
                    dropped.add("reasoning_effort (max_tokens is too small)");
                } else {
                    let mut thinking = br#"{"type":"enabled","budget_tokens":"#.to_vec();
                    json::push_number(&mut thinking, budget);
                    thinking.push(b'}');
                    return Thought { thinking: Some(thinking), effort: None, on: true };
                }
                Thought::default()
            }
            Thinking::Adaptive if effort == Effort::None => {
                Thought { thinking: Some(DISABLED.to_vec()), ..Thought::default() }
            }
            Thinking::Adaptive if forced => {
                if self.thinking.is_none() {
                    dropped.add("reasoning_effort (no thinking with a forced tool)");
                }
                Thought { effort: Some(word(effort, traits, dropped)), ..Thought::default() }
            }
            Thinking::Always if effort == Effort::None => {
                dropped.add("reasoning_effort (none taken as low)");
                Thought { effort: Some("low"), ..Thought::default() }
            }
            Thinking::Adaptive | Thinking::Always => Thought {
                thinking: Some(ADAPTIVE.to_vec()),
                effort: Some(word(effort, traits, dropped)),
                on: true,
            },
        }
    }
}

// === impl Thought ===

impl Thought {
    /// The model takes back the thoughts of earlier turns.
    pub(in crate::dialect) fn keeps(&self, traits: &ModelTraits) -> bool {
        self.on || traits.thinking != Thinking::Budget
    }
}

/// The nearest of Anthropic's words.
fn word(effort: Effort, traits: &ModelTraits, dropped: &mut Dropped) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        // 4.6, the last that takes a temperature, does not know the word.
        Effort::XHigh if traits.sampling => {
            dropped.add("reasoning_effort (xhigh taken as high)");
            "high"
        }
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
    }
}
