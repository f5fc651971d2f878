//! In which order a model's targets are tried.
//!
//! Chance and stickiness are one thing: each target draws a number from a hash of its
//! id and the call's key, and the smaller the number, the earlier it comes (rendezvous
//! hashing; with weights, exponential clocks). The same key gives the same order on
//! every worker and every proxy; a target that is added or removed moves only its own
//! share. Values in, values out: what is by chance comes in as a number.
//!
//! The price of switching, for `sticky`: all that a conversation has cached at its target
//! is read anew at another one. So nothing but need moves it: its target rests, cannot
//! carry the call or is too small, or is gone from the configuration. Not its price, its
//! speed or its load; and while it rests, all its turns go to the same second one.
//!
//! <https://en.wikipedia.org/wiki/Rendezvous_hashing>

use super::candidates::Candidate;
use super::terms::Terms;
use super::{Moment, speed};
use crate::config::raw::Strategy;
use crate::dialect::conversation;
use crate::dialect::{Facts, Usage, estimate};
use std::cmp::Ordering;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What a strategy may look at.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub facts: &'a Facts,
    pub body: &'a [u8],
    pub moment: &'a Moment<'a>,
}

/// Output that a call is taken to have where it sets no limit, in tokens.
const OUTPUT: u64 = 1_000;

/// Puts them in order; equals stay as they are listed. Returns what the call sticks by,
/// if it does.
pub(super) fn sort(all: &mut [Candidate<'_>], terms: Terms<'_>, asked: Asked<'_>) -> Option<u64> {
    let by = || Some(xxh3_64_with_seed(&(asked.moment.header)(terms.by()?)?, 0));
    let Moment { now, chance, learned, notes, .. } = *asked.moment;
    match terms.strategy() {
        Strategy::Order => {}
        Strategy::Weighted => {
            let key = by().unwrap_or(chance);
            sort_by(all, |c| draw(c.target.id, key, f64::from(c.target.weight)));
        }
        Strategy::Sticky => {
            let conversation = || conversation::key(asked.body).unwrap_or(chance);
            let key = by().unwrap_or_else(conversation);
            sort_by(all, |c| draw(c.target.id, key, f64::from(c.target.weight)));
            return Some(key);
        }
        Strategy::Cheapest => {
            let usage = expected(asked.facts);
            sort_by(all, |c| {
                let cost = c.known.price.and_then(|price| price.cost(&usage));
                cost.map_or(f64::INFINITY, |nano| nano as f64)
            });
        }
        Strategy::Fastest => {
            let speeds = learned.speeds();
            sort_by(all, |c| {
                let ms = speed::expected_ms(speeds, c.target.id, asked.facts, now);
                if let (Some(notes), Some(ms)) = (notes, ms) {
                    notes.by(terms.config, c.target, ms as u64);
                }
                ms.map_or(f64::INFINITY, f64::from)
            });
        }
        Strategy::LeastBusy => {
            let busy = learned.busy();
            // Equals by chance: the first listed of all that are idle would get all.
            sort_by(all, |c| draw(c.target.id, chance, f64::from(c.target.weight)));
            sort_by(all, |c| {
                let (count, weight) = (busy.of(c.target.id), c.target.weight);
                if let Some(notes) = notes {
                    notes.by(terms.config, c.target, u64::from(count));
                }
                if weight > 0 { f64::from(count) / f64::from(weight) } else { f64::INFINITY }
            });
        }
    }
    None
}

/// The smallest first; equals stay as they are.
pub(super) fn sort_by(all: &mut [Candidate<'_>], value: impl Fn(&Candidate<'_>) -> f64) {
    all.sort_by_cached_key(|c| Ordered(value(c)));
}

/// An exponential clock of rate `weight`: the first of several to ring is each one in
/// proportion to its weight. Without weight: never before another.
pub(super) fn draw(id: u64, key: u64, weight: f64) -> f64 {
    let hash = xxh3_64_with_seed(&id.to_le_bytes(), key);
    // In (0, 1].
    let uniform = ((hash >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
    if weight > 0.0 { -uniform.ln() / weight } else { f64::INFINITY }
}

/// In tokens.
pub(super) fn expected_output(facts: &Facts) -> u64 {
    facts.max_tokens.map_or(OUTPUT, |max| max.min(OUTPUT))
}

/// What a call is taken to use: its input by its bytes, its output by its limit.
pub fn expected(facts: &Facts) -> Usage {
    Usage {
        input: estimate::of_bytes(facts.body_bytes as u64),
        output: expected_output(facts),
        ..Usage::default()
    }
}

/// A number that sorts.
struct Ordered(f64);

// === impl Ordered ===

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}
