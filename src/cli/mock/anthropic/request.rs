//! Reads a Messages request, as strictly as Anthropic does.
//!
//! Everything outside of `messages`. The list of fields is that of the official
//! SDK: <https://github.com/anthropics/anthropic-sdk-python>, `message_create_params.py`.

use serde_json::Value;

use crate::cli::mock::answer::{Ask, Choice, Format, Tool};
use crate::cli::mock::schema::is_closed;
use crate::cli::mock::vendor::Failure;

use super::blocks::Reader;
use super::fields::{Object, array, bad, boolean, object, only, required, share, string, unsigned};
use super::messages;

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body =
        body.as_object().ok_or_else(|| Failure::bad("The request body is not a JSON object."))?;
    read(body, string(body, "", "model")?, boolean(body, "", "stream")?, FIELDS)
}

/// `known`: the fields this host takes.
pub(super) fn read<'a>(
    body: &'a Object,
    model: &'a str,
    stream: bool,
    known: &[&str],
) -> Result<Ask<'a>, Failure> {
    let mut ask = Ask {
        model,
        stream,
        choices: 1,
        max_tokens: known
            .contains(&"max_tokens")
            .then(|| unsigned(body, "", "max_tokens"))
            .transpose()?,
        ..Ask::default()
    };
    only(body, "", known)?;
    let temperature = share(body, "temperature")?;
    share(body, "top_p")?;
    if body.contains_key("top_k") {
        unsigned(body, "", "top_k")?;
    }
    if let Some(metadata) = body.get("metadata") {
        only(object(metadata, "metadata")?, "metadata", &["user_id"])?;
    }
    thread(body)?;
    ask.stops = stops(body)?;
    let mut reader = Reader::default();
    system(body, &mut reader)?;
    tools(body, &mut ask, &mut reader)?;
    ask.choice = choice(body, &mut ask)?;
    ask.thinking = thinking(body, &ask, temperature)?;
    ask.format = format(body)?;
    reader.marks(body);
    ask.turn = messages::read(body, &mut reader)?;
    ask.input_bytes = reader.bytes;
    ask.cached = reader.cache_marks > 0;
    if reader.cache_marks > MAX_MARKS {
        return Err(Failure::bad(format!(
            "A maximum of {MAX_MARKS} blocks with cache_control may be provided. Found {}.",
            reader.cache_marks
        )));
    }
    Ok(ask)
}

/// A conversation that the vendor keeps. The mock loses each at once, as the vendor may.
fn thread(body: &Object) -> Result<(), Failure> {
    let Some(thread) = body.get("thread") else { return Ok(()) };
    let thread = object(thread, "thread")?;
    match string(thread, "thread", "type")? {
        "create" => only(thread, "thread", &["type"]),
        "continue" => {
            only(thread, "thread", &["type", "previous_message_id"])?;
            let id = string(thread, "thread", "previous_message_id")?;
            Err(Failure::bad(format!("thread: {id} was not found")).code("thread_not_found"))
        }
        _ => Err(bad("thread.type", "Input should be 'create' or 'continue'")),
    }
}

fn stops(body: &Object) -> Result<Vec<&str>, Failure> {
    let mut stops = Vec::new();
    for (n, stop) in array(body, "", "stop_sequences")?.iter().enumerate() {
        let path = format!("stop_sequences.{n}");
        let stop = stop.as_str().ok_or_else(|| bad(&path, "Input should be a valid string"))?;
        if stop.trim().is_empty() {
            let problem = "each stop sequence must contain non-whitespace";
            return Err(bad("stop_sequences", problem));
        }
        stops.push(stop);
    }
    Ok(stops)
}

fn system(body: &Object, reader: &mut Reader) -> Result<(), Failure> {
    match body.get("system") {
        None => Ok(()),
        Some(Value::String(text)) => {
            reader.bytes += text.len();
            Ok(())
        }
        Some(Value::Array(blocks)) => {
            for (n, block) in blocks.iter().enumerate() {
                let path = format!("system.{n}");
                let block = object(block, &path)?;
                if string(block, &path, "type")? != "text" {
                    return Err(bad(&format!("{path}.type"), "Input should be 'text'"));
                }
                reader.text(block, &path)?;
            }
            Ok(())
        }
        Some(_) => Err(bad("system", "Input should be a valid array")),
    }
}

fn tools<'a>(body: &'a Object, ask: &mut Ask<'a>, reader: &mut Reader) -> Result<(), Failure> {
    for (n, tool) in array(body, "", "tools")?.iter().enumerate() {
        let path = format!("tools.{n}");
        let tool = object(tool, &path)?;
        reader.marks(tool);
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or("custom");
        let name = string(tool, &path, "name")?;
        if kind != "custom" {
            // A server tool: it has no schema to answer from.
            continue;
        }
        let path = format!("{path}.custom");
        only(tool, &path, TOOL_FIELDS)?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=128).contains(&name.len()) || !name.bytes().all(legal) {
            let problem = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
            return Err(bad(&format!("{path}.name"), problem));
        }
        let schema = required(tool, &path, "input_schema")?;
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(bad(&format!("{path}.input_schema.type"), "Field required"));
        }
        ask.tools.push(Tool { name, schema });
    }
    Ok(())
}

fn choice<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<Choice<'a>, Failure> {
    let Some(choice) = body.get("tool_choice") else {
        return Ok(Choice::Auto);
    };
    let choice = object(choice, "tool_choice")?;
    if array(body, "", "tools")?.is_empty() {
        let problem = "tool_choice may only be specified while providing tools";
        return Err(bad("tool_choice", problem));
    }
    let parallel = "disable_parallel_tool_use";
    ask.one_call_at_most = boolean(choice, "tool_choice", parallel)?;
    match string(choice, "tool_choice", "type")? {
        "none" => only(choice, "tool_choice.none", &["type"]).map(|()| Choice::None),
        "auto" => only(choice, "tool_choice.auto", &["type", parallel]).map(|()| Choice::Auto),
        "any" => only(choice, "tool_choice.any", &["type", parallel]).map(|()| Choice::Any),
        "tool" => {
            let path = "tool_choice.tool";
            only(choice, path, &["type", parallel, "name"])?;
            let name = string(choice, path, "name")?;
            if ask.tools.iter().any(|tool| tool.name == name) {
                Ok(Choice::Named(name))
            } else {
                let problem = format!("Tool '{name}' not found in provided tools");
                Err(bad("tool_choice.name", &problem))
            }
        }
        other => Err(bad(
            "tool_choice",
            &format!(
                "Input tag '{other}' found using 'type' does not match any of the expected \
                 tags: 'auto', 'any', 'tool', 'none'"
            ),
        )),
    }
}

/// <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>
fn thinking(body: &Object, ask: &Ask<'_>, temperature: Option<f64>) -> Result<bool, Failure> {
    let Some(thinking) = body.get("thinking") else {
        return Ok(false);
    };
    let thinking = object(thinking, "thinking")?;
    match string(thinking, "thinking", "type")? {
        "disabled" => {
            only(thinking, "thinking.disabled", &["type"])?;
            return Ok(false);
        }
        "adaptive" => only(thinking, "thinking.adaptive", &["type", "display"])?,
        "enabled" => {
            let path = "thinking.enabled";
            only(thinking, path, &["type", "budget_tokens", "display"])?;
            let budget = unsigned(thinking, path, "budget_tokens")?;
            if budget < 1024 {
                let problem = "Input should be greater than or equal to 1024";
                return Err(bad("thinking.enabled.budget_tokens", problem));
            }
            if ask.max_tokens.is_some_and(|max| max <= budget) {
                return Err(Failure::bad(
                    "`max_tokens` must be greater than `thinking.budget_tokens`. Please \
                     consult our documentation at https://docs.claude.com/en/docs/\
                     build-with-claude/extended-thinking#max-tokens-and-context-window-size",
                ));
            }
        }
        other => {
            return Err(bad(
                "thinking",
                &format!(
                    "Input tag '{other}' found using 'type' does not match any of the expected \
                     tags: 'adaptive', 'disabled', 'enabled'"
                ),
            ));
        }
    }
    if temperature.is_some_and(|t| t != 1.0) {
        return Err(Failure::bad("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if matches!(ask.choice, Choice::Any | Choice::Named(_)) {
        return Err(Failure::bad("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(true)
}

/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>
fn format(body: &Object) -> Result<Format<'_>, Failure> {
    let Some(config) = body.get("output_config") else {
        return Ok(Format::Text);
    };
    let config = object(config, "output_config")?;
    only(config, "output_config", &["format", "effort", "task_budget"])?;
    if let Some(effort) = config.get("effort").filter(|e| !e.is_null())
        && !EFFORTS.contains(&effort.as_str().unwrap_or_default())
    {
        let problem = "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'";
        return Err(bad("output_config.effort", problem));
    }
    let Some(format) = config.get("format").filter(|f| !f.is_null()) else {
        return Ok(Format::Text);
    };
    let path = "output_config.format";
    let format = object(format, path)?;
    only(format, path, &["type", "schema"])?;
    if string(format, path, "type")? != "json_schema" {
        return Err(bad("output_config.format.type", "Input should be 'json_schema'"));
    }
    let schema = required(format, path, "schema")?;
    if !is_closed(schema) {
        let problem = "For 'object' type, 'additionalProperties' must be explicitly set to false";
        return Err(bad("output_config.format.schema", problem));
    }
    Ok(Format::Schema(schema))
}

pub(super) const FIELDS: &[&str] = &[
    "cache_control",
    "container",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "thread",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];
const TOOL_FIELDS: &[&str] = &[
    "allowed_callers",
    "cache_control",
    "defer_loading",
    "description",
    "eager_input_streaming",
    "input_examples",
    "input_schema",
    "name",
    "strict",
    "type",
];
const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const MAX_MARKS: usize = 4;
