//! `generationConfig` to the chat's fields of their own.
//!
//! A budget for thoughts becomes the nearest word, by the numbers of Google's own
//! OpenAI compatibility; a dynamic one (-1) is the provider's default.
//!
//! Spec: <https://ai.google.dev/api/generate-content#generationconfig>.

use super::schema;
use super::spell::{camel, field, member, unknown};
use super::stream::MAX_CHOICES;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Path, Value};
use crate::error::Error;

/// Members that only change their name.
const SAME: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("candidateCount", "n"),
    ("maxOutputTokens", "max_completion_tokens"),
    ("seed", "seed"),
    ("presencePenalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty"),
    ("logprobs", "top_logprobs"),
];

/// Read elsewhere in this file.
const READ: &[&str] = &[
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseLogprobs",
    "responseModalities",
    "thinkingConfig",
];

/// Appends the members. `true`: the client wants to see thoughts. `budgets`: thinking
/// budgets below this are taken as they are; 0: none.
pub(super) fn write(
    config: &Value<'_, '_>,
    budgets: u64,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<bool, Error> {
    let object = config.object()?;
    for (name, raw) in object.iter() {
        let own = camel(name);
        let value = Value { raw, path: Path::Key(&config.path, name) };
        if let Some((_, theirs)) = SAME.iter().find(|(known, _)| *known == own) {
            if raw != b"null" {
                let number = value.number()?;
                if own == "candidateCount" && number > MAX_CHOICES as f64 {
                    return Err(value.error(format!("must be at most {MAX_CHOICES}")));
                }
                member(out, theirs, raw);
            }
        } else if !READ.contains(&own.as_ref())
            && !matches!(raw, b"null" | b"[]" | b"{}" | b"false")
        {
            dropped.client_name("generationConfig.", name);
        }
    }
    if let Some(stops) = field(config, &object, "stopSequences") {
        let items = stops.items()?;
        for (i, raw) in items.iter().enumerate() {
            stops.item(i, raw).string()?;
        }
        if !items.is_empty() {
            member(out, "stop", stops.raw);
        }
    }
    if let Some(wanted) = field(config, &object, "responseLogprobs")
        && wanted.boolean()?
    {
        member(out, "logprobs", b"true");
    }
    modalities(config, &object, out)?;
    format(config, &object, out, dropped)?;
    match field(config, &object, "thinkingConfig") {
        Some(thinking) => self::thinking(&thinking, budgets, out, dropped),
        None => Ok(false),
    }
}

fn modalities(config: &Value<'_, '_>, object: &Object<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let Some(list) = field(config, object, "responseModalities") else { return Ok(()) };
    let mut images = false;
    for (i, raw) in list.items()?.into_iter().enumerate() {
        let item = list.item(i, raw);
        match item.text()?.to_ascii_uppercase().as_str() {
            "TEXT" | "MODALITY_UNSPECIFIED" => {}
            "IMAGE" => images = true,
            _ => return Err(item.error("only TEXT and IMAGE are carried")),
        }
    }
    if images {
        member(out, "modalities", br#"["text","image"]"#);
    }
    Ok(())
}

fn format(
    config: &Value<'_, '_>,
    object: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mime = field(config, object, "responseMimeType");
    let plain = match &mime {
        None => true,
        Some(mime) => match mime.text()?.as_ref() {
            "text/plain" | "" => true,
            "application/json" => false,
            _ => return Err(mime.error("only text/plain and application/json are carried")),
        },
    };
    let json = field(config, object, "responseJsonSchema");
    let own = field(config, object, "responseSchema");
    let Some(schema) = json.or(own) else {
        if !plain {
            member(out, "response_format", br#"{"type":"json_object"}"#);
        }
        return Ok(());
    };
    schema.object()?;
    if plain {
        // Google refuses it, too.
        return Err(schema.error("needs the responseMimeType application/json"));
    }
    let mut value = br#"{"type":"json_schema","json_schema":{"name":"response","schema":"#.to_vec();
    if json.is_some() {
        value.extend_from_slice(schema.raw);
    } else {
        schema::push(&mut value, schema.raw, "generationConfig.responseSchema.", dropped);
    }
    value.extend_from_slice(b"}}");
    member(out, "response_format", &value);
    Ok(())
}

fn thinking(
    thinking: &Value<'_, '_>,
    budgets: u64,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<bool, Error> {
    let object = thinking.object()?;
    let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
    unknown(dropped, "generationConfig.thinkingConfig.", &object, &known);
    let shows = field(thinking, &object, "includeThoughts");
    let shows = shows.map(|s| s.boolean()).transpose()?.unwrap_or(false);
    if let Some(level) = field(thinking, &object, "thinkingLevel") {
        let word: &[u8] = match level.text()?.to_ascii_uppercase().as_str() {
            "MINIMAL" => br#""minimal""#,
            "LOW" => br#""low""#,
            "MEDIUM" => br#""medium""#,
            "HIGH" => br#""high""#,
            "THINKING_LEVEL_UNSPECIFIED" => return Ok(shows),
            _ => return Err(level.error("must be MINIMAL, LOW, MEDIUM or HIGH")),
        };
        member(out, "reasoning_effort", word);
    } else if let Some(budget) = field(thinking, &object, "thinkingBudget") {
        let tokens = budget.number()?;
        if (MIN_BUDGET..budgets as f64).contains(&tokens) && tokens.fract() == 0.0 {
            let own = format!(r#"{{"type":"enabled","budget_tokens":{tokens}}}"#);
            member(out, "thinking", own.as_bytes());
            return Ok(shows);
        }
        let word: &[u8] = match tokens {
            t if t < 0.0 => return Ok(shows),
            t if t < 1.0 => br#""none""#,
            t if t <= 1024.0 => br#""low""#,
            t if t <= 8192.0 => br#""medium""#,
            _ => br#""high""#,
        };
        if tokens >= 1.0 {
            dropped.add("generationConfig.thinkingConfig.thinkingBudget (taken as an effort)");
        }
        member(out, "reasoning_effort", word);
    }
    Ok(shows)
}

/// Claude's least.
const MIN_BUDGET: f64 = 1024.0;
