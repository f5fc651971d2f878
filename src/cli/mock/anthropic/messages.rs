//! Reads a request's messages: turns, blocks, and that tool results answer the
//! tool uses of the turn before, each of them, and nothing else.
//!
//! Consecutive messages of one role are one turn, as in the real API.

use serde_json::Value;

use crate::cli::mock::answer::Turn;
use crate::cli::mock::vendor::Failure;

use super::blocks::{Reader, is_carried, redacted, thinking};
use super::fields::{Object, array, bad, object, only, required, string};

/// What the turn in progress has so far.
#[derive(Debug, Default)]
struct Talk<'a> {
    role: &'a str,
    texts: Vec<&'a str>,
    results: Vec<String>,
    /// Tool uses of this assistant turn, or those that this user turn must answer.
    uses: Vec<&'a str>,
    /// Where `uses` were made.
    uses_at: usize,
    /// The user's last words, kept over assistant turns.
    user: String,
    /// What the assistant's last message begins with, and where.
    begins: (&'a str, usize),
}

pub(super) fn read(body: &Object, reader: &mut Reader) -> Result<Turn, Failure> {
    required(body, "", "messages")?;
    let messages = array(body, "", "messages")?;
    if messages.is_empty() {
        return Err(bad("messages", "at least one message is required"));
    }
    let mut talk = Talk::default();
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages.{at}");
        let message = object(message, &path)?;
        let role = string(message, &path, "role")?;
        talk.enter(role, at)?;
        only(message, &path, &["role", "content"])?;
        let last = at + 1 == messages.len();
        match required(message, &path, "content")? {
            Value::String(text) => talk.plain(text, &path, last, reader)?,
            Value::Array(blocks) => talk.blocks(blocks, at, last, reader)?,
            _ => {
                let problem = "Input should be a valid array";
                return Err(bad(&format!("{path}.content"), problem));
            }
        }
    }
    let budget = body.get("thinking").is_some_and(|thinking| thinking["type"] == "enabled");
    if budget && !talk.results.is_empty() && !talk.begins.0.ends_with("thinking") {
        let (kind, at) = talk.begins;
        return Err(bad(
            &format!("messages.{at}.content.0.type"),
            &format!(
                "Expected `thinking` or `redacted_thinking`, but found `{kind}`. When `thinking` \
                 is enabled, a final `assistant` message must start with a thinking block \
                 (preceeding the lastmost set of `tool_use` and `tool_result` blocks). To avoid \
                 this requirement, disable `thinking`."
            ),
        ));
    }
    talk.end()
}

// === impl Talk ===

impl<'a> Talk<'a> {
    fn enter(&mut self, role: &'a str, at: usize) -> Result<(), Failure> {
        if role != "user" && role != "assistant" {
            return Err(bad(
                "messages",
                &format!(
                    "Unexpected role \"{role}\". The Messages API accepts a top-level `system` \
                 parameter, not \"system\" as an input message role."
                ),
            ));
        }
        if at == 0 && role != "user" {
            return Err(bad("messages", "first message must use the \"user\" role"));
        }
        if role == self.role {
            return Ok(());
        }
        if role == "assistant" {
            self.all_answered()?;
            self.remember();
            self.uses.clear();
        }
        self.role = role;
        self.texts.clear();
        self.results.clear();
        Ok(())
    }

    fn end(mut self) -> Result<Turn, Failure> {
        self.all_answered()?;
        if self.role == "assistant" {
            return Ok(Turn::Assistant(self.user));
        }
        if !self.results.is_empty() {
            return Ok(Turn::Tool(self.results.join("; ")));
        }
        self.remember();
        Ok(Turn::User(self.user))
    }

    fn remember(&mut self) {
        if self.role == "user" && !self.texts.is_empty() {
            self.user = self.texts.join("\n");
        }
    }

    fn plain(
        &mut self,
        text: &'a str,
        path: &str,
        last: bool,
        reader: &mut Reader,
    ) -> Result<(), Failure> {
        if text.is_empty() && self.role == "user" {
            return Err(bad(path, "user messages must have non-empty content"));
        }
        if text.is_empty() && !last {
            return Err(Failure::bad(format!(
                "{path}: all messages must have non-empty content except for the optional \
                 final assistant message"
            )));
        }
        self.no_trailing_space(text, last)?;
        reader.bytes += text.len();
        self.texts.push(text);
        Ok(())
    }

    fn blocks(
        &mut self,
        blocks: &'a [Value],
        at: usize,
        last: bool,
        reader: &mut Reader,
    ) -> Result<(), Failure> {
        if blocks.is_empty() && !(last && self.role == "assistant") {
            let path = format!("messages.{at}");
            return Err(bad(&path, "user messages must have non-empty content"));
        }
        for (n, block) in blocks.iter().enumerate() {
            let path = format!("messages.{at}.content.{n}");
            let block = object(block, &path)?;
            let kind = string(block, &path, "type")?;
            if n == 0 && self.role == "assistant" {
                self.begins = (kind, at);
            }
            match (self.role, kind) {
                (_, "text") => {
                    let text = reader.text(block, &path)?;
                    self.no_trailing_space(text, last && n + 1 == blocks.len())?;
                    self.texts.push(text);
                }
                ("assistant", "tool_use") => {
                    self.tool_use(block, &path)?;
                    self.uses_at = at;
                    reader.marks(block);
                }
                ("user", "tool_result") => self.tool_result(block, &path, reader)?,
                ("assistant", "thinking") => thinking(block, &path)?,
                ("assistant", "redacted_thinking") => redacted(block, &path)?,
                (_, kind) if is_carried(self.role, kind) => reader.marks(block),
                (role, kind) => {
                    return Err(bad(
                        &path,
                        &format!(
                            "Input tag '{kind}' found using 'type' does not match any of the \
                         expected tags for role '{role}'"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn tool_use(&mut self, block: &'a Object, path: &str) -> Result<(), Failure> {
        let path = format!("{path}.tool_use");
        only(block, &path, &["type", "id", "name", "input", "cache_control", "caller"])?;
        string(block, &path, "name")?;
        if !required(block, &path, "input")?.is_object() {
            return Err(bad(&format!("{path}.input"), "Input should be a valid dictionary"));
        }
        let id = string(block, &path, "id")?;
        if self.uses.contains(&id) {
            return Err(bad("messages", "`tool_use` ids must be unique"));
        }
        self.uses.push(id);
        Ok(())
    }

    fn tool_result(
        &mut self,
        block: &'a Object,
        path: &str,
        reader: &mut Reader,
    ) -> Result<(), Failure> {
        let inner = format!("{path}.tool_result");
        only(block, &inner, &["type", "tool_use_id", "content", "is_error", "cache_control"])?;
        reader.marks(block);
        let id = string(block, &inner, "tool_use_id")?;
        let Some(found) = self.uses.iter().position(|open| *open == id) else {
            return Err(bad(
                path,
                &format!(
                    "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the \
                 previous message."
                ),
            ));
        };
        self.uses.remove(found);
        failure(block, &inner)?;
        let mut texts = Vec::new();
        match block.get("content") {
            None => {}
            Some(Value::String(text)) => {
                reader.bytes += text.len();
                texts.push(text.as_str());
            }
            Some(Value::Array(parts)) => {
                for (n, part) in parts.iter().enumerate() {
                    let path = format!("{inner}.content.{n}");
                    let part = object(part, &path)?;
                    if string(part, &path, "type")? == "text" {
                        texts.push(reader.text(part, &path)?);
                    }
                }
            }
            Some(_) => {
                let problem = "Input should be a valid array";
                return Err(bad(&format!("{inner}.content"), problem));
            }
        }
        self.results.push(texts.join("\n"));
        Ok(())
    }

    /// Called where a user turn is over, or the talk.
    fn all_answered(&self) -> Result<(), Failure> {
        if self.uses.is_empty() {
            return Ok(());
        }
        Err(Failure::bad(format!(
            "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately \
             after: {}. Each `tool_use` block must have a corresponding `tool_result` block in \
             the next message.",
            self.uses_at,
            self.uses.join(", ")
        )))
    }

    fn no_trailing_space(&self, text: &str, last: bool) -> Result<(), Failure> {
        if last && self.role == "assistant" && text.ends_with(char::is_whitespace) {
            let problem = "final assistant content cannot end with trailing whitespace";
            return Err(bad("messages", problem));
        }
        Ok(())
    }
}

/// What a result that says it is an error may hold: words, at least some.
fn failure(block: &Object, path: &str) -> Result<(), Failure> {
    if block.get("is_error") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    match block.get("content") {
        Some(Value::String(text)) if !text.is_empty() => Ok(()),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            if parts.iter().all(|part| part["type"] == "text") {
                Ok(())
            } else {
                Err(bad(path, "all content must be type \"text\" if \"is_error\" is true"))
            }
        }
        _ => Err(bad(path, "content cannot be empty if `is_error` is true")),
    }
}
