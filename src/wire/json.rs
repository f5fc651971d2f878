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

/// Deepest nesting taken; the top-level object counts as 1.
pub const MAX_DEPTH: u32 = 128;

/// Most members of the top-level object: duplicates are searched pairwise.
pub const MAX_MEMBERS: usize = 256;

/// One top-level `key: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    pub key: Cow<'a, str>,
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

/// A replacement of part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub range: Range<usize>,
    pub with: Vec<u8>,
}

/// Checks a whole document that must be an object; its members in order.
pub fn object(bytes: &[u8]) -> Result<Vec<Member<'_>>, Invalid> {
    if let Err(e) = std::str::from_utf8(bytes) {
        return Err(Invalid { offset: e.valid_up_to(), problem: Problem::NotUtf8 });
    }
    let mut scanner = Scanner { bytes, at: 0 };
    let members = scanner.document()?;
    Ok(members)
}

/// The members of an object inside a document that `object` has passed: finds
/// them and checks nothing again, but that no key stands twice. On other bytes
/// the spans mean nothing.
pub fn members(raw: &[u8]) -> Result<Vec<Member<'_>>, Problem> {
    let mut walker = Walker { bytes: raw, at: 0 };
    let mut members: Vec<Member<'_>> = Vec::with_capacity(4);
    walker.open(b'{').ok_or(Problem::NotAnObject)?;
    while walker.next(b'}').ok_or(Problem::EndsEarly)? {
        let start = walker.at;
        walker.skip().ok_or(Problem::ExpectedKey)?;
        let key = raw.get(start..walker.at).and_then(text).ok_or(Problem::ExpectedKey)?;
        if members.iter().any(|m| m.key == key) {
            return Err(Problem::DuplicateKey);
        }
        if members.len() == MAX_MEMBERS {
            return Err(Problem::TooManyMembers);
        }
        walker.pass(b':').ok_or(Problem::ExpectedColon)?;
        let start = walker.at;
        walker.skip().ok_or(Problem::ExpectedValue)?;
        members.push(Member { key, value: start..walker.at });
    }
    Ok(members)
}

/// The items of an array inside a document that `object` has passed. `None`
/// where `raw` is no array.
pub fn items(raw: &[u8]) -> Option<Vec<&[u8]>> {
    let mut walker = Walker { bytes: raw, at: 0 };
    let mut items = Vec::new();
    walker.open(b'[')?;
    while walker.next(b']')? {
        let start = walker.at;
        walker.skip()?;
        items.push(raw.get(start..walker.at)?);
    }
    Some(items)
}

/// The text of a JSON string (quotes included in `raw`), borrowed where it has
/// no escapes. `None` where `raw` is not one valid string.
pub fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(raw).ok().map(Cow::Owned)
}

/// Appends `text` as a JSON string, quotes and escapes included.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail and a str always serialises.
    let _ = serde_json::to_writer(out, text);
}

/// Appends an unsigned number.
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    let _ = serde_json::to_writer(out, &number);
}

/// Applies splices, which must be ascending and not overlap; one that does not
/// fit is skipped, and is a bug.
pub fn splice(bytes: &[u8], splices: &[Splice]) -> Vec<u8> {
    let growth: usize = splices.iter().map(|s| s.with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + growth);
    let mut at = 0;
    for s in splices {
        let Some(kept) = bytes.get(at..s.range.start) else {
            debug_assert!(false, "splices out of order");
            continue;
        };
        out.extend_from_slice(kept);
        out.extend_from_slice(&s.with);
        at = s.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Finds its way in bytes that a `Scanner` has passed.
struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

// === impl Scanner ===

impl<'a> Scanner<'a> {
    fn document(&mut self) -> Result<Vec<Member<'a>>, Invalid> {
        self.space();
        match self.peek() {
            None => return self.fail(Problem::Empty),
            Some(b'{') => self.at += 1,
            Some(_) => return self.fail(Problem::NotAnObject),
        }
        let mut members: Vec<Member<'a>> = Vec::with_capacity(16);
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                let at = self.at;
                let key = self.key()?;
                if members.iter().any(|m| m.key == key) {
                    return Err(Invalid { offset: at, problem: Problem::DuplicateKey });
                }
                if members.len() == MAX_MEMBERS {
                    return Err(Invalid { offset: at, problem: Problem::TooManyMembers });
                }
                self.space();
                let start = self.at;
                self.value(1)?;
                members.push(Member { key, value: start..self.at });
                self.space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => {
                        self.at += 1;
                        break;
                    }
                    _ => return self.fail(Problem::ExpectedCommaOrEnd),
                }
                self.space();
            }
        }
        self.space();
        match self.peek() {
            None => Ok(members),
            Some(_) => self.fail(Problem::TrailingBytes),
        }
    }

    /// Skips one value. `above`: the containers it stands in. The open
    /// containers inside it are the bits of `objects` (1 = object), so hostile
    /// nesting costs no stack.
    fn value(&mut self, above: u32) -> Result<(), Invalid> {
        let mut objects: u128 = 0;
        let mut open: u32 = 0;
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.string()?,
                Some(c @ (b'{' | b'[')) => {
                    if above + open >= MAX_DEPTH {
                        return self.fail(Problem::TooDeep);
                    }
                    self.at += 1;
                    objects = (objects << 1) | u128::from(c == b'{');
                    open += 1;
                    self.space();
                    let end = if c == b'{' { b'}' } else { b']' };
                    if self.peek() != Some(end) {
                        if c == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return self.fail(Problem::ExpectedValue),
            }
            // A value is complete: close what it closes, or go on to the next.
            loop {
                if open == 0 {
                    return Ok(());
                }
                self.space();
                let in_object = objects & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if in_object {
                            self.space();
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if in_object => {}
                    Some(b']') if !in_object => {}
                    _ => return self.fail(Problem::ExpectedCommaOrEnd),
                }
                self.at += 1;
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Cow<'a, str>, Invalid> {
        if self.peek() != Some(b'"') {
            return self.fail(Problem::ExpectedKey);
        }
        let start = self.at;
        self.string()?;
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        self.space();
        if self.peek() != Some(b':') {
            return self.fail(Problem::ExpectedColon);
        }
        self.at += 1;
        Ok(text(raw).unwrap_or_default())
    }

    fn string(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(run) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return self.fail(Problem::EndsEarly);
            };
            let plain = rest.get(..run).unwrap_or_default();
            // A fold without early exit: the compiler makes it SIMD.
            if plain.iter().fold(false, |bad, b| bad | (*b < 0x20)) {
                self.at += plain.iter().position(|b| *b < 0x20).unwrap_or(0);
                return self.fail(Problem::ControlCharacter);
            }
            self.at += run;
            if rest.get(run) == Some(&b'"') {
                self.at += 1;
                return Ok(());
            }
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), Invalid> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match self.hex(self.at + 2)? {
                0xD800..=0xDBFF => {
                    let low = match self.bytes.get(self.at + 6..self.at + 8) {
                        Some(br"\u") => self.hex(self.at + 8)?,
                        _ => return self.fail(Problem::LoneSurrogate),
                    };
                    if !(0xDC00..=0xDFFF).contains(&low) {
                        return self.fail(Problem::LoneSurrogate);
                    }
                    self.at += 12;
                    Ok(())
                }
                0xDC00..=0xDFFF => self.fail(Problem::LoneSurrogate),
                _ => {
                    self.at += 6;
                    Ok(())
                }
            },
            _ => self.fail(Problem::BadEscape),
        }
    }

    fn hex(&self, from: usize) -> Result<u16, Invalid> {
        let mut value = 0u16;
        for i in from..from + 4 {
            let digit = self.bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
            let Some(digit) = digit else {
                return self.fail(Problem::BadEscape);
            };
            value = (value << 4) | u16::try_from(digit).unwrap_or(0);
        }
        Ok(value)
    }

    /// RFC 8259 section 6. Any size: whoever reads the number judges it.
    fn number(&mut self) -> Result<(), Invalid> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.fail(Problem::BadNumber) } else { Ok(()) }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Invalid> {
        if self.bytes.get(self.at..).unwrap_or_default().starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            self.fail(Problem::ExpectedValue)
        }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&self, problem: Problem) -> Result<T, Invalid> {
        let problem = match problem {
            Problem::Empty => Problem::Empty,
            _ if self.at >= self.bytes.len() => Problem::EndsEarly,
            p => p,
        };
        Err(Invalid { offset: self.at, problem })
    }
}

// === impl Walker ===

impl Walker<'_> {
    /// Steps into a container.
    fn open(&mut self, bracket: u8) -> Option<()> {
        self.pass(bracket)
    }

    /// Steps to the next entry; false where the container ends.
    fn next(&mut self, end: u8) -> Option<bool> {
        self.space();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.space();
                Some(true)
            }
            byte => Some(byte != end),
        }
    }

    fn pass(&mut self, byte: u8) -> Option<()> {
        self.space();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        self.space();
        Some(())
    }

    /// Skips one value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {
                    self.at += 1;
                    continue;
                }
                _ => self.scalar(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Skips a number or a literal: at least a byte, as none of these begins one.
    fn scalar(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':');
        self.at += rest.iter().position(ends).unwrap_or(rest.len()).max(1);
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let run = memchr::memchr2(b'"', b'\\', rest)?;
            let quote = rest.get(run) == Some(&b'"');
            self.at += run + if quote { 1 } else { 2 };
            if quote {
                return Some(());
            }
        }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(json: &[u8]) -> (usize, Problem) {
        let e = object(json).expect_err("must be refused");
        (e.offset, e.problem)
    }

    #[test]
    fn finds_members_with_their_spans() {
        let json = br#" { "a" : [1, {"b":"}"}], "c\u0064":"x\"y", "e":-1.5e+3 } "#;
        let members = object(json).unwrap();
        let seen: Vec<_> = members
            .iter()
            .map(|m| (m.key.as_ref(), std::str::from_utf8(&json[m.value.clone()]).unwrap()))
            .collect();
        assert_eq!(seen, [("a", r#"[1, {"b":"}"}]"#), ("cd", r#""x\"y""#), ("e", "-1.5e+3")]);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (json, want) in [
            (&b""[..], (0, Problem::Empty)),
            (b" \n", (2, Problem::Empty)),
            (b"{", (1, Problem::EndsEarly)),
            (b"x", (0, Problem::NotAnObject)),
            (b"[]", (0, Problem::NotAnObject)),
            (br#"{"a":}"#, (5, Problem::ExpectedValue)),
            (br#"{"a":01}"#, (6, Problem::ExpectedCommaOrEnd)),
            (br#"{"a":1.}"#, (7, Problem::BadNumber)),
            (br#"{"a":1,}"#, (7, Problem::ExpectedKey)),
            (br#"{a:1}"#, (1, Problem::ExpectedKey)),
            (br#"{"a" 1}"#, (5, Problem::ExpectedColon)),
            (br#"{"a":[1}"#, (7, Problem::ExpectedCommaOrEnd)),
            (br#"{"a":"\x"}"#, (6, Problem::BadEscape)),
            (br#"{"a":"\ud800"}"#, (6, Problem::LoneSurrogate)),
            (br#"{"a":"\udc00"}"#, (6, Problem::LoneSurrogate)),
            (br#"{"a":"\ud800\u0041"}"#, (6, Problem::LoneSurrogate)),
            (b"{\"a\":\"x\0\"}", (7, Problem::ControlCharacter)),
            (br#"{"a":1,"\u0061":2}"#, (7, Problem::DuplicateKey)),
            (br#"{} x"#, (3, Problem::TrailingBytes)),
            (b"{\"a\":\"\xff\"}", (6, Problem::NotUtf8)),
            (br#"{"a":tru"#, (5, Problem::ExpectedValue)),
        ] {
            assert_eq!(problem(json), want, "{}", String::from_utf8_lossy(json));
        }
        assert!(object(br#"{"a":"\ud83d\ude00","b":1e999,"c":"\u0000"}"#).is_ok());
    }

    #[test]
    fn bounds_depth_without_a_stack() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(object(nested(127).as_bytes()).is_ok());
        assert_eq!(problem(nested(128).as_bytes()).1, Problem::TooDeep);
        let hostile = format!("{{\"a\":{}", "[".repeat(10_000_000));
        assert_eq!(problem(hostile.as_bytes()).1, Problem::TooDeep);
        assert_eq!(problem(&vec![b'['; 10_000_000]), (0, Problem::NotAnObject));
    }

    #[test]
    fn splices_keep_the_rest() {
        let out = splice(
            b"0123456789",
            &[
                Splice { range: 2..4, with: b"ab".to_vec() },
                Splice { range: 4..4, with: b"-".to_vec() },
                Splice { range: 9..10, with: Vec::new() },
            ],
        );
        assert_eq!(out, b"01ab-45678");
    }

    /// Any JSON tree, small.
    fn tree() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Accepts what serde_json accepts (with our stricter rules aside).
        #[test]
        fn agrees_with_serde_on_valid(map in prop::collection::btree_map(any::<String>(), tree(), 0..6)) {
            let value = serde_json::Value::Object(map.into_iter().collect());
            let bytes = serde_json::to_vec_pretty(&value).unwrap();
            let members = object(&bytes).unwrap();
            for m in &members {
                let part: serde_json::Value = serde_json::from_slice(&bytes[m.value.clone()]).unwrap();
                prop_assert_eq!(&part, &value[m.key.as_ref()]);
            }
            prop_assert_eq!(members.len(), value.as_object().unwrap().len());
        }

        /// The walker finds what the scanner has passed, at any depth, and never
        /// panics on other bytes.
        #[test]
        fn walks_what_was_scanned(t in tree(), junk in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ a1"[..]), 0..20)) {
            let bytes = serde_json::to_vec_pretty(&serde_json::json!({ "k": t, "l": 1 })).unwrap();
            prop_assert_eq!(object(&bytes), members(&bytes).map_err(|problem| Invalid { offset: 0, problem }));
            let mut open = vec![&bytes[..]];
            while let Some(raw) = open.pop() {
                let value: serde_json::Value = serde_json::from_slice(raw).unwrap();
                match value {
                    serde_json::Value::Array(all) => {
                        let found = items(raw).unwrap();
                        prop_assert_eq!(found.len(), all.len());
                        open.extend(found);
                    }
                    serde_json::Value::Object(all) => {
                        let found = members(raw).unwrap();
                        prop_assert_eq!(found.len(), all.len());
                        for m in found {
                            let part: serde_json::Value = serde_json::from_slice(&raw[m.value.clone()]).unwrap();
                            prop_assert_eq!(&part, &all[m.key.as_ref()]);
                            open.push(&raw[m.value]);
                        }
                    }
                    _ => prop_assert!(items(raw).is_none() && members(raw).is_err()),
                }
            }
            let _ = (items(&junk), members(&junk));
        }

        /// What one accepts after damage, the other does too, but for what we refuse on purpose.
        #[test]
        fn agrees_with_serde_on_damaged(t in tree(), at in any::<prop::sample::Index>(), byte in prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\u0e-.x"[..])]) {
            let mut bytes = serde_json::to_vec(&serde_json::json!({ "k": t })).unwrap();
            let i = at.index(bytes.len());
            bytes[i] = byte;
            let serde: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&bytes);
            match object(&bytes) {
                // serde refuses numbers beyond f64; we pass them on.
                Ok(_) => prop_assert!(serde.is_ok() || serde.unwrap_err().to_string().contains("number out of range")),
                Err(e) if e.problem == Problem::DuplicateKey => {}
                Err(_) => prop_assert!(serde.is_err()),
            }
        }
    }
}
