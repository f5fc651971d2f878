//! The conversation: chat messages to system blocks and turns.
//!
//! Instructions at the beginning become `system`; later ones keep their place, as
//! text of the user's side between `<system>` tags. (The service's model has a role
//! `system` too, documented only for adding and removing tools.)
//!
//! An assistant's `thinking_blocks` go back to Claude as `reasoningContent`, first in
//! the turn, signature and all. Those of other providers, and reasoning without a
//! signature, cannot be sent.

use super::content::{Blocks, Context, Owner};
use super::media::Documents;
use super::reasoning::Reasoning;
use super::tools::NAMES;
use super::turns::{Conversation, Side, Turns};
use crate::dialect::claude::prefill;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{self, Call, Function, read_id};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::role::Role;
use crate::dialect::{Dialect, Maker, ModelTraits, hub};
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

struct Writer<'d> {
    turns: Turns,
    context: Context<'d>,
    keeps_thoughts: bool,
    /// The id of the last deprecated function call, and how many there were.
    function: Option<String>,
    functions: usize,
}

pub(super) fn read(
    messages: &Value<'_, '_>,
    traits: &ModelTraits,
    reasoning: &Reasoning,
    dropped: &mut Dropped,
) -> Result<Conversation, Error> {
    let maker = traits.maker;
    let context = Context { maker, documents: Documents::default(), dropped };
    let keeps_thoughts = reasoning.keeps_thoughts;
    let mut writer =
        Writer { turns: Turns::default(), context, keeps_thoughts, function: None, functions: 0 };
    let mut begun = false;
    for (i, raw) in messages.items()?.into_iter().enumerate() {
        let message = messages.item(i, raw);
        let object = message.object()?;
        let role = Role::read(&message, &object)?;
        begun |= role != Role::System;
        match role {
            Role::System if begun => writer.instruction(&message, &object)?,
            Role::System => writer.leading(&message, &object)?,
            Role::User => writer.user(&message, &object)?,
            Role::Assistant => writer.assistant(&message, &object)?,
            Role::Tool => writer.tool(&message, &object)?,
            Role::Function => writer.function(&message, &object)?,
        }
    }
    let Writer { turns, context, .. } = writer;
    let prefill = maker != Maker::Anthropic || prefill::is_taken(traits, reasoning.own_sampling);
    turns.finish(messages, prefill, context.dropped)
}

/// The same id where Bedrock takes it. Its own alphabet also has `.` and `:`, but
/// Claude's behind it has not.
fn id(id: &str) -> Cow<'_, str> {
    calls::fitted(id, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'), 64)
}

// === impl Writer ===

impl Writer<'_> {
    fn leading(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.context.dropped.unknown("messages.", object, PLAIN);
        let system = &mut self.turns.system;
        let before = system.written.items().len();
        if let Some(content) = message.field(object, "content") {
            system.content(&content, Owner::System, &mut self.context)?;
        }
        system.mark(object.get("cache_control"), before, &mut self.context);
        Ok(())
    }

    /// An instruction in the middle of the conversation.
    fn instruction(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.context.dropped.unknown("messages.", object, PLAIN);
        let Some(content) = message.field(object, "content") else { return Ok(()) };
        let blocks = &mut self.turns.turn(Side::User).blocks;
        let before = blocks.written.items().len();
        if content.is_string() {
            blocks.text(content.raw, Some(TAGS), self.context.dropped);
        } else {
            for (i, raw) in content.items()?.into_iter().enumerate() {
                let part = content.item(i, raw);
                let object = part.object()?;
                let Some(text) = part.field(&object, "text") else {
                    return Err(part.error("instructions are text"));
                };
                let before = blocks.written.items().len();
                blocks.text(text.string()?, Some(TAGS), self.context.dropped);
                blocks.mark(object.get("cache_control"), before, &mut self.context);
            }
        }
        blocks.mark(object.get("cache_control"), before, &mut self.context);
        Ok(())
    }

    fn user(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.context.dropped.unknown("messages.", object, PLAIN);
        let blocks = &mut self.turns.turn(Side::User).blocks;
        let before = blocks.written.items().len();
        if let Some(content) = message.field(object, "content") {
            blocks.content(&content, Owner::User, &mut self.context)?;
        }
        blocks.mark(object.get("cache_control"), before, &mut self.context);
        Ok(())
    }

    fn assistant(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.context.dropped.unknown("messages.", object, ASSISTANT);
        if object.get("audio").is_some() {
            let path = format!("{}.audio", message.path);
            return Err(Error::invalid(path, "audio of earlier answers is not carried"));
        }
        let context = &mut self.context;
        let turn = self.turns.turn(Side::Assistant);
        let before = turn.blocks.written.items().len();
        let thought = thoughts(message, object, &mut turn.blocks, self.keeps_thoughts, context)?;
        if let Some(content) = message.field(object, "content") {
            turn.blocks.content(&content, Owner::Assistant, context)?;
        }
        if let Some(refusal) = message.field(object, "refusal") {
            turn.blocks.text(refusal.string()?, None, context.dropped);
        }
        let mut called = Vec::new();
        if let Some(list) = message.field(object, "tool_calls") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let call = Call::read(&list.item(i, raw), &NAMES, context.dropped)?;
                if call.extra.is_some() {
                    context.dropped.add("messages.tool_calls.extra_content");
                }
                let before = turn.blocks.written.items().len();
                tool_use(&mut turn.blocks, &id(&call.id), call.name, &call.input);
                turn.blocks.mark(call.cache, before, context);
                called.push(call.name);
            }
        }
        if let Some(call) = message.field(object, "function_call") {
            self.functions += 1;
            let id = format!("function_{}", self.functions);
            let Function { name, input } = Function::read(&call, &NAMES)?;
            tool_use(&mut turn.blocks, &id, name, &input);
            called.push(name);
            self.function = Some(id);
        }
        turn.blocks.mark(object.get("cache_control"), before, context);
        called.into_iter().for_each(|name| self.turns.called.add(name));
        self.turns.thought |= thought;
        Ok(())
    }

    fn tool(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        // Some SDKs repeat the tool's name here.
        let known = ["role", "content", "tool_call_id", "is_error", "cache_control", "name"];
        self.context.dropped.unknown("messages.", object, &known);
        let Some(call) = message.field(object, "tool_call_id") else {
            return Err(message.error("needs a tool_call_id"));
        };
        let call = read_id(&call)?;
        self.result(message, object, &id(&call))
    }

    /// The deprecated way of a tool's answer.
    fn function(&mut self, message: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        self.context.dropped.unknown("messages.", object, &["role", "content", "name"]);
        let Some(id) = self.function.take() else {
            return Err(message.error("answers no function_call"));
        };
        self.result(message, object, &id)
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
        let tells = hub::tells_failures(Dialect::BedrockConverse, self.context.maker);
        if let Some(content) = message.field(object, "content") {
            inside.content(&content, Owner::Tool, &mut self.context)?;
        }
        if inside.is_empty() {
            inside.text(NO_OUTPUT, None, self.context.dropped);
        }
        self.turns.called.any = true;
        let results = &mut self.turns.turn(Side::User).results;
        let before = results.written.items().len();
        let out = results.written.item();
        out.extend_from_slice(br#"{"toolResult":{"toolUseId":"#);
        json::push_text(out, id);
        inside.written.push_member(out, "content");
        match failed {
            true if tells => out.extend_from_slice(br#","status":"error""#),
            true => self.context.dropped.add("messages.is_error (this model has no word for it)"),
            false => {}
        }
        out.extend_from_slice(b"}}");
        results.mark(object.get("cache_control"), before, &mut self.context);
        Ok(())
    }
}

/// An assistant's thoughts of an earlier turn; true: some went out.
fn thoughts(
    message: &Value<'_, '_>,
    object: &Object<'_>,
    blocks: &mut Blocks,
    keeps: bool,
    context: &mut Context<'_>,
) -> Result<bool, Error> {
    let mut thought = false;
    if let Some(list) = message.field(object, "thinking_blocks") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            let block = list.item(i, raw);
            if context.maker == Maker::Anthropic && !keeps {
                context.dropped.add("messages.thinking_blocks (not without thinking)");
            } else if context.maker == Maker::Anthropic && reasoning_content(&block, blocks)? {
                thought = true;
            } else {
                context.dropped.add("messages.thinking_blocks (of another provider)");
            }
        }
    }
    if !thought && object.get("reasoning_content").is_some_and(|r| r != b"\"\"") {
        context.dropped.add("messages.reasoning_content (without thinking_blocks)");
    }
    Ok(thought)
}

/// Writes one of Claude's own blocks as Converse has it; false: it is none.
fn reasoning_content(block: &Value<'_, '_>, blocks: &mut Blocks) -> Result<bool, Error> {
    let object = block.object()?;
    let type_ = block.field(&object, "type").map(|t| t.text()).transpose()?;
    let string = |name| block.field(&object, name).map(|v| v.string()).transpose();
    match type_.as_deref() {
        Some("thinking") => {
            let Some(signature) = string("signature")?.filter(|s| *s != b"\"\"") else {
                return Ok(false);
            };
            let out = blocks.written.item();
            out.extend_from_slice(br#"{"reasoningContent":{"reasoningText":{"text":"#);
            out.extend_from_slice(string("thinking")?.unwrap_or(b"\"\""));
            out.extend_from_slice(br#","signature":"#);
            out.extend_from_slice(signature);
            out.extend_from_slice(b"}}}");
            Ok(true)
        }
        Some("redacted_thinking") => {
            let Some(data) = string("data")? else { return Ok(false) };
            let out = blocks.written.item();
            out.extend_from_slice(br#"{"reasoningContent":{"redactedContent":"#);
            out.extend_from_slice(data);
            out.extend_from_slice(b"}}");
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// `name`: a JSON string; `input`: a JSON object.
fn tool_use(blocks: &mut Blocks, id: &str, name: &[u8], input: &str) {
    let out = blocks.written.item();
    out.extend_from_slice(br#"{"toolUse":{"toolUseId":"#);
    json::push_text(out, id);
    out.extend_from_slice(br#","name":"#);
    out.extend_from_slice(name);
    out.extend_from_slice(br#","input":"#);
    out.extend_from_slice(input.as_bytes());
    out.extend_from_slice(b"}}");
}

/// Around an instruction that stands in the user's turn.
const TAGS: [&str; 2] = ["<system>\\n", "\\n</system>"];

/// What a tool said that said nothing: a result needs content.
const NO_OUTPUT: &[u8] = br#""(no output)""#;

const PLAIN: &[&str] = &["role", "content", "cache_control"];

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
