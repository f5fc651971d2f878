//! What a translation loses, declared: one table per pair, and the list a call
//! collects for `x-sluice-dropped`.
//!
//! A pair's `FIELDS` says what happens to each top-level field of the client's
//! dialect. The code acts on that very table, so it cannot drift from what
//! `sluice matrix` prints. A field that stands in no table is dropped and listed.
//!
//! Must not: hold a value. Names go to a response header, so a name that a
//! client made up is only repeated where it looks like one.

use super::openai::read::{Object, Value};
use crate::error::Error;
use std::borrow::{Borrow, Cow};
use std::ops::Deref;

/// One row of a pair's loss list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub fate: Fate,
    /// For people: what it becomes, or why it does not.
    pub note: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Carried; the pair's code reads it.
    Mapped,
    /// Left out and listed, unless its value is one of these: they mean the
    /// default (null always does).
    Dropped(&'static [&'static str]),
    /// Refused by name.
    Rejected,
}

/// Names of what a call did not carry: each once, a bounded number.
#[derive(Debug, Default)]
pub struct Dropped(Vec<Lost>);

/// The name of something that was not carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    name: String,
    /// What was asked means the same without it: `strict` does not mind.
    pub is_hint: bool,
}

/// Fields, wherever they stand, that say where a cache may begin and how long it is
/// to last: about price and speed, not about the answer.
const HINTS: &[&str] = &[
    "cache_control",
    "prompt_cache_breakpoint",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
];

const MAX_NAMES: usize = 32;
const MAX_NAME: usize = 64;

/// Refuses what the table rejects and lists what it drops.
pub fn sort_out(
    table: &[Field],
    body: &Value<'_, '_>,
    object: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    for (name, raw) in object.iter() {
        if raw == b"null" {
            continue;
        }
        match table.iter().find(|f| f.name == name) {
            Some(Field { fate: Fate::Mapped, .. }) => {}
            Some(Field { fate: Fate::Dropped(defaults), .. }) => {
                if !defaults.iter().any(|d| d.as_bytes() == raw) {
                    dropped.client_name("", name);
                }
            }
            Some(Field { fate: Fate::Rejected, note, .. }) => {
                return Err(match body.field(object, name) {
                    Some(value) => value.error(*note),
                    None => Error::invalid(name.to_owned(), *note),
                });
            }
            None => dropped.client_name("", name),
        }
    }
    Ok(())
}

// === impl Dropped ===

impl Dropped {
    /// A name from the code, with what happened where that is not plain.
    pub fn add(&mut self, name: impl Into<Cow<'static, str>>) {
        self.list(name.into(), false);
    }

    /// The same of a hint: see `Lost`.
    pub fn hint(&mut self, name: impl Into<Cow<'static, str>>) {
        self.list(name.into(), true);
    }

    fn list(&mut self, name: Cow<'static, str>, is_hint: bool) {
        if self.0.len() < MAX_NAMES && !self.0.iter().any(|lost| lost.name == name) {
            self.0.push(Lost { name: name.into_owned(), is_hint });
        }
    }

    /// A name the client wrote, behind a prefix of ours.
    pub fn client_name(&mut self, prefix: &str, name: &str) {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(harmless) {
            self.list(format!("{prefix}{name}").into(), HINTS.contains(&name));
        } else {
            self.add(format!("{prefix}(a field with an unusual name)"));
        }
    }

    /// Lists every field of `object` that is not in `known` and says something.
    pub fn unknown(&mut self, prefix: &str, object: &Object<'_>, known: &[&str]) {
        for (name, raw) in object.iter() {
            if !known.contains(&name) && !matches!(raw, b"null" | b"[]" | b"{}") {
                self.client_name(prefix, name);
            }
        }
    }

    pub fn into_names(self) -> Vec<Lost> {
        self.0
    }
}

// === impl Lost ===

/// No hint.
impl From<&str> for Lost {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), is_hint: false }
    }
}

impl Deref for Lost {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl Lost {
    pub(super) fn hint(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_hint: true }
    }
}

/// For `join`.
impl Borrow<str> for Lost {
    fn borrow(&self) -> &str {
        &self.name
    }
}

impl PartialEq<str> for Lost {
    fn eq(&self, name: &str) -> bool {
        self.name == name
    }
}

impl PartialEq<&str> for Lost {
    fn eq(&self, name: &&str) -> bool {
        self.name == *name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_safe_for_a_header() {
        let mut dropped = Dropped::default();
        dropped.client_name("", "x\r\nset-cookie: a");
        dropped.client_name("messages.", "name");
        dropped.client_name("messages.", "name");
        for i in 0..100 {
            dropped.client_name("", &format!("f{i}"));
        }
        let names = dropped.into_names();
        assert_eq!(names.len(), MAX_NAMES);
        assert_eq!(names[..2], ["(a field with an unusual name)", "messages.name"]);
    }

    #[test]
    fn cache_marks_are_hints() {
        let mut dropped = Dropped::default();
        dropped.client_name("messages.content.", "cache_control");
        dropped.client_name("messages.", "name");
        dropped.hint("cache_control (none here)");
        let hints: Vec<bool> = dropped.into_names().iter().map(|lost| lost.is_hint).collect();
        assert_eq!(hints, [true, false, true]);
    }
}
