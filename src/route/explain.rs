//! Why a call goes where it goes, as compact JSON: for the header `x-sluice-explain` and
//! for `sluice explain`, from the decision itself (`decide` tells what it passes over).
//!
//! Must not: decide, name a key, or quote a request.

use super::terms::Terms;
use super::{Moment, Plan};
use crate::config::raw::Strategy;
use crate::config::{Config, Target};
use crate::error::Error;
use crate::store::health::Reason;
use serde::Serialize;
use std::cell::RefCell;

/// Why a target is not in the plan.
#[derive(Debug, Clone, Copy)]
pub enum Why<'a> {
    /// Its provider has no API for such calls.
    NoSuchApi,
    /// It cannot carry the request.
    Cannot(&'a Error),
    /// Until then, Unix nanoseconds.
    Rests(u64, Reason),
    /// Its window, in tokens.
    Overflows(u32),
    /// A tag that is required.
    Lacks(&'a str),
    /// This Envoy has no way there behind the targets before it.
    OutOfReach,
    /// The client's preference that leaves it out.
    Unwanted(&'a str),
    /// What the call asks for and the model has not.
    Unable(&'a str),
    /// The plan is full without it.
    Beyond,
}

/// What a decision told.
#[derive(Default)]
pub struct Notes {
    under: RefCell<Under>,
    passed: RefCell<Vec<Passed>>,
}

/// What a call falls under.
#[derive(Default, Clone)]
struct Under {
    model: String,
    rule: Option<String>,
    strategy: Strategy,
}

#[derive(Serialize, Clone)]
struct Passed {
    target: String,
    why: String,
}

#[derive(Serialize)]
struct Decision<'a> {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    strategy: Strategy,
    /// In order; a spare key is its target once more.
    plan: Vec<String>,
    passed_over: Vec<Passed>,
    /// Nothing was planned: what the client is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
}

/// Most bytes of a reason.
const MAX_WHY: usize = 160;

/// One line of ASCII JSON.
pub fn decision(config: &Config, notes: &Notes, plan: Result<&Plan, Option<&Error>>) -> String {
    let Under { model, rule, strategy } = notes.under.borrow().clone();
    let targets = plan.map(|plan| {
        let all = (0..plan.targets.len()).filter_map(|n| plan.resolve(config, n));
        all.map(|at| name(config, at.target)).collect()
    });
    let decision = Decision {
        model,
        rule,
        strategy,
        plan: targets.unwrap_or_default(),
        passed_over: notes.passed.borrow().clone(),
        refused: plan.err().flatten().map(|e| e.kind.as_str()),
    };
    ascii(&serde_json::to_string(&decision).unwrap_or_default())
}

/// `provider/model`, as configured.
pub fn name(config: &Config, target: &Target) -> String {
    let provider = config.providers.get(target.provider).map_or("", |p| &p.name);
    format!("{provider}/{}", target.label)
}

fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::RateLimited => "rate limited",
        Reason::Failing => "failing",
        Reason::KeyRefused => "key refused",
        Reason::Paced => "little is left of its limit",
        Reason::OwnLimit => "its own limit",
    }
}

/// What no header may hold is escaped.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

// === impl Notes ===

impl Notes {
    /// `sort`: instead of the strategy.
    pub fn under(&self, terms: Terms<'_>, sort: Option<Strategy>) {
        *self.under.borrow_mut() = Under {
            model: terms.model.name.clone(),
            rule: terms.rule.map(|r| r.name.clone()),
            strategy: sort.unwrap_or(terms.strategy()),
        };
    }

    pub fn pass(&self, config: &Config, target: &Target, why: Why<'_>, moment: &Moment<'_>) {
        let why = match why {
            Why::NoSuchApi => "no API for such calls".to_owned(),
            Why::Cannot(error) => match &error.param {
                Some(param) => format!("cannot: {param}: {}", error.message),
                None => format!("cannot: {}", error.message),
            },
            Why::Rests(until, reason) => {
                let millis = until.saturating_sub(moment.now) / 1_000_000;
                format!("rests {millis} ms: {}", words(reason))
            }
            Why::OutOfReach => "no way there on this Envoy".to_owned(),
            Why::Lacks(tag) => format!("has no tag {tag}"),
            Why::Unwanted(param) => format!("left out by {param}"),
            Why::Unable(ability) => format!("its model has no {ability}"),
            Why::Beyond => "the plan is full".to_owned(),
            Why::Overflows(window) => format!("too long for {window} tokens"),
        };
        let why = why.chars().take(MAX_WHY).collect();
        self.passed.borrow_mut().push(Passed { target: name(config, target), why });
    }
}
