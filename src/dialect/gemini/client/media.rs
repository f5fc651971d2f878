//! `inlineData` and `fileData` as parts of a chat message.
//!
//! Base64 may come in the URL's alphabet, as `google-genai` writes it; chat wants the
//! plain one. Chat has URLs for images alone.
//!
//! Spec: <https://ai.google.dev/api/caching#Blob>, <https://ai.google.dev/api/caching#FileData>.

use super::spell::{field, unknown};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

/// Appends the part for an `inlineData`.
pub(super) fn inline(
    blob: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = blob.object()?;
    unknown(dropped, "inlineData.", &object, &["mimeType", "data", "displayName"]);
    let Some(mime) = field(blob, &object, "mimeType") else {
        return Err(blob.error("needs a mimeType"));
    };
    let mime = read_mime(&mime)?;
    let Some(data) = field(blob, &object, "data") else {
        return Err(blob.error("needs data"));
    };
    let data = plain(data.text()?);
    match mime.split_once('/') {
        Some(("image", _)) => {
            out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
            json::push_text(out, &format!("data:{mime};base64,{data}"));
            out.extend_from_slice(b"}}");
        }
        Some(("audio", kind)) => {
            let format = match kind {
                "mpeg" | "mpeg3" => "mp3",
                "x-wav" | "wave" | "vnd.wave" => "wav",
                other => other.trim_start_matches("x-"),
            };
            out.extend_from_slice(br#"{"type":"input_audio","input_audio":{"data":"#);
            json::push_text(out, &data);
            out.extend_from_slice(br#","format":"#);
            json::push_text(out, format);
            out.extend_from_slice(b"}}");
        }
        _ => {
            out.extend_from_slice(br#"{"type":"file","file":{"filename":"#);
            match field(blob, &object, "displayName") {
                Some(name) => out.extend_from_slice(name.string()?),
                // Chat asks for one.
                None => json::push_text(out, &format!("file.{}", ending(&mime))),
            }
            out.extend_from_slice(br#","file_data":"#);
            json::push_text(out, &format!("data:{mime};base64,{data}"));
            out.extend_from_slice(b"}}");
        }
    }
    Ok(())
}

/// Appends the part for a `fileData`.
pub(super) fn linked(
    file: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = file.object()?;
    unknown(dropped, "fileData.", &object, &["mimeType", "fileUri", "displayName"]);
    let Some(uri) = field(file, &object, "fileUri") else {
        return Err(file.error("needs a fileUri"));
    };
    let text = uri.text()?;
    if text.starts_with("https://generativelanguage.googleapis.com/") {
        return Err(uri.error("is a file stored at Google: send its bytes as inlineData"));
    }
    let mime = field(file, &object, "mimeType").map(|m| read_mime(&m)).transpose()?;
    let is_image = match &mime {
        Some(mime) => mime.starts_with("image/"),
        None => names_image(&text),
    };
    if !is_image {
        return Err(uri.error("only images are carried by URI: send inlineData"));
    }
    out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
    out.extend_from_slice(uri.raw);
    out.extend_from_slice(b"}}");
    Ok(())
}

/// In lower case, without parameters.
fn read_mime(value: &Value<'_, '_>) -> Result<String, Error> {
    let text = value.text()?.to_ascii_lowercase();
    let mime = text.split(';').next().unwrap_or_default().trim();
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'+' | b'_');
    match mime.split_once('/') {
        Some((a, b)) if !a.is_empty() && !b.is_empty() && mime.bytes().all(fits) => {
            Ok(mime.to_owned())
        }
        _ => Err(value.error("must be a media type")),
    }
}

fn plain(data: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr2(b'-', b'_', data.as_bytes()).is_none() {
        return data;
    }
    Cow::Owned(data.replace('-', "+").replace('_', "/"))
}

fn ending(mime: &str) -> &str {
    match mime {
        "text/plain" => "txt",
        "text/markdown" => "md",
        "text/javascript" => "js",
        _ => mime.rsplit(['/', '+', '.']).next().unwrap_or_default(),
    }
}

fn names_image(uri: &str) -> bool {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default();
    ["jpg", "jpeg", "png", "webp", "gif", "heic", "heif"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}
