//! Content parts to content blocks. Text is copied as the JSON string it is.
//!
//! The API refuses blank text, so it is left out: quietly where it is empty (an
//! assistant that only calls tools says `""`), listed where it is white space. A
//! client's `cache_control` becomes a block of its own behind what it marks.

use super::media::{self, Documents};
use crate::dialect::Maker;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Blocks of one turn, of one tool's result, or of the system prompt.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) written: Array,
    /// There is a text block.
    pub(super) has_text: bool,
    /// There is a document, which wants a text beside it.
    pub(super) has_document: bool,
}

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    System,
    User,
    Assistant,
    Tool,
}

/// What reading content needs beside it.
pub(super) struct Context<'d> {
    pub(super) maker: Maker,
    pub(super) documents: Documents,
    pub(super) dropped: &'d mut Dropped,
}

/// Adds a cache point, where the maker's models have a cache.
/// Spec: <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.
pub(super) fn cache_point(blocks: &mut Array, control: &[u8], maker: Maker, dropped: &mut Dropped) {
    if !matches!(maker, Maker::Anthropic | Maker::Amazon | Maker::Other) {
        dropped.hint("cache_control (this model has no prompt cache)");
        return;
    }
    let members = json::members(control).unwrap_or_default();
    let ttl = members.iter().find(|m| m.key == "ttl");
    let ttl = ttl.and_then(|m| control.get(m.value.clone()));
    let out = blocks.item();
    out.extend_from_slice(br#"{"cachePoint":{"type":"default""#);
    match ttl {
        // Five minutes are the default, and all that Nova has.
        None | Some(br#""5m""#) => {}
        Some(br#""1h""#) if maker != Maker::Amazon => out.extend_from_slice(br#","ttl":"1h""#),
        Some(_) => dropped.hint("cache_control.ttl"),
    }
    out.extend_from_slice(b"}}");
}

impl Blocks {
    /// Adds a string or an array of parts.
    pub(super) fn content(
        &mut self,
        content: &Value<'_, '_>,
        owner: Owner,
        context: &mut Context<'_>,
    ) -> Result<(), Error> {
        if content.is_string() {
            self.text(content.raw, None, context.dropped);
            return Ok(());
        }
        if !content.is_array() {
            return Err(content.error("must be a string or an array of parts"));
        }
        for (i, raw) in content.items()?.into_iter().enumerate() {
            self.part(&content.item(i, raw), owner, context)?;
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &Value<'_, '_>,
        owner: Owner,
        context: &mut Context<'_>,
    ) -> Result<(), Error> {
        let object = part.object()?;
        let Some(type_) = part.field(&object, "type") else {
            return Err(part.error("needs a type"));
        };
        let kind = type_.text()?;
        let key = match (kind.as_ref(), owner) {
            ("text", _) => "text",
            ("refusal", Owner::Assistant) => "refusal",
            ("image_url", Owner::User | Owner::Tool) => "image_url",
            ("file", Owner::User | Owner::Tool) => "file",
            ("input_audio", Owner::User) => "input_audio",
            _ => return Err(type_.error("this kind of part is not carried here")),
        };
        let known = ["type", key, "cache_control"];
        context.dropped.unknown("messages.content.", &object, &known);
        let Some(value) = part.field(&object, key) else {
            return Err(part.error(format!("needs {key}")));
        };
        let before = self.written.items().len();
        match key {
            "image_url" => media::image(&value, self, context.dropped)?,
            "file" => media::file(&value, owner, self, context)?,
            "input_audio" => media::audio(&value, self, context.dropped)?,
            _ => self.text(value.string()?, None, context.dropped),
        }
        self.mark(object.get("cache_control"), before, context);
        Ok(())
    }

    /// Adds a text block from a JSON string; `around`: plain text before and after it.
    pub(super) fn text(&mut self, string: &[u8], around: Option<[&str; 2]>, dropped: &mut Dropped) {
        if json::text(string).is_none_or(|text| text.trim().is_empty()) {
            if string != b"\"\"" {
                dropped.add("messages.content (blank text)");
            }
            return;
        }
        let [before, after] = around.unwrap_or_default();
        self.has_text = true;
        let out = self.written.item();
        out.extend_from_slice(br#"{"text":""#);
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(inner(string));
        out.extend_from_slice(after.as_bytes());
        out.extend_from_slice(br#""}"#);
    }

    /// A cache point behind what was written since there were `before` bytes.
    pub(super) fn mark(
        &mut self,
        control: Option<&[u8]>,
        before: usize,
        context: &mut Context<'_>,
    ) {
        if let Some(control) = control
            && self.written.items().len() > before
        {
            cache_point(&mut self.written, control, context.maker, context.dropped);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }
}
