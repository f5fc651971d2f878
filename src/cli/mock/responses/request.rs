//! Reads a Responses request, as strictly as OpenAI does: an unknown field is refused,
//! chat's above all.

use serde_json::{Map, Value};

use crate::cli::mock::answer::{Ask, Choice, Format, Tool};
use crate::cli::mock::openai::fields::{
    boolean, field, integer, is_name, missing, number, one_of, wrong_type,
};
use crate::cli::mock::schema::is_closed;
use crate::cli::mock::vendor::Failure;

use super::input;

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = body
        .as_object()
        .ok_or_else(|| Failure::bad("We could not parse the JSON body of your request."))?;
    if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let message = format!("Unknown parameter: '{unknown}'.");
        return Err(Failure::bad(message).param(unknown).code("unknown_parameter"));
    }
    let model = match field(body, "model") {
        None => return Err(missing("model")),
        Some(Value::String(model)) => model,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let include = include(body, model)?;
    let mut ask = Ask {
        model,
        stream: boolean(body, "stream")?.unwrap_or(false),
        choices: 1,
        max_tokens: integer(body, "max_output_tokens", 16, u64::MAX)?,
        one_call_at_most: boolean(body, "parallel_tool_calls")? == Some(false),
        sealed: include.contains(&"reasoning.encrypted_content"),
        logprobs: include.contains(&"message.output_text.logprobs"),
        ..Ask::default()
    };
    boolean(body, "store")?;
    number(body, "temperature", 0.0, 2.0)?;
    number(body, "top_p", 0.0, 1.0)?;
    integer(body, "top_logprobs", 0, 20)?;
    reasoning(body, &mut ask)?;
    input::read(body, field(body, "store") == Some(&Value::Bool(false)), &mut ask)?;
    tools(body, &mut ask)?;
    format(body, &mut ask)?;
    Ok(ask)
}

fn include<'a>(body: &'a Map<String, Value>, model: &str) -> Result<Vec<&'a str>, Failure> {
    let list = match field(body, "include") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong_type("include", "an array of strings", other)),
    };
    for (n, value) in list.iter().enumerate() {
        if !value.as_str().is_some_and(|v| INCLUDE.contains(&v)) {
            return Err(one_of(&format!("include[{n}]"), value, INCLUDE));
        }
    }
    let list: Vec<_> = list.iter().filter_map(Value::as_str).collect();
    if list.contains(&"reasoning.encrypted_content") && model.starts_with("gpt-4") {
        let message = "Encrypted content is not supported with this model.";
        return Err(Failure::bad(message).param("include"));
    }
    Ok(list)
}

fn reasoning(body: &Map<String, Value>, ask: &mut Ask<'_>) -> Result<(), Failure> {
    let reasoning = match field(body, "reasoning") {
        None => {
            ask.reasoning = ask.sealed;
            return Ok(());
        }
        Some(Value::Object(reasoning)) => reasoning,
        Some(other) => return Err(wrong_type("reasoning", "an object", other)),
    };
    if let Some(effort) = field(reasoning, "effort")
        && !effort.as_str().is_some_and(|e| EFFORTS.contains(&e))
    {
        return Err(one_of("reasoning.effort", effort, EFFORTS));
    }
    if let Some(summary) = field(reasoning, "summary") {
        if !summary.as_str().is_some_and(|s| SUMMARIES.contains(&s)) {
            return Err(one_of("reasoning.summary", summary, SUMMARIES));
        }
        ask.thinking = true;
    }
    ask.reasoning = field(reasoning, "effort").is_none_or(|e| e != "none");
    Ok(())
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
            Some("custom" | "web_search") => continue,
            _ => return Err(missing(&param("type"))),
        }
        let name = tool.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| missing(&param("name")))?;
        if !is_name(name) {
            let message = format!("Invalid '{}': string does not match pattern.", param("name"));
            return Err(Failure::bad(message).param(param("name")).code("invalid_value"));
        }
        let schema = tool.get("parameters").unwrap_or(&Value::Null);
        // Strict unless said otherwise, unlike in chat.
        if tool.get("strict") != Some(&Value::Bool(false)) && !is_closed(schema) {
            return Err(Failure::bad(format!(
                "Invalid schema for function '{name}': In context=(), 'additionalProperties' is \
                 required to be supplied and to be false."
            ))
            .param(param("parameters"))
            .code("invalid_function_parameters"));
        }
        ask.tools.push(Tool { name, schema });
    }
    ask.choice = choice(body, ask)?;
    Ok(())
}

fn choice<'a>(body: &'a Map<String, Value>, ask: &Ask<'a>) -> Result<Choice<'a>, Failure> {
    let Some(choice) = field(body, "tool_choice") else {
        return Ok(Choice::Auto);
    };
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::None),
        Some("required") => return Ok(Choice::Any),
        Some(_) => return Err(one_of("tool_choice", choice, &["none", "auto", "required"])),
        None => {}
    }
    let name = choice.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| missing("tool_choice.name"))?;
    if ask.tools.iter().any(|tool| tool.name == name) {
        return Ok(Choice::Named(name));
    }
    let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
    Err(Failure::bad(message).param("tool_choice"))
}

fn format<'a>(body: &'a Map<String, Value>, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let Some(format) = field(body, "text").and_then(|text| text.get("format")) else {
        return Ok(());
    };
    ask.format = match format.get("type").and_then(Value::as_str) {
        Some("text") => Format::Text,
        Some("json_object") if !mentions_json(body) => {
            return Err(Failure::bad(
                "Response input messages must contain the word 'json' in some form to use \
                 'text.format' of type 'json_object'.",
            )
            .param("input"));
        }
        Some("json_object") => Format::Object,
        Some("json_schema") => {
            if format.get("name").and_then(Value::as_str).is_none() {
                return Err(missing("text.format.name"));
            }
            let schema = format.get("schema").ok_or_else(|| missing("text.format.schema"))?;
            Format::Schema(schema)
        }
        _ => return Err(missing("text.format.type")),
    };
    Ok(())
}

/// Instructions do not count.
fn mentions_json(body: &Map<String, Value>) -> bool {
    let text = body.get("input").map(Value::to_string);
    text.is_some_and(|text| text.to_lowercase().contains("json"))
}

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const SUMMARIES: &[&str] = &["auto", "concise", "detailed"];
const INCLUDE: &[&str] = &[
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "web_search_call.action.sources",
];
const KNOWN: &[&str] = &[
    "background",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];
