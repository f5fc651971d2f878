//! The conversation: chat messages to Cohere's.
//!
//! Roles are the same but for `developer`. Instructions at the beginning become one
//! system message: the API wants one, and first. Later ones keep their place: as
//! system messages where the model takes them there, else as the user's text between
//! `<system>` tags. Ids of calls are any text on both sides.
//!
//! Spec: <https://docs.cohere.com/reference/chat#request.body.messages>,
//! <https://docs.cohere.com/docs/tool-use-usage-patterns>.

use super::content::{Content, Owner};
use super::tools::NAMES;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{Call, Function, read_id};
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::role::Role;
use crate::dialect::{ModelTraits, Thinking};
use crate::error::Error;
use crate::wire::json;

struct Writer<'d> {
    system: Content,
    written: Array,
    /// Anything but instructions.
    begun: bool,
    traits: &'d ModelTraits,
    /// The id of the last deprecated function call, and how many there were.
    function: Option<String>,
    functions: usize,
    dropped: &'d mut Dropped,
}

/// `instruction`: ours, for the end of the system message.
pub(super) fn read(
    messages: &Value<'_, '_>,
    traits: &ModelTraits,
    instruction: Option<&str>,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut writer = Writer {
        system: Content::default(),
        written: Array::default(),
        begun: false,
        traits,
        function: None,
        functions: 0,
        dropped,
    };
    for (i, raw) in messages.items()?.into_iter().enumerate() {
        writer.message(&messages.item(i, raw))?;
    }
    if writer.written.is_empty() {
        // Only instructions: the API asks for a turn, so they are the user's.
        if writer.system.is_empty() {
            return Err(messages.error("no message has content"));
        }
        let system = std::mem::take(&mut writer.system);
        writer.open("user", &system).push(b'}');
    }
    if let Some(text) = instruction {
        let mut string = Vec::new();
        json::push_text(&mut string, text);
        writer.system.text(&string);
    }
    if writer.system.is_empty() {
        return Ok(writer.written);
    }
    let mut all = Writer { written: Array::default(), ..writer };
    let system = std::mem::take(&mut all.system);
    let rest = writer.written;
    all.open("system", &system).push(b'}');
    all.written.item().extend_from_slice(rest.items());
    Ok(all.written)
}

/// Around an instruction that stands in the user's turn.
const TAGS: [&str; 2] = ["<system>\\n", "\\n</system>"];

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
    "citations",
];

// === impl Writer ===

impl Writer<'_> {
    fn message(&mut self, message: &Value<'_, '_>) -> Result<(), Error> {
        let object = message.object()?;
        let role = Role::read(message, &object)?;
        if role != Role::System {
            self.begun = true;
        }
        match role {
            Role::System => self.instruction(message, &object),
            Role::User => {
                self.dropped.unknown("messages.", &object, &["role", "content"]);
                let mut content = Content::default();
                if let Some(value) = message.field(&object, "content") {
                    content.read(&value, Owner::User, self.dropped)?;
                }
                if !content.is_empty() {
                    self.open("user", &content).push(b'}');
                }
                Ok(())
            }
            Role::Assistant => self.assistant(message, &object),
            Role::Tool => {
                // Some SDKs repeat the tool's name here.
                let known = ["role", "content", "tool_call_id", "name"];
                self.dropped.unknown("messages.", &object, &known);
                let Some(id) = message.field(&object, "tool_call_id") else {
                    return Err(message.error("needs a tool_call_id"));
                };
                let id = read_id(&id)?;
                self.result(message, &object, &id)
            }
            Role::Function => {
                self.dropped.unknown("messages.", &object, &["role", "content", "name"]);
                let Some(id) = self.function.take() else {
                    return Err(message.error("answers no function_call"));
                };
                self.result(message, &object, &id)
            }
        }
    }

    fn instruction(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, &["role", "content"]);
        let Some(value) = message.field(object, "content") else { return Ok(()) };
        if !self.begun {
            return self.system.read(&value, Owner::System, self.dropped);
        }
        let mut content = Content::default();
        if self.traits.system_turns {
            content.read(&value, Owner::System, self.dropped)?;
            if !content.is_empty() {
                self.open("system", &content).push(b'}');
            }
            return Ok(());
        }
        let mut tagged = |text: &[u8]| {
            if !inner(text).is_empty() {
                let [before, after] = TAGS.map(str::as_bytes);
                content.text(&[b"\"", before, inner(text), after, b"\""].concat());
            }
        };
        if value.is_string() {
            tagged(value.raw);
        } else {
            for (i, raw) in value.items()?.into_iter().enumerate() {
                let part = value.item(i, raw);
                let object = part.object()?;
                let Some(text) = part.field(&object, "text") else {
                    return Err(part.error("instructions are text"));
                };
                tagged(text.string()?);
            }
        }
        if !content.is_empty() {
            self.open("user", &content).push(b'}');
        }
        Ok(())
    }

    fn assistant(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, ASSISTANT);
        if object.get("audio").is_some() {
            let path = format!("{}.audio", message.path);
            return Err(Error::invalid(path, "audio is not carried"));
        }
        if object.get("thinking_blocks").is_some_and(|blocks| blocks != b"[]") {
            self.dropped.add("messages.thinking_blocks (of another provider)");
        }
        let calls = self.calls(message, object)?;
        let mut content = Content::default();
        let mut plan = None;
        let thought = message.field(object, "reasoning_content").map(|t| t.string()).transpose()?;
        if let Some(string) = thought.filter(|t| !inner(t).is_empty()) {
            if self.traits.thinking != Thinking::None {
                content.thinking(string);
            } else if !calls.is_empty() {
                plan = Some(string);
            } else {
                self.dropped.add("messages.reasoning_content (this model does not think)");
            }
        }
        if let Some(value) = message.field(object, "content") {
            content.read(&value, Owner::Assistant, self.dropped)?;
        }
        if let Some(refusal) = message.field(object, "refusal") {
            content.text(refusal.string()?);
        }
        if content.is_empty() && calls.is_empty() {
            return Ok(());
        }
        let citations = citations(message, object, self.dropped)?;
        let out = self.open("assistant", &content);
        calls.push_member(out, "tool_calls");
        if let Some(plan) = plan {
            json::push_member(out, "tool_plan", plan);
        }
        citations.push_member(out, "citations");
        out.push(b'}');
        Ok(())
    }

    fn calls(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<Array, Error> {
        let mut calls = Array::default();
        let mut write = |id: &str, name: &[u8], input: &str| {
            let out = calls.item();
            out.extend_from_slice(br#"{"id":"#);
            json::push_text(out, id);
            out.extend_from_slice(br#","type":"function","function":{"name":"#);
            out.extend_from_slice(name);
            out.extend_from_slice(br#","arguments":"#);
            json::push_text(out, input);
            out.extend_from_slice(b"}}");
        };
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let call = Call::read(&list.item(i, raw), &NAMES, self.dropped)?;
                if call.extra.is_some() {
                    self.dropped.add("messages.tool_calls.extra_content");
                }
                if call.cache.is_some() {
                    self.dropped.hint("messages.tool_calls.cache_control");
                }
                write(&call.id, call.name, &call.input);
            }
        }
        if let Some(call) = message.field(object, "function_call") {
            self.functions += 1;
            let id = format!("function_{}", self.functions);
            let Function { name, input } = Function::read(&call, &NAMES)?;
            write(&id, name, &input);
            self.function = Some(id);
        }
        Ok(calls)
    }

    fn result(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        id: &str,
    ) -> Result<(), Error> {
        let mut content = Content::default();
        if let Some(value) = message.field(object, "content") {
            content.read(&value, Owner::Tool, self.dropped)?;
        }
        let out = self.written.item();
        out.extend_from_slice(br#"{"role":"tool","tool_call_id":"#);
        json::push_text(out, id);
        out.extend_from_slice(br#","content":"#);
        content.push(out);
        out.push(b'}');
        Ok(())
    }

    /// Begins a message; its closing brace is the caller's.
    fn open(&mut self, role: &str, content: &Content) -> &mut Vec<u8> {
        let out = self.written.item();
        out.extend_from_slice(br#"{"role":""#);
        out.extend_from_slice(role.as_bytes());
        out.push(b'"');
        if !content.is_empty() {
            out.extend_from_slice(br#","content":"#);
            content.push(out);
        }
        out
    }
}

/// Those of Cohere's own making: they name their sources.
fn citations(
    message: &Value<'_, '_>,
    object: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut kept = Array::default();
    let Some(list) = message.field(object, "citations") else { return Ok(kept) };
    for (i, raw) in list.items()?.into_iter().enumerate() {
        let citation = list.item(i, raw);
        let own = citation.object()?.get("sources").is_some_and(|s| s.starts_with(b"["));
        if own {
            kept.item().extend_from_slice(raw);
        } else {
            dropped.add("messages.citations (of another provider)");
        }
    }
    Ok(kept)
}
