//! Content parts. Text, URLs and base64 are copied as the JSON strings they are.
//!
//! Spec: <https://developers.openai.com/api/docs/guides/images-vision>,
//! <https://developers.openai.com/api/docs/guides/file-inputs>. Files may be named by
//! their id: they are at the same vendor. Sounds are not taken.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::media::{self, Media};
use crate::dialect::openai::read::{Object, Value};
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

/// Appends a message's content: a string, or an array of parts.
pub(super) fn write(
    content: &Value<'_, '_>,
    owner: Owner,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if content.is_string() {
        out.extend_from_slice(content.raw);
        return Ok(());
    }
    let mut list = Array::default();
    parts(content, owner, &mut list, dropped)?;
    out.push(b'[');
    out.extend_from_slice(list.items());
    out.push(b']');
    Ok(())
}

pub(super) fn parts(
    content: &Value<'_, '_>,
    owner: Owner,
    list: &mut Array,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if !content.is_array() {
        return Err(content.error("must be a string or an array of parts"));
    }
    for (i, raw) in content.items()?.into_iter().enumerate() {
        part(&content.item(i, raw), owner, list.item(), dropped)?;
    }
    Ok(())
}

pub(super) fn output_text(string: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"output_text","text":"#);
    out.extend_from_slice(string);
    out.extend_from_slice(br#","annotations":[]}"#);
}

fn part(
    part: &Value<'_, '_>,
    owner: Owner,
    out: &mut Vec<u8>,
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
    dropped.unknown("messages.content.", &object, &["type", key, "prompt_cache_breakpoint"]);
    let Some(value) = part.field(&object, key) else {
        return Err(part.error(format!("needs {key}")));
    };
    match (key, owner) {
        ("text", Owner::Assistant) => {
            if object.get("prompt_cache_breakpoint").is_some() {
                dropped.hint("messages.content.prompt_cache_breakpoint");
            }
            output_text(value.string()?, out);
            return Ok(());
        }
        ("refusal", _) => {
            out.extend_from_slice(br#"{"type":"refusal""#);
            json::push_member(out, "refusal", value.string()?);
            out.push(b'}');
            return Ok(());
        }
        ("image_url", _) => image(&value, out, dropped)?,
        ("file", _) => file(&value, out, dropped)?,
        _ => {
            out.extend_from_slice(br#"{"type":"input_text""#);
            json::push_member(out, "text", value.string()?);
        }
    }
    if let Some(mark) = object.get("prompt_cache_breakpoint") {
        json::push_member(out, "prompt_cache_breakpoint", mark);
    }
    out.push(b'}');
    Ok(())
}

fn image(value: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    // Read for the check alone: what is sound is copied.
    if let Media::Url(link) = media::image(value, &mut Dropped::default())?
        && !link.is_web()
    {
        return Err(link.error("must be a data: or https: URL"));
    }
    out.extend_from_slice(br#"{"type":"input_image""#);
    // OpenAI: {"url": ...}; some clients send the URL itself.
    if value.is_string() {
        json::push_member(out, "image_url", value.raw);
        json::push_member(out, "detail", br#""auto""#);
        return Ok(());
    }
    let object = value.object()?;
    dropped.unknown("image_url.", &object, &["url", "detail"]);
    let Some(url) = value.field(&object, "url") else { return Err(value.error("needs a url")) };
    json::push_member(out, "image_url", url.string()?);
    json::push_member(out, "detail", optional(value, &object, "detail")?.unwrap_or(br#""auto""#));
    Ok(())
}

fn file(value: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    const KNOWN: &[&str] = &["file_id", "filename", "file_data"];
    let object = value.object()?;
    dropped.unknown("file.", &object, KNOWN);
    if object.get("file_id").or(object.get("file_data")).is_none() {
        return Err(value.error("needs file_data or file_id"));
    }
    let link = media::file_link(value)?;
    out.extend_from_slice(br#"{"type":"input_file""#);
    for name in KNOWN {
        if let Some(string) = optional(value, &object, name)? {
            let linked = *name == "file_data" && link.is_some();
            json::push_member(out, if linked { "file_url" } else { name }, string);
        }
    }
    Ok(())
}

/// A JSON string that may be missing.
fn optional<'a>(
    value: &Value<'a, '_>,
    object: &Object<'a>,
    name: &'static str,
) -> Result<Option<&'a [u8]>, Error> {
    value.field(object, name).map(|v| v.string()).transpose()
}
