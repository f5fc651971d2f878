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

use super::media;
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

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Instruction,
    User,
    Assistant,
    Tool,
}

/// Stands for a signature that nobody has: the call was not this model's. Documented
/// for both of Google's APIs.
const UNSIGNED: &[u8] = br#""skip_thought_signature_validator""#;

/// Around an instruction that stands in the user's turn.
const TAGS: [&[u8]; 2] = [b"<system>\\n", b"\\n</system>"];

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
                    self.content(&content, Owner::User, true, &mut parts)?;
                }
                self.system = parts;
            }
            Role::System | Role::User => {
                self.dropped.unknown("messages.", object, &["role", "content"]);
                self.turns.turn(Some(Side::User))?;
                let owner = if role == Role::User { Owner::User } else { Owner::Instruction };
                if let Some(content) = content {
                    let mut parts = std::mem::take(&mut self.turns.parts);
                    self.content(&content, owner, role == Role::System, &mut parts)?;
                    self.turns.parts = parts;
                }
            }
            Role::Assistant => self.assistant(message, object, in_progress)?,
            Role::Tool => {
                // Some SDKs repeat the tool's name here.
                let known = ["role", "content", "tool_call_id", "name"];
                self.dropped.unknown("messages.", object, &known);
                let Some(value) = message.field(object, "tool_call_id") else {
                    return Err(message.error("needs a tool_call_id"));
                };
                let id = read_id(&value)?;
                if !self.result(content, Some(&id))? {
                    return Err(value.error("answers no call of the turn before it"));
                }
            }
            Role::Function => {
                self.dropped.unknown("messages.", object, &["role", "content", "name"]);
                if !self.result(content, None)? {
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
            self.content(&content, Owner::Assistant, false, &mut parts)?;
        }
        if let Some(refusal) = message.field(object, "refusal") {
            text(refusal.string()?, &mut parts);
        }
        if let Some(signature) = self.signature(object.get("extra_content"), message)? {
            if parts.items().len() > before {
                parts.open().pop();
            } else {
                parts.item().extend_from_slice(br#"{"text":"""#);
            }
            sign(parts.open(), &signature);
            parts.open().push(b'}');
        }
        self.turns.parts = parts;
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let value = list.item(i, raw);
                let call = Call::read(&value, &NAMES, self.dropped)?;
                if call.cache.is_some() {
                    self.dropped.add("messages.tool_calls.cache_control");
                }
                let signature = self.signature(call.extra, &value)?;
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
            Some(signature) => sign(part, &signature),
            None if first && in_progress && self.thinking == Thinking::Level => {
                sign(part, UNSIGNED);
            }
            None => {}
        }
        part.push(b'}');
        self.turns.calls.push(open);
    }

    /// Keeps a result for its call; `false` where there is none.
    fn result(&mut self, content: Option<Value<'a, '_>>, id: Option<&str>) -> Result<bool, Error> {
        let mut texts = Vec::new();
        let mut media = Array::default();
        if let Some(content) = content.filter(|c| !c.is_string()) {
            let mut parts = Array::default();
            for (i, raw) in content.items()?.into_iter().enumerate() {
                let part = content.item(i, raw);
                let object = part.object()?;
                if object.get("type") == Some(br#""text""#) {
                    self.part(&part, Owner::Tool, false, &mut parts)?;
                    if let Some(text) = part.field(&object, "text") {
                        texts.extend_from_slice(inner(text.string()?));
                    }
                } else {
                    self.part(&part, Owner::Tool, false, &mut media)?;
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
        part.extend_from_slice(br#","response":{"output":""#);
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

    /// Adds a string or an array of parts.
    fn content(
        &mut self,
        content: &Value<'_, '_>,
        owner: Owner,
        instruction: bool,
        parts: &mut Array,
    ) -> Result<(), Error> {
        if content.is_string() {
            match owner {
                Owner::Instruction => tagged(content.raw, parts),
                _ => text(content.raw, parts),
            }
            return Ok(());
        }
        if !content.is_array() {
            return Err(content.error("must be a string or an array of parts"));
        }
        for (i, raw) in content.items()?.into_iter().enumerate() {
            self.part(&content.item(i, raw), owner, instruction, parts)?;
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &Value<'_, '_>,
        owner: Owner,
        instruction: bool,
        parts: &mut Array,
    ) -> Result<(), Error> {
        let object = part.object()?;
        let Some(type_) = part.field(&object, "type") else {
            return Err(part.error("needs a type"));
        };
        let kind = type_.text()?;
        let key = match (kind.as_ref(), owner) {
            ("text", _) => "text",
            ("refusal", Owner::Assistant) => "refusal",
            _ if instruction => return Err(type_.error("instructions are text")),
            ("image_url", Owner::User | Owner::Tool) => "image_url",
            ("file", Owner::User | Owner::Tool) => "file",
            ("input_audio", Owner::User) => "input_audio",
            _ => return Err(type_.error("this kind of part is not carried here")),
        };
        self.dropped.unknown("messages.content.", &object, &["type", key]);
        let Some(value) = part.field(&object, key) else {
            return Err(part.error(format!("needs {key}")));
        };
        match key {
            "image_url" => media::image(&value, parts.item(), self.dropped)?,
            "file" => media::file(&value, parts.item(), self.dropped)?,
            "input_audio" => media::audio(&value, parts.item(), self.dropped)?,
            _ => {
                let string = value.string()?;
                match owner {
                    Owner::Instruction => tagged(string, parts),
                    _ => text(string, parts),
                }
                return Ok(());
            }
        }
        parts.open().push(b'}');
        Ok(())
    }

    /// The signature in an `extra_content`, a JSON string.
    fn signature(
        &mut self,
        extra: Option<&'a [u8]>,
        at: &Value<'_, '_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(raw) = extra else { return Ok(None) };
        let extra = Value { raw, path: at.path };
        let object = extra.object()?;
        self.dropped.unknown("messages.extra_content.", &object, &["google"]);
        let Some(google) = extra.field(&object, "google") else { return Ok(None) };
        let object = google.object()?;
        self.dropped.unknown("messages.extra_content.google.", &object, &["thought_signature"]);
        let Some(signature) = google.field(&object, "thought_signature") else { return Ok(None) };
        Ok(Some(signature.string()?.to_vec()).filter(|s| s.len() > 2))
    }
}

/// Adds a text part; the API refuses empty ones.
fn text(string: &[u8], parts: &mut Array) {
    if !inner(string).is_empty() {
        let part = parts.item();
        part.extend_from_slice(br#"{"text":"#);
        part.extend_from_slice(string);
        part.push(b'}');
    }
}

fn tagged(string: &[u8], parts: &mut Array) {
    let [before, after] = TAGS;
    if !inner(string).is_empty() {
        text(&[b"\"", before, inner(string), after, b"\""].concat(), parts);
    }
}

fn sign(part: &mut Vec<u8>, signature: &[u8]) {
    part.extend_from_slice(br#","thoughtSignature":"#);
    part.extend_from_slice(signature);
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
