//! Reads a `GenerateContentRequest`, as strictly as Google does.
//!
//! Everything outside of `contents`. The lists of fields are those of the official
//! client: <https://github.com/googleapis/python-genai>, `types.py`.

use serde_json::Value;

use crate::cli::mock::answer::Ask;
use crate::cli::mock::paths::{Address, Verb};
use crate::cli::mock::vendor::Failure;

use super::fields::{array, bad, object, only, string, sub};
use super::{config, contents, embed, predict, tools};

pub(in crate::cli::mock) fn ask<'a>(
    body: &'a Value,
    address: &'a Address,
) -> Result<Ask<'a>, Failure> {
    let body = body.as_object().ok_or_else(|| Failure::bad("Invalid JSON payload received."))?;
    let model = address.model.as_deref().unwrap_or_default();
    let mut ask = Ask { model, stream: address.verb == Verb::Stream, choices: 1, ..Ask::default() };
    if address.verb == Verb::Embed {
        ask.embed = Some(embed::read(body, model, &mut ask.input_bytes)?);
        return Ok(ask);
    }
    if address.verb == Verb::Predict {
        return predict::read(body, model);
    }
    only(body, "", FIELDS)?;
    if let Some(system) = sub(body, "", "systemInstruction", &["role", "parts"])? {
        for (n, part) in array(system, "system_instruction", "parts")?.iter().enumerate() {
            let path = format!("system_instruction.parts[{n}]");
            let text = string(object(part, &path)?, &path, "text")?;
            ask.input_bytes += text.ok_or_else(|| bad(&path, "only text is supported."))?.len();
        }
    }
    for (n, setting) in array(body, "", "safetySettings")?.iter().enumerate() {
        let path = format!("safety_settings[{n}]");
        let setting = object(setting, &path)?;
        only(setting, &path, &["category", "threshold", "method"])?;
        let category = string(setting, &path, "category")?.unwrap_or_default();
        let threshold = string(setting, &path, "threshold")?.unwrap_or_default();
        if !category.starts_with("HARM_CATEGORY_") || !THRESHOLDS.contains(&threshold) {
            return Err(bad(&path, "element predicate failed: $.category in $.threshold."));
        }
    }
    let tier = string(body, "", "serviceTier")?;
    if tier.is_some_and(|tier| !TIERS.contains(&tier)) {
        return Err(bad("service_tier", "is not a known tier."));
    }
    tools::read(body, &mut ask)?;
    config::read(body, &mut ask)?;
    ask.turn = contents::read(body, model, &mut ask.input_bytes)?;
    Ok(ask)
}

const FIELDS: &[&str] = &[
    "cachedContent",
    "contents",
    "generationConfig",
    "labels",
    "model",
    "safetySettings",
    "serviceTier",
    "store",
    "systemInstruction",
    "toolConfig",
    "tools",
];
const THRESHOLDS: &[&str] =
    &["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"];
const TIERS: &[&str] = &["unspecified", "standard", "flex", "priority"];
