//! The checking pass over a whole document. Iterative: hostile nesting costs no
//! stack.

use super::{Invalid, MAX_DEPTH, MAX_MEMBERS, Member, Problem, text};
use std::borrow::Cow;
use std::ops::Range;

/// Checks a whole document that must be an object; its members in order.
pub fn object(bytes: &[u8]) -> Result<Vec<Member<'_>>, Invalid> {
    object_seeing(bytes, |_, _| {})
}

/// The same, and shows every string inside a member's value on the way, keys, too: the
/// member's key and the string as it is spelled, quotes included.
pub fn object_seeing<'a>(
    bytes: &'a [u8],
    see: impl FnMut(&str, &'a [u8]),
) -> Result<Vec<Member<'a>>, Invalid> {
    // Most of a large body's time would go here without SIMD; it says no offset.
    if simdutf8::basic::from_utf8(bytes).is_err() {
        let offset = std::str::from_utf8(bytes).err().map_or(0, |e| e.valid_up_to());
        return Err(Invalid { offset, problem: Problem::NotUtf8 });
    }
    Scanner { bytes, at: 0, member: Cow::Borrowed(""), see }.document()
}

struct Scanner<'a, S> {
    bytes: &'a [u8],
    at: usize,
    /// The top-level key whose value is read.
    member: Cow<'a, str>,
    see: S,
}

// === impl Scanner ===

impl<'a, S: FnMut(&str, &'a [u8])> Scanner<'a, S> {
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
                let name = self.key()?;
                let key = self.bytes.get(name.clone()).and_then(text).unwrap_or_default();
                if members.iter().any(|m| m.key == key) {
                    return Err(Invalid { offset: at, problem: Problem::DuplicateKey });
                }
                if members.len() == MAX_MEMBERS {
                    return Err(Invalid { offset: at, problem: Problem::TooManyMembers });
                }
                self.space();
                self.member = key.clone();
                let start = self.at;
                self.value(1)?;
                members.push(Member { key, name, value: start..self.at });
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
                Some(b'"') => {
                    let start = self.at;
                    self.string()?;
                    self.show(start..self.at);
                }
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
                            let name = self.key()?;
                            self.show(name);
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
                            let name = self.key()?;
                            self.show(name);
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

    fn show(&mut self, string: Range<usize>) {
        if let Some(string) = self.bytes.get(string) {
            (self.see)(&self.member, string);
        }
    }

    /// A key and its colon; where the key stands.
    fn key(&mut self) -> Result<Range<usize>, Invalid> {
        if self.peek() != Some(b'"') {
            return self.fail(Problem::ExpectedKey);
        }
        let start = self.at;
        self.string()?;
        let name = start..self.at;
        self.space();
        if self.peek() != Some(b':') {
            return self.fail(Problem::ExpectedColon);
        }
        self.at += 1;
        Ok(name)
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
