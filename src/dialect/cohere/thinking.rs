//! `thinking`: whether the model reasons, and for how many tokens.
//!
//! A client's own `thinking` goes first, in Cohere's spelling or Anthropic's; else
//! `reasoning_effort` becomes a budget, at most half of what may come out, so that
//! an answer can follow. Models that think do so unless told otherwise.
//!
//! Spec: <https://docs.cohere.com/docs/reasoning>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::effort::Effort;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{ModelTraits, Thinking};
use crate::error::Error;
use crate::wire::json;

/// The value of `thinking`, where there is to be one.
pub(super) fn read(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    traits: &ModelTraits,
    max_tokens: u64,
    dropped: &mut Dropped,
) -> Result<Option<Vec<u8>>, Error> {
    let effort = Effort::read(root, body)?;
    if let Some(thinking) = root.field(body, "thinking") {
        if effort.is_some() {
            dropped.add("reasoning_effort (thinking is given)");
        }
        return own(&thinking, traits, dropped);
    }
    let Some(effort) = effort else { return Ok(None) };
    match (traits.thinking, effort) {
        (Thinking::None, Effort::None) => Ok(None),
        (Thinking::None, _) => {
            dropped.add("reasoning_effort");
            Ok(None)
        }
        (Thinking::Always, Effort::None) => {
            dropped.add("reasoning_effort (this model always thinks)");
            Ok(None)
        }
        (_, Effort::None) => Ok(Some(DISABLED.to_vec())),
        _ => {
            let budget = effort.budget().min(max_tokens / 2);
            if budget == 0 {
                dropped.add("reasoning_effort (max_tokens is too small)");
                return Ok(None);
            }
            let mut out = br#"{"type":"enabled","token_budget":"#.to_vec();
            json::push_number(&mut out, budget);
            out.push(b'}');
            Ok(Some(out))
        }
    }
}

const DISABLED: &[u8] = br#"{"type":"disabled"}"#;

/// The client's own object.
fn own(
    thinking: &Value<'_, '_>,
    traits: &ModelTraits,
    dropped: &mut Dropped,
) -> Result<Option<Vec<u8>>, Error> {
    let object = thinking.object()?;
    let Some(type_) = thinking.field(&object, "type") else {
        return Err(thinking.error("needs a type"));
    };
    let disabled = match type_.text()?.as_ref() {
        "enabled" | "adaptive" => false,
        "disabled" => true,
        _ => return Err(type_.error("must be enabled or disabled")),
    };
    if traits.thinking == Thinking::None {
        if !disabled {
            dropped.add("thinking (this model does not)");
        }
        return Ok(None);
    }
    if disabled {
        return Ok(Some(DISABLED.to_vec()));
    }
    dropped.unknown("thinking.", &object, &["type", "token_budget", "budget_tokens"]);
    let mut out = br#"{"type":"enabled""#.to_vec();
    let budget = thinking.field(&object, "token_budget");
    if let Some(budget) = budget.or(thinking.field(&object, "budget_tokens")) {
        if budget.number()? < 1.0 {
            return Err(budget.error("must be a positive whole number"));
        }
        out.extend_from_slice(br#","token_budget":"#);
        out.extend_from_slice(budget.raw);
    }
    out.push(b'}');
    Ok(Some(out))
}
