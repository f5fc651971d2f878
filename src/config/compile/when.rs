//! `rules[].when`: conditions that can be met, all of them known words.
//!
//! Must not: compare rules with each other (`rules` does).

use super::{Problems, is_label, targets};
use crate::config::compiled::ANONYMOUS;
use crate::config::index;
use crate::config::units::Tokens;
use crate::config::when::{MAX_LIST, MAX_NAMES, Span, When};
use crate::config::{glob, raw};
use crate::dialect::openai::effort::Effort;
use crate::dialect::{Dialect, Operation, asks, count};
use std::collections::{BTreeMap, BTreeSet};

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 256;

/// What several vendors have endpoints for. Else an endpoint goes by its label.
const OPERATIONS: &[(&str, Operation)] = &[
    ("chat", Operation::Chat),
    ("embeddings", Operation::Embed),
    ("rerank", Operation::Rerank),
    ("count_tokens", Operation::CountTokens),
    ("moderations", Operation::Moderate),
    ("images", Operation::Draw),
    ("speech", Operation::Speak),
    ("transcriptions", Operation::Transcribe),
];

pub(super) fn compile(
    path: &str,
    when: &raw::When,
    raw: &raw::Sluice,
    problems: &mut Problems,
) -> When {
    let mut at = At { path, problems };
    let models = at.list("models", when.models.as_deref());
    for (i, pattern) in models.iter().enumerate() {
        at.pattern(&format!("models[{i}]"), pattern);
        if !raw.models.iter().any(|m| glob::may_meet(pattern, &m.name)) {
            at.add(&format!("models[{i}]"), format!("`{pattern}` matches none of the models"));
        }
    }
    let consumers = at.list("consumers", when.consumers.as_deref());
    for (i, name) in consumers.iter().enumerate() {
        let mut listed = raw.consumers.iter().flatten();
        if name != ANONYMOUS && !listed.any(|c| c.name == *name) {
            let words = format!("there is no consumer `{name}`; nor is it `{ANONYMOUS}`");
            at.add(&format!("consumers[{i}]"), words);
        }
    }
    let headers = at.values("headers", when.headers.as_ref());
    for name in headers.keys() {
        if let Some(fault) = targets::header_fault(name) {
            at.add(&format!("headers.{name}"), fault);
        }
    }
    let metadata = at.values("metadata", when.metadata.as_ref());
    let endpoints = at.endpoints(when.endpoints.as_deref());
    at.check_endpoints(when, endpoints.unwrap_or(u64::MAX));
    let effort = at.effort(when);
    let has = at.list("has", when.has.as_deref()).iter();
    let has = has.map(|part| match part {
        raw::Part::Tools => asks::TOOLS,
        raw::Part::Images => asks::IMAGES,
        raw::Part::Files => asks::FILES,
        raw::Part::Audio => asks::AUDIO,
        raw::Part::Schema => asks::SCHEMA,
    });
    let wants = at.list("wants", when.wants.as_deref());
    for (i, tag) in wants.iter().enumerate().filter(|(_, tag)| !is_label(tag)) {
        let words = format!("`{tag}` must be 1 to 64 of a-z A-Z 0-9 . _ -");
        at.add(&format!("wants[{i}]"), words);
    }
    When {
        models: models.to_vec(),
        consumers: consumers.to_vec(),
        headers: headers.clone(),
        metadata: metadata.clone(),
        endpoints,
        stream: when.stream,
        has: has.fold(0, |all, part| all | part),
        input_tokens: at.span("input_tokens", when.input_tokens),
        max_output: at.span("max_output", when.max_output),
        effort,
        wants: wants.to_vec(),
    }
}

/// The dialects that a list of endpoints means, as bits.
pub(super) fn endpoints(
    path: &str,
    listed: Option<&[String]>,
    problems: &mut Problems,
) -> Option<u64> {
    At { path, problems }.endpoints(listed)
}

/// The names that calls are asked for in all rules together: each costs a look-up.
pub(super) fn check_names(rules: &[When], problems: &mut Problems) {
    let of = |names: fn(&When) -> &BTreeMap<String, String>| {
        rules.iter().flat_map(|when| names(when).keys()).collect::<BTreeSet<_>>().len()
    };
    for (what, names) in [("headers", of(|w| &w.headers)), ("metadata", of(|w| &w.metadata))] {
        if names > index::MAX_NAMES {
            let max = index::MAX_NAMES;
            let words =
                format!("`when.{what}` has {names} different names, at most {max} are read");
            problems.add("rules", words);
        }
    }
}

/// Where a rule's conditions stand.
struct At<'a> {
    path: &'a str,
    problems: &'a mut Problems,
}

// === impl At ===

impl At<'_> {
    fn add(&mut self, field: &str, words: impl Into<String>) {
        self.problems.add(format!("{}.{field}", self.path), words);
    }

    fn list<'l, T>(&mut self, field: &str, list: Option<&'l [T]>) -> &'l [T] {
        if list.is_some_and(|l| l.is_empty() || l.len() > MAX_LIST) {
            let words = format!("must list 1 to {MAX_LIST}; leave it out where anything fits");
            self.add(field, words);
        }
        list.unwrap_or_default()
    }

    fn values<'m>(
        &mut self,
        field: &str,
        map: Option<&'m BTreeMap<String, String>>,
    ) -> &'m BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        if map.is_some_and(|m| m.is_empty() || m.len() > MAX_NAMES) {
            let words = format!("must name 1 to {MAX_NAMES}; leave it out where anything fits");
            self.add(field, words);
        }
        let map = map.unwrap_or(&NONE);
        for (name, pattern) in map {
            self.pattern(&format!("{field}.{name}"), pattern);
            if name.is_empty() || name.len() > MAX_PATTERN {
                self.add(field, format!("a name must have 1 to {MAX_PATTERN} bytes"));
            }
        }
        map
    }

    fn pattern(&mut self, field: &str, pattern: &str) {
        let fits = (1..=MAX_PATTERN).contains(&pattern.len());
        if !fits || pattern.chars().any(char::is_control) {
            let words = format!(
                "must have 1 to {MAX_PATTERN} bytes and no control characters; `*` is any run"
            );
            self.add(field, words);
        }
    }

    fn endpoints(&mut self, listed: Option<&[String]>) -> Option<u64> {
        let listed = listed?;
        let mut mask = 0;
        for (i, word) in self.list("endpoints", Some(listed)).iter().enumerate() {
            let operation = OPERATIONS.iter().find(|(name, _)| name == word).map(|(_, o)| *o);
            let is = |d: &Dialect| match operation {
                Some(operation) => d.operation() == operation,
                None => d.label() == word,
            };
            let found = Dialect::all().filter(is).fold(0, |mask, d| mask | d.bit());
            if found == 0 {
                let mut known: Vec<_> = OPERATIONS.iter().map(|(name, _)| *name).collect();
                for label in Dialect::all().map(Dialect::label) {
                    if !known.contains(&label) {
                        known.push(label);
                    }
                }
                let words = format!("there is no endpoint `{word}`; known: {}", known.join(", "));
                self.add(&format!("endpoints[{i}]"), words);
            }
            mask |= found;
        }
        Some(mask)
    }

    /// Conditions that no call to these endpoints meets.
    fn check_endpoints(&mut self, when: &raw::When, endpoints: u64) {
        use Operation::{Chat, Draw, Embed, Rerank, Speak, Transcribe};
        let any = |is: &dyn Fn(Dialect) -> bool| {
            endpoints == 0 || Dialect::all().any(|d| endpoints & d.bit() != 0 && is(d))
        };
        let chats = any(&|d| d.operation() == Chat || count::chat(d).is_some());
        let texts = any(&|d| matches!(d.operation(), Chat | Embed | Rerank | Speak))
            || any(&|d| count::chat(d).is_some());
        let streams = any(&|d| matches!(d.operation(), Chat | Draw | Speak | Transcribe));
        for (field, asked, can) in [
            ("has", when.has.is_some(), chats),
            ("effort", when.effort.is_some(), chats),
            ("max_output", when.max_output.is_some(), any(&|d| d.operation() == Chat)),
            ("input_tokens", when.input_tokens.is_some(), texts),
            ("stream", when.stream == Some(true), streams),
        ] {
            if asked && !can {
                self.add(field, "is never so at any of these endpoints");
            }
        }
    }

    fn effort(&mut self, when: &raw::When) -> Option<u64> {
        let listed = when.effort.as_deref()?;
        let mut mask = 0;
        for (i, word) in self.list("effort", Some(listed)).iter().enumerate() {
            match Effort::named(word) {
                Some(effort) => mask |= 1 << effort as u64,
                None => {
                    let known = "none, minimal, low, medium, high, xhigh or max";
                    self.add(&format!("effort[{i}]"), format!("`{word}` must be {known}"));
                }
            }
        }
        Some(mask)
    }

    fn span(&mut self, field: &str, span: Option<raw::Span>) -> Option<Span> {
        let raw::Span { from, below } = span?;
        let tokens = |t: Tokens| u64::from(t.0);
        let (from, below) = (from.map(tokens), below.map(tokens));
        match (from, below) {
            (None, None) => self.add(field, "says nothing; give it from, below, or both"),
            (Some(from), Some(below)) if from >= below => {
                self.add(field, format!("nothing is from {from} and below {below}"));
            }
            _ => {}
        }
        Some(Span { from: from.unwrap_or_default(), below })
    }
}
