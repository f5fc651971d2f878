//! The conversation: chat messages to system blocks and turns.
//!
//! Messages of one side in a row become one turn; the answers of tools belong to
//! the user's side and stand first in it. Instructions at the beginning become
//! `system`. Later ones keep their place: as a `system` turn where the model
//! takes one there (behind the user's turn, before the assistant's or the end),
//! else as text of the user's side between `<system>` tags.
//!
//! An assistant's `thinking_blocks` go back as they came and first, as the API
//! wants them before the calls they led to. `reasoning_content` without them
//! cannot be sent: the API takes only signed thinking.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/working-with-messages>,
//! <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>,
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls>.

use super::calls;
use super::content::{Blocks, Owner, is_blank};
use super::tools::NAMES;
use super::turns::{Conversation, Side, Turns};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{Call, Function, read_id};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::role::Role;
use crate::error::Error;
use crate::wire::json;

/// What the model takes, this time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takes {
    /// Instructions in the middle.
    pub(super) system_turns: bool,
    /// Thoughts of earlier turns.
    pub(super) thoughts: bool,
    /// The assistant may speak last.
    pub(super) prefill: bool,
}

struct Writer<'d> {
    turns: Turns,
    takes: Takes,
    /// The id of the last deprecated function call, and how many there were.
    function: Option<String>,
    functions: usize,
    dropped: &'d mut Dropped,
}

pub(super) fn read(
    messages: &Value<'_, '_>,
    takes: Takes,
    dropped: &mut Dropped,
) -> Result<Conversation, Error> {
    let items = messages.items()?;
    let mut opened = Vec::with_capacity(items.len());
    for (i, raw) in items.iter().enumerate() {
        let message = messages.item(i, raw);
        let object = message.object()?;
        opened.push((Role::read(&message, &object)?, object));
    }
    let mut writer = Writer::new(takes, dropped);
    let mut begun = false;
    let next = next_speakers(opened.iter().map(|(role, _)| *role).rev());
    for (i, (raw, (role, object))) in items.iter().zip(&opened).enumerate() {
        let message = messages.item(i, raw);
        begun |= *role != Role::System;
        if *role != Role::System {
            writer.message(&message, object, *role)?;
        } else if !begun {
            writer.leading(&message, object)?;
        } else {
            let next = next.get(i).copied().flatten();
            let fits =
                writer.turns.take_instruction() && matches!(next, None | Some(Role::Assistant));
            writer.instruction(&message, object, takes.system_turns && fits)?;
        }
    }
    writer.turns.finish(messages, takes.prefill, writer.dropped)
}

/// For each message who speaks after it, instructions aside. In one pass: a body
/// may hold many thousands of messages.
fn next_speakers(backwards: impl Iterator<Item = Role>) -> Vec<Option<Role>> {
    let mut next = Vec::new();
    let mut last = None;
    for role in backwards {
        next.push(last);
        if role != Role::System {
            last = Some(role);
        }
    }
    next.reverse();
    next
}

// === impl Writer ===

impl<'d> Writer<'d> {
    fn new(takes: Takes, dropped: &'d mut Dropped) -> Self {
        Self { turns: Turns::default(), takes, function: None, functions: 0, dropped }
    }

    fn leading(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, &["role", "content", "cache_control"]);
        let before = self.turns.system.written.items().len();
        if let Some(content) = message.field(object, "content") {
            self.turns.system.content(&content, Owner::System, self.dropped)?;
        }
        if let Some(cache) = object.get("cache_control") {
            self.turns.system.mark_last(cache, before);
        }
        Ok(())
    }

    /// An instruction in the middle of the conversation.
    fn instruction(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        native: bool,
    ) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, &["role", "content", "cache_control"]);
        self.turns.turn(Some(if native { Side::System } else { Side::User }));
        let before = self.turns.blocks.written.items().len();
        let Some(content) = message.field(object, "content") else { return Ok(()) };
        if native {
            self.turns.blocks.content(&content, Owner::System, self.dropped)?;
        } else if content.is_string() {
            self.turns.blocks.wrapped_text(content.raw, TAGS, None, self.dropped);
        } else {
            for (i, raw) in content.items()?.into_iter().enumerate() {
                let part = content.item(i, raw);
                let object = part.object()?;
                let Some(text) = part.field(&object, "text") else {
                    return Err(part.error("instructions are text"));
                };
                let cache = object.get("cache_control");
                self.turns.blocks.wrapped_text(text.string()?, TAGS, cache, self.dropped);
            }
        }
        if let Some(cache) = object.get("cache_control") {
            self.turns.blocks.mark_last(cache, before);
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        role: Role,
    ) -> Result<(), Error> {
        let side = if role == Role::Assistant { Side::Assistant } else { Side::User };
        self.turns.turn(Some(side));
        let before = self.turns.blocks.written.items().len();
        match role {
            Role::User | Role::System => {
                self.dropped.unknown("messages.", object, &["role", "content", "cache_control"]);
                if let Some(content) = message.field(object, "content") {
                    self.turns.blocks.content(&content, Owner::User, self.dropped)?;
                }
            }
            Role::Assistant => self.assistant(message, object)?,
            Role::Tool => {
                let known = ["role", "content", "tool_call_id", "is_error", "cache_control"];
                // Some SDKs repeat the tool's name here.
                self.dropped.unknown("messages.", object, &[&known[..], &["name"]].concat());
                let Some(id) = message.field(object, "tool_call_id") else {
                    return Err(message.error("needs a tool_call_id"));
                };
                let id = read_id(&id)?;
                return self.result(message, object, &calls::id(&id));
            }
            Role::Function => {
                self.dropped.unknown("messages.", object, &["role", "content", "name"]);
                let Some(id) = self.function.take() else {
                    return Err(message.error("answers no function_call"));
                };
                return self.result(message, object, &id);
            }
        }
        if let Some(cache) = object.get("cache_control") {
            self.turns.blocks.mark_last(cache, before);
        }
        Ok(())
    }

    fn assistant(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.dropped.unknown("messages.", object, ASSISTANT);
        if object.get("audio").is_some() {
            let path = format!("{}.audio", message.path);
            return Err(Error::invalid(path, "audio is not carried"));
        }
        let mut thought = false;
        if let Some(blocks) = message.field(object, "thinking_blocks") {
            for (i, raw) in blocks.items()?.into_iter().enumerate() {
                if !calls::is_signed_thinking(&blocks.item(i, raw))? {
                    self.dropped.add("messages.thinking_blocks (without a signature)");
                } else if self.takes.thoughts {
                    thought = true;
                    self.turns.thought = true;
                    self.turns.blocks.raw(raw);
                } else {
                    self.dropped.add("messages.thinking_blocks (not without thinking)");
                }
            }
        }
        if !thought && object.get("reasoning_content").is_some_and(|r| r != b"\"\"") {
            self.dropped.add("messages.reasoning_content (without thinking_blocks)");
        }
        if let Some(content) = message.field(object, "content") {
            self.turns.blocks.content(&content, Owner::Assistant, self.dropped)?;
        }
        if let Some(refusal) = message.field(object, "refusal") {
            self.turns.blocks.text(refusal.string()?, None, self.dropped);
        }
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let call = Call::read(&list.item(i, raw), &NAMES, self.dropped)?;
                if call.extra.is_some() {
                    self.dropped.add("messages.tool_calls.extra_content");
                }
                let blocks = &mut self.turns.blocks;
                calls::tool_use(blocks, &call.id, call.name, &call.input, call.cache);
            }
        }
        if let Some(call) = message.field(object, "function_call") {
            self.functions += 1;
            let id = format!("function_{}", self.functions);
            let Function { name, input } = Function::read(&call, &NAMES)?;
            calls::tool_use(&mut self.turns.blocks, &id, name, &input, None);
            self.function = Some(id);
        }
        Ok(())
    }

    fn result(
        &mut self,
        message: &Value<'_, '_>,
        object: &Object<'_>,
        id: &str,
    ) -> Result<(), Error> {
        let mut inside = Blocks::default();
        let failed = message.field(object, "is_error").map(|e| e.boolean()).transpose()?;
        let failed = failed == Some(true);
        let content = message.field(object, "content");
        let plain = content.filter(Value::is_string).map(|c| c.raw);
        if let (Some(content), None) = (&content, plain) {
            inside.content(content, Owner::Tool, self.dropped)?;
        }
        if plain.is_some_and(|text| text != b"\"\"" && is_blank(text)) {
            self.dropped.add("messages.content (blank text)");
        }
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(br#"{"type":"tool_result","tool_use_id":"#);
            json::push_text(out, id);
            match plain {
                // Blank text is refused; a result may have none, but not a failed one.
                Some(text) if is_blank(text) => {
                    if failed {
                        json::push_member(out, "content", NO_OUTPUT);
                    }
                }
                Some(text) => {
                    out.extend_from_slice(br#","content":"#);
                    out.extend_from_slice(text);
                }
                None if inside.written.is_empty() && failed => {
                    json::push_member(out, "content", NO_OUTPUT);
                }
                None => inside.written.push_member(out, "content"),
            }
            if failed {
                out.extend_from_slice(br#","is_error":true"#);
            }
        };
        self.turns.results.block(write, object.get("cache_control"));
        Ok(())
    }
}

const NO_OUTPUT: &[u8] = br#""(no output)""#;

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
    "cache_control",
];
