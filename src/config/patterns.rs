//! Many patterns and one text: which of them fit?
//!
//! A pattern without `*` is looked up. Another one is looked up by its ends, which stand
//! before its first `*` and behind its last: those whose ends have the same lengths share
//! a table, so that a text is hashed once for each two lengths, not compared with each
//! pattern. What is found is then compared as a whole, where the text has each of the
//! pattern's bytes at all. So hundreds of `team-7-*` cost what a few do; patterns without
//! ends (`*x*`) are all looked at.

use super::glob;
use super::index::Set;
use hashbrown::HashMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

#[derive(Debug, Default)]
pub struct Patterns {
    /// Rules by the very text.
    exact: HashMap<String, Vec<u16>>,
    ended: Vec<Ended>,
}

/// Those whose ends have these lengths, in bytes.
#[derive(Debug)]
struct Ended {
    head: usize,
    tail: usize,
    /// By the hash of their ends.
    by: HashMap<u64, Vec<Pattern>>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    /// Its bytes but `*`, a bit each.
    bytes: u128,
    rules: Vec<u16>,
}

/// Longer texts fit no pattern with a `*` but `*` itself: what some cost grows with the
/// text.
pub const MAX_TEXT: usize = 1024;

// === impl Patterns ===

impl Patterns {
    /// `rules`: those that take what fits.
    pub fn add(&mut self, pattern: String, rules: Vec<u16>) {
        let Some((head, rest)) = pattern.split_once('*') else {
            self.exact.insert(pattern, rules);
            return;
        };
        let (head, tail) = (head.len(), rest.rsplit('*').next().unwrap_or_default().len());
        let Some(hash) = hash(&pattern, head, tail) else { return };
        let known = self.ended.iter().position(|e| (e.head, e.tail) == (head, tail));
        let at = known.unwrap_or_else(|| {
            self.ended.push(Ended { head, tail, by: HashMap::new() });
            self.ended.len() - 1
        });
        if let Some(ended) = self.ended.get_mut(at) {
            let bytes = pattern.bytes().filter(|b| *b != b'*').fold(0, |all, b| all | bit(b));
            ended.by.entry(hash).or_default().push(Pattern { text: pattern, bytes, rules });
        }
    }

    /// Adds the rules whose patterns fit to `found`; only those among `asking` are asked.
    pub fn find(&self, text: &str, asking: &Set, found: &mut Set) {
        if let Some(rules) = self.exact.get(text) {
            found.add(rules);
        }
        if self.ended.is_empty() {
            return;
        }
        let bytes = text.bytes().take(MAX_TEXT).fold(0, |all, b| all | bit(b));
        for Ended { head, tail, by } in &self.ended {
            let Some(same) = hash(text, *head, *tail).and_then(|hash| by.get(&hash)) else {
                continue;
            };
            let might = same.iter().filter(|p| p.bytes & !bytes == 0 && asking.has_any(&p.rules));
            for pattern in might.filter(|p| p.fits(text)) {
                found.add(&pattern.rules);
            }
        }
    }
}

// === impl Pattern ===

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        self.text == "*" || text.len() <= MAX_TEXT && glob::matches(&self.text, text)
    }
}

const fn bit(byte: u8) -> u128 {
    1 << (byte & 127)
}

/// Of its ends; `None` where it is too short for both.
fn hash(text: &str, head: usize, tail: usize) -> Option<u64> {
    let text = text.as_bytes();
    let (head, rest) = text.split_at_checked(head)?;
    let tail = rest.get(rest.len().checked_sub(tail)?..)?;
    Some(match (head, tail) {
        (head, []) => xxh3_64(head),
        (head, tail) => xxh3_64_with_seed(head, xxh3_64(tail)),
    })
}
