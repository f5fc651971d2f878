//! Images, files and sounds in chat messages: where their bytes are.
//!
//! Base64 is lent from the request, not decoded, unless somebody asks. Which
//! types a provider takes is its dialect's business.
//!
//! OpenAI's chat takes no links to files; others do, with the link in `file_data`
//! (<https://openrouter.ai/docs/guides/overview/multimodal/pdfs>), and so does the hub.
//!
//! Spec: <https://platform.openai.com/docs/guides/images-vision>,
//! <https://platform.openai.com/docs/guides/pdf-files>,
//! <https://platform.openai.com/docs/guides/audio>.

use super::read::Value;
use crate::dialect::loss::Dropped;
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

/// Bytes in the request, or a place to fetch them from.
#[derive(Debug)]
pub enum Media<'a> {
    Url(Link<'a>),
    Data(Data<'a>),
}

/// An `http:` or `https:` URL (`gs:` and `s3:` too, for those who take them).
#[derive(Debug)]
pub struct Link<'a> {
    /// The JSON string.
    pub raw: &'a [u8],
    pub text: Cow<'a, str>,
    at: String,
}

#[derive(Debug)]
pub struct Data<'a> {
    /// Lower case, without parameters; `image/jpg` is told as `image/jpeg`.
    pub mime: String,
    base64: Cow<'a, str>,
    at: String,
}

#[derive(Debug)]
pub struct File<'a> {
    pub data: Data<'a>,
    /// A JSON string.
    pub name: Option<&'a [u8]>,
}

/// Reads the value of `image_url`.
pub fn image<'a>(part: &Value<'a, '_>, dropped: &mut Dropped) -> Result<Media<'a>, Error> {
    // OpenAI: {"url": ...}; some clients send the URL itself.
    if part.is_string() {
        return media(part);
    }
    let object = part.object()?;
    dropped.unknown("image_url.", &object, &["url", "detail"]);
    if object.get("detail").is_some_and(|detail| detail != br#""auto""#) {
        dropped.add("image_url.detail");
    }
    match part.field(&object, "url") {
        Some(url) => media(&url),
        None => Err(part.error("needs a url")),
    }
}

/// Reads the value of `file`.
pub fn file<'a>(part: &Value<'a, '_>, dropped: &mut Dropped) -> Result<File<'a>, Error> {
    let object = part.object()?;
    dropped.unknown("file.", &object, &["file_data", "file_id", "filename"]);
    if let Some(id) = part.field(&object, "file_id") {
        return Err(id.error("files at OpenAI cannot be reached: send file_data"));
    }
    let Some(value) = part.field(&object, "file_data") else {
        return Err(part.error("needs file_data"));
    };
    let text = value.text()?;
    let at = value.path.to_string();
    let data = match Data::of_url(text, &at)? {
        Ok(data) => data,
        // Bare base64 of "%PDF-".
        Err(text) if text.starts_with("JVBERi0") => {
            Data { mime: "application/pdf".to_owned(), base64: text, at }
        }
        Err(text) if is_web(&text) => {
            return Err(value.error("this provider fetches no files: send a data: URL"));
        }
        Err(_) => return Err(value.error("must be a data: URL with base64")),
    };
    let name = part.field(&object, "filename").map(|n| n.string()).transpose()?;
    Ok(File { data, name })
}

/// The link of a `file` that is not in the request, for those who fetch some.
pub fn file_link<'a>(part: &Value<'a, '_>) -> Result<Option<Link<'a>>, Error> {
    let object = part.object()?;
    let Some(value) = part.field(&object, "file_data") else { return Ok(None) };
    let link = Link { raw: value.raw, text: value.text()?, at: value.path.to_string() };
    Ok(link.is_web().then_some(link))
}

/// Reads the value of `input_audio`.
pub fn audio<'a>(part: &Value<'a, '_>, dropped: &mut Dropped) -> Result<Data<'a>, Error> {
    let object = part.object()?;
    dropped.unknown("input_audio.", &object, &["data", "format"]);
    let Some(data) = part.field(&object, "data") else { return Err(part.error("needs data")) };
    let Some(format) = part.field(&object, "format") else {
        return Err(part.error("needs a format"));
    };
    let format = format.text()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'+');
    if format.is_empty() || format.len() > 32 || !format.bytes().all(fits) {
        return Err(part.error("has a format that is none"));
    }
    let mime = format!("audio/{}", format.to_ascii_lowercase());
    Ok(Data { mime, base64: data.text()?, at: data.path.to_string() })
}

fn media<'a>(url: &Value<'a, '_>) -> Result<Media<'a>, Error> {
    let at = url.path.to_string();
    match Data::of_url(url.text()?, &at)? {
        Ok(data) => Ok(Media::Data(data)),
        Err(text) if ["https://", "http://", "gs://", "s3://"].iter().any(|s| begins(&text, s)) => {
            Ok(Media::Url(Link { raw: url.raw, text, at }))
        }
        Err(_) => Err(url.error("must be a data: or https: URL")),
    }
}

pub fn is_web(url: &str) -> bool {
    begins(url, "https://") || begins(url, "http://")
}

fn begins(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

/// RFC 4648 section 4; padding may be missing.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
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

/// RFC 4648 section 4, padded.
pub fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32| ALPHABET.get((n & 63) as usize).copied().unwrap_or(b'A');
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |all, b| (all << 8) | u32::from(*b));
        let bits = bits << (8 * (3 - chunk.len()));
        let digits = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)];
        let used = chunk.len() + 1;
        for (i, d) in digits.into_iter().enumerate() {
            out.push(if i < used { d } else { b'=' });
        }
    }
}

// === impl Link ===

impl Link<'_> {
    pub fn is_web(&self) -> bool {
        is_web(&self.text)
    }

    /// 400 about this URL.
    pub fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(self.at.clone(), message)
    }
}

// === impl Data ===

impl<'a> Data<'a> {
    /// Of `data:mime;base64,data`; the inner `Err`: it is no `data:` URL.
    fn of_url(text: Cow<'a, str>, at: &str) -> Result<Result<Self, Cow<'a, str>>, Error> {
        if !begins(&text, "data:") {
            return Ok(Err(text));
        }
        let Some(comma) = text.find(',') else { return Ok(Err(text)) };
        let head = text.get(5..comma).unwrap_or_default();
        let mut words = head.split(';').map(str::trim);
        let mime = match words.next().unwrap_or_default().to_ascii_lowercase() {
            mime if mime == "image/jpg" => "image/jpeg".to_owned(),
            mime => mime,
        };
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&b);
        if mime.len() > 127 || !mime.bytes().all(harmless) {
            return Err(Error::invalid(at.to_owned(), "has no sound media type"));
        }
        if !words.any(|w| w.eq_ignore_ascii_case("base64")) {
            return Err(Error::invalid(at.to_owned(), "a data: URL must be base64"));
        }
        let base64 = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(comma + 1..).unwrap_or_default()),
            Cow::Owned(mut text) => Cow::Owned(text.split_off(comma + 1)),
        };
        Ok(Ok(Self { mime, base64, at: at.to_owned() }))
    }

    pub fn is_image(&self) -> bool {
        matches!(self.mime.as_str(), "image/jpeg" | "image/png" | "image/gif" | "image/webp")
    }

    /// Appends the base64 as a JSON string, as the client spelled it.
    pub fn push_base64(&self, out: &mut Vec<u8>) {
        match &self.base64 {
            // Lent: it needs no escapes.
            Cow::Borrowed(text) => {
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            Cow::Owned(text) => json::push_text(out, text),
        }
    }

    /// The bytes themselves; 400 where they are not base64.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        decode_base64(&self.base64).ok_or_else(|| self.error("is not base64"))
    }

    /// 400 about this value.
    pub fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(self.at.clone(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_base64() {
        for (bytes, want) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            let mut out = Vec::new();
            push_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, want.as_bytes());
        }
    }

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
            assert_eq!(decode_base64(text), want.map(|w| w.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn reads_data_urls() {
        let read = |text: &'static str| Data::of_url(Cow::Borrowed(text), "x");
        let data = read("DATA:text/plain;charset=utf-8;base64,aGk=").unwrap().unwrap();
        assert_eq!((data.mime.as_str(), data.bytes().unwrap()), ("text/plain", b"hi".to_vec()));
        assert!(read("data:image/png,abc").is_err() && read("data:a\"b;base64,").is_err());
        assert!(read("https://x").unwrap().is_err() && read("data:").unwrap().is_err());
    }
}
