//! Reads a request's messages: roles, contents, and that every tool call is
//! answered by the tool messages right after it.

use serde_json::{Map, Value};

use crate::cli::mock::answer::{Ask, Turn};
use crate::cli::mock::vendor::Failure;

use super::fields::{field, missing, one_of, wrong_type};

pub(super) fn messages<'a>(body: &'a Map<String, Value>, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let messages = match field(body, "messages") {
        None => return Err(missing("messages")),
        Some(Value::Array(messages)) => messages,
        Some(other) => return Err(wrong_type("messages", "an array of objects", other)),
    };
    if messages.is_empty() {
        return Err(Failure::bad(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, \
             but got an empty array instead.",
        )
        .param("messages")
        .code("empty_array"));
    }
    let mut user = String::new();
    let mut results: Vec<String> = Vec::new();
    let mut last = "";
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let Value::Object(message) = message else {
            return Err(wrong_type(&format!("messages[{at}]"), "an object", message));
        };
        let role = role(message, at)?;
        if role == "tool" {
            answers(message, at, &mut open)?;
        } else {
            all_answered(&open, at)?;
            open.clear();
            results.clear();
        }
        if role == "assistant" {
            open = calls(message, at)?;
        }
        let text = content(message, at, role, open.is_empty())?;
        ask.input_bytes += text.len();
        match role {
            "user" => user = text,
            "tool" | "function" => results.push(text),
            _ => {}
        }
        last = role;
    }
    all_answered(&open, messages.len())?;
    ask.turn = match last {
        "tool" | "function" => Turn::Tool(results.join("; ")),
        "assistant" => Turn::Assistant(user),
        _ => Turn::User(user),
    };
    Ok(())
}

fn role(message: &Map<String, Value>, at: usize) -> Result<&str, Failure> {
    match field(message, "role") {
        None => Err(missing(&format!("messages[{at}].role"))),
        Some(Value::String(role)) if ROLES.contains(&role.as_str()) => Ok(role),
        Some(other) => Err(one_of(&format!("messages[{at}].role"), other, ROLES)),
    }
}

/// The text of a message, checking the shape of its content.
fn content(
    message: &Map<String, Value>,
    at: usize,
    role: &str,
    needed: bool,
) -> Result<String, Failure> {
    let param = format!("messages[{at}].content");
    match field(message, "content") {
        None if role == "assistant" && (!needed || message.contains_key("function_call")) => {
            Ok(String::new())
        }
        None if role == "assistant" && field(message, "refusal").is_some() => Ok(String::new()),
        None => Err(
            Failure::bad("Invalid value for 'content': expected a string, got null.")
                .param(format!("messages.[{at}].content")),
        ),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let mut texts = Vec::new();
            for (n, part) in parts.iter().enumerate() {
                texts.extend(part_text(part, &format!("{param}[{n}]"), role)?);
            }
            Ok(texts.join("\n"))
        }
        Some(other) => Err(wrong_type(
            &param,
            "one of a string or array of objects",
            other,
        )),
    }
}

fn part_text<'a>(part: &'a Value, param: &str, role: &str) -> Result<Option<&'a str>, Failure> {
    let kind = part.get("type").and_then(Value::as_str);
    let allowed = match role {
        "user" => USER_PARTS,
        "assistant" => &["text", "refusal"],
        _ => &["text"],
    };
    match kind {
        None => Err(missing(&format!("{param}.type"))),
        Some(kind) if !allowed.contains(&kind) => Err(one_of(
            &format!("{param}.type"),
            &Value::from(kind),
            allowed,
        )),
        Some(kind) => match part.get(kind) {
            None => Err(missing(&format!("{param}.{kind}"))),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) if kind == "text" => Err(missing(&format!("{param}.text"))),
            Some(_) => Ok(None),
        },
    }
}

/// The ids that the following tool messages must answer.
fn calls(message: &Map<String, Value>, at: usize) -> Result<Vec<&str>, Failure> {
    let param = format!("messages[{at}].tool_calls");
    let calls = match field(message, "tool_calls") {
        None => return Ok(Vec::new()),
        Some(Value::Array(calls)) if !calls.is_empty() => calls,
        Some(other) => return Err(wrong_type(&param, "a non-empty array of objects", other)),
    };
    let mut ids = Vec::with_capacity(calls.len());
    for (n, call) in calls.iter().enumerate() {
        let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str);
        let missing = |name: &str| missing(&format!("{param}[{n}].{name}"));
        match text("/type") {
            Some("function") => {
                text("/function/name").ok_or_else(|| missing("function.name"))?;
                text("/function/arguments").ok_or_else(|| missing("function.arguments"))?;
            }
            Some("custom") => {}
            _ => return Err(missing("type")),
        }
        ids.push(text("/id").ok_or_else(|| missing("id"))?);
    }
    Ok(ids)
}

fn answers(message: &Map<String, Value>, at: usize, open: &mut Vec<&str>) -> Result<(), Failure> {
    let id = field(message, "tool_call_id").and_then(Value::as_str);
    let id = id.ok_or_else(|| missing(&format!("messages[{at}].tool_call_id")))?;
    match open.iter().position(|o| *o == id) {
        Some(found) => {
            open.remove(found);
            Ok(())
        }
        None => Err(Failure::bad(
            "Invalid parameter: messages with role 'tool' must be a response to a \
             preceeding message with 'tool_calls'.",
        )
        .param(format!("messages.[{at}].role"))),
    }
}

fn all_answered(open: &[&str], at: usize) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    Err(Failure::bad(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding \
         to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    ))
    .param(format!("messages.[{at}].role")))
}

const ROLES: &[&str] = &[
    "system",
    "assistant",
    "user",
    "function",
    "tool",
    "developer",
];
const USER_PARTS: &[&str] = &["text", "image_url", "input_audio", "file"];
