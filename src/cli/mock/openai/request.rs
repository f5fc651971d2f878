//! Reads a chat completion request, as strictly as OpenAI does.
//!
//! Messages of failures follow the real ones where those are known. Unknown
//! fields pass, unlike at OpenAI: this half also stands for the many compatible
//! servers, which have fields of their own.

use serde_json::{Map, Value};

use crate::cli::mock::answer::{Ask, Choice, Format, Tool};
use crate::cli::mock::schema::is_closed;
use crate::cli::mock::vendor::Failure;

use super::fields::{boolean, field, integer, is_name, missing, number, one_of, wrong_type};
use super::messages::messages;

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = body
        .as_object()
        .ok_or_else(|| Failure::bad("We could not parse the JSON body of your request."))?;
    let model = match field(body, "model") {
        None => return Err(Failure::bad("you must provide a model parameter")),
        Some(Value::String(model)) => model,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let mut ask = Ask {
        model,
        stream: boolean(body, "stream")?.unwrap_or(false),
        choices: integer(body, "n", 1, 128)?.unwrap_or(1) as usize,
        max_tokens: max_tokens(body)?,
        one_call_at_most: boolean(body, "parallel_tool_calls")? == Some(false),
        stops: stops(body)?,
        reasoning: reasoning(body)?,
        logprobs: boolean(body, "logprobs")?.unwrap_or(false),
        ..Ask::default()
    };
    number(body, "temperature", 0.0, 2.0)?;
    number(body, "top_p", 0.0, 1.0)?;
    ask.include_usage = include_usage(body, ask.stream)?;
    messages(body, &mut ask)?;
    tools(body, &mut ask)?;
    format(body, &mut ask)?;
    Ok(ask)
}

fn max_tokens(body: &Map<String, Value>) -> Result<Option<u64>, Failure> {
    let old = integer(body, "max_tokens", 1, u64::MAX)?;
    let new = integer(body, "max_completion_tokens", 1, u64::MAX)?;
    if old.is_some() && new.is_some() {
        return Err(Failure::bad(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        )
        .code("invalid_parameter_combination"));
    }
    Ok(new.or(old))
}

pub(super) fn stops(body: &Map<String, Value>) -> Result<Vec<&str>, Failure> {
    match field(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop]),
        Some(Value::Array(stops)) if stops.len() <= 4 && stops.iter().all(Value::is_string) => {
            Ok(stops.iter().filter_map(Value::as_str).collect())
        }
        Some(other) => Err(wrong_type("stop", "a string or an array of up to 4 strings", other)),
    }
}

fn reasoning(body: &Map<String, Value>) -> Result<bool, Failure> {
    match field(body, "reasoning_effort") {
        None => Ok(false),
        Some(Value::String(effort)) if EFFORTS.contains(&effort.as_str()) => Ok(effort != "none"),
        Some(other) => Err(one_of("reasoning_effort", other, EFFORTS)),
    }
}

pub(super) fn include_usage(body: &Map<String, Value>, stream: bool) -> Result<bool, Failure> {
    match field(body, "stream_options") {
        None => Ok(false),
        Some(_) if !stream => Err(Failure::bad(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
        .param("stream_options")),
        Some(Value::Object(options)) => Ok(boolean(options, "include_usage")?.unwrap_or(false)),
        Some(other) => Err(wrong_type("stream_options", "an object", other)),
    }
}

fn tools<'a>(body: &'a Map<String, Value>, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let tools: &[Value] = match field(body, "tools") {
        None => &[],
        Some(Value::Array(tools)) => tools,
        Some(other) => return Err(wrong_type("tools", "an array of objects", other)),
    };
    for (n, tool) in tools.iter().enumerate() {
        let param = |name: &str| format!("tools[{n}].{name}");
        match tool.get("type").and_then(Value::as_str) {
            Some("function") => {}
            Some("custom") => continue,
            _ => return Err(missing(&param("type"))),
        }
        let name = tool.pointer("/function/name").and_then(Value::as_str);
        let name = name.ok_or_else(|| missing(&param("function.name")))?;
        if !is_name(name) {
            return Err(Failure::bad(format!(
                "Invalid '{0}': string does not match pattern. Expected a string that matches \
                 the pattern '^[a-zA-Z0-9_-]+$'.",
                param("function.name")
            ))
            .param(param("function.name"))
            .code("invalid_value"));
        }
        let schema = tool.pointer("/function/parameters").unwrap_or(&Value::Null);
        ask.tools.push(Tool { name, schema });
    }
    ask.choice = choice(body, ask)?;
    Ok(())
}

fn choice<'a>(body: &'a Map<String, Value>, ask: &Ask<'a>) -> Result<Choice<'a>, Failure> {
    let Some(choice) = field(body, "tool_choice") else {
        return Ok(Choice::Auto);
    };
    if ask.tools.is_empty() && choice != "none" {
        let message = "'tool_choice' is only allowed when 'tools' are specified.";
        return Err(Failure::bad(message).param("tool_choice"));
    }
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::None),
        Some("required") => return Ok(Choice::Any),
        Some(_) => return Err(one_of("tool_choice", choice, &["none", "auto", "required"])),
        None => {}
    }
    let name = choice.pointer("/function/name").and_then(Value::as_str);
    let name = name.ok_or_else(|| missing("tool_choice.function"))?;
    if ask.tools.iter().any(|tool| tool.name == name) {
        return Ok(Choice::Named(name));
    }
    let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
    Err(Failure::bad(message).param("tool_choice"))
}

fn format<'a>(body: &'a Map<String, Value>, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let Some(format) = field(body, "response_format") else {
        return Ok(());
    };
    ask.format = match format.get("type").and_then(Value::as_str) {
        Some("text") => Format::Text,
        Some("json_object") if !mentions_json(body) => {
            return Err(Failure::bad(
                "'messages' must contain the word 'json' in some form, to use \
                 'response_format' of type 'json_object'.",
            )
            .param("messages"));
        }
        Some("json_object") => Format::Object,
        Some("json_schema") => Format::Schema(strict_schema(format)?),
        _ => return Err(missing("response_format.type")),
    };
    Ok(())
}

fn strict_schema(format: &Value) -> Result<&Value, Failure> {
    let inner = format.get("json_schema");
    let inner = inner.ok_or_else(|| missing("response_format.json_schema"))?;
    let name = inner.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| missing("response_format.json_schema.name"))?;
    let schema = inner.get("schema").unwrap_or(&Value::Null);
    if inner.get("strict") == Some(&Value::Bool(true)) && !is_closed(schema) {
        return Err(Failure::bad(format!(
            "Invalid schema for response_format '{name}': In context=(), \
             'additionalProperties' is required to be supplied and to be false."
        ))
        .param("response_format"));
    }
    Ok(schema)
}

fn mentions_json(body: &Map<String, Value>) -> bool {
    let text = body.get("messages").map(Value::to_string);
    text.is_some_and(|text| text.to_lowercase().contains("json"))
}

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh"];
