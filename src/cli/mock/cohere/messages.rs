//! Reads a chat's messages: roles, content blocks, and that tool messages answer the
//! calls before them, each of them, and nothing else.

use serde_json::Value;

use crate::cli::mock::answer::Turn;
use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, field, invalid, object, only, string, word};

/// What has been read so far.
#[derive(Debug, Default)]
struct Talk<'a> {
    bytes: usize,
    /// Calls that wait for their results.
    open: Vec<&'a str>,
    results: Vec<String>,
    user: String,
    last: &'a str,
}

/// What the model must react to, and the bytes of all texts.
pub(super) fn read(body: &Object) -> Result<(Turn, usize), Failure> {
    let messages = array(body, "messages")?;
    if messages.is_empty() {
        return Err(invalid(
            "message must be at least 1 token long or tool results must be specified.",
        ));
    }
    let mut talk = Talk::default();
    for (at, message) in messages.iter().enumerate() {
        talk.message(object(message, "a message")?, at)?;
    }
    talk.answered()?;
    let turn = match talk.last {
        "tool" => Turn::Tool(talk.results.join("; ")),
        "user" => Turn::User(talk.user),
        _ => return Err(invalid("the last message must be of role user or tool")),
    };
    Ok((turn, talk.bytes))
}

// === impl Talk ===

impl<'a> Talk<'a> {
    fn message(&mut self, message: &'a Object, at: usize) -> Result<(), Failure> {
        let role = string(message, "role")?;
        if role != "tool" {
            self.answered()?;
        }
        match role {
            "system" if at > 0 => {
                return Err(Failure::bad("system turn must be the first in the list"));
            }
            "system" => {
                only(message, &["role", "content"])?;
                self.content(message, &["text"])?;
            }
            "user" => {
                only(message, &["role", "content"])?;
                self.user = self.content(message, &["text", "image_url"])?;
            }
            "assistant" => self.assistant(message)?,
            "tool" => {
                only(message, &["role", "tool_call_id", "content"])?;
                let id = string(message, "tool_call_id")?;
                let Some(found) = self.open.iter().position(|open| *open == id) else {
                    return Err(invalid(format!("no tool call with id '{id}' to answer")));
                };
                self.open.remove(found);
                let result = self.content(message, &["text", "document"])?;
                if self.last != "tool" {
                    self.results.clear();
                }
                self.results.push(result);
            }
            _ => {
                return Err(invalid(format!(
                    "Invalid role in messages at index {at}. Role must be one of the following: \
                     user, assistant, system, tool"
                )));
            }
        }
        self.last = role;
        Ok(())
    }

    fn assistant(&mut self, message: &'a Object) -> Result<(), Failure> {
        only(message, &["role", "content", "tool_calls", "tool_plan", "citations"])?;
        let calls = array(message, "tool_calls")?;
        if field(message, "content").is_some() {
            self.content(message, &["text", "thinking"])?;
        } else if calls.is_empty() {
            return Err(Failure::bad("message must not be empty in a turn"));
        }
        if field(message, "tool_plan").is_some() {
            self.bytes += string(message, "tool_plan")?.len();
        }
        for call in calls {
            let call = object(call, "a tool call")?;
            only(call, &["id", "type", "function"])?;
            word(call, "type", &["function"])?;
            let function = object(call.get("function").unwrap_or(&Value::Null), "a function")?;
            only(function, &["name", "arguments"])?;
            string(function, "name")?;
            let arguments = serde_json::from_str::<Value>(string(function, "arguments")?);
            if !arguments.is_ok_and(|a| a.is_object()) {
                return Err(invalid("arguments of a tool call must be a JSON object"));
            }
            let id = string(call, "id")?;
            if self.open.contains(&id) {
                return Err(invalid(format!("duplicate tool call id '{id}'")));
            }
            self.open.push(id);
        }
        Ok(())
    }

    /// The texts of a message's content, which must say something.
    fn content(&mut self, message: &'a Object, kinds: &[&str]) -> Result<String, Failure> {
        let mut texts = Vec::new();
        match field(message, "content") {
            Some(Value::String(text)) => texts.push(text.as_str()),
            Some(Value::Array(blocks)) => {
                for block in blocks {
                    let block = object(block, "a content block")?;
                    let kind = string(block, "type")?;
                    if !kinds.contains(&kind) {
                        return Err(invalid(format!("content of type '{kind}' is not supported")));
                    }
                    only(block, &["type", kind])?;
                    match kind {
                        "text" => texts.push(string(block, "text")?),
                        "thinking" => self.bytes += string(block, "thinking")?.len(),
                        _ => drop(object(block.get(kind).unwrap_or(&Value::Null), kind)?),
                    }
                    if kind == "image_url" {
                        image(block)?;
                    }
                }
                if blocks.is_empty() {
                    return Err(Failure::bad("message must not be empty in a turn"));
                }
            }
            _ => return Err(invalid("content must be a string or a list of blocks")),
        }
        let text = texts.join("\n");
        let alone = field(message, "content").is_some_and(Value::is_string);
        if alone && text.is_empty() {
            return Err(Failure::bad("message must not be empty in a turn"));
        }
        self.bytes += text.len();
        Ok(text)
    }

    /// Called where another turn begins, or the talk ends.
    fn answered(&self) -> Result<(), Failure> {
        match self.open.first() {
            None => Ok(()),
            Some(id) => Err(invalid(format!("tool call '{id}' has no tool message"))),
        }
    }
}

fn image(block: &Object) -> Result<(), Failure> {
    let image = object(block.get("image_url").unwrap_or(&Value::Null), "image_url")?;
    only(image, &["url", "detail"])?;
    word(image, "detail", &["auto", "low", "high"])?;
    let url = string(image, "url")?;
    let known = ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,"];
    let known = known.iter().chain(&["data:image/gif;base64,", "https://", "http://"]);
    if known.clone().any(|start| url.starts_with(start)) {
        Ok(())
    } else {
        Err(invalid("image_url.url must be a data URI or a web URL of a supported image"))
    }
}
