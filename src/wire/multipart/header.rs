//! The headers of a form and of its parts: the boundary, a part's name.

use super::{Invalid, Problem};

/// The boundary that a `multipart/form-data` content type names.
pub fn boundary(content_type: &str) -> Result<Vec<u8>, Invalid> {
    let mut found = None;
    for (name, value) in parameters(content_type.as_bytes()).ok_or(Problem::BadBoundary)?.1 {
        if name.eq_ignore_ascii_case(b"boundary") && found.replace(value).is_some() {
            return Err(Problem::BadBoundary.into());
        }
    }
    let boundary = found.ok_or(Problem::NoBoundary)?.text;
    let fits = (1..=MAX_BOUNDARY).contains(&boundary.len())
        && boundary.iter().all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(b))
        && !boundary.ends_with(b" ");
    if fits { Ok(boundary) } else { Err(Problem::BadBoundary.into()) }
}

/// The wanted field that a part is, by its headers; `None`: another one.
pub(super) fn read(
    head: &[u8],
    wanted: &'static [&'static str],
) -> Result<Option<&'static str>, Invalid> {
    let mut disposition = None;
    let mut encoded = false;
    for line in lines(head)? {
        let colon = memchr::memchr(b':', line).ok_or(Problem::BadHeaders)?;
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') || name.is_empty() {
            return Err(Problem::BadHeaders.into());
        }
        if name.eq_ignore_ascii_case(b"content-disposition") && disposition.replace(value).is_some()
        {
            return Err(Problem::BadHeaders.into());
        }
        if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            let plain = [&b"binary"[..], b"8bit", b"7bit"];
            encoded = !plain.iter().any(|p| value.eq_ignore_ascii_case(p));
        }
    }
    let disposition = disposition.ok_or(Problem::NoName)?;
    let (kind, parameters) = parameters(disposition).ok_or(Problem::BadHeaders)?;
    if !kind.eq_ignore_ascii_case(b"form-data") {
        return Err(Problem::NoName.into());
    }
    let (mut field, mut file) = (None, false);
    for (key, value) in parameters {
        // `name*`, the extended notation, is none of a form's.
        if key.to_ascii_lowercase().starts_with(b"name*") {
            return Err(Problem::BadHeaders.into());
        }
        file |= key.to_ascii_lowercase().starts_with(b"filename");
        if key.eq_ignore_ascii_case(b"name") && field.replace(value).is_some() {
            return Err(Problem::BadHeaders.into());
        }
    }
    let field = field.ok_or(Problem::NoName)?;
    let is = |name: &&&'static str| {
        field.text == name.as_bytes() || field.read_otherwise().any(|r| r == name.as_bytes())
    };
    let Some(name) = wanted.iter().find(is).copied() else { return Ok(None) };
    let invalid = |problem| Err(Invalid { problem, field: Some(name) });
    match () {
        () if field.raw != name.as_bytes() => invalid(Problem::HiddenName),
        () if file => invalid(Problem::AFile),
        () if encoded => invalid(Problem::Encoded),
        () => Ok(Some(name)),
    }
}

const MAX_BOUNDARY: usize = 70;

/// The lines of a part's headers. A line that goes on on the next one is refused, and
/// so are control characters.
fn lines(head: &[u8]) -> Result<Vec<&[u8]>, Invalid> {
    let mut lines = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let end = memchr::memmem::find(rest, b"\r\n").unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail.get(2..).unwrap_or_default();
        let folded = line.first().is_none_or(|b| b.is_ascii_whitespace());
        if folded || line.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err(Problem::BadHeaders.into());
        }
        lines.push(line);
    }
    Ok(lines)
}

/// A parameter's value.
struct Value {
    /// As it was written, without quotes.
    raw: Vec<u8>,
    /// With quoted pairs undone.
    text: Vec<u8>,
}

type Parameters<'a> = Vec<(&'a [u8], Value)>;

/// `kind; name=value; name="value"`. `None`: malformed.
fn parameters(header: &[u8]) -> Option<(&[u8], Parameters<'_>)> {
    let end = memchr::memchr(b';', header).unwrap_or(header.len());
    let (kind, mut rest) = header.split_at(end);
    let mut all = Vec::new();
    while let Some(tail) = rest.strip_prefix(b";") {
        let tail = tail.trim_ascii_start();
        if tail.is_empty() {
            break;
        }
        let equals = memchr::memchr(b'=', tail)?;
        let (name, value) = tail.split_at(equals);
        let name = name.trim_ascii();
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic() && *b != b'"') {
            return None;
        }
        let value = value.get(1..)?.trim_ascii_start();
        let (value, tail) = if value.first() == Some(&b'"') {
            quoted(value.get(1..)?)?
        } else {
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            let (value, tail) = value.split_at(end);
            let value = value.trim_ascii_end().to_vec();
            if value.is_empty() || value.iter().any(|b| b.is_ascii_whitespace() || *b == b'"') {
                return None;
            }
            (Value { raw: value.clone(), text: value }, tail)
        };
        all.push((name, value));
        rest = tail.trim_ascii_start();
    }
    rest.is_empty().then_some(()).or((rest == b";").then_some(()))?;
    Some((kind.trim_ascii(), all))
}

/// A quoted string behind its first quote, and what follows it.
fn quoted(text: &[u8]) -> Option<(Value, &[u8])> {
    let mut value = Value { raw: Vec::new(), text: Vec::new() };
    let mut bytes = text.iter().enumerate();
    while let Some((i, byte)) = bytes.next() {
        match byte {
            b'"' => {
                value.raw = text.get(..i)?.to_vec();
                return Some((value, text.get(i + 1..)?));
            }
            b'\\' => value.text.push(*bytes.next()?.1),
            _ => value.text.push(*byte),
        }
    }
    None
}

// === impl Value ===

impl Value {
    /// What other readers may take it for: percent escapes undone, white space cut.
    fn read_otherwise(&self) -> impl Iterator<Item = Vec<u8>> {
        let mut decoded = Vec::with_capacity(self.text.len());
        let mut rest = self.text.as_slice();
        while let Some((byte, tail)) = rest.split_first() {
            let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
            match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| *byte == b'%') {
                Some(escaped) => {
                    decoded.push(escaped);
                    rest = tail.get(2..).unwrap_or_default();
                }
                None => {
                    decoded.push(*byte);
                    rest = tail;
                }
            }
        }
        let bare: Vec<u8> = self.text.iter().copied().filter(|b| *b != b'\\').collect();
        [decoded, bare, self.text.clone()].into_iter().map(|v| v.trim_ascii().to_vec())
    }
}
