//! Content parts. Text, URLs and base64 are copied as the JSON strings they are.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::media;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json::push_member;

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    System,
    User,
    Assistant,
    /// The output of a call.
    Tool,
}

/// Parts of a message, as chat has them.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    list: Array,
    /// The text of the only part there is.
    alone: Option<&'a [u8]>,
}

// === impl Parts ===

impl<'a> Parts<'a> {
    /// Adds a string, or an array of parts.
    pub(super) fn read(
        &mut self,
        content: &Value<'a, '_>,
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

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As the value of `content`: one text is a string, as everybody understands it.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match self.alone {
            Some(text) => out.extend_from_slice(text),
            None => {
                out.push(b'[');
                out.extend_from_slice(self.list.items());
                out.push(b']');
            }
        }
    }

    fn text(&mut self, string: &'a [u8]) {
        self.alone = self.list.is_empty().then_some(string);
        let out = self.list.item();
        out.extend_from_slice(br#"{"type":"text","text":"#);
        out.extend_from_slice(string);
        out.push(b'}');
    }

    fn part(
        &mut self,
        part: &Value<'a, '_>,
        owner: Owner,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        let object = part.object()?;
        let Some(type_) = part.field(&object, "type") else {
            return Err(part.error("needs a type"));
        };
        let kind = type_.text()?;
        let prefix = "input.content.";
        match (kind.as_ref(), owner) {
            ("input_text" | "output_text" | "text", _) => {
                // What answers have, and SDKs send back.
                let known = ["type", "text", "annotations", "logprobs", "parsed"];
                dropped.unknown(prefix, &object, &known);
                let Some(text) = part.field(&object, "text") else {
                    return Err(part.error("needs text"));
                };
                self.text(text.string()?);
            }
            ("refusal", Owner::Assistant) => {
                dropped.unknown(prefix, &object, &["type", "refusal"]);
                let Some(refusal) = part.field(&object, "refusal") else {
                    return Err(part.error("needs refusal"));
                };
                self.alone = None;
                let out = self.list.item();
                out.extend_from_slice(br#"{"type":"refusal","refusal":"#);
                out.extend_from_slice(refusal.string()?);
                out.push(b'}');
            }
            ("input_image", Owner::User | Owner::Tool) => {
                dropped.unknown(prefix, &object, &["type", "image_url", "detail", "file_id"]);
                self.image(part, &object)?;
            }
            ("input_file", Owner::User | Owner::Tool) => {
                let known = ["type", "file_data", "filename", "file_id", "file_url"];
                dropped.unknown(prefix, &object, &known);
                self.file(part, &object)?;
            }
            ("input_audio", Owner::User | Owner::Tool) => {
                dropped.unknown(prefix, &object, &["type", "input_audio"]);
                let Some(audio) = part.field(&object, "input_audio") else {
                    return Err(part.error("needs input_audio"));
                };
                self.alone = None;
                let out = self.list.item();
                out.extend_from_slice(br#"{"type":"input_audio","input_audio":"#);
                out.extend_from_slice(audio.raw);
                out.push(b'}');
            }
            _ => return Err(type_.error("this kind of part is not carried here")),
        }
        Ok(())
    }

    fn image(&mut self, part: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        let Some(url) = part.field(object, "image_url") else {
            return Err(match part.field(object, "file_id") {
                Some(id) => id.error("files at OpenAI cannot be reached: send image_url"),
                None => part.error("needs image_url"),
            });
        };
        // Looked at here, so that an error names the client's own field.
        media::image(&url, &mut Dropped::default())?;
        self.alone = None;
        let out = self.list.item();
        out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
        out.extend_from_slice(url.string()?);
        if let Some(detail) = part.field(object, "detail")
            && detail.string()? != br#""auto""#
        {
            push_member(out, "detail", detail.raw);
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }

    fn file(&mut self, part: &Value<'_, '_>, object: &Object<'_>) -> Result<(), Error> {
        if let Some(id) = part.field(object, "file_id") {
            return Err(id.error("files at OpenAI cannot be reached: send file_data or file_url"));
        }
        let data = match (part.field(object, "file_data"), part.field(object, "file_url")) {
            (Some(data), None) => {
                media::file(part, &mut Dropped::default())?;
                data
            }
            (None, Some(url)) => {
                if !media::is_web(&url.text()?) {
                    return Err(url.error("must be an https: URL"));
                }
                url
            }
            (Some(_), Some(url)) => return Err(url.error("stands beside file_data: send one")),
            (None, None) => return Err(part.error("needs file_data or file_url")),
        };
        self.alone = None;
        let out = self.list.item();
        out.extend_from_slice(br#"{"type":"file","file":{"file_data":"#);
        out.extend_from_slice(data.string()?);
        if let Some(name) = part.field(object, "filename") {
            push_member(out, "filename", name.string()?);
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }
}
