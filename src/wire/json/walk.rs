//! Finding one's way in JSON that `scan` has passed: checks nothing twice.

use super::{MAX_MEMBERS, Member, Problem, text};

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
        let name = start..walker.at;
        let key = raw.get(name.clone()).and_then(text).ok_or(Problem::ExpectedKey)?;
        if members.iter().any(|m| m.key == key) {
            return Err(Problem::DuplicateKey);
        }
        if members.len() == MAX_MEMBERS {
            return Err(Problem::TooManyMembers);
        }
        walker.pass(b':').ok_or(Problem::ExpectedColon)?;
        let start = walker.at;
        walker.skip().ok_or(Problem::ExpectedValue)?;
        members.push(Member { key, name, value: start..walker.at });
    }
    Ok(members)
}

/// The value of one member of such an object, if it is there.
pub fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let members = members(object).ok()?;
    let found = members.iter().find(|m| m.key == name)?;
    object.get(found.value.clone())
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

/// How many items `items` would give, without keeping them.
pub fn count(raw: &[u8]) -> Option<usize> {
    let mut walker = Walker { bytes: raw, at: 0 };
    let mut items = 0;
    walker.open(b'[')?;
    while walker.next(b']')? {
        walker.skip()?;
        items += 1;
    }
    Some(items)
}

/// Finds its way in bytes that a `Scanner` has passed.
struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
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
