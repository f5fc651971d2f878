//! In which order a model's targets are tried.
//!
//! Chance and stickiness are one thing: each target draws a number from a hash of its
//! id and the call's key, and the smaller the number, the earlier it comes (rendezvous
//! hashing; with weights, exponential clocks). The same key gives the same order on
//! every worker and every proxy; a target that is added or removed moves only its own
//! share. Values in, values out: what is by chance comes in as a number.
//!
//! <https://en.wikipedia.org/wiki/Rendezvous_hashing>

use crate::catalog::Known;
use crate::config::compiled::MAX_TARGETS;
use crate::config::raw::Strategy;
use crate::config::{Model, Target};
use crate::dialect::conversation;
use crate::dialect::{Facts, Usage, estimate};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What a strategy may look at.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub facts: &'a Facts,
    pub body: &'a [u8],
    /// The first value of a request header.
    pub header: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// Differs from call to call.
    pub chance: u64,
}

/// Indexes into a model's targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    places: [usize; MAX_TARGETS],
    len: usize,
}

/// Output that a call is taken to have where it sets no limit, in tokens.
const OUTPUT: u64 = 1_000;

/// `known`: of each target's model.
pub fn order(model: &Model, known: &dyn Fn(&Target) -> Option<Known>, asked: Asked<'_>) -> Order {
    let listed = Order::listed(model.targets.len());
    match model.strategy {
        Strategy::Order => listed,
        Strategy::Weighted => {
            let key = by(model, asked).unwrap_or(asked.chance);
            listed.sorted(model, |target| draw(target, key, f64::from(target.weight)))
        }
        Strategy::Sticky => {
            let conversation = || conversation::key(asked.body).unwrap_or(asked.chance);
            let key = by(model, asked).unwrap_or_else(conversation);
            listed.sorted(model, |target| draw(target, key, 1.0))
        }
        Strategy::Cheapest => listed.sorted(model, |target| {
            let usage = expected(asked.facts);
            let cost = known(target).and_then(|k| k.price).and_then(|price| price.cost(&usage));
            cost.map_or(f64::INFINITY, |nano| nano as f64)
        }),
    }
}

/// The value of the header that decides, hashed.
fn by(model: &Model, asked: Asked<'_>) -> Option<u64> {
    let value = (asked.header)(model.by.as_deref()?)?;
    Some(xxh3_64_with_seed(&value, 0))
}

/// An exponential clock of rate `weight`: the first of several to ring is each one in
/// proportion to its weight. Without weight: never before another.
fn draw(target: &Target, key: u64, weight: f64) -> f64 {
    let hash = xxh3_64_with_seed(&target.id.to_le_bytes(), key);
    // In (0, 1].
    let uniform = ((hash >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
    if weight > 0.0 { -uniform.ln() / weight } else { f64::INFINITY }
}

fn expected(facts: &Facts) -> Usage {
    Usage {
        input: estimate::of_bytes(facts.body_bytes as u64),
        output: facts.max_tokens.map_or(OUTPUT, |max| max.min(OUTPUT)),
        ..Usage::default()
    }
}

// === impl Order ===

impl Order {
    fn listed(len: usize) -> Self {
        Self { places: std::array::from_fn(|n| n), len: len.min(MAX_TARGETS) }
    }

    /// By what `value` gives, the smallest first; equals stay as they are listed.
    fn sorted(mut self, model: &Model, value: impl Fn(&Target) -> f64) -> Self {
        let values = self.places.map(|n| model.targets.get(n).map_or(f64::INFINITY, &value));
        if let Some(own) = self.places.get_mut(..self.len) {
            let of = |n: &usize| values.get(*n).copied().unwrap_or(f64::INFINITY);
            own.sort_by(|a, b| of(a).total_cmp(&of(b)));
        }
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.places.into_iter().take(self.len)
    }
}
