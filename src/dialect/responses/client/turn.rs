//! The assistant's turn: what it thought, said and called in a row, as one message.

use super::content::Parts;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::{Array, Text};
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json::push_member;
use std::borrow::Cow;

#[derive(Debug, Default)]
pub(super) struct Turn<'a> {
    reasoning: Text,
    /// Gathered from seals.
    thinking_blocks: Array,
    extra_content: Vec<u8>,
    /// By the ids of calls.
    extras: Vec<(String, Vec<u8>)>,
    pub(super) said: Parts<'a>,
    calls: Vec<Call<'a>>,
}

#[derive(Debug)]
struct Call<'a> {
    /// JSON strings.
    id: &'a [u8],
    text: Cow<'a, str>,
    name: &'a [u8],
    arguments: &'a [u8],
}

/// Between parts of a summary.
const PARAGRAPH: &[u8] = br#""\n\n""#;

// === impl Turn ===

impl<'a> Turn<'a> {
    /// Whether signed thoughts that come now belong to a later message: they stand
    /// before what they led to.
    pub(super) fn is_past_thinking(&self) -> bool {
        !self.said.is_empty() && self.calls.is_empty()
    }

    pub(super) fn thought(&mut self, string: &[u8]) {
        if !self.reasoning.is_empty() {
            self.reasoning.add(PARAGRAPH);
        }
        self.reasoning.add(string);
    }

    /// Takes in what a seal holds.
    pub(super) fn unsealed(&mut self, object: &[u8]) -> Result<(), Error> {
        let root = Value::root(object);
        let members = root.object()?;
        if let Some(blocks) = root.field(&members, "thinking_blocks") {
            for raw in blocks.items()? {
                self.thinking_blocks.item().extend_from_slice(raw);
            }
        }
        if let Some(extra) = members.get("extra_content") {
            self.extra_content = extra.to_vec();
        }
        if let Some(calls) = root.field(&members, "calls") {
            for (i, raw) in calls.items()?.into_iter().enumerate() {
                let call = calls.item(i, raw);
                let inner = call.object()?;
                let id = call.field(&inner, "id").map(|id| id.text()).transpose()?;
                if let (Some(id), Some(extra)) = (id, inner.get("extra_content")) {
                    self.extras.push((id.into_owned(), extra.to_vec()));
                }
            }
        }
        Ok(())
    }

    /// A `function_call` item.
    pub(super) fn call(
        &mut self,
        item: &Value<'a, '_>,
        object: &Object<'a>,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        let known = ["type", "id", "call_id", "name", "arguments", "status", "parsed_arguments"];
        dropped.unknown("input.", object, &known);
        let string = |name| match item.field(object, name) {
            Some(value) => value.string(),
            None => Err(item.error(format!("needs {name}"))),
        };
        let (id, name) = (string("call_id")?, string("name")?);
        let arguments = string("arguments")?;
        let text = item.field(object, "call_id").map(|id| id.text()).transpose()?;
        self.calls.push(Call { id, text: text.unwrap_or_default(), name, arguments });
        Ok(())
    }

    /// Appends the message, if there is one. Thoughts that led to nothing cannot
    /// stand alone.
    pub(super) fn finish(self, messages: &mut Array, dropped: &mut Dropped) {
        let thought = !self.reasoning.is_empty()
            || !self.thinking_blocks.is_empty()
            || !self.extra_content.is_empty();
        if self.said.is_empty() && self.calls.is_empty() {
            if thought {
                dropped.add("input.reasoning (led to nothing)");
            }
            return;
        }
        let out = messages.item();
        out.extend_from_slice(br#"{"role":"assistant","content":"#);
        if self.said.is_empty() {
            out.extend_from_slice(b"null");
        } else {
            self.said.push(out);
        }
        if !self.reasoning.is_empty() {
            out.extend_from_slice(br#","reasoning_content":"#);
            self.reasoning.push(out);
        }
        self.thinking_blocks.push_member(out, "thinking_blocks");
        let mut calls = Array::default();
        for call in &self.calls {
            let out = calls.item();
            out.extend_from_slice(br#"{"id":"#);
            out.extend_from_slice(call.id);
            out.extend_from_slice(br#","type":"function","function":{"name":"#);
            out.extend_from_slice(call.name);
            push_member(out, "arguments", call.arguments);
            out.push(b'}');
            if let Some((_, extra)) = self.extras.iter().find(|(id, _)| *id == call.text) {
                push_member(out, "extra_content", extra);
            }
            out.push(b'}');
        }
        calls.push_member(out, "tool_calls");
        if !self.extra_content.is_empty() {
            push_member(out, "extra_content", &self.extra_content);
        }
        out.push(b'}');
    }
}
