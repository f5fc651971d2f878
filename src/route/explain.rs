//! Why a call goes where it goes, as compact JSON: for the header `x-sluice-explain` and
//! for `sluice explain`, from the decision itself (`decide` tells what it passes over).
//!
//! Must not: decide, name a key, or quote a request.

use super::state::{ByName, by_name};
use super::strategy::expected;
use super::terms::Terms;
use super::{Moment, Plan};
use crate::catalog::price;
use crate::config::raw::Strategy;
use crate::config::{Config, Target};
use crate::dialect::{Facts, Operation};
use crate::error::Error;
use crate::store::health::Reason;
use serde::Serialize;
use serde_json::value::RawValue;
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
    /// So many attempts are all that is allowed.
    Beyond(usize),
    /// A tag that is required.
    Lacks(&'a str),
    /// This Envoy has no way there behind the targets before it.
    OutOfReach,
    /// The client's preference that leaves it out.
    Unwanted(&'a str),
    /// What the call asks for and the model has not.
    Unable(&'a str),
    /// Its model has no price.
    Unpriced,
    /// The plan is full without it.
    Full,
}

/// What a decision told.
#[derive(Default)]
pub struct Notes {
    under: RefCell<Under>,
    /// The numbers by which they were ordered.
    by: RefCell<ByName<u64>>,
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
    /// Of `fastest`, the milliseconds that were expected; of `least_busy`, the attempts
    /// in flight.
    #[serde(serialize_with = "by_name::serialize", skip_serializing_if = "Vec::is_empty")]
    by: ByName<u64>,
    /// Stands first so that its speed is found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    explores: Option<String>,
    /// In order; a spare key is its target once more.
    plan: Vec<String>,
    /// What the call would cost at each of them, by estimate; null: not known.
    estimate_usd: Vec<Option<Box<RawValue>>>,
    passed_over: Vec<Passed>,
    /// So many of them are left out, for want of room.
    #[serde(skip_serializing_if = "is_none")]
    more: usize,
    /// Nothing was planned: what the client is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
}

/// Most bytes of the header. A plan and its attempts always have room: names of targets
/// are bounded by the configuration.
pub const MAX: usize = 4096;
/// Of which the decision may have so many before those passed over are left out.
const MAX_DECISION: usize = 2048;
/// Most bytes of a reason.
const MAX_WHY: usize = 160;
/// Most characters of the name of a model or a rule.
const MAX_NAME: usize = 64;

/// One line of ASCII JSON.
pub fn decision(
    config: &Config,
    facts: &Facts,
    notes: &Notes,
    plan: Result<&Plan, Option<&Error>>,
) -> String {
    let Under { model, rule, strategy } = notes.under.borrow().clone();
    let (mut targets, mut estimates) = (Vec::new(), Vec::new());
    if let Ok(plan) = plan {
        for at in (0..plan.targets.len()).filter_map(|n| plan.resolve(config, n)) {
            targets.push(name(config, at.target));
            estimates.push(at.price().and_then(|price| estimate(&price, facts)));
        }
    }
    let errand = plan.ok().filter(|plan| plan.errand.is_some());
    let explores = errand.and_then(|plan| plan.resolve(config, 0));
    let mut decision = Decision {
        model: shortened(&model),
        rule: rule.as_deref().map(shortened),
        strategy,
        by: notes.by.borrow().clone(),
        explores: explores.map(|at| name(config, at.target)),
        plan: targets,
        estimate_usd: estimates,
        passed_over: notes.passed.borrow().clone(),
        more: 0,
        refused: plan.err().flatten().map(|e| e.kind.as_str()),
    };
    loop {
        let json = ascii(&serde_json::to_string(&decision).unwrap_or_default());
        if json.len() <= MAX_DECISION {
            return json;
        }
        match decision.passed_over.pop() {
            Some(_) => decision.more += 1,
            None if decision.by.pop().is_none() => return json,
            None => {}
        }
    }
}

/// US dollars; nothing where bytes do not tell tokens.
fn estimate(price: &price::Price, facts: &Facts) -> Option<Box<RawValue>> {
    let operation = facts.client.operation();
    let (text_in, text_out) = operation.texts();
    let mut usage = expected(facts);
    match operation {
        // Of those only a chat puts tokens out.
        Operation::Chat => {}
        _ if text_in && text_out => usage.output = 0,
        _ => return None,
    }
    RawValue::from_string(price::usd(price.cost(&usage)?)).ok()
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

fn is_none(n: &usize) -> bool {
    *n == 0
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
    pub fn under(&self, terms: Terms<'_>) {
        *self.under.borrow_mut() = Under {
            model: terms.model.name.clone(),
            rule: terms.rule.map(|r| r.name.clone()),
            strategy: terms.strategy(),
        };
    }

    pub fn by(&self, config: &Config, target: &Target, value: u64) {
        let (name, mut by) = (name(config, target), self.by.borrow_mut());
        // A target may be listed twice.
        if by.iter().all(|(known, _)| *known != name) {
            by.push((name, value));
        }
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
            Why::Beyond(most) => format!("more than {most} attempts"),
            Why::OutOfReach => "no way there on this Envoy".to_owned(),
            Why::Lacks(tag) => format!("has no tag {tag}"),
            Why::Unwanted(param) => format!("left out by {param}"),
            Why::Unable(ability) => format!("its model has no {ability}"),
            Why::Unpriced => "no price is known (unpriced: deny)".to_owned(),
            Why::Full => "the plan is full".to_owned(),
            Why::Overflows(window) => format!("too long for {window} tokens"),
        };
        let why = why.chars().take(MAX_WHY).collect();
        self.passed.borrow_mut().push(Passed { target: name(config, target), why });
    }
}
