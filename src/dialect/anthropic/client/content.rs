//! Content: blocks that people and tools give, as a chat's parts.

use super::Way;
use super::citations;
use super::fields::CHAT;
use super::media;
use super::request::member;
use super::tools::named;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;

/// What every part of the reading knows and adds to.
#[derive(Debug)]
pub(super) struct Context<'d> {
    pub(super) way: Way,
    pub(super) dropped: &'d mut Dropped,
}

/// Parts of one message.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Array,
    /// The text, while it is the only part and bears no mark.
    only: Option<Vec<u8>>,
}

/// Reads content: a string, or blocks of text, images and documents.
pub(super) fn read(
    content: &Value<'_, '_>,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    if content.is_string() {
        parts.text(content.raw, None, context);
        return Ok(());
    }
    if !content.is_array() {
        return Err(content.error("must be a string or an array of blocks"));
    }
    for (i, raw) in content.items()?.into_iter().enumerate() {
        let block = content.item(i, raw);
        let object = block.object()?;
        let type_ = type_of(&block, &object)?;
        self::block(&block, &object, &type_, parts, context)?;
    }
    Ok(())
}

pub(super) fn type_of(block: &Value<'_, '_>, object: &Object<'_>) -> Result<String, Error> {
    match block.field(object, "type") {
        Some(type_) => Ok(type_.text()?.into_owned()),
        None => Err(block.error("needs a type")),
    }
}

/// One block of what anybody but the model may say.
pub(super) fn block(
    block: &Value<'_, '_>,
    object: &Object<'_>,
    type_: &str,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    match type_ {
        "text" => text(block, object, parts, context),
        "image" => media::image(block, object, parts, context),
        "document" => media::document(block, object, parts, context),
        _ => Err(refused(block, type_)),
    }
}

pub(super) fn text(
    block: &Value<'_, '_>,
    object: &Object<'_>,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let known: &[&str] = match object.get("citations") {
        Some(list) if citations::are_ours(list) => &["type", "text", "cache_control", "citations"],
        _ => &["type", "text", "cache_control"],
    };
    context.dropped.unknown("messages.content.", object, known);
    let Some(text) = block.field(object, "text") else {
        return Err(block.error("needs a text"));
    };
    parts.text(text.string()?, object.get("cache_control"), context);
    Ok(())
}

/// 400 about a block that is not carried.
pub(super) fn refused(block: &Value<'_, '_>, type_: &str) -> Error {
    let path = format!("{}.type", block.path);
    match type_ {
        "image_url" | "input_audio" | "file" | "refusal" | "input_text" | "output_text"
        | "input_image" | "input_file" => Error::invalid(path, CHAT),
        "thinking" | "redacted_thinking" | "tool_use" => {
            Error::invalid(path, format!("{type_} blocks stand in the assistant's messages"))
        }
        "tool_result" => Error::invalid(path, "tool_result blocks stand in the user's messages"),
        _ => Error::invalid(path, format!("{} blocks are not carried here", named(type_))),
    }
}

// === impl Context ===

impl Context<'_> {
    /// Appends a `cache_control`, or lists it where it says nothing.
    pub(super) fn cache(&mut self, cache: Option<&[u8]>, out: &mut Vec<u8>) {
        match cache {
            Some(cache) if self.way.takes_cache() => member(out, "cache_control", cache),
            Some(_) => self.dropped.hint("cache_control (this provider takes no marks)"),
            None => {}
        }
    }
}

// === impl Parts ===

impl Parts {
    /// Adds a text, a JSON string.
    pub(super) fn text(&mut self, string: &[u8], cache: Option<&[u8]>, context: &mut Context<'_>) {
        let first = self.list.is_empty();
        let out = self.item();
        out.extend_from_slice(br#"{"type":"text","text":"#);
        out.extend_from_slice(string);
        let before = out.len();
        context.cache(cache, out);
        let marked = out.len() > before;
        out.push(b'}');
        if first && !marked {
            self.only = Some(string.to_vec());
        }
    }

    /// Where the next part is to be written.
    pub(super) fn item(&mut self) -> &mut Vec<u8> {
        self.only = None;
        self.list.item()
    }

    /// Adds all of another message's.
    pub(super) fn append(&mut self, other: &Parts) {
        if !other.is_empty() {
            self.item().extend_from_slice(other.list.items());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As a message's content: a string where it is one text.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match &self.only {
            Some(text) => out.extend_from_slice(text),
            None => {
                out.push(b'[');
                out.extend_from_slice(self.list.items());
                out.push(b']');
            }
        }
    }
}
