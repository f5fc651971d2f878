//! Content parts to content blocks. Text is copied as the JSON string it is.
//!
//! The API refuses text blocks without a visible character, so blank text is
//! left out: quietly where it is empty (an assistant that only calls tools says
//! `""`), listed where it is white space.

use super::media;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Blocks of one turn, or of one tool's result.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) written: Array,
    /// The last block has its own `cache_control`.
    marked: bool,
}

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    System,
    User,
    Assistant,
    Tool,
}

impl Blocks {
    /// Adds a string or an array of parts.
    pub(super) fn content(
        &mut self,
        content: &Value<'_, '_>,
        owner: Owner,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        if content.is_string() {
            self.text(content.raw, None, dropped);
            return Ok(());
        }
        if !content.is_array() {
            return Err(content.error("must be a string or an array of parts"));
        }
        for (i, raw) in content.items()?.into_iter().enumerate() {
            self.part(&content.item(i, raw), owner, dropped)?;
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &Value<'_, '_>,
        owner: Owner,
        dropped: &mut Dropped,
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
            ("input_audio", _) => return Err(type_.error("audio is not carried")),
            _ => return Err(type_.error("this kind of part is not carried here")),
        };
        dropped.unknown("messages.content.", &object, &["type", key, "cache_control"]);
        let Some(value) = part.field(&object, key) else {
            return Err(part.error(format!("needs {key}")));
        };
        let cache = object.get("cache_control");
        match key {
            "image_url" => media::image(&value, self.written.item(), dropped)?,
            "file" => media::file(&value, self.written.item(), dropped)?,
            _ => {
                self.text(value.string()?, cache, dropped);
                return Ok(());
            }
        }
        self.close(cache);
        Ok(())
    }

    /// Adds a text block from a JSON string.
    pub(super) fn text(&mut self, string: &[u8], cache: Option<&[u8]>, dropped: &mut Dropped) {
        self.wrapped_text(string, ["", ""], cache, dropped);
    }

    /// With plain text before and after it.
    pub(super) fn wrapped_text(
        &mut self,
        string: &[u8],
        [before, after]: [&str; 2],
        cache: Option<&[u8]>,
        dropped: &mut Dropped,
    ) {
        if is_blank(string) {
            if string != b"\"\"" {
                dropped.add("messages.content (blank text)");
            }
            return;
        }
        let out = self.written.item();
        out.extend_from_slice(br#"{"type":"text","text":""#);
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(inner(string));
        out.extend_from_slice(after.as_bytes());
        out.push(b'"');
        self.close(cache);
    }

    /// Adds a whole block, written by the caller but for its closing brace.
    pub(super) fn block(&mut self, write: impl FnOnce(&mut Vec<u8>), cache: Option<&[u8]>) {
        write(self.written.item());
        self.close(cache);
    }

    /// Adds a raw block that takes no `cache_control`.
    pub(super) fn raw(&mut self, block: &[u8]) {
        self.written.item().extend_from_slice(block);
        self.marked = true;
    }

    fn close(&mut self, cache: Option<&[u8]>) {
        let out = self.written.open();
        if let Some(cache) = cache {
            out.extend_from_slice(br#","cache_control":"#);
            out.extend_from_slice(cache);
        }
        out.push(b'}');
        self.marked = cache.is_some();
    }

    /// A message's own `cache_control` goes to its last block. `before`: the
    /// bytes that stood here before the message.
    pub(super) fn mark_last(&mut self, cache: &[u8], before: usize) {
        if self.written.items().len() > before && !self.marked {
            self.written.open().pop();
            self.close(Some(cache));
        }
    }
}

/// No character the API counts as text.
pub(super) fn is_blank(string: &[u8]) -> bool {
    match inner(string).first() {
        Some(b' ' | b'\\' | 0x80..) => {
            json::text(string).is_none_or(|text| text.chars().all(char::is_whitespace))
        }
        Some(_) => false,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_blank_text() {
        for (string, blank) in [
            (r#""""#, true),
            (r#"" ""#, true),
            (r#"" \n\t""#, true),
            (r#""\u00a0""#, true),
            (r#"" x""#, false),
            (r#""\n.""#, false),
            (r#""ü""#, false),
        ] {
            assert_eq!(is_blank(string.as_bytes()), blank, "{string}");
        }
    }
}
