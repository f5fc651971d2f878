//! The conditions of a rule: all must fit.
//!
//! Here a rule's own stand together, to be compared with another's; `index` turns them
//! around, for the calls.

use super::glob;
use super::index::{About, Condition};
use std::collections::BTreeMap;

/// What is empty or `None` asks nothing.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Patterns of the name a client asks for.
    pub models: Vec<String>,
    pub consumers: Vec<String>,
    /// Patterns of their values, by name.
    pub headers: BTreeMap<String, String>,
    pub metadata: BTreeMap<String, String>,
    /// One bit of the dialects that clients speak.
    pub endpoints: Option<u64>,
    pub stream: Option<bool>,
    /// Every bit of `asks`.
    pub has: u64,
    pub input_tokens: Option<Span>,
    pub max_output: Option<Span>,
    /// One bit of the words.
    pub effort: Option<u64>,
    /// Every one of these tags.
    pub wants: Vec<String>,
}

/// Tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub from: u64,
    /// `None`: without end.
    pub below: Option<u64>,
}

/// Most rules' patterns and words of a list.
pub const MAX_LIST: usize = 64;
/// Most headers of a rule, and most members of metadata.
pub const MAX_NAMES: usize = 8;

// === impl When ===

impl When {
    /// What it asks, and the answers it takes: one of these.
    pub fn conditions(&self) -> Vec<(About, Vec<Condition>)> {
        let globs = |all: &[String]| all.iter().cloned().map(Condition::Fits).collect();
        let one = |about: About, condition: Option<Condition>| condition.map(|c| (about, vec![c]));
        let bit = |yes: bool| Condition::OneOf(1 << u64::from(yes));
        let every = |tags: &[String]| Condition::Every(tags.to_vec());
        let has = (self.has != 0).then_some(Condition::AllOf(self.has));
        let all = [
            one(About::Stream, self.stream.map(bit)),
            one(About::Endpoint, self.endpoints.map(Condition::OneOf)),
            one(About::MaxOutput, self.max_output.map(Condition::Within)),
            one(About::InputTokens, self.input_tokens.map(Condition::Within)),
            (!self.consumers.is_empty()).then(|| (About::Consumer, globs(&self.consumers))),
            (!self.models.is_empty()).then(|| (About::Model, globs(&self.models))),
            one(About::Wants, (!self.wants.is_empty()).then(|| every(&self.wants))),
            one(About::Effort, self.effort.map(Condition::OneOf)),
            one(About::Has, has),
        ];
        let mut all: Vec<_> = all.into_iter().flatten().collect();
        let headers = self.headers.iter().map(|(n, p)| (About::Header(n.clone()), p));
        let metadata = self.metadata.iter().map(|(n, p)| (About::Metadata(n.clone()), p));
        all.extend(
            headers.chain(metadata).map(|(about, p)| (about, vec![Condition::Fits(p.clone())])),
        );
        all
    }

    /// Does it fit every call that `other` fits? Says yes only where each of its own
    /// conditions does, so that what several rules cover together is not seen.
    pub fn covers(&self, other: &Self) -> bool {
        let bits = |own: Option<u64>, theirs: Option<u64>| match (own, theirs) {
            (Some(own), Some(theirs)) => theirs & !own == 0,
            (own, _) => own.is_none(),
        };
        let span = |own: Option<Span>, theirs: Option<Span>| match (own, theirs) {
            (Some(own), Some(theirs)) => own.covers(theirs),
            (own, _) => own.is_none(),
        };
        (self.stream.is_none() || self.stream == other.stream)
            && bits(self.endpoints, other.endpoints)
            && span(self.max_output, other.max_output)
            && span(self.input_tokens, other.input_tokens)
            && bits(self.effort, other.effort)
            && self.has & !other.has == 0
            && self.wants.iter().all(|tag| other.wants.contains(tag))
            && values_cover(&self.headers, &other.headers)
            && values_cover(&self.metadata, &other.metadata)
            && globs_cover(&self.consumers, &other.consumers)
            && globs_cover(&self.models, &other.models)
    }
}

/// One of a list: no list is every name.
fn globs_cover(own: &[String], theirs: &[String]) -> bool {
    let covered = |one: &String| own.iter().any(|p| glob::covers(p, one));
    own.is_empty()
        || own.iter().any(|p| p == "*")
        || !theirs.is_empty() && theirs.iter().all(covered)
}

/// Each of its own must be asked there, and as narrowly.
fn values_cover(own: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> bool {
    own.iter().all(|(name, p)| theirs.get(name).is_some_and(|other| glob::covers(p, other)))
}

// === impl Span ===

impl Span {
    /// `None` is without end.
    pub fn has(self, tokens: Option<u64>) -> bool {
        match tokens {
            Some(n) => n >= self.from && self.below.is_none_or(|below| n < below),
            None => self.below.is_none(),
        }
    }

    fn covers(self, other: Self) -> bool {
        let ends = match (self.below, other.below) {
            (Some(own), Some(theirs)) => theirs <= own,
            (own, _) => own.is_none(),
        };
        self.from <= other.from && ends
    }
}
