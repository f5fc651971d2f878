//! Images, files and sounds: bytes in the request (`inlineData`), or a URI that
//! Google fetches (`fileData`).
//!
//! Base64 is copied, never decoded. A URI's type is told where its name tells it:
//! Vertex asks for one, AI Studio finds it out.
//!
//! Spec: <https://ai.google.dev/api/caching#Blob>, <https://ai.google.dev/api/caching#FileData>,
//! <https://ai.google.dev/gemini-api/docs/file-input-methods>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::media::{self, Data, Link, Media};
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Appends a part for the value of `image_url`, not closed.
pub(super) fn image(
    value: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    match media::image(value, dropped)? {
        Media::Data(data) => inline(&data, out),
        Media::Url(link) => linked(&link, out),
    }
}

/// Appends a part for the value of `file`, not closed. Its name is carried as Google's
/// own client does, though the reference has no such field for AI Studio.
pub(super) fn file(
    value: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if let Some(link) = media::file_link(value)? {
        dropped.unknown("file.", &value.object()?, &["file_data"]);
        return linked(&link, out);
    }
    let file = media::file(value, dropped)?;
    inline(&file.data, out)?;
    if let Some(name) = file.name {
        out.pop();
        out.extend_from_slice(br#","displayName":"#);
        out.extend_from_slice(name);
        out.push(b'}');
    }
    Ok(())
}

/// Appends a part for the value of `input_audio`, not closed.
pub(super) fn audio(
    value: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut data = media::audio(value, dropped)?;
    if data.mime == "audio/mpeg" {
        "audio/mp3".clone_into(&mut data.mime);
    }
    inline(&data, out)
}

fn inline(data: &Data<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    if data.mime.is_empty() {
        return Err(data.error("needs a media type"));
    }
    out.extend_from_slice(br#"{"inlineData":{"mimeType":"#);
    json::push_text(out, &data.mime);
    out.extend_from_slice(br#","data":"#);
    data.push_base64(out);
    out.push(b'}');
    Ok(())
}

fn linked(link: &Link<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    if link.text.starts_with("s3://") {
        return Err(link.error("must be a data:, https: or gs: URL"));
    }
    out.extend_from_slice(br#"{"fileData":{"#);
    if let Some(mime) = mime_of(&link.text) {
        out.extend_from_slice(br#""mimeType":"#);
        json::push_text(out, mime);
        out.push(b',');
    }
    out.extend_from_slice(br#""fileUri":"#);
    out.extend_from_slice(link.raw);
    out.push(b'}');
    Ok(())
}

const TYPES: &[(&str, &str)] = &[
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
];

/// By the ending of the path's last segment.
fn mime_of(uri: &str) -> Option<&'static str> {
    let path = uri.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    TYPES.iter().find(|(own, _)| ending.eq_ignore_ascii_case(own)).map(|(_, mime)| *mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_type_by_its_ending() {
        assert_eq!(mime_of("https://x.com/a.b/cat.JPG?w=1#x"), Some("image/jpeg"));
        assert_eq!(mime_of("gs://bucket/doc.pdf"), Some("application/pdf"));
        assert_eq!(mime_of("https://x.com/cat"), None);
        assert_eq!(mime_of("https://x.com"), None);
    }
}
