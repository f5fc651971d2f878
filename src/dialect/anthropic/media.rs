//! Images and files in messages.
//!
//! Base64 is copied, never decoded, but for plain text files, which the API takes
//! as text. Spec: <https://platform.claude.com/docs/en/build-with-claude/vision>,
//! <https://platform.claude.com/docs/en/build-with-claude/pdf-support>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

/// Appends an image block, not closed.
pub(super) fn image(
    part: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    // OpenAI: {"url": ...}; some clients send the URL itself.
    if part.is_string() {
        return image_url(part, out);
    }
    let object = part.object()?;
    dropped.unknown("image_url.", &object, &["url", "detail"]);
    if object.get("detail").is_some_and(|detail| detail != br#""auto""#) {
        dropped.add("image_url.detail");
    }
    match part.field(&object, "url") {
        Some(url) => image_url(&url, out),
        None => Err(part.error("needs a url")),
    }
}

fn image_url(url: &Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let text = url.text()?;
    if let Some(data) = DataUrl::read(&text) {
        if !matches!(
            data.media,
            "image/jpeg" | "image/jpg" | "image/png" | "image/gif" | "image/webp"
        ) {
            return Err(url.error("images must be JPEG, PNG, GIF or WebP"));
        }
        return data.block(url, out, "image", matches!(text, Cow::Borrowed(_)));
    }
    if !starts_with(&text, "https://") && !starts_with(&text, "http://") {
        return Err(url.error("must be a data: or https: URL"));
    }
    out.extend_from_slice(br#"{"type":"image","source":{"type":"url","url":"#);
    out.extend_from_slice(url.raw);
    out.push(b'}');
    Ok(())
}

/// Appends a document (or image) block, not closed.
pub(super) fn file(
    part: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = part.object()?;
    dropped.unknown("file.", &object, &["file_data", "file_id", "filename"]);
    if let Some(id) = part.field(&object, "file_id") {
        return Err(id.error("files at OpenAI cannot be reached: send file_data"));
    }
    let Some(data) = part.field(&object, "file_data") else {
        return Err(part.error("needs file_data"));
    };
    let text = data.text()?;
    let verbatim = matches!(text, Cow::Borrowed(_));
    let url = match DataUrl::read(&text) {
        Some(url) => url,
        // Bare base64 of "%PDF-".
        None if text.starts_with("JVBERi0") => {
            DataUrl { media: "application/pdf", base64: true, data: &text }
        }
        None => return Err(data.error("must be a data: URL with base64")),
    };
    match url.media {
        "application/pdf" => url.block(&data, out, "document", verbatim)?,
        "image/jpeg" | "image/jpg" | "image/png" | "image/gif" | "image/webp" => {
            return url.block(&data, out, "image", verbatim);
        }
        media if media.starts_with("text/") => {
            let Some(plain) = url.plain() else {
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
    if let Some(name) = part.field(&object, "filename") {
        out.extend_from_slice(br#","title":"#);
        out.extend_from_slice(name.string()?);
    }
    Ok(())
}

/// `data:media;base64,data`
struct DataUrl<'a> {
    media: &'a str,
    base64: bool,
    data: &'a str,
}

// === impl DataUrl ===

impl<'a> DataUrl<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if !starts_with(text, "data:") {
            return None;
        }
        let (head, data) = text.get(5..)?.split_once(',')?;
        let mut words = head.split(';').map(str::trim);
        let media = words.next().unwrap_or_default();
        Some(Self { media, base64: words.any(|w| w.eq_ignore_ascii_case("base64")), data })
    }

    /// `verbatim`: the data needs no escapes, so it is copied.
    fn block(
        &self,
        at: &Value<'_, '_>,
        out: &mut Vec<u8>,
        type_: &str,
        verbatim: bool,
    ) -> Result<(), Error> {
        if !self.base64 {
            return Err(at.error("a data: URL must be base64"));
        }
        let media = if self.media == "image/jpg" { "image/jpeg" } else { self.media };
        out.extend_from_slice(br#"{"type":"#);
        json::push_text(out, type_);
        out.extend_from_slice(br#","source":{"type":"base64","media_type":"#);
        json::push_text(out, media);
        out.extend_from_slice(br#","data":"#);
        if verbatim {
            out.push(b'"');
            out.extend_from_slice(self.data.as_bytes());
            out.push(b'"');
        } else {
            json::push_text(out, self.data);
        }
        out.push(b'}');
        Ok(())
    }

    fn plain(&self) -> Option<String> {
        if !self.base64 {
            return None;
        }
        String::from_utf8(base64(self.data)?).ok()
    }
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

/// RFC 4648 section 4; padding may be missing.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            // The low byte of what is above the rest.
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (held < 6).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_base64() {
        for (text, want) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("Zm8", Some("fo")),
            ("Zm9v", Some("foo")),
            ("Zm9vYmFy", Some("foobar")),
            ("Zm9vY", None),
            ("Zm9v YmFy", None),
        ] {
            assert_eq!(base64(text), want.map(|w| w.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn reads_data_urls() {
        let url = DataUrl::read("DATA:text/plain;charset=utf-8;base64,aGk=").unwrap();
        assert_eq!((url.media, url.plain().as_deref()), ("text/plain", Some("hi")));
        assert!(!DataUrl::read("data:image/png,abc").unwrap().base64);
        assert!(DataUrl::read("https://x").is_none() && DataUrl::read("data:").is_none());
    }
}
