//! How the model is told to think.
//!
//! Claude through Converse and Cohere take the client's own `thinking`; Gemini's 2.5
//! line its budget. Others have a word: the effort the client gives, or the nearest
//! to its budget. Where nothing is said nothing is sent: Messages' default is not to
//! think, but many models cannot be told so.

use super::Way;
use super::request::member;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::{Dialect, ModelTraits, Thinking, hub};
use crate::error::Error;

/// What the client says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Off,
    /// The model decides.
    Adaptive,
    Budget(u64),
}

pub(super) fn write(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    way: Way,
    traits: &ModelTraits,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let own = root.field(body, "thinking");
    let asked = own.as_ref().map_or(Ok(Asked::Nothing), read)?;
    let word = effort(root, body)?;
    if way.is_claude() || (way.upstream == Dialect::CohereChat && own.is_some()) {
        let can_be_off = matches!(traits.thinking, Thinking::Adaptive | Thinking::Budget);
        match &own {
            Some(own) => member(out, "thinking", own.raw),
            // The word alone would turn it on.
            None if word.is_some() && can_be_off => {
                member(out, "thinking", br#"{"type":"disabled"}"#);
            }
            None => {}
        }
        if let Some(word) = word {
            push_word(out, word);
        }
        return Ok(());
    }
    let mut shows = matches!(asked, Asked::Adaptive | Asked::Budget(_));
    if let Some(own) = &own {
        let object = own.object()?;
        dropped.unknown("thinking.", &object, &["type", "budget_tokens", "display"]);
        shows &= object.get("display") != Some(br#""omitted""#);
    }
    let takes_words = traits.reasons || traits.thinking != Thinking::None;
    if way.is_openai() {
        match asked {
            Asked::Nothing | Asked::Off if !takes_words && word.is_none() => return Ok(()),
            _ if !takes_words => {
                dropped.add("thinking (this model does not reason)");
                return Ok(());
            }
            Asked::Off => {
                dropped.add("thinking (this model cannot be told not to)");
                return Ok(());
            }
            _ => {}
        }
        if shows && way.upstream == Dialect::OpenAiResponses {
            member(out, "reasoning", hub::SUMMARY);
        }
    }
    let word = match (asked, word) {
        (Asked::Nothing, word) => word,
        (Asked::Off, _) => Some("none"),
        (Asked::Budget(budget), None)
            if way.upstream == Dialect::Gemini && traits.thinking == Thinking::Budget =>
        {
            let config = format!(
                r#"{{"thinking_config":{{"thinking_budget":{budget},"include_thoughts":true}}}}"#
            );
            member(out, "google", config.as_bytes());
            return Ok(());
        }
        (Asked::Budget(_) | Asked::Adaptive, Some(word)) => Some(word),
        (Asked::Budget(budget), None) => Some(nearest(budget)),
        (Asked::Adaptive, None) => Some("medium"),
    };
    match word {
        // Its words end one below.
        Some("max") if way.is_openai() => push_word(out, "xhigh"),
        Some(word) => push_word(out, word),
        None => {}
    }
    Ok(())
}

/// The client wants to see thoughts.
pub(super) fn is_asked(root: &Value<'_, '_>, body: &Object<'_>) -> Result<bool, Error> {
    let asked = root.field(body, "thinking").as_ref().map(read).transpose()?;
    Ok(!matches!(asked, None | Some(Asked::Off)))
}

fn push_word(out: &mut Vec<u8>, word: &str) {
    member(out, "reasoning_effort", format!("\"{word}\"").as_bytes());
}

fn read(own: &Value<'_, '_>) -> Result<Asked, Error> {
    let object = own.object()?;
    let Some(type_) = own.field(&object, "type") else { return Err(own.error("needs a type")) };
    match type_.text()?.as_ref() {
        "disabled" => Ok(Asked::Off),
        "adaptive" => Ok(Asked::Adaptive),
        "enabled" => {
            let Some(budget) = own.field(&object, "budget_tokens") else {
                return Err(own.error("needs budget_tokens"));
            };
            let number = std::str::from_utf8(budget.raw).ok().and_then(|t| t.parse().ok());
            number.map(Asked::Budget).ok_or_else(|| budget.error("must be a whole number"))
        }
        _ => Err(type_.error("must be enabled, adaptive or disabled")),
    }
}

/// `output_config.effort`
fn effort(root: &Value<'_, '_>, body: &Object<'_>) -> Result<Option<&'static str>, Error> {
    let Some(config) = root.field(body, "output_config") else { return Ok(None) };
    let object = config.object()?;
    let Some(effort) = config.field(&object, "effort") else { return Ok(None) };
    let text = effort.text()?;
    let known = ["low", "medium", "high", "xhigh", "max"];
    match known.into_iter().find(|known| *known == text) {
        Some(word) => Ok(Some(word)),
        None => Err(effort.error("must be low, medium, high, xhigh or max")),
    }
}

/// The word whose budget is nearest, by the numbers of `openai::effort`.
fn nearest(budget: u64) -> &'static str {
    match budget {
        0..4_096 => "low",
        4_096..12_288 => "medium",
        _ => "high",
    }
}
