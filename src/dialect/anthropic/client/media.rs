//! Images and documents: `source` to a chat's parts. Base64 is copied, never decoded.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/vision>,
//! <https://platform.claude.com/docs/en/build-with-claude/pdf-support>.

use super::content::{Context, Parts};
use crate::dialect::Dialect;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json;

const NO_FILES: &str = "files at Anthropic cannot be reached: send base64";

/// The `source` of a block, opened, and its type.
fn source<'a, 'c>(
    block: &'c Value<'a, '_>,
    object: &Object<'a>,
) -> Result<(Value<'a, 'c>, Object<'a>, String), Error> {
    let Some(source) = block.field(object, "source") else {
        return Err(block.error("needs a source"));
    };
    let opened = source.object()?;
    let Some(type_) = source.field(&opened, "type") else {
        return Err(source.error("needs a type"));
    };
    let type_ = type_.text()?.into_owned();
    Ok((source, opened, type_))
}

pub(super) fn image(
    block: &Value<'_, '_>,
    object: &Object<'_>,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    context.dropped.unknown("messages.content.", object, &["type", "source", "cache_control"]);
    let (source, opened, type_) = source(block, object)?;
    let url = match type_.as_str() {
        "base64" => data_url(&source, &opened)?,
        "url" => match source.field(&opened, "url") {
            Some(url) => url.string()?.to_vec(),
            None => return Err(source.error("needs a url")),
        },
        "file" => return Err(source.error(NO_FILES)),
        _ => return Err(source.error("must be of type base64 or url")),
    };
    let out = parts.item();
    out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
    out.extend_from_slice(&url);
    out.push(b'}');
    context.cache(object.get("cache_control"), out);
    out.push(b'}');
    Ok(())
}

pub(super) fn document(
    block: &Value<'_, '_>,
    object: &Object<'_>,
    parts: &mut Parts,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let known = ["type", "source", "cache_control", "title", "context"];
    let off = match block.field(object, "citations") {
        Some(citations) => citations.object()?.get("enabled") != Some(b"true"),
        None => true,
    };
    for (name, raw) in object.iter() {
        if !known.contains(&name) && raw != b"null" && !(name == "citations" && off) {
            context.dropped.client_name("messages.content.", name);
        }
    }
    let title = block.field(object, "title").map(|t| t.string()).transpose()?;
    let about = block.field(object, "context").map(|t| t.string()).transpose()?;
    let cache = object.get("cache_control");
    let (source, opened, type_) = source(block, object)?;
    match type_.as_str() {
        "text" => {
            let Some(data) = source.field(&opened, "data") else {
                return Err(source.error("needs data"));
            };
            parts.text(&framed(title, about, data.string()?), cache, context);
            return Ok(());
        }
        "content" => {
            let Some(content) = source.field(&opened, "content") else {
                return Err(source.error("needs content"));
            };
            let head = framed(title, about, b"\"\"");
            if head != b"\"\"" {
                parts.text(&head, None, context);
            }
            super::content::read(&content, parts, context)?;
            if cache.is_some() {
                context.dropped.hint("messages.content.cache_control (of content documents)");
            }
            return Ok(());
        }
        "base64" => {
            if let Some(about) = about {
                parts.text(about, None, context);
            }
            let url = data_url(&source, &opened)?;
            let out = parts.item();
            out.extend_from_slice(br#"{"type":"file","file":{"filename":"#);
            out.extend_from_slice(title.filter(|t| *t != b"\"\"").unwrap_or(UNTITLED));
            out.extend_from_slice(br#","file_data":"#);
            out.extend_from_slice(&url);
            out.push(b'}');
            context.cache(cache, out);
            out.push(b'}');
        }
        // Gemini fetches what a link shows, whatever it is.
        "url" if context.way.upstream == Dialect::Gemini => {
            let Some(url) = source.field(&opened, "url") else {
                return Err(source.error("needs a url"));
            };
            let out = parts.item();
            out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
            out.extend_from_slice(url.string()?);
            out.extend_from_slice(b"}}");
        }
        "url" => return Err(source.error("this provider fetches no documents: send base64")),
        "file" => return Err(source.error(NO_FILES)),
        _ => return Err(source.error("must be of type base64, text, content or url")),
    }
    Ok(())
}

const UNTITLED: &[u8] = br#""document.pdf""#;

/// A text with its title and context, as one JSON string.
fn framed(title: Option<&[u8]>, about: Option<&[u8]>, text: &[u8]) -> Vec<u8> {
    let mut out = b"\"".to_vec();
    let pieces = [title, about, Some(text)].into_iter().flatten().filter(|p| *p != b"\"\"");
    for (i, piece) in pieces.enumerate() {
        if i > 0 {
            out.extend_from_slice(b"\\n\\n");
        }
        out.extend_from_slice(inner(piece));
    }
    out.push(b'"');
    out
}

/// `"data:type;base64,data"`, a JSON string.
fn data_url(source: &Value<'_, '_>, opened: &Object<'_>) -> Result<Vec<u8>, Error> {
    let (Some(type_), Some(data)) =
        (source.field(opened, "media_type"), source.field(opened, "data"))
    else {
        return Err(source.error("needs media_type and data"));
    };
    let mime = type_.text()?;
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&b);
    if mime.is_empty() || mime.len() > 127 || !mime.bytes().all(harmless) {
        return Err(type_.error("is no media type"));
    }
    let mut out = Vec::with_capacity(data.raw.len() + 64);
    json::push_text(&mut out, &format!("data:{mime};base64,"));
    out.pop();
    out.extend_from_slice(inner(data.string()?));
    out.push(b'"');
    Ok(out)
}
