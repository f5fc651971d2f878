//! Reads the conversation: turns alternate, the user's first, none is empty, and tool
//! results answer the tool uses of the turn before, each of them, and nothing else.

use serde_json::Value;

use crate::cli::mock::answer::Turn;
use crate::cli::mock::vendor::Failure;

use super::blocks::{self, Block, Reader};
use super::fields::{Object, array, bad, object, only, string};

pub(super) fn read(body: &Object, reader: &mut Reader) -> Result<Turn, Failure> {
    let messages = array(body, "body", "messages")?;
    if messages.is_empty() {
        return Err(bad(
            "A conversation must start with a user message. Try again with a conversation that \
             starts with a user message.",
        ));
    }
    let mut turn = Turn::default();
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages.{at}");
        let message = object(message, &path)?;
        only(message, &path, &["role", "content"])?;
        let role = string(message, &path, "role")?;
        turns(role, at)?;
        let said = content(message, role, &path, reader)?;
        if role == "assistant" {
            open = said.uses;
            if let Turn::User(text) | Turn::Tool(text) = turn {
                turn = Turn::Assistant(text);
            }
            continue;
        }
        answered(&said, &open, &path)?;
        open.clear();
        turn = if said.results.is_empty() {
            Turn::User(said.texts.join("\n"))
        } else {
            Turn::Tool(
                said.results.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("; "),
            )
        };
    }
    Ok(turn)
}

/// What one message holds.
#[derive(Default)]
struct Said<'a> {
    texts: Vec<&'a str>,
    uses: Vec<&'a str>,
    results: Vec<(&'a str, String)>,
}

fn turns(role: &str, at: usize) -> Result<(), Failure> {
    let wanted = if at.is_multiple_of(2) { "user" } else { "assistant" };
    if role == wanted {
        return Ok(());
    }
    Err(bad(match (role, at) {
        ("assistant", 0) => {
            "A conversation must start with a user message. Try again with a conversation that \
             starts with a user message."
        }
        ("user" | "assistant", _) => {
            "A conversation must alternate between user and assistant roles. Make sure the \
             conversation alternates between user and assistant roles and try again."
        }
        _ => "Value at 'messages.role' failed to satisfy constraint: [user, assistant]",
    }))
}

fn content<'a>(
    message: &'a Object,
    role: &str,
    path: &str,
    reader: &mut Reader,
) -> Result<Said<'a>, Failure> {
    let list: &[Value] = array(message, path, "content")?;
    if list.is_empty() {
        return Err(bad(format!(
            "The content field in the Message object at {path} is empty. Add a ContentBlock object \
             to the content field and try again."
        )));
    }
    let mut said = Said::default();
    let mut has_document = false;
    for (n, block) in list.iter().enumerate() {
        match blocks::message(block, role, &format!("{path}.content.{n}"), reader)? {
            Block::Text(text) => said.texts.push(text),
            Block::Use(id) if said.uses.contains(&id) => {
                return Err(bad("messages: `tool_use` ids must be unique"));
            }
            Block::Use(id) => said.uses.push(id),
            Block::Result(id, text) => said.results.push((id, text)),
            Block::Document => has_document = true,
            Block::Other => {}
        }
    }
    if has_document && said.texts.is_empty() {
        return Err(bad("A text block must be included when using documents."));
    }
    Ok(said)
}

fn answered(said: &Said<'_>, open: &[&str], path: &str) -> Result<(), Failure> {
    if said.results.len() > open.len() {
        return Err(bad(format!(
            "The number of toolResult blocks at {path}.content exceeds the number of toolUse \
             blocks of previous turn."
        )));
    }
    let missing: Vec<_> =
        open.iter().filter(|id| !said.results.iter().any(|(own, _)| own == *id)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(bad(format!(
        "Expected toolResult blocks at {path}.content for the following Ids: {}",
        missing.join(", ")
    )))
}
