//! Members of a request that are forced, and its output limit held to the cap.
//!
//! ```text
//!   the client's body ── forced members over it ── the limit, as it then stands ── splices
//! ```
//!
//! By splices: what is not named here stays byte for byte. A limit that is no whole number
//! is refused, here or by `Facts`: a provider may read more into it than we do. What
//! limits an answer by other names (a vendor's own extensions) is not known here.
//!
//! The body is only walked through: whoever reads it next checks all of it.

use crate::config::permits::Permits;
use crate::dialect::{Dialect, LEAST_THINKING, OutputLimit};
use crate::error::Error;
use crate::wire::json::{self, Member, Splice};
use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

/// A request that says something else now.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    pub body: Vec<u8>,
    /// What was set to hold it to the cap, `name=N` by `name=N`.
    pub capped: Option<String>,
}

/// `None`: it stays as it is.
pub fn edit(permits: &Permits, client: Dialect, body: &[u8]) -> Result<Option<Edited>, Error> {
    let bit = client.bit();
    let mut forced = permits.force.iter().filter(|f| f.clients & bit != 0).peekable();
    let cap = permits.max_output_tokens.and_then(|max| Some((max.into(), client.output_limit()?)));
    if forced.peek().is_none() && cap.is_none() {
        return Ok(None);
    }
    // What is no object, or has a member twice, is told by whoever reads it next.
    let Some(mut request) = Object::open(body) else { return Ok(None) };
    for forced in forced {
        request.set(&forced.name, Cow::Borrowed(&forced.value));
    }
    let mut told = String::new();
    if let Some((max, limit)) = cap {
        hold(&mut request, &limit, max, &mut told)?;
    }
    let capped = (!told.is_empty()).then_some(told);
    Ok(request.close().map(|body| Edited { body, capped }))
}

/// Where a limit is above `max`, or there is none, it is `max`.
fn hold(
    request: &mut Object<'_>,
    limit: &OutputLimit,
    max: u64,
    told: &mut String,
) -> Result<(), Error> {
    let lowered = match limit.within {
        [] => hold_top(request, limit.names, max, told),
        [first, ..] => {
            let name = one_spelling(request, "", limit.within)?.unwrap_or(first);
            hold_within(request, name, limit.names, max, told)?
        }
    };
    match limit.thinking {
        [] => Ok(()),
        // A limit that we have not touched is the client's to get right.
        way if lowered => hold_thinking(request, way, way, max, told).map(drop),
        _ => Ok(()),
    }
}

/// Limits that are no numbers are left to `Facts`, which refuses them.
fn hold_top(request: &mut Object<'_>, names: &[&str], max: u64, told: &mut String) -> bool {
    let (mut limited, mut lowered) = (false, false);
    for name in names {
        let Some(raw) = request.value(name) else { continue };
        limited |= raw != b"null";
        if whole(raw).is_some_and(|n| n > max) {
            request.set(name, number(max));
            tell(told, name, max);
            lowered = true;
        }
    }
    let Some((first, others)) = names.split_first().filter(|_| !limited) else { return lowered };
    // In the place of a null: a provider may want one name or the other, not both.
    let old = others.iter().find(|name| request.value(name).is_some());
    match old.filter(|_| request.value(first).is_none()) {
        Some(old) => request.rename(old, first, number(max)),
        None => request.set(first, number(max)),
    }
    tell(told, first, max);
    true
}

fn hold_within(
    request: &mut Object<'_>,
    within: &str,
    names: &[&str],
    max: u64,
    told: &mut String,
) -> Result<bool, Error> {
    let raw = request.value(within).unwrap_or(b"null").to_vec();
    let raw: &[u8] = if raw == b"null" { b"{}" } else { &raw };
    let not_one = || Error::invalid(within.to_owned(), "must be an object, no member of it twice");
    let mut object = Object::open(raw).ok_or_else(not_one)?;
    let first = names.first().copied().unwrap_or_default();
    let name = one_spelling(&object, within, names)?.unwrap_or(first);
    let path = format!("{within}.{name}");
    match object.value(name).filter(|raw| *raw != b"null").map(whole) {
        Some(None) => return Err(Error::invalid(path, "must be a non-negative integer")),
        Some(Some(n)) if n <= max => return Ok(false),
        _ => {}
    }
    object.set(name, number(max));
    tell(told, &path, max);
    if let Some(with) = object.close() {
        request.set(within, Cow::Owned(with));
    }
    Ok(true)
}

/// Two spellings of one member: nobody knows which of them the provider takes.
fn one_spelling<'n>(
    object: &Object<'_>,
    within: &str,
    names: &[&'n str],
) -> Result<Option<&'n str>, Error> {
    let mut given = names.iter().filter(|name| object.value(name).is_some());
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => {
            let dot = if within.is_empty() { "" } else { "." };
            let words = format!("stands beside `{first}`, which is the same; send one of them");
            Err(Error::invalid(format!("{within}{dot}{second}"), words))
        }
        (first, _) => Ok(first.copied()),
    }
}

/// A budget of thinking that the new limit leaves no room for is half of that. `rest`: of
/// the `way` there, from `object` on. Has it changed?
fn hold_thinking(
    object: &mut Object<'_>,
    rest: &[&str],
    way: &[&str],
    max: u64,
    told: &mut String,
) -> Result<bool, Error> {
    let Some((name, rest)) = rest.split_first() else { return Ok(false) };
    let Some(raw) = object.value(name) else { return Ok(false) };
    if !rest.is_empty() {
        let raw = raw.to_vec();
        let Some(mut inner) = Object::open(&raw) else { return Ok(false) };
        if !hold_thinking(&mut inner, rest, way, max, told)? {
            return Ok(false);
        }
        if let Some(with) = inner.close() {
            object.set(name, Cow::Owned(with));
        }
        return Ok(true);
    }
    // What is no number is the provider's to refuse.
    if whole(raw).is_none_or(|budget| budget < max) {
        return Ok(false);
    }
    let path = way.join(".");
    if max <= LEAST_THINKING {
        let words = format!(
            "answers to this account have at most {max} tokens, and thinking needs more than \
             {LEAST_THINKING}; leave it out"
        );
        return Err(Error::invalid(path, words));
    }
    let budget = (max / 2).max(LEAST_THINKING);
    object.set(name, number(budget));
    tell(told, &path, budget);
    Ok(true)
}

/// A whole number of any size; `None`: it is none.
fn whole(raw: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(raw).ok().filter(|t| !t.is_empty())?;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn number(n: u64) -> Cow<'static, [u8]> {
    Cow::Owned(n.to_string().into_bytes())
}

fn tell(told: &mut String, name: &str, n: u64) {
    let comma = if told.is_empty() { "" } else { ", " };
    // Writing to a String cannot fail.
    let _ = write!(told, "{comma}{name}={n}");
}

/// An object, and what is to become of its members.
struct Object<'a> {
    raw: &'a [u8],
    members: Vec<Member<'a>>,
    edits: Vec<Edit<'a>>,
}

struct Edit<'a> {
    name: String,
    /// Where something else stands.
    instead: Option<Range<usize>>,
    /// That is the whole member, and this one has another name.
    renamed: bool,
    value: Cow<'a, [u8]>,
}

// === impl Object ===

impl<'a> Object<'a> {
    fn open(raw: &'a [u8]) -> Option<Self> {
        let members = json::members(raw).ok()?;
        Some(Self { raw, members, edits: Vec::new() })
    }

    /// As it will be.
    fn value(&self, name: &str) -> Option<&[u8]> {
        if let Some(edit) = self.edits.iter().find(|e| e.name == name) {
            return Some(&edit.value);
        }
        let member = self.members.iter().find(|m| m.key == name)?;
        self.raw.get(member.value.clone())
    }

    fn set(&mut self, name: &str, value: Cow<'a, [u8]>) {
        if self.value(name) == Some(&value) {
            return;
        }
        if let Some(edit) = self.edits.iter_mut().find(|e| e.name == name) {
            edit.value = value;
            return;
        }
        let member = self.members.iter().find(|m| m.key == name);
        let instead = member.map(|m| m.value.clone());
        self.edits.push(Edit { name: name.to_owned(), instead, renamed: false, value });
    }

    /// `name` where `old` stands; `old` must not be set.
    fn rename(&mut self, old: &str, name: &str, value: Cow<'a, [u8]>) {
        let member = self.members.iter().find(|m| m.key == old);
        let instead = member.map(|m| m.name.start..m.value.end);
        let renamed = instead.is_some();
        self.edits.push(Edit { name: name.to_owned(), instead, renamed, value });
    }

    /// `None`: nothing has changed.
    fn close(self) -> Option<Vec<u8>> {
        let Self { raw, members, edits } = self;
        if edits.is_empty() {
            return None;
        }
        let mut added = Vec::new();
        let mut splices = Vec::with_capacity(edits.len());
        for Edit { name, instead, renamed, value } in edits {
            let mut with = Vec::with_capacity(name.len() + value.len() + 4);
            match instead {
                Some(_) if !renamed => with.extend_from_slice(&value),
                _ => json::push_member(&mut with, &name, &value),
            }
            match instead {
                // Whatever stands before it has its comma.
                Some(range) if renamed => splices.push(Splice { range, with: with.split_off(1) }),
                Some(range) => splices.push(Splice { range, with }),
                None => added.append(&mut with),
            }
        }
        splices.sort_unstable_by_key(|s| s.range.start);
        if !added.is_empty() {
            let (end, with) = match members.last() {
                Some(last) => (last.value.end, added),
                None => (json::span(raw, raw.trim_ascii_start()).start + 1, added.split_off(1)),
            };
            splices.push(Splice { range: end..end, with });
        }
        Some(json::splice(raw, &splices))
    }
}

#[cfg(test)]
mod tests;
