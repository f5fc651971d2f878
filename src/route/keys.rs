//! Which of a provider's keys: by weight in turn, or under `sticky` the conversation's
//! own; those that rest passed over, the others behind the first for the case that it is
//! to blame, those without weight behind these.
//!
//! In turn: each worker counts its calls, and a round of as many calls as there is weight
//! gives every key its share exactly, spread out. Sticky: rendezvous, as among targets
//! (`strategy`), so that a conversation finds the prompt cache of its key, and its next
//! key where that rests.

use super::health::{self, Ids, Standing};
use super::strategy::draw;
use super::{Choice, Moment};
use crate::config::{Config, Provider, Target};

/// Whose turn it is among the keys of providers.
pub(super) struct Ring<'a> {
    config: &'a Config,
    moment: Moment<'a>,
    /// What sticks to its keys.
    affinity: Option<u64>,
    turn: Option<usize>,
    /// Targets seen so far, by their provider.
    used: Vec<usize>,
}

// === impl Ring ===

impl<'a> Ring<'a> {
    pub(super) fn new(config: &'a Config, moment: Moment<'a>, affinity: Option<u64>) -> Self {
        Self { config, moment, affinity, turn: None, used: Vec::new() }
    }

    /// The key for the next occurrence of a target's provider, and how they stand
    /// together. Each time a plan comes back to a provider it is another key's turn,
    /// unless the call sticks to its own; keys that rest are passed over.
    pub(super) fn next(
        &mut self,
        target: &Target,
        provider: &Provider,
    ) -> (Option<usize>, Standing) {
        let before = self.used.iter().filter(|p| **p == target.provider).count();
        self.used.push(target.provider);
        let key = match provider.key_ids.len() {
            0 => None,
            1 => Some(0),
            all => {
                let mut fit = self.fit(target, provider);
                if fit.is_empty() {
                    (0..all).min_by_key(|k| self.standing(target, provider, *k).badness())
                } else {
                    self.arrange(provider, &mut fit, None);
                    let weighted = fit.iter().filter(|k| weight(provider, **k) > 0).count();
                    let before = if self.affinity.is_some() { 0 } else { before };
                    fit.get(before % weighted.max(1)).copied()
                }
            }
        };
        (key, self.standing(target, provider, key.unwrap_or_default()))
    }

    /// Behind each target, the other keys of its provider that are well, as far as
    /// there is room: a refused or limited key is no reason to leave the provider.
    pub(super) fn add_spares(&mut self, targets: &mut Vec<Choice>) {
        let mut room = self.config.retry_limits.attempts.saturating_sub(targets.len());
        let mut at = 0;
        while let (Some(choice), true) = (targets.get(at), room > 0) {
            at += 1;
            let Some(target) = self.config.targets.get(choice.target) else { continue };
            let Some(provider) = self.config.providers.get(target.provider) else { continue };
            let Some(first) = choice.key.filter(|_| provider.key_ids.len() > 1) else { continue };
            let mut others = self.fit(target, provider);
            self.arrange(provider, &mut others, Some(first));
            let others = others.into_iter().filter(|k| *k != first).take(room);
            let spares: Vec<_> = others.map(|k| choice.with_spare_key(k)).collect();
            room -= spares.len();
            let behind = at;
            at += spares.len();
            targets.splice(behind..behind, spares);
        }
    }

    fn standing(&self, target: &Target, provider: &Provider, key: usize) -> Standing {
        let key = provider.key_ids.get(key).copied().unwrap_or_default();
        let Moment { now, table, .. } = self.moment;
        health::standing(table, &self.config.health, Ids { target: target.id, key }, now)
    }

    /// Keys that do not rest.
    fn fit(&self, target: &Target, provider: &Provider) -> Vec<usize> {
        let all = 0..provider.key_ids.len();
        match self.moment.table.is_empty() {
            true => all.collect(),
            false => all.filter(|k| !self.standing(target, provider, *k).rests()).collect(),
        }
    }

    /// In the order in which they are used. `first`: whose turn it is, where that is
    /// settled.
    fn arrange(&mut self, provider: &Provider, keys: &mut Vec<usize>, first: Option<usize>) {
        let mut ranked: Vec<(u64, usize)> = match self.affinity {
            Some(affinity) => keys.iter().map(|k| (drawn(provider, *k, affinity), *k)).collect(),
            None => {
                let turn = self.moment.turn;
                let turn = *self.turn.get_or_insert_with(|| turn(provider));
                let weights = || keys.iter().map(|k| weight(provider, *k)).collect::<Vec<_>>();
                let first = first.or_else(|| keys.get(in_turn(&weights(), turn)).copied());
                let (first, all) = (first.unwrap_or_default(), provider.key_ids.len().max(1));
                let distance = |k: usize| {
                    let spare = weight(provider, k) == 0 && k != first;
                    ((k + all - first) % all) as u64 + if spare { u64::from(u32::MAX) } else { 0 }
                };
                keys.iter().map(|k| (distance(*k), *k)).collect()
            }
        };
        ranked.sort_unstable();
        keys.clear();
        keys.extend(ranked.into_iter().map(|(_, k)| k));
    }
}

/// What a key draws, as a number that sorts as it does: none is below 0.
fn drawn(provider: &Provider, key: usize, affinity: u64) -> u64 {
    let id = provider.key_ids.get(key).copied().unwrap_or_default();
    draw(id, affinity, f64::from(weight(provider, key))).to_bits()
}

fn weight(provider: &Provider, key: usize) -> u32 {
    provider.shares.get(key).map_or(1, |share| share.weight)
}

/// Which of so many weights has turn `turn`; where none has weight, each in turn.
fn in_turn(weights: &[u32], turn: usize) -> usize {
    let divisor = weights.iter().fold(0, |a, b| gcd(a, u64::from(*b)));
    if divisor == 0 {
        return turn % weights.len().max(1);
    }
    let total: u64 = weights.iter().map(|w| u64::from(*w) / divisor).sum();
    // A stride that meets every place of a round once; about the golden ratio, so that
    // the turns of one key lie apart.
    let stride = match total == weights.len() as u64 {
        true => 1,
        false => (total * 5 / 8..).find(|s| gcd(*s, total) == 1).unwrap_or(1),
    };
    let mut place = turn as u64 % total * stride % total;
    for (i, weight) in weights.iter().enumerate() {
        match place.checked_sub(u64::from(*weight) / divisor) {
            Some(rest) => place = rest,
            None => return i,
        }
    }
    0
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn a_round_gives_each_its_share_spread_out() {
        let turns = |weights: &[u32], n: usize| -> Vec<usize> {
            (0..n).map(|turn| in_turn(weights, turn)).collect()
        };
        assert_eq!(turns(&[1, 1, 1], 4), [0, 1, 2, 0], "equals take turns");
        assert_eq!(turns(&[5, 5], 3), [0, 1, 0]);
        assert_eq!(turns(&[3, 1], 5), [0, 1, 0, 0, 0]);
        assert_eq!(turns(&[0, 0, 2], 2), [2, 2]);
        assert_eq!(turns(&[0, 0], 3), [0, 1, 0]);
        assert_eq!(turns(&[7], 2), [0, 0]);
        for weights in
            [&[3, 1][..], &[10_000, 9_999, 1], &[1, 2, 3, 4], &[70, 0, 25, 5], &[8, 4, 4]]
        {
            let total: u32 = weights.iter().sum();
            let mut hits = vec![0; weights.len()];
            turns(weights, total as usize).into_iter().for_each(|i| hits[i] += 1);
            assert_eq!(hits, weights, "exact over a round");
            let tenth = (total / 10).max(8) as usize;
            let first = turns(weights, tenth).iter().filter(|i| **i == 0).count();
            let wanted = tenth as f64 * f64::from(weights[0]) / f64::from(total);
            assert!((first as f64 - wanted).abs() < 2.0, "{weights:?}: {first}, not {wanted}");
        }
    }
}
