//! Rules turned around: by what they ask, so that a call answers each question once,
//! however many rules ask it.
//!
//! A `Question` knows the rules that do not ask it, and each distinct answer with the
//! rules that take it. A call begins with all rules and goes on with those that take its
//! answers. Only what the first rule left still asks is answered, the cheapest question
//! first, so that what costs (reading the whole request) is done only where it decides
//! (`route::rules`). Texts are looked up (`patterns`); another answer is compared with
//! each that a rule takes, once a call, and only while such a rule is left.
//!
//! Bounds: `MAX_RULES` rules, 64 questions.

use super::compiled::MAX_RULES;
use super::patterns::Patterns;
use super::when::{Span, When};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Index {
    /// The cheapest first.
    pub questions: Vec<Question>,
    /// The questions of each rule, a bit each.
    pub asked: Vec<u64>,
    /// All rules.
    pub all: Set,
}

/// What can be asked of a call. The cheapest first: those behind `Header` read the body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Stream,
    Endpoint,
    MaxOutput,
    InputTokens,
    Consumer,
    Model,
    Wants,
    Header(String),
    Metadata(String),
    Effort,
    Has,
}

/// Answers that a rule takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// One of these bits.
    OneOf(u64),
    /// Every one of these bits.
    AllOf(u64),
    Within(Span),
    /// A text of this pattern.
    Fits(String),
    /// Every one of these words.
    Every(Vec<String>),
}

/// What a call answers.
#[derive(Debug)]
pub enum Answer<'a> {
    /// There is no such thing in it.
    Nothing,
    Bits(u64),
    /// `None`: without end.
    Tokens(Option<u64>),
    Text(&'a str),
    Words(&'a [String]),
}

#[derive(Debug)]
pub struct Question {
    pub about: About,
    /// Rules that do not ask it.
    others: Set,
    /// Rules by the texts that they take.
    patterns: Patterns,
    /// Rules by what else they take.
    conditions: Vec<(Condition, Vec<u16>)>,
}

/// Some of the rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Set([u64; MAX_RULES.div_ceil(64)]);

/// Most different headers in all rules, and most different members of metadata.
pub const MAX_NAMES: usize = 16;

// === impl Index ===

impl Index {
    /// `rules` in their order, at most `MAX_RULES`.
    pub fn new(rules: &[When]) -> Self {
        let mut all = Set::default();
        let mut by: BTreeMap<About, BTreeMap<Condition, Vec<u16>>> = BTreeMap::new();
        for (rule, when) in (0..).zip(rules) {
            all.add(&[rule]);
            for (about, conditions) in when.conditions() {
                let answers = by.entry(about).or_default();
                for condition in conditions {
                    answers.entry(condition).or_default().push(rule);
                }
            }
        }
        let mut asked = vec![0; rules.len()];
        let mut questions = Vec::with_capacity(by.len());
        for (bit, (about, answers)) in by.into_iter().enumerate() {
            let mut others = all;
            let (mut patterns, mut conditions) = (Patterns::default(), Vec::new());
            for (condition, rules) in answers {
                for rule in &rules {
                    others.remove(*rule);
                    if let Some(asked) = asked.get_mut(usize::from(*rule)) {
                        *asked |= 1 << bit;
                    }
                }
                match condition {
                    Condition::Fits(pattern) => patterns.add(pattern, rules),
                    other => conditions.push((other, rules)),
                }
            }
            questions.push(Question { about, others, patterns, conditions });
        }
        Self { questions, asked, all }
    }
}

// === impl Question ===

impl Question {
    /// Leaves those of the rules that take this answer.
    pub fn narrow(&self, rules: &mut Set, answer: &Answer<'_>) {
        let mut left = self.others;
        if let Answer::Text(text) = answer {
            self.patterns.find(text, rules, &mut left);
        }
        for (condition, takers) in &self.conditions {
            if rules.has_any(takers) && condition.takes(answer) {
                left.add(takers);
            }
        }
        rules.keep(&left);
    }
}

// === impl Condition ===

impl Condition {
    fn takes(&self, answer: &Answer<'_>) -> bool {
        match (self, answer) {
            (Condition::OneOf(mask), Answer::Bits(bits)) => mask & bits != 0,
            (Condition::AllOf(mask), Answer::Bits(bits)) => mask & !bits == 0,
            (Condition::Within(span), Answer::Tokens(tokens)) => span.has(*tokens),
            (Condition::Every(wanted), Answer::Words(words)) => {
                wanted.iter().all(|word| words.contains(word))
            }
            _ => false,
        }
    }
}

// === impl Set ===

impl Set {
    pub fn add(&mut self, rules: &[u16]) {
        for rule in rules {
            if let Some(word) = self.0.get_mut(usize::from(rule / 64)) {
                *word |= 1 << (rule % 64);
            }
        }
    }

    pub fn remove(&mut self, rule: u16) {
        if let Some(word) = self.0.get_mut(usize::from(rule / 64)) {
            *word &= !(1 << (rule % 64));
        }
    }

    pub fn keep(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= other);
    }

    pub fn has_any(&self, rules: &[u16]) -> bool {
        let has = |rule: &u16| {
            self.0.get(usize::from(rule / 64)).is_some_and(|word| word >> (rule % 64) & 1 == 1)
        };
        rules.iter().any(has)
    }

    /// The first of them.
    pub fn first(&self) -> Option<usize> {
        let (at, word) = self.0.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some(at * 64 + word.trailing_zeros() as usize)
    }
}
