//! Reads `generationConfig`.

use serde_json::Value;

use crate::cli::mock::answer::{Ask, Format};
use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, bad, boolean, get, integer, invalid, number, string, sub};
use super::signs;

const AT: &str = "generation_config";

pub(super) fn read<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let Some(config) = sub(body, "", "generationConfig", FIELDS)? else { return Ok(()) };
    number(config, AT, "temperature", (0.0, 2.0))?;
    number(config, AT, "topP", (0.0, 1.0))?;
    number(config, AT, "topK", (1.0, 1e6))?;
    number(config, AT, "presencePenalty", (-2.0, 2.0))?;
    number(config, AT, "frequencyPenalty", (-2.0, 2.0))?;
    integer(config, AT, "seed", i32::MIN)?;
    ask.max_tokens = integer(config, AT, "maxOutputTokens", 1)?.map(|n| n.unsigned_abs().into());
    if let Some(count) = integer(config, AT, "candidateCount", 1)? {
        if count > 8 {
            return Err(bad("generation_config.candidate_count", "must be between 1 and 8."));
        }
        ask.choices = count.unsigned_abs() as usize;
    }
    let stops = array(config, AT, "stopSequences")?;
    if stops.len() > 5 {
        return Err(bad("generation_config.stop_sequences", "at most 5 are supported."));
    }
    for stop in stops {
        let text = stop.as_str().filter(|t| !t.is_empty());
        ask.stops.push(
            text.ok_or_else(|| invalid("generation_config.stop_sequences", "TYPE_STRING", stop))?,
        );
    }
    ask.logprobs = boolean(config, AT, "responseLogprobs")?;
    if let Some(top) = integer(config, AT, "logprobs", 0)?
        && (top > 20 || !ask.logprobs)
    {
        return Err(bad("generation_config.logprobs", "needs response_logprobs and at most 20."));
    }
    for modality in array(config, AT, "responseModalities")? {
        if !matches!(modality.as_str(), Some("TEXT" | "IMAGE" | "AUDIO")) {
            return Err(invalid("generation_config.response_modalities", "Modality", modality));
        }
    }
    format(config, ask)?;
    thinking(config, ask)
}

fn format<'a>(config: &'a Object, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let mime = string(config, AT, "responseMimeType")?.unwrap_or("text/plain");
    let json = mime == "application/json";
    if !json && mime != "text/plain" {
        return Err(bad(
            "generation_config.response_mime_type",
            "allowed mimetypes are `text/plain`, `application/json`.",
        ));
    }
    if json && !ask.tools.is_empty() && !signs(ask.model) {
        return Err(Failure::bad(
            "Function calling with a response mime type: 'application/json' is unsupported",
        ));
    }
    let schema = get(config, "responseJsonSchema").or(get(config, "responseSchema"));
    if json {
        ask.format = Format::Object;
    }
    if let Some(schema) = schema {
        if !json {
            return Err(bad(
                "generation_config.response_schema",
                "only allowed with `application/json`.",
            ));
        }
        json_schema(schema, "generation_config.response_json_schema")?;
        ask.format = Format::Schema(schema);
    }
    Ok(())
}

/// Refuses what the API refuses of JSON schemas: members beside a `$ref`, and
/// references to nowhere.
pub(super) fn json_schema(schema: &Value, path: &str) -> Result<(), Failure> {
    refs(schema, schema, path)
}

fn refs(value: &Value, root: &Value, path: &str) -> Result<(), Failure> {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                let known = |k: &String| k.starts_with('$') || k == "description" || k == "default";
                if !map.keys().all(known) {
                    return Err(Failure::bad(format!(
                        "{path}: reference to '{target}' was set alongside unsupported fields. If \
                         a schema node has $ref set, then only description and default can be set \
                         alongside it"
                    )));
                }
                let found = target.strip_prefix('#').and_then(|p| root.pointer(p));
                if found.is_none() || target.starts_with("#/definitions/") {
                    return Err(Failure::bad(format!(
                        "{path}: reference to undefined schema: {target}"
                    )));
                }
            }
            map.values().try_for_each(|v| refs(v, root, path))
        }
        Value::Array(items) => items.iter().try_for_each(|v| refs(v, root, path)),
        _ => Ok(()),
    }
}

fn thinking(config: &Object, ask: &mut Ask<'_>) -> Result<(), Failure> {
    let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
    let Some(thinking) = sub(config, AT, "thinkingConfig", &known)? else { return Ok(()) };
    let path = "generation_config.thinking_config";
    let budget = integer(thinking, path, "thinkingBudget", -1)?;
    let level = string(thinking, path, "thinkingLevel")?;
    if let Some(level) = level {
        if budget.is_some() {
            return Err(Failure::bad(
                "You can only set only one of thinking budget and thinking level.",
            ));
        }
        if !signs(ask.model) {
            return Err(Failure::bad("Thinking level is not supported for this model."));
        }
        if !LEVELS.contains(&level.to_uppercase().as_str()) {
            return Err(invalid(path, "ThinkingLevel", &level.into()));
        }
    }
    if budget.is_some_and(|b| b > 32_768) {
        return Err(Failure::bad(
            "The thinking budget is invalid. Please choose a value between 0 and 32768.",
        ));
    }
    if !signs(ask.model) && !ask.model.starts_with("gemini-2.5") {
        return Err(Failure::bad(
            "Unable to submit request because thinking is not supported by this model.",
        ));
    }
    ask.thinking = boolean(thinking, path, "includeThoughts")?;
    ask.reasoning = budget != Some(0);
    Ok(())
}

const LEVELS: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"];
const FIELDS: &[&str] = &[
    "audioTimestamp",
    "candidateCount",
    "frequencyPenalty",
    "logprobs",
    "maxOutputTokens",
    "mediaResolution",
    "presencePenalty",
    "responseFormat",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "seed",
    "speechConfig",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];
