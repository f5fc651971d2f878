//! The conversation: chat messages to `systemInstruction` and `contents`.
//!
//! Messages of one side in a row become one content. Instructions at the beginning
//! become `systemInstruction`; later ones keep their place as text of the user's
//! between `<system>` tags. Results name the function they answer, which a chat's do
//! not: the call with their id is looked up.
//!
//! Signatures go back on the part they came with. Gemini 3 refuses a turn in progress
//! whose first call of a step has none, as where another model made the call: it gets
//! the value that Google documents for that. Text parts may lack theirs.
//! `reasoning_content` goes back as a thought, as Google's own clients do with theirs.
//!
//! Spec: <https://ai.google.dev/api/caching#Content>,
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>,
//! <https://ai.google.dev/gemini-api/docs/function-calling#multimodal>.

use super::parts::{self, Owner};
use super::signature;
use super::tools::NAMES;
use super::turns::{Open, Side, Turns};
use crate::dialect::Thinking;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{Call, Function, read_id};
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::role::Role;
use crate::error::Error;
use crate::wire::json;

/// What goes into the request.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// Parts.
    pub(super) system: Array,
    pub(super) contents: Array,
}

struct Writer<'a, 'd> {
    turns: Turns<'a>,
    system: Array,
    thinking: Thinking,
    dropped: &'d mut Dropped,
}

pub(super) fn read(
    messages: &Value<'_, '_>,
    thinking: Thinking,
    dropped: &mut Dropped,
) -> Result<Conversation, Error> {
    let items = messages.items()?;
    let mut opened = Vec::with_capacity(items.len());
    for (i, raw) in items.iter().enumerate() {
        let message = messages.item(i, raw);
        let object = message.object()?;
        opened.push((Role::read(&message, &object)?, object));
    }
    // The turn in progress is what stands behind the user's last words.
    let asked = opened.iter().rposition(|(role, _)| *role == Role::User);
    let mut writer =
        Writer { turns: Turns::default(), system: Array::default(), thinking, dropped };
    let mut begun = false;
    for (i, (raw, (role, object))) in items.iter().zip(&opened).enumerate() {
        let message = messages.item(i, raw);
        begun |= *role != Role::System;
        let in_progress = asked.is_none_or(|asked| i > asked);
        writer.message(&message, object, *role, begun, in_progress)?;
    }
    let mut conversation = Conversation { system: writer.system, contents: writer.turns.finish()? };
    if conversation.contents.is_empty() {
        // Only instructions: the API asks for a turn, so they are the user's.
        let system = std::mem::take(&mut conversation.system);
        if system.is_empty() {
            return Err(messages.error("no message has content"));
        }
        let content = conversation.contents.item();
        content.extend_from_slice(br#"{"role":"user","parts":["#);
        content.extend_from_slice(system.items());
        content.extend_from_slice(b"]}");
    }
    Ok(conversation)
}

// === impl Writer ===

impl<'a> Writer<'a, '_> {
    fn message(
        &mut self,
        message: &Value<'a, '_>,
        object: &Object<'a>,
        role: Role,
        begun: bool,
        in_progress: bool,
    ) -> Result<(), Error> {
        let content = message.field(object, "content");
        match role {
            Role::System if !begun => {
                self.dropped.unknown("messages.", object, &["role", "content"]);
                let mut parts = std::mem::take(&mut self.system);
                if let Some(content) = content {
                    parts::content(&content, Owner::Instructions, &mut parts, self.dropped)?;
                }
                self.system = parts;
            }
            Role::System | Role::User => {
                self.dropped.unknown("messages.", object, &["role", "content"]);
                self.turns.turn(Some(Side::User))?;
                let owner = if role == Role::User { Owner::User } else { Owner::Instruction };
                if let Some(content) = content {
                    let mut parts = std::mem::take(&mut self.turns.parts);
                    parts::content(&content, owner, &mut parts, self.dropped)?;
                    self.turns.parts = parts;
                }
            }
            Role::Assistant => self.assistant(message, object, in_progress)?,
            Role::Tool => {
                // Some SDKs repeat the tool's name here.
                let known = ["role", "content", "tool_call_id", "is_error", "name"];
                self.dropped.unknown("messages.", object, &known);
                let Some(value) = message.field(object, "tool_call_id") else {
                    return Err(message.error("needs a tool_call_id"));
                };
                let id = read_id(&value)?;
                let failed = message.field(object, "is_error").map(|e| e.boolean()).transpose()?;
                if !self.result(content, Some(&id), failed == Some(true))? {
                    return Err(value.error("answers no call of the turn before it"));
                }
            }
            Role::Function => {
                self.dropped.unknown("messages.", object, &["role", "content", "name"]);
                if !self.result(content, None, false)? {
                    return Err(message.error("answers no function_call"));
                }
            }
        }
        Ok(())
    }

    fn assistant(
        &mut self,
        message: &Value<'a, '_>,
        object: &Object<'a>,
        in_progress: bool,
    ) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, ASSISTANT);
        if object.get("audio").is_some() {
            let path = format!("{}.audio", message.path);
            return Err(Error::invalid(path, "audio is not carried"));
        }
        if object.get("thinking_blocks").is_some_and(|raw| raw != b"[]") {
            self.dropped.add("messages.thinking_blocks (of another provider)");
        }
        self.turns.turn(Some(Side::Model))?;
        let mut parts = std::mem::take(&mut self.turns.parts);
        if let Some(thought) = message.field(object, "reasoning_content") {
            if self.thinking == Thinking::None {
                self.dropped.add("messages.reasoning_content");
            } else if !inner(thought.string()?).is_empty() {
                let part = parts.item();
                part.extend_from_slice(br#"{"text":"#);
                part.extend_from_slice(thought.raw);
                part.extend_from_slice(br#","thought":true}"#);
            }
        }
        let before = parts.items().len();
        if let Some(content) = message.field(object, "content") {
            parts::content(&content, Owner::Assistant, &mut parts, self.dropped)?;
        }
        if let Some(refusal) = message.field(object, "refusal") {
            parts::text(refusal.string()?, &mut parts);
        }
        if let Some(signature) =
            signature::read(object.get("extra_content"), message, self.dropped)?
        {
            if parts.items().len() > before {
                parts.open().pop();
            } else {
                parts.item().extend_from_slice(br#"{"text":"""#);
            }
            signature::push(parts.open(), &signature);
            parts.open().push(b'}');
        }
        self.turns.parts = parts;
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let value = list.item(i, raw);
                let call = Call::read(&value, &NAMES, self.dropped)?;
                if call.cache.is_some() {
                    self.dropped.hint("messages.tool_calls.cache_control");
                }
                let signature = signature::read(call.extra, &value, self.dropped)?;
                let open = Open {
                    id: Some(call.id),
                    name: call.name,
                    at: value.path.to_string(),
                    result: None,
                    beside: Array::default(),
                };
                self.call(open, &call.input, signature, in_progress);
            }
        }
        if let Some(call) = message.field(object, "function_call") {
            let Function { name, input } = Function::read(&call, &NAMES)?;
            let at = call.path.to_string();
            let open = Open { id: None, name, at, result: None, beside: Array::default() };
            self.call(open, &input, None, in_progress);
        }
        Ok(())
    }

    fn call(&mut self, open: Open<'a>, input: &str, signature: Option<Vec<u8>>, in_progress: bool) {
        let first = self.turns.calls.is_empty();
        let part = self.turns.parts.item();
        part.extend_from_slice(br#"{"functionCall":{"#);
        if let Some(id) = &open.id {
            part.extend_from_slice(br#""id":"#);
            json::push_text(part, id);
            part.push(b',');
        }
        part.extend_from_slice(br#""name":"#);
        part.extend_from_slice(open.name);
        part.extend_from_slice(br#","args":"#);
        part.extend_from_slice(input.as_bytes());
        part.push(b'}');
        match signature {
            Some(signature) => signature::push(part, &signature),
            None if first && in_progress && self.thinking == Thinking::Level => {
                signature::push(part, signature::UNSIGNED);
            }
            None => {}
        }
        part.push(b'}');
        self.turns.calls.push(open);
    }

    /// Keeps a result for its call; `false` where there is none.
    fn result(
        &mut self,
        content: Option<Value<'a, '_>>,
        id: Option<&str>,
        failed: bool,
    ) -> Result<bool, Error> {
        let mut texts = Vec::new();
        let mut media = Array::default();
        if let Some(content) = content.filter(|c| !c.is_string()) {
            let mut parts = Array::default();
            for (i, raw) in content.items()?.into_iter().enumerate() {
                let part = content.item(i, raw);
                let object = part.object()?;
                if object.get("type") == Some(br#""text""#) {
                    parts::part(&part, Owner::Tool, &mut parts, self.dropped)?;
                    if let Some(text) = part.field(&object, "text") {
                        texts.extend_from_slice(inner(text.string()?));
                    }
                } else {
                    parts::part(&part, Owner::Tool, &mut media, self.dropped)?;
                }
            }
        } else if let Some(content) = content {
            texts.extend_from_slice(inner(content.raw));
        }
        let native = self.thinking == Thinking::Level;
        let Some(call) = self.turns.call(id) else { return Ok(false) };
        let mut part = br#"{"functionResponse":{"#.to_vec();
        if let Some(id) = &call.id {
            part.extend_from_slice(br#""id":"#);
            json::push_text(&mut part, id);
            part.push(b',');
        }
        part.extend_from_slice(br#""name":"#);
        part.extend_from_slice(call.name);
        let key: &[u8] = if failed { b"error" } else { b"output" };
        part.extend_from_slice(br#","response":{""#);
        part.extend_from_slice(key);
        part.extend_from_slice(br#"":""#);
        part.extend_from_slice(&texts);
        part.extend_from_slice(b"\"}");
        // Only the newer line takes media inside of a result.
        if native {
            media.push_member(&mut part, "parts");
        } else {
            call.beside = media;
        }
        part.extend_from_slice(b"}}");
        call.result = Some(part);
        Ok(true)
    }
}

/// What an assistant's message may hold, with what SDKs send back unasked.
const ASSISTANT: &[&str] = &[
    "role",
    "content",
    "refusal",
    "tool_calls",
    "function_call",
    "audio",
    "thinking_blocks",
    "reasoning_content",
    "extra_content",
];
