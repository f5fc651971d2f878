//! `multipart/form-data` as bytes with spans: finds the few fields that are asked for,
//! fed in pieces of any size, and copies nothing else.
//!
//! An upload may be far larger than what may be held here, so a `Scanner` keeps only
//! its place: at most one part's headers, and the values of `wanted` fields.
//!
//! Must not: know a field's meaning, keep a file, guess. Where two readers of a form
//! could find different fields in it, it is refused: a boundary line with more on it, a
//! name with escapes that hide a wanted one, a field that stands twice, a part without
//! its empty line, line ends other than CRLF.
//!
//! Spec: RFC 7578 (forms), RFC 2046 section 5.1 (parts): the boundary has 1 to 70
//! characters, a delimiter is CRLF, two dashes and the boundary, what stands before the
//! first and behind the last is no content. RFC 7578 section 4.2 has browsers write a
//! quote in a name as `%22`, section 4.7 does away with transfer encodings.

use std::fmt;
use std::ops::Range;

mod header;
#[cfg(test)]
mod tests;

pub use header::boundary;

/// Bytes to look at at a time, of a body that is elsewhere.
pub const WINDOW: usize = 64 << 10;
/// Most bytes of a part's headers.
pub const MAX_HEADERS: usize = 4 << 10;
/// Most parts.
pub const MAX_PARTS: usize = 256;
/// Most bytes of a wanted field's value.
pub const MAX_VALUE: usize = 256;

/// A field that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// Offsets of the value in the body.
    pub span: Range<usize>,
    pub value: Vec<u8>,
}

/// Why a form is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    pub problem: Problem,
    /// The wanted field it is about, if any.
    pub field: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    NoBoundary,
    BadBoundary,
    NoParts,
    NotClosed,
    LineEnd,
    BoundaryLine,
    LongHeaders,
    BadHeaders,
    NoName,
    HiddenName,
    NoBody,
    ManyParts,
    Twice,
    AFile,
    Encoded,
    LongValue,
}

/// Reads a form piece by piece.
#[derive(Debug)]
pub struct Scanner {
    wanted: &'static [&'static str],
    /// CRLF, two dashes, the boundary.
    delimiter: Vec<u8>,
    state: State,
    /// Bytes read.
    at: usize,
    parts: usize,
    fields: Vec<Field>,
}

#[derive(Debug)]
enum State {
    /// In a part's content, or before the first part: so many bytes of the delimiter
    /// have come, of which so many stand for the line's end before and are no content.
    Content { matched: usize, before: usize, part: Option<Part> },
    /// Behind a delimiter: what else its line has.
    Line(Vec<u8>),
    /// A part's headers so far.
    Headers(Vec<u8>),
    /// Behind the last part.
    Epilogue,
}

/// The part whose content is being read.
#[derive(Debug)]
struct Part {
    field: Option<&'static str>,
    start: usize,
    value: Vec<u8>,
}

/// White space that may follow a boundary on its line (RFC 2046's transport padding),
/// the closing dashes and the line's end.
const MAX_LINE: usize = 64;

// === impl Scanner ===

impl Scanner {
    pub fn new(boundary: &[u8], wanted: &'static [&'static str]) -> Self {
        let delimiter = [b"\r\n--", boundary].concat();
        // The first delimiter may stand at the very beginning, without its CRLF.
        let state = State::Content { matched: 2, before: 2, part: None };
        Self { wanted, delimiter, state, at: 0, parts: 0, fields: Vec::new() }
    }

    /// Bytes read so far.
    pub fn at(&self) -> usize {
        self.at
    }

    /// A wanted field, once all of it has come.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), Invalid> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let used = match &self.state {
                State::Content { .. } => self.content(rest)?,
                State::Line(_) => self.line(rest)?,
                State::Headers(_) => self.headers(rest)?,
                State::Epilogue => rest.len(),
            };
            self.at += used;
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// The body has ended: the wanted fields, in their order.
    pub fn finish(self) -> Result<Vec<Field>, Invalid> {
        let closed = matches!(&self.state, State::Epilogue)
            // The closing line needs no end at the end of the body.
            || matches!(&self.state, State::Line(line) if is_closing(line.trim_ascii_end()));
        match (closed, self.parts) {
            (true, 0) | (false, 0) => Err(Problem::NoParts.into()),
            (true, _) => Ok(self.fields),
            (false, _) => Err(Problem::NotClosed.into()),
        }
    }

    /// Reads on in a part's content; returns the bytes used: up to a delimiter's end.
    fn content(&mut self, bytes: &[u8]) -> Result<usize, Invalid> {
        let State::Content { matched, before, part } = &mut self.state else { return Ok(0) };
        let mut used = 0;
        while let Some(byte) = bytes.get(used) {
            if self.delimiter.get(*matched) == Some(byte) {
                *matched += 1;
                used += 1;
                if *matched == self.delimiter.len() {
                    let end = (self.at + used).saturating_sub(self.delimiter.len());
                    let part = part.take();
                    self.state = State::Line(Vec::new());
                    return self.part_ended(part, end).map(|()| used);
                }
                continue;
            }
            // CR stands in a delimiter once, at its beginning: nothing else begins in
            // what had matched.
            if *matched > 0 {
                keep(part, self.delimiter.get(*before..*matched).unwrap_or_default())?;
                (*matched, *before) = (0, 0);
                continue;
            }
            let rest = bytes.get(used..).unwrap_or_default();
            let run = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
            keep(part, rest.get(..run).unwrap_or_default())?;
            used += run;
        }
        Ok(used)
    }

    fn part_ended(&mut self, part: Option<Part>, end: usize) -> Result<(), Invalid> {
        let Some(part) = part else { return Ok(()) };
        // The empty line behind the headers took the delimiter's own CRLF.
        if end < part.start {
            return Err(Problem::NoBody.into());
        }
        if let Some(name) = part.field {
            self.fields.push(Field { name, span: part.start..end, value: part.value });
        }
        Ok(())
    }

    /// Reads the rest of a boundary's line.
    fn line(&mut self, bytes: &[u8]) -> Result<usize, Invalid> {
        let State::Line(line) = &mut self.state else { return Ok(0) };
        for (i, byte) in bytes.iter().enumerate() {
            line.push(*byte);
            let used = i + 1;
            if line.len() > MAX_LINE {
                return Err(Problem::BoundaryLine.into());
            }
            if *byte != b'\n' {
                continue;
            }
            let Some(text) = line.strip_suffix(b"\r\n") else {
                return Err(Problem::LineEnd.into());
            };
            let text = text.trim_ascii_end();
            self.state = if text.is_empty() {
                self.parts += 1;
                State::Headers(Vec::new())
            } else if is_closing(text) {
                State::Epilogue
            } else {
                return Err(Problem::BoundaryLine.into());
            };
            if self.parts > MAX_PARTS {
                return Err(Problem::ManyParts.into());
            }
            return Ok(used);
        }
        Ok(bytes.len())
    }

    /// Reads on in a part's headers, up to the empty line behind them.
    fn headers(&mut self, bytes: &[u8]) -> Result<usize, Invalid> {
        let State::Headers(head) = &mut self.state else { return Ok(0) };
        for (i, byte) in bytes.iter().enumerate() {
            head.push(*byte);
            if head.len() > MAX_HEADERS {
                return Err(Problem::LongHeaders.into());
            }
            if *byte == b'\n' && !head.ends_with(b"\r\n") {
                return Err(Problem::LineEnd.into());
            }
            if head.as_slice() == b"\r\n" {
                return Err(Problem::NoName.into());
            }
            if let Some(head) = head.strip_suffix(b"\r\n\r\n") {
                let named = header::read(head, self.wanted)?;
                if named.is_some_and(|name| self.fields.iter().any(|f| f.name == name)) {
                    return Err(Invalid { problem: Problem::Twice, field: named });
                }
                let used = i + 1;
                let part = Part { field: named, start: self.at + used, value: Vec::new() };
                // A delimiter at once would share its CRLF with the empty line.
                self.state = State::Content { matched: 2, before: 2, part: Some(part) };
                return Ok(used);
            }
        }
        Ok(bytes.len())
    }
}

fn is_closing(line: &[u8]) -> bool {
    line == b"--"
}

/// Keeps content that belongs to a wanted field.
fn keep(part: &mut Option<Part>, bytes: &[u8]) -> Result<(), Invalid> {
    let Some(Part { field: Some(name), value, .. }) = part else { return Ok(()) };
    if value.len() + bytes.len() > MAX_VALUE {
        return Err(Invalid { problem: Problem::LongValue, field: Some(name) });
    }
    value.extend_from_slice(bytes);
    Ok(())
}

// === impl Invalid ===

impl From<Problem> for Invalid {
    fn from(problem: Problem) -> Self {
        Self { problem, field: None }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(name) => write!(f, "the part `{name}` {}", self.problem.as_str()),
            None => f.write_str(self.problem.as_str()),
        }
    }
}

// === impl Problem ===

impl Problem {
    pub const fn as_str(self) -> &'static str {
        match self {
            Problem::NoBoundary => "the content-type has no boundary",
            Problem::BadBoundary => "the boundary must have 1 to 70 characters of RFC 2046",
            Problem::NoParts => "the body has no part between boundaries",
            Problem::NotClosed => "the closing boundary is missing",
            Problem::LineEnd => "lines must end with CRLF, not with LF alone",
            Problem::BoundaryLine => "a line begins with the boundary and has more on it",
            Problem::LongHeaders => "a part's headers are longer than 4 KiB",
            Problem::BadHeaders => "a part's headers are malformed",
            Problem::NoName => "a part has no content-disposition with a name",
            Problem::HiddenName => "is named with escapes; write the name plainly",
            Problem::NoBody => "a part has no empty line of its own before the next boundary",
            Problem::ManyParts => "more than 256 parts",
            Problem::Twice => "stands twice",
            Problem::AFile => "must be a plain field, without a filename",
            Problem::Encoded => "must have no content-transfer-encoding",
            Problem::LongValue => "must have at most 256 bytes",
        }
    }
}
