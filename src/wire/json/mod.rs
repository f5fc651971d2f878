//! JSON as bytes with spans: one pass that checks everything and copies nothing.
//!
//! `object` validates a whole document (syntax, UTF-8, depth, surrogates, no key
//! twice at the top) and returns where each top-level value stands, so that a
//! body can be spliced instead of re-serialised: number spellings, unknown
//! fields, key order and white space survive. Once it has passed, later parsers
//! of parts of the same bytes need not fear depth.
//!
//! Must not: know a field's name, build a tree, recurse.
//!
//! Rejected: `serde_json::Value` (167k instructions for a 1.4 kB body where the
//! borrowed form takes 30k) and `RawValue` alone, which accepts lone surrogates,
//! any depth, and says nothing of duplicate keys.
//!
//! Spec: RFC 8259. Stricter than it where parsers differ: a lone surrogate
//! escape or a top-level key that stands twice is refused, because two readers
//! of such a document may read different things.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

mod scan;
#[cfg(test)]
mod tests;
mod walk;
mod write;

pub use scan::{object, object_seeing};
pub use walk::{count, items, member, members};
pub use write::{Splice, left_out, offset, push_member, push_number, push_text, span, splice};

/// Deepest nesting taken; the top-level object counts as 1.
pub const MAX_DEPTH: u32 = 128;

/// Most members of the top-level object: duplicates are searched pairwise.
pub const MAX_MEMBERS: usize = 256;

/// One top-level `key: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    pub key: Cow<'a, str>,
    /// Offsets of the key's string, quotes included.
    pub name: Range<usize>,
    /// Offsets of the value's first byte and one past its last.
    pub value: Range<usize>,
}

/// Where and why a document is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Bytes from the start of the document.
    pub offset: usize,
    pub problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Empty,
    EndsEarly,
    NotUtf8,
    NotAnObject,
    ExpectedValue,
    ExpectedKey,
    ExpectedColon,
    ExpectedCommaOrEnd,
    BadNumber,
    BadEscape,
    LoneSurrogate,
    ControlCharacter,
    TooDeep,
    TooManyMembers,
    DuplicateKey,
    TrailingBytes,
}

/// The text of a JSON string (quotes included in `raw`), borrowed where it has
/// no escapes. `None` where `raw` is not one valid string.
pub fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return simdutf8::basic::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(raw).ok().map(Cow::Owned)
}

// === impl Invalid ===

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.problem.as_str(), self.offset)
    }
}

// === impl Problem ===

impl Problem {
    pub const fn as_str(self) -> &'static str {
        match self {
            Problem::Empty => "the body is empty",
            Problem::EndsEarly => "the JSON ends too early",
            Problem::NotUtf8 => "not UTF-8",
            Problem::NotAnObject => "expected a JSON object",
            Problem::ExpectedValue => "expected a JSON value",
            Problem::ExpectedKey => "expected a key in double quotes",
            Problem::ExpectedColon => "expected ':'",
            Problem::ExpectedCommaOrEnd => "expected ',' or the end of the object or array",
            Problem::BadNumber => "not a JSON number",
            Problem::BadEscape => "not a JSON string escape",
            Problem::LoneSurrogate => "half of a surrogate pair",
            Problem::ControlCharacter => "control character in a string (escape it)",
            Problem::TooDeep => "nested deeper than 128",
            Problem::TooManyMembers => "more than 256 top-level fields",
            Problem::DuplicateKey => "this field stands twice",
            Problem::TrailingBytes => "more bytes after the JSON",
        }
    }
}
