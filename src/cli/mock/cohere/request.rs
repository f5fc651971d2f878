//! Reads a chat request, as strictly as Cohere does.
//!
//! Everything outside of `messages`. The list of fields is that of the official SDK:
//! <https://github.com/cohere-ai/cohere-python>, `v2/raw_client.py`.

use serde_json::Value;

use crate::cli::mock::answer::{Ask, Choice, Format, Tool};
use crate::cli::mock::vendor::Failure;

use super::fields::{
    Object, array, boolean, field, invalid, model, number, object, only, string, strings, whole,
    word,
};
use super::messages;

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = object(body, "the body")?;
    only(body, FIELDS)?;
    let mut ask = Ask {
        model: model(body)?,
        stream: boolean(body, "stream")?,
        choices: 1,
        max_tokens: whole(body, "max_tokens", 0)?,
        logprobs: boolean(body, "logprobs")?,
        stops: strings(body, "stop_sequences")?,
        ..Ask::default()
    };
    if ask.stops.len() > 5 {
        return Err(invalid("stop_sequences must be at most 5"));
    }
    number(body, "temperature", 0.0, 1.0)?;
    number(body, "p", 0.01, 0.99)?;
    number(body, "k", 0.0, 500.0)?;
    whole(body, "seed", 0)?;
    whole(body, "priority", 0)?;
    word(body, "safety_mode", &["CONTEXTUAL", "STRICT", "OFF", "NONE"])?;
    penalties(body)?;
    tools(body, &mut ask)?;
    ask.format = format(body, &ask)?;
    ask.thinking = thinking(body, &ask)?;
    (ask.turn, ask.input_bytes) = messages::read(body)?;
    Ok(ask)
}

fn penalties(body: &Object) -> Result<(), Failure> {
    let frequency = number(body, "frequency_penalty", 0.0, 1.0)?;
    let presence = number(body, "presence_penalty", 0.0, 1.0)?;
    if frequency.unwrap_or(0.0) > 0.0 && presence.unwrap_or(0.0) > 0.0 {
        return Err(invalid("cannot specify both frequency_penalty and presence_penalty."));
    }
    Ok(())
}

fn tools<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let strict = boolean(body, "strict_tools")?;
    for tool in array(body, "tools")? {
        let tool = object(tool, "a tool")?;
        only(tool, &["type", "function"])?;
        word(tool, "type", &["function"])?;
        let function = object(tool.get("function").unwrap_or(&Value::Null), "a tool's function")?;
        only(function, &["name", "description", "parameters"])?;
        let name = string(function, "name")?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.is_empty() || !name.bytes().all(legal) {
            return Err(invalid(format!(
                "tool names can only contain certain characters (A-Za-z0-9_) and can't begin \
                 with a digit (provided name: '{name}')."
            )));
        }
        let schema = field(function, "parameters")
            .filter(|p| p.is_object())
            .ok_or_else(|| invalid(format!("parameters of tool '{name}' must be an object")))?;
        let required = schema.get("required").and_then(Value::as_array);
        if strict && required.is_none_or(Vec::is_empty) {
            return Err(invalid(format!(
                "tool '{name}' must have at least one required parameter with strict_tools"
            )));
        }
        ask.tools.push(Tool { name, schema });
    }
    ask.choice = match word(body, "tool_choice", &["REQUIRED", "NONE"])? {
        Some("REQUIRED") if ask.tools.is_empty() => {
            return Err(invalid("tool_choice REQUIRED needs tools"));
        }
        Some("REQUIRED") => Choice::Any,
        Some(_) => Choice::None,
        None => Choice::Auto,
    };
    Ok(())
}

fn format<'a>(body: &'a Object, ask: &Ask<'a>) -> Result<Format<'a>, Failure> {
    let Some(format) = field(body, "response_format") else { return Ok(Format::Text) };
    let format = object(format, "response_format")?;
    // The guide says `schema`, the reference `json_schema`; both are taken.
    only(format, &["type", "json_schema", "schema"])?;
    match word(format, "type", &["text", "json_object"])? {
        Some("text") => return Ok(Format::Text),
        Some(_) => {}
        None => return Err(invalid("response_format.type is required")),
    }
    if !ask.tools.is_empty() {
        return Err(invalid("response_format is not supported with tools."));
    }
    if !array(body, "documents")?.is_empty() {
        return Err(invalid("response_format is not supported with RAG."));
    }
    let Some(schema) = field(format, "json_schema").or(field(format, "schema")) else {
        return Ok(Format::Object);
    };
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(invalid("the type in the top level schema must be object"));
    }
    Ok(Format::Schema(schema))
}

/// Models that reason do so unless told otherwise.
fn thinking(body: &Object, ask: &Ask<'_>) -> Result<bool, Failure> {
    let Some(thinking) = field(body, "thinking") else {
        return Ok(ask.model.contains("reasoning"));
    };
    let thinking = object(thinking, "thinking")?;
    only(thinking, &["type", "token_budget"])?;
    whole(thinking, "token_budget", 1)?;
    match word(thinking, "type", &["enabled", "disabled"])? {
        Some(word) => Ok(word == "enabled"),
        None => Err(invalid("thinking.type is required")),
    }
}

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "stream",
    "tools",
    "strict_tools",
    "tool_choice",
    "documents",
    "citation_options",
    "response_format",
    "safety_mode",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "k",
    "p",
    "logprobs",
    "thinking",
    "priority",
];
