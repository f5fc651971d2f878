//! Content parts: text, images, documents. Text is copied as the JSON string it is.
//!
//! Images may be links or `data:` URLs of JPEG, PNG, WebP and GIF. There are no
//! files: a plain text file becomes text, an image file an image. The answers of
//! tools may hold Cohere's own `document` parts, to be cited from.
//!
//! Spec: <https://docs.cohere.com/docs/image-inputs>,
//! <https://docs.cohere.com/docs/tool-use-citations>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::media::{self, Media};
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    System,
    User,
    Assistant,
    Tool,
}

/// What a message says: one text is a string, all else a list.
#[derive(Debug, Default)]
pub(super) struct Content {
    parts: Array,
    /// The JSON string of the only part, where that is text.
    only: Option<Vec<u8>>,
    count: usize,
}

// === impl Content ===

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a string or an array of parts.
    pub(super) fn read(
        &mut self,
        content: &Value<'_, '_>,
        owner: Owner,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        if content.is_string() {
            self.text(content.raw);
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
            ("image_url", Owner::User) => "image_url",
            ("file", Owner::User) => "file",
            ("document", Owner::Tool) => "document",
            ("input_audio", _) => return Err(type_.error("audio is not carried")),
            _ => return Err(type_.error("this kind of part is not carried here")),
        };
        dropped.unknown("messages.content.", &object, &["type", key]);
        let Some(value) = part.field(&object, key) else {
            return Err(part.error(format!("needs {key}")));
        };
        match key {
            "image_url" => self.image(&value, dropped),
            "file" => self.file(&value, dropped),
            "document" => {
                value.object()?;
                let out = self.item();
                out.extend_from_slice(br#"{"type":"document""#);
                json::push_member(out, "document", value.raw);
                out.push(b'}');
                Ok(())
            }
            _ => {
                self.text(value.string()?);
                Ok(())
            }
        }
    }

    /// Adds a JSON string. The API refuses a message without a word, so an empty one
    /// is left out.
    pub(super) fn text(&mut self, string: &[u8]) {
        if inner(string).is_empty() {
            return;
        }
        let first = self.count == 0;
        let out = self.item();
        out.extend_from_slice(br#"{"type":"text""#);
        json::push_member(out, "text", string);
        out.push(b'}');
        if first {
            self.only = Some(string.to_vec());
        }
    }

    /// Adds reasoning, which only an assistant has.
    pub(super) fn thinking(&mut self, string: &[u8]) {
        let out = self.item();
        out.extend_from_slice(br#"{"type":"thinking""#);
        json::push_member(out, "thinking", string);
        out.push(b'}');
    }

    fn image(&mut self, value: &Value<'_, '_>, dropped: &mut Dropped) -> Result<(), Error> {
        // The API has OpenAI's `detail`, so it is not lost.
        let mut lost = Dropped::default();
        match media::image(value, &mut lost)? {
            Media::Url(link) if !link.is_web() => {
                return Err(link.error("must be a data: or https: URL"));
            }
            Media::Data(data) if !data.is_image() => {
                return Err(data.error("images must be JPEG, PNG, GIF or WebP"));
            }
            Media::Url(_) | Media::Data(_) => {}
        }
        for name in lost.into_names() {
            if name != "image_url.detail" {
                dropped.add(name.to_string());
            }
        }
        let object = if value.is_string() { None } else { Some(value.object()?) };
        let url = object.as_ref().and_then(|o| o.get("url")).unwrap_or(value.raw);
        let out = self.item();
        out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
        out.extend_from_slice(url);
        if let Some(detail) = object.as_ref().and_then(|o| value.field(o, "detail")) {
            json::push_member(out, "detail", detail.string()?);
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }

    fn file(&mut self, value: &Value<'_, '_>, dropped: &mut Dropped) -> Result<(), Error> {
        let file = media::file(value, dropped)?;
        if file.name.is_some() {
            dropped.add("file.filename");
        }
        if file.data.is_image() {
            let mut base64 = Vec::new();
            file.data.push_base64(&mut base64);
            let out = self.item();
            out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"data:"#);
            out.extend_from_slice(file.data.mime.as_bytes());
            out.extend_from_slice(b";base64,");
            out.extend_from_slice(inner(&base64));
            out.extend_from_slice(br#""}}"#);
            return Ok(());
        }
        if !file.data.mime.starts_with("text/") {
            return Err(file.data.error("only plain text and image files are carried"));
        }
        let Ok(plain) = String::from_utf8(file.data.bytes()?) else {
            return Err(file.data.error("must be base64 of UTF-8 text"));
        };
        let mut string = Vec::with_capacity(plain.len() + 16);
        json::push_text(&mut string, &plain);
        self.text(&string);
        Ok(())
    }

    /// Where the next part is to be written.
    fn item(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        self.only = None;
        self.parts.item()
    }

    /// The value: `""` where there is nothing.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match &self.only {
            Some(string) => out.extend_from_slice(string),
            None if self.count == 0 => out.extend_from_slice(b"\"\""),
            None => {
                out.push(b'[');
                out.extend_from_slice(self.parts.items());
                out.push(b']');
            }
        }
    }
}
