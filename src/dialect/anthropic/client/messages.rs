//! The conversation: turns of blocks to a chat's messages.
//!
//! Results of tools become messages of their own, before the rest of the turn they
//! stand in. Pictures in them go to that rest where a provider takes only text as a
//! result. The order of text and calls within an answer is lost, as chat has none.

use super::content::{self, Context, Parts, refused, type_of};
use super::fields::CHAT;
use super::keepsake::Keepsake;
use super::request::member;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::{Array, Text};
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json;

pub(super) fn read(
    system: Option<Value<'_, '_>>,
    list: &Value<'_, '_>,
    context: &mut Context<'_>,
) -> Result<Array, Error> {
    let mut written = Array::default();
    if let Some(system) = &system {
        let mut parts = Parts::default();
        texts(system, &mut parts, context)?;
        message(&mut written, "system", &parts);
    }
    let items = list.items()?;
    if items.is_empty() {
        return Err(list.error("must not be empty"));
    }
    for (i, raw) in items.into_iter().enumerate() {
        let value = list.item(i, raw);
        let object = value.object()?;
        for name in ["tool_calls", "tool_call_id", "function_call"] {
            if let Some(foreign) = value.field(&object, name) {
                return Err(foreign.error(CHAT));
            }
        }
        context.dropped.unknown("messages.", &object, &["role", "content"]);
        let Some(role) = value.field(&object, "role") else {
            return Err(value.error("needs a role"));
        };
        let Some(content) = value.field(&object, "content") else {
            return Err(value.error("needs content"));
        };
        match role.text()?.as_ref() {
            "user" => user(&content, &mut written, context)?,
            "assistant" => assistant(&content, &mut written, context)?,
            // Newer models take instructions between the turns.
            "system" if i > 0 => {
                let mut parts = Parts::default();
                texts(&content, &mut parts, context)?;
                message(&mut written, "system", &parts);
            }
            "system" => {
                return Err(role.error(
                    "instructions at the beginning go into system, as this path takes Anthropic \
                     Messages: send chat to /v1/chat/completions",
                ));
            }
            "tool" | "developer" | "function" => return Err(role.error(CHAT)),
            _ => return Err(role.error("must be user or assistant")),
        }
    }
    Ok(written)
}

/// Instructions: a string, or blocks of text.
fn texts(
    content: &Value<'_, '_>,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    if content.is_string() {
        parts.text(content.raw, None, context);
        return Ok(());
    }
    for (i, raw) in content.items()?.into_iter().enumerate() {
        let block = content.item(i, raw);
        let object = block.object()?;
        match type_of(&block, &object)?.as_str() {
            "text" => content::text(&block, &object, parts, context)?,
            other => return Err(refused(&block, other)),
        }
    }
    Ok(())
}

/// A message of parts; none where there are none.
fn message(written: &mut Array, role: &str, parts: &Parts) {
    if !parts.is_empty() {
        let out = written.item();
        open(out, role);
        parts.push(out);
        out.push(b'}');
    }
}

fn open(out: &mut Vec<u8>, role: &str) {
    out.extend_from_slice(br#"{"role":"#);
    json::push_text(out, role);
    out.extend_from_slice(br#","content":"#);
}

fn user(
    content: &Value<'_, '_>,
    written: &mut Array,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    // What results hold beside text comes before what the user says.
    let (mut parts, mut said) = (Parts::default(), Parts::default());
    if content.is_string() {
        said.text(content.raw, None, context);
    } else {
        for (i, raw) in content.items()?.into_iter().enumerate() {
            let block = content.item(i, raw);
            let object = block.object()?;
            match type_of(&block, &object)?.as_str() {
                "tool_result" => result(&block, &object, written, &mut parts, context)?,
                type_ => content::block(&block, &object, type_, &mut said, context)?,
            }
        }
    }
    if parts.is_empty() {
        message(written, "user", &said);
    } else {
        parts.append(&said);
        message(written, "user", &parts);
    }
    Ok(())
}

/// A tool's result; `beside`: for what it cannot hold.
fn result(
    block: &Value<'_, '_>,
    object: &Object<'_>,
    written: &mut Array,
    beside: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let known = ["type", "tool_use_id", "content", "is_error", "cache_control"];
    context.dropped.unknown("messages.content.", object, &known);
    let Some(id) = block.field(object, "tool_use_id") else {
        return Err(block.error("needs a tool_use_id"));
    };
    let id = id.string()?;
    let failed = block.field(object, "is_error").map(|e| e.boolean()).transpose()?;
    let failed = failed == Some(true);
    let in_words = failed && !context.way.tells_failures();
    let (mut parts, mut media) = (Parts::default(), Parts::default());
    let content = block.field(object, "content");
    match &content {
        Some(content) if content.is_string() && in_words => {
            let string = [b"\"Error: ", inner(content.raw), b"\""].concat();
            parts.text(&string, None, context);
        }
        Some(content) => {
            if in_words {
                parts.text(br#""Error:""#, None, context);
            }
            blocks(content, failed, &mut parts, &mut media, context)?;
        }
        None if in_words => parts.text(br#""Error""#, None, context),
        None => {}
    }
    if parts.is_empty() {
        let words: &[u8] = if media.is_empty() { b"\"\"" } else { br#""(in the next message)""# };
        parts.text(words, None, context);
    }
    if !media.is_empty() {
        let string = [br#""The result of "#, inner(id), br#":""#].concat();
        beside.text(&string, None, context);
        beside.append(&media);
    }
    let out = written.item();
    open(out, "tool");
    parts.push(out);
    member(out, "tool_call_id", id);
    if failed && !in_words {
        member(out, "is_error", b"true");
    }
    context.cache(object.get("cache_control"), out);
    out.push(b'}');
    Ok(())
}

/// The content of a result; `media`: what is not text, where a result is only that: a
/// failed one is, at Anthropic.
fn blocks(
    content: &Value<'_, '_>,
    failed: bool,
    parts: &mut Parts,
    media: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    if content.is_string() || !(failed || context.way.has_plain_results()) {
        return content::read(content, parts, context);
    }
    for (i, raw) in content.items()?.into_iter().enumerate() {
        let block = content.item(i, raw);
        let object = block.object()?;
        let type_ = type_of(&block, &object)?;
        let to = if type_ == "text" { &mut *parts } else { &mut *media };
        content::block(&block, &object, &type_, to, context)?;
    }
    Ok(())
}

/// What an assistant's turn holds, gathered.
#[derive(Default)]
struct Said {
    parts: Parts,
    /// Thoughts without a signature.
    reasoning: Text,
    thoughts: Array,
    calls: Array,
    /// For the call that comes next.
    keepsake: Option<String>,
}

fn assistant(
    content: &Value<'_, '_>,
    written: &mut Array,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let mut said = Said::default();
    if content.is_string() {
        said.parts.text(content.raw, None, context);
    } else {
        for (i, raw) in content.items()?.into_iter().enumerate() {
            said.block(&content.item(i, raw), context)?;
        }
    }
    let out = written.item();
    open(out, "assistant");
    match (said.parts.is_empty(), said.calls.is_empty()) {
        (false, _) => said.parts.push(out),
        (true, false) => out.extend_from_slice(b"null"),
        (true, true) => out.extend_from_slice(b"\"\""),
    }
    if !said.reasoning.is_empty() {
        let mut string = Vec::new();
        said.reasoning.push_string(&mut string);
        member(out, "reasoning_content", &string);
    }
    said.thoughts.push_member(out, "thinking_blocks");
    said.calls.push_member(out, "tool_calls");
    out.push(b'}');
    Ok(())
}

// === impl Said ===

impl Said {
    fn block(&mut self, block: &Value<'_, '_>, context: &mut Context<'_>) -> Result<(), Error> {
        let object = block.object()?;
        match type_of(block, &object)?.as_str() {
            "text" => content::text(block, &object, &mut self.parts, context),
            "thinking" => self.thought(block, &object),
            "redacted_thinking" => self.redacted(block, &object),
            "tool_use" => self.call(block, &object, context),
            other => Err(refused(block, other)),
        }
    }

    fn thought(&mut self, block: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        let Some(thinking) = block.field(object, "thinking") else {
            return Err(block.error("needs thinking"));
        };
        let thinking = thinking.string()?;
        let signature = block.field(object, "signature").map(|s| s.string()).transpose()?;
        match signature.filter(|s| *s != b"\"\"") {
            Some(_) => self.thoughts.item().extend_from_slice(block.raw),
            None => {
                if !self.reasoning.is_empty() {
                    self.reasoning.add_plain("\n\n");
                }
                self.reasoning.add(thinking);
            }
        }
        Ok(())
    }

    fn redacted(&mut self, block: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        let Some(data) = block.field(object, "data") else {
            return Err(block.error("needs data"));
        };
        let text = data.text()?;
        match Keepsake::of(&text) {
            Some((Keepsake::Call, json)) => self.keepsake = Some(json.to_owned()),
            Some((Keepsake::Thought, json)) => {
                self.thoughts.item().extend_from_slice(json.as_bytes());
            }
            None => self.thoughts.item().extend_from_slice(block.raw),
        }
        Ok(())
    }

    fn call(
        &mut self,
        block: &Value<'_, '_>,
        object: &Object<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Error> {
        // Who called it: the model itself, where nothing else is said.
        let direct = match block.field(object, "caller") {
            Some(caller) => caller.object()?.get("type") == Some(br#""direct""#),
            None => true,
        };
        let known = ["type", "id", "name", "input", "cache_control"];
        for (name, raw) in object.iter() {
            if !known.contains(&name) && raw != b"null" && !(name == "caller" && direct) {
                context.dropped.client_name("messages.content.", name);
            }
        }
        let (Some(id), Some(name)) = (block.field(object, "id"), block.field(object, "name"))
        else {
            return Err(block.error("needs an id and a name"));
        };
        let input = block.field(object, "input");
        if let Some(input) = &input {
            input.object()?;
        }
        let out = self.calls.item();
        out.extend_from_slice(br#"{"id":"#);
        out.extend_from_slice(id.string()?);
        out.extend_from_slice(br#","type":"function","function":{"name":"#);
        out.extend_from_slice(name.string()?);
        out.extend_from_slice(br#","arguments":"#);
        json::push_text(out, &String::from_utf8_lossy(input.map_or(b"{}", |input| input.raw)));
        out.push(b'}');
        context.cache(object.get("cache_control"), out);
        if let Some(extra) = self.keepsake.take() {
            member(out, "extra_content", extra.as_bytes());
        }
        out.push(b'}');
        Ok(())
    }
}
