//! The conversation: chat messages to input items, in their order.
//!
//! An assistant's message becomes its reasoning items, a message, and its calls.
//! Reasoning goes back as it came (`thinking_blocks` of type `reasoning`), but only
//! with its encrypted content: without it the item is a reference to one kept at
//! the provider, and none is kept.
//!
//! Spec: <https://developers.openai.com/api/docs/guides/conversation-state>,
//! <https://developers.openai.com/api/docs/guides/function-calling>.

use super::calls::{self, Kind};
use super::content::{self, Owner};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{Function, read_id};
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::role::Role;
use crate::error::Error;
use crate::wire::json;
use hashbrown::HashSet;

struct Writer<'d> {
    items: Array,
    /// Ids of calls to custom tools: their answers are items of another type.
    custom: HashSet<String>,
    /// The id of the last deprecated function call, and how many there were.
    function: Option<String>,
    functions: usize,
    reasons: bool,
    dropped: &'d mut Dropped,
}

/// `reasons`: the model takes reasoning items.
pub(super) fn read(
    messages: &Value<'_, '_>,
    reasons: bool,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut writer = Writer {
        items: Array::default(),
        custom: HashSet::new(),
        function: None,
        functions: 0,
        reasons,
        dropped,
    };
    for (i, raw) in messages.items()?.into_iter().enumerate() {
        let message = messages.item(i, raw);
        let object = message.object()?;
        match Role::read(&message, &object)? {
            Role::System => writer.plain(&message, &object, Owner::System)?,
            Role::User => writer.plain(&message, &object, Owner::User)?,
            Role::Assistant => writer.assistant(&message, &object)?,
            Role::Tool => writer.tool(&message, &object)?,
            Role::Function => writer.function(&message, &object)?,
        }
    }
    if writer.items.is_empty() {
        return Err(messages.error("no message has content"));
    }
    Ok(writer.items)
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
];

// === impl Writer ===

impl Writer<'_> {
    /// A message whose role and content keep their names.
    fn plain(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        owner: Owner,
    ) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, &["role", "content"]);
        let Some(content) = message.field(object, "content") else {
            return Err(message.error("needs content"));
        };
        let out = self.items.item();
        out.extend_from_slice(br#"{"type":"message""#);
        json::push_member(out, "role", object.get("role").unwrap_or(b"\"user\""));
        out.extend_from_slice(br#","content":"#);
        content::write(&content, owner, out, self.dropped)?;
        out.push(b'}');
        Ok(())
    }

    fn assistant(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, ASSISTANT);
        if object.get("audio").is_some() {
            let path = format!("{}.audio", message.path);
            return Err(Error::invalid(path, "audio is not carried"));
        }
        let reasoned = self.reasoning(message, object)?;
        if !reasoned && object.get("reasoning_content").is_some_and(|r| r != b"\"\"") {
            self.dropped.add("messages.reasoning_content (without thinking_blocks)");
        }
        self.said(message, object)?;
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let call = list.item(i, raw);
                let (id, kind) = calls::write(&call, self.items.item(), self.dropped)?;
                if kind == Kind::Custom {
                    self.custom.insert(id);
                }
            }
        }
        if let Some(call) = message.field(object, "function_call") {
            self.functions += 1;
            let id = format!("function_{}", self.functions);
            let Function { name, input } = Function::read(&call, &calls::NAMES)?;
            let mut arguments = Vec::new();
            json::push_text(&mut arguments, &input);
            calls::function_call(&id, name, &arguments, self.items.item());
            self.function = Some(id);
        }
        Ok(())
    }

    /// True where something went back.
    fn reasoning(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<bool, Error> {
        let Some(blocks) = message.field(object, "thinking_blocks") else { return Ok(false) };
        let mut any = false;
        for (i, raw) in blocks.items()?.into_iter().enumerate() {
            let block = blocks.item(i, raw).object()?;
            let sealed = block.get("encrypted_content").is_some_and(|c| c.len() > 2);
            let why = match (block.get("type"), self.reasons, sealed) {
                (Some(br#""reasoning""#), true, true) => {
                    self.items.item().extend_from_slice(raw);
                    any = true;
                    continue;
                }
                (Some(br#""reasoning""#), false, _) => "this model does not reason",
                (Some(br#""reasoning""#), _, false) => "without encrypted_content",
                _ => "of another provider",
            };
            self.dropped.add(format!("messages.thinking_blocks ({why})"));
        }
        Ok(any)
    }

    /// The assistant's message, if it said anything.
    fn said(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        let refusal = message.field(object, "refusal").map(|r| r.string()).transpose()?;
        let content = message.field(object, "content");
        let mut parts = Array::default();
        match content {
            Some(text) if text.raw == b"\"\"" => {}
            Some(text) if text.is_string() && refusal.is_none() => {
                self.assistant_message(text.raw);
                return Ok(());
            }
            Some(text) if text.is_string() => content::output_text(text.raw, parts.item()),
            Some(list) => content::parts(&list, Owner::Assistant, &mut parts, self.dropped)?,
            None => {}
        }
        if let Some(refusal) = refusal {
            let out = parts.item();
            out.extend_from_slice(br#"{"type":"refusal","refusal":"#);
            out.extend_from_slice(refusal);
            out.push(b'}');
        }
        if !parts.is_empty() {
            self.assistant_message(&[b"[", parts.items(), b"]"].concat());
        }
        Ok(())
    }

    fn assistant_message(&mut self, content: &[u8]) {
        let out = self.items.item();
        out.extend_from_slice(br#"{"type":"message","role":"assistant","content":"#);
        out.extend_from_slice(content);
        out.push(b'}');
    }

    fn tool(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        // Some SDKs repeat the tool's name here.
        self.dropped.unknown("messages.", object, &["role", "content", "tool_call_id", "name"]);
        let Some(id) = message.field(object, "tool_call_id") else {
            return Err(message.error("needs a tool_call_id"));
        };
        let id = calls::id(&read_id(&id)?);
        let kind = if self.custom.contains(&id) { Kind::Custom } else { Kind::Function };
        self.output(message, object, &id, kind)
    }

    fn function(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, &["role", "content", "name"]);
        let Some(id) = self.function.take() else {
            return Err(message.error("answers no function_call"));
        };
        self.output(message, object, &id, Kind::Function)
    }

    fn output(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        id: &str,
        kind: Kind,
    ) -> Result<(), Error> {
        let out = self.items.item();
        out.extend_from_slice(match kind {
            Kind::Function => br#"{"type":"function_call_output","call_id":"#,
            Kind::Custom => br#"{"type":"custom_tool_call_output","call_id":"#,
        });
        json::push_text(out, id);
        out.extend_from_slice(br#","output":"#);
        match message.field(object, "content") {
            Some(content) => content::write(&content, Owner::Tool, out, self.dropped)?,
            None => out.extend_from_slice(b"\"\""),
        }
        out.push(b'}');
        Ok(())
    }
}
