//! The conversation: input items to chat messages, in their order.
//!
//! Spec: <https://developers.openai.com/api/docs/guides/conversation-state>,
//! <https://developers.openai.com/api/docs/guides/function-calling>,
//! <https://developers.openai.com/api/docs/guides/reasoning>.

use super::content::{Owner, Parts};
use super::turn::Turn;
use super::{seal, tools};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use std::borrow::Cow;

/// Appends to `messages`.
pub(super) fn read(
    input: &Value<'_, '_>,
    messages: Array,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut writer = Writer { messages, turn: Turn::default(), dropped };
    for (i, raw) in input.items()?.into_iter().enumerate() {
        writer.item(&input.item(i, raw))?;
    }
    writer.end_turn();
    if writer.messages.is_empty() {
        return Err(input.error("no item has content"));
    }
    Ok(writer.messages)
}

struct Writer<'a, 'd> {
    messages: Array,
    /// The assistant's, as far as it has come.
    turn: Turn<'a>,
    dropped: &'d mut Dropped,
}

/// What tools that OpenAI hosts left in a conversation: the answers tell what came
/// of it.
const HOSTED: &[&str] = &[
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_list_tools",
    "mcp_call",
    "mcp_approval_request",
    "mcp_approval_response",
];

fn refusal(type_: &str) -> Cow<'static, str> {
    match type_ {
        "item_reference" => "no items are kept for this model: send them whole".into(),
        // It stands for all that went before.
        "compaction" => "only OpenAI can read what it compacted: send the items".into(),
        "custom_tool_call" | "custom_tool_call_output" => {
            "custom tools are not carried to this model".into()
        }
        _ if tools::is_name(type_) => format!("{type_} items are not carried to this model").into(),
        _ => "this kind of item is not carried to this model".into(),
    }
}

// === impl Writer ===

impl<'a> Writer<'a, '_> {
    fn item(&mut self, item: &Value<'a, '_>) -> Result<(), Error> {
        let object = item.object()?;
        let type_ = item.field(&object, "type").map(|t| t.text()).transpose()?;
        match type_.as_deref() {
            Some("message") => self.message(item, &object),
            None if object.get("role").is_some() => self.message(item, &object),
            None => Err(item.error("needs a type or a role")),
            Some("function_call") => self.turn.call(item, &object, self.dropped),
            Some("function_call_output") => self.output(item, &object),
            Some("reasoning") => self.reasoning(item, &object),
            Some(hosted) if HOSTED.contains(&hosted) => {
                self.dropped.add(format!("input.{hosted}"));
                Ok(())
            }
            Some(other) => {
                let path = format!("{}.type", item.path);
                Err(Error::invalid(path, refusal(other)))
            }
        }
    }

    fn message(&mut self, item: &Value<'a, '_>, object: &Object<'a>) -> Result<(), Error> {
        let known = ["type", "role", "content", "id", "status", "phase"];
        self.dropped.unknown("input.", object, &known);
        let Some(role) = item.field(object, "role") else { return Err(item.error("needs a role")) };
        let Some(content) = item.field(object, "content") else {
            return Err(item.error("needs content"));
        };
        let owner = match role.text()?.as_ref() {
            "user" => Owner::User,
            "system" | "developer" => Owner::System,
            "assistant" => {
                // An empty text is what a model says before it calls.
                if content.raw == b"\"\"" {
                    return Ok(());
                }
                return self.turn.said.read(&content, Owner::Assistant, self.dropped);
            }
            _ => return Err(role.error("must be user, assistant, system or developer")),
        };
        let mut parts = Parts::default();
        parts.read(&content, owner, self.dropped)?;
        self.end_turn();
        let out = self.messages.item();
        out.extend_from_slice(br#"{"role":"#);
        out.extend_from_slice(role.raw);
        out.extend_from_slice(br#","content":"#);
        parts.push(out);
        out.push(b'}');
        Ok(())
    }

    fn output(&mut self, item: &Value<'a, '_>, object: &Object<'a>) -> Result<(), Error> {
        let known = ["type", "id", "call_id", "output", "status"];
        self.dropped.unknown("input.", object, &known);
        let Some(id) = item.field(object, "call_id") else {
            return Err(item.error("needs call_id"));
        };
        let mut parts = Parts::default();
        match item.field(object, "output") {
            Some(output) => parts.read(&output, Owner::Tool, self.dropped)?,
            None => return Err(item.error("needs output")),
        }
        self.end_turn();
        let out = self.messages.item();
        out.extend_from_slice(br#"{"role":"tool","tool_call_id":"#);
        out.extend_from_slice(id.string()?);
        out.extend_from_slice(br#","content":"#);
        if parts.is_empty() {
            out.extend_from_slice(b"\"\"");
        } else {
            parts.push(out);
        }
        out.push(b'}');
        Ok(())
    }

    /// Ours goes back as it came. Another's is readable by nobody here.
    fn reasoning(&mut self, item: &Value<'a, '_>, object: &Object<'a>) -> Result<(), Error> {
        let known = ["type", "id", "summary", "content", "encrypted_content", "status"];
        self.dropped.unknown("input.", object, &known);
        let sealed = item.field(object, "encrypted_content").map(|c| c.text()).transpose()?;
        let opened = match sealed {
            Some(sealed) if !sealed.is_empty() => match seal::open(&sealed) {
                Some(opened) => Some(opened),
                None => {
                    self.dropped.add("input.reasoning (of another provider)");
                    return Ok(());
                }
            },
            _ => None,
        };
        if let Some(opened) = &opened {
            if self.turn.is_past_thinking() && opened.starts_with(br#"{"thinking_blocks""#) {
                self.end_turn();
            }
            if self.turn.unsealed(opened).is_err() {
                let path = format!("{}.encrypted_content", item.path);
                return Err(Error::invalid(path, "was changed since it was given"));
            }
        }
        for name in ["summary", "content"] {
            let Some(parts) = item.field(object, name) else { continue };
            for (i, raw) in parts.items()?.into_iter().enumerate() {
                let part = parts.item(i, raw);
                let inner = part.object()?;
                if let Some(text) = part.field(&inner, "text") {
                    self.turn.thought(text.string()?);
                }
            }
        }
        Ok(())
    }

    /// Writes what the assistant did, where it did anything.
    fn end_turn(&mut self) {
        std::mem::take(&mut self.turn).finish(&mut self.messages, self.dropped);
    }
}
