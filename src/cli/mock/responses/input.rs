//! Reads the input items: their types, their parts, and that every call and every
//! output has its other half.

use serde_json::{Map, Value};

use crate::cli::mock::answer::{Ask, Turn};
use crate::cli::mock::openai::fields::{field, missing, one_of, wrong_type};
use crate::cli::mock::vendor::Failure;

/// `stateless`: `store` is false, so that no item can be referred to.
pub(super) fn read<'a>(
    body: &'a Map<String, Value>,
    stateless: bool,
    ask: &mut Ask<'a>,
) -> Result<(), Failure> {
    if let Some(instructions) = field(body, "instructions").and_then(Value::as_str) {
        ask.input_bytes += instructions.len();
    }
    let items = match field(body, "input") {
        None => return Err(missing("input")),
        Some(Value::String(text)) => {
            ask.input_bytes += text.len();
            ask.turn = Turn::User(text.clone());
            return Ok(());
        }
        Some(Value::Array(items)) if !items.is_empty() => items,
        Some(Value::Array(_)) => {
            return Err(Failure::bad("Invalid 'input': empty array.").param("input"));
        }
        Some(other) => return Err(wrong_type("input", "a string or an array of items", other)),
    };
    let (mut user, mut results) = (String::new(), Vec::new());
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut last = "";
    for (at, item) in items.iter().enumerate() {
        let param = format!("input[{at}]");
        let Value::Object(item) = item else {
            return Err(wrong_type(&param, "an object", item));
        };
        let text = |name: &str| {
            let found = field(item, name).and_then(Value::as_str);
            found.ok_or_else(|| missing(&format!("{param}.{name}")))
        };
        let kind = field(item, "type").and_then(Value::as_str).unwrap_or("message");
        match kind {
            "message" => {
                let role = text("role")?;
                if !ROLES.contains(&role) {
                    return Err(one_of(&format!("{param}.role"), &Value::from(role), ROLES));
                }
                let said = content(item, &param, "content", role)?;
                ask.input_bytes += said.len();
                last = role;
                if role == "user" {
                    user = said;
                    results.clear();
                }
            }
            "reasoning" => reasoning(item, &param, stateless)?,
            "function_call" | "custom_tool_call" => {
                text("name")?;
                text(if kind == "function_call" { "arguments" } else { "input" })?;
                let id = text("call_id")?;
                if id.len() > 64 {
                    let message = format!("Invalid '{param}.call_id': string too long.");
                    return Err(Failure::bad(message).code("string_above_max_length"));
                }
                open.push((id, kind));
            }
            "function_call_output" | "custom_tool_call_output" => {
                let id = text("call_id")?;
                let call = kind.trim_end_matches("_output");
                let Some(found) = open.iter().position(|o| *o == (id, call)) else {
                    let words = call.replace('_', " ");
                    return Err(Failure::bad(format!(
                        "No tool call found for {words} output with call_id {id}."
                    ))
                    .param("input"));
                };
                open.remove(found);
                let said = content(item, &param, "output", "tool")?;
                ask.input_bytes += said.len();
                results.push(said);
                last = "tool";
            }
            other => return Err(one_of(&format!("{param}.type"), &Value::from(other), TYPES)),
        }
    }
    if let Some((id, _)) = open.first() {
        let message = format!("No tool output found for function call {id}.");
        return Err(Failure::bad(message).param("input"));
    }
    ask.turn = match last {
        "tool" => Turn::Tool(results.join("; ")),
        "assistant" => Turn::Assistant(user),
        _ => Turn::User(user),
    };
    Ok(())
}

/// What cannot be opened was not sealed here.
fn reasoning(item: &Map<String, Value>, param: &str, stateless: bool) -> Result<(), Failure> {
    let id = field(item, "id").and_then(Value::as_str);
    let id = id.ok_or_else(|| missing(&format!("{param}.id")))?;
    if !item.get("summary").is_some_and(Value::is_array) {
        return Err(missing(&format!("{param}.summary")));
    }
    match field(item, "encrypted_content").and_then(Value::as_str) {
        Some(sealed) if sealed == super::response::seal(id) => Ok(()),
        Some(_) => Err(Failure::bad(
            "The encrypted content could not be verified. Reason: Encrypted content could not \
             be decrypted or parsed.",
        )
        .code("invalid_encrypted_content")),
        None if stateless => Err(Failure::new(
            404,
            format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to \
                 false. Try again with `store` set to true, or remove this item from your input."
            ),
        )
        .param("input")),
        None => Ok(()),
    }
}

/// The text of a message or an output, checking its parts.
fn content(
    item: &Map<String, Value>,
    param: &str,
    name: &str,
    role: &str,
) -> Result<String, Failure> {
    let param = format!("{param}.{name}");
    let parts = match field(item, name) {
        None => return Err(missing(&param)),
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(Value::Array(parts)) => parts,
        Some(other) => return Err(wrong_type(&param, "one of a string or array", other)),
    };
    let allowed = match role {
        "assistant" => ASSISTANT_PARTS,
        "user" | "tool" => INPUT_PARTS,
        _ => &INPUT_PARTS[..1],
    };
    let mut texts = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let param = format!("{param}[{n}]");
        let kind = part.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| missing(&format!("{param}.type")))?;
        if !allowed.contains(&kind) {
            return Err(one_of(&param, &Value::from(kind), allowed));
        }
        let has = |name: &str| part.get(name).and_then(Value::as_str).is_some();
        match kind {
            "input_image" if !has("image_url") && !has("file_id") => {
                return Err(missing(&format!("{param}.image_url")));
            }
            "input_file" if !has("file_data") && !has("file_id") && !has("file_url") => {
                return Err(missing(&format!("{param}.file_data")));
            }
            "refusal" if !has("refusal") => return Err(missing(&format!("{param}.refusal"))),
            "input_text" | "output_text" => {
                let text = part.get("text").and_then(Value::as_str);
                texts.push(text.ok_or_else(|| missing(&format!("{param}.text")))?);
            }
            _ => {}
        }
    }
    Ok(texts.join("\n"))
}

const ROLES: &[&str] = &["assistant", "system", "developer", "user"];
const INPUT_PARTS: &[&str] = &["input_text", "input_image", "input_file"];
const ASSISTANT_PARTS: &[&str] = &["output_text", "refusal"];
const TYPES: &[&str] = &[
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
];
