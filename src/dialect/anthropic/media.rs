//! Images and files in messages.
//!
//! Base64 is copied, never decoded, but for plain text files, which the API takes
//! as text. Spec: <https://platform.claude.com/docs/en/build-with-claude/vision>,
//! <https://platform.claude.com/docs/en/build-with-claude/pdf-support>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::media::{self, Data, Media};
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Appends an image block, not closed.
pub(super) fn image(
    part: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    match media::image(part, dropped)? {
        Media::Data(data) if data.is_image() => block(&data, "image", out),
        Media::Data(data) => return Err(data.error("images must be JPEG, PNG, GIF or WebP")),
        Media::Url(link) if link.is_web() => {
            out.extend_from_slice(br#"{"type":"image","source":{"type":"url","url":"#);
            out.extend_from_slice(link.raw);
            out.push(b'}');
        }
        Media::Url(link) => return Err(link.error("must be a data: or https: URL")),
    }
    Ok(())
}

/// Appends a document (or image) block, not closed.
pub(super) fn file(
    part: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if let Some(link) = media::file_link(part)? {
        let object = part.object()?;
        dropped.unknown("file.", &object, &["file_data", "filename"]);
        out.extend_from_slice(br#"{"type":"document","source":{"type":"url","url":"#);
        out.extend_from_slice(link.raw);
        out.push(b'}');
        if let Some(name) = part.field(&object, "filename") {
            json::push_member(out, "title", name.string()?);
        }
        return Ok(());
    }
    let file = media::file(part, dropped)?;
    let data = &file.data;
    match data.mime.as_str() {
        "application/pdf" => block(data, "document", out),
        _ if data.is_image() => {
            block(data, "image", out);
            return Ok(());
        }
        mime if mime.starts_with("text/") => {
            let Some(plain) = String::from_utf8(data.bytes()?).ok() else {
                return Err(data.error("must be base64 of UTF-8 text"));
            };
            out.extend_from_slice(
                br#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"#,
            );
            json::push_text(out, &plain);
            out.push(b'}');
        }
        _ => return Err(data.error("only PDF, plain text and image files are carried")),
    }
    if let Some(name) = file.name {
        out.extend_from_slice(br#","title":"#);
        out.extend_from_slice(name);
    }
    Ok(())
}

/// For hosts that fetch nothing: refuses the first image or file that is a link, by its
/// path.
pub(super) fn refuse_links(messages: &Value<'_, '_>) -> Result<(), Error> {
    for (i, raw) in messages.items()?.into_iter().enumerate() {
        let message = messages.item(i, raw);
        let object = message.object()?;
        let Some(content) = message.field(&object, "content").filter(Value::is_array) else {
            continue;
        };
        for (i, raw) in content.items()?.into_iter().enumerate() {
            let part = content.item(i, raw);
            let object = part.object()?;
            if let Some(image) = part.field(&object, "image_url")
                && let Media::Url(link) = media::image(&image, &mut Dropped::default())?
            {
                return Err(link.error("this provider fetches no images: send a data: URL"));
            }
            if let Some(file) = part.field(&object, "file")
                && let Some(link) = media::file_link(&file)?
            {
                return Err(link.error("this provider fetches no files: send a data: URL"));
            }
        }
    }
    Ok(())
}

fn block(data: &Data<'_>, type_: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"#);
    json::push_text(out, type_);
    out.extend_from_slice(br#","source":{"type":"base64","media_type":"#);
    json::push_text(out, &data.mime);
    out.extend_from_slice(br#","data":"#);
    data.push_base64(out);
    out.push(b'}');
}
