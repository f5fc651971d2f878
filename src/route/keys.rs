//! Which of a provider's keys: in turn, those that rest passed over, the others behind
//! the first for the case that it is to blame.

use super::health::{self, Ids, Standing};
use super::{Choice, Moment};
use crate::config::compiled::MAX_TARGETS;
use crate::config::{Config, Provider, Target};

/// Whose turn it is among the keys of providers.
pub(super) struct Ring<'a> {
    config: &'a Config,
    moment: Moment<'a>,
    turn: Option<usize>,
    /// Targets seen so far, by their provider.
    used: Vec<usize>,
}

// === impl Ring ===

impl<'a> Ring<'a> {
    pub(super) fn new(config: &'a Config, moment: Moment<'a>) -> Self {
        Self { config, moment, turn: None, used: Vec::new() }
    }

    /// The key for the next occurrence of a target's provider, and how they stand
    /// together. Each time a plan comes back to a provider it is another key's turn;
    /// keys that rest are passed over.
    pub(super) fn next(
        &mut self,
        target: &Target,
        provider: &Provider,
    ) -> (Option<usize>, Standing) {
        let Moment { now, table, turn, .. } = self.moment;
        let before = self.used.iter().filter(|p| **p == target.provider).count();
        self.used.push(target.provider);
        let rules = &self.config.health;
        let standing =
            |key: u64| health::standing(table, rules, Ids { target: target.id, key }, now);
        let all = provider.key_ids.len();
        if all <= 1 || table.is_empty() {
            let key = match all {
                0 => None,
                1 => Some(0),
                n => Some((self.turn(provider, turn) + before) % n),
            };
            let id = key.and_then(|k| provider.key_ids.get(k)).copied().unwrap_or_default();
            return (key, standing(id));
        }
        let stand: Vec<_> = provider.key_ids.iter().map(|id| standing(*id)).collect();
        let fit = |s: &Standing| !matches!(s, Standing::Cooling(..));
        let well: Vec<usize> = (0..all).filter(|k| stand.get(*k).is_some_and(fit)).collect();
        let chosen = match well.len() {
            0 => (0..all).min_by_key(|k| match stand.get(*k) {
                Some(Standing::Cooling(until, _)) => *until,
                _ => u64::MAX,
            }),
            n => well.get((self.turn(provider, turn) + before) % n).copied(),
        };
        let standing = chosen.and_then(|k| stand.get(k)).copied().unwrap_or(Standing::Well);
        (chosen, standing)
    }

    /// Behind each target, the other keys of its provider that are well, as far as
    /// there is room: a refused or limited key is no reason to leave the provider.
    pub(super) fn add_spares(&self, targets: &mut Vec<Choice>) {
        let mut room = MAX_TARGETS.saturating_sub(targets.len());
        let mut at = 0;
        while let (Some(choice), true) = (targets.get(at), room > 0) {
            at += 1;
            let Some(target) = self.config.targets.get(choice.target) else { continue };
            let Some(provider) = self.config.providers.get(target.provider) else { continue };
            let all = provider.key_ids.len();
            let Some(first) = choice.key.filter(|_| all > 1) else { continue };
            let ids = |key| Ids { target: target.id, key };
            let well = |k: &usize| {
                let id = provider.key_ids.get(*k).copied().unwrap_or_default();
                let Moment { now, table, .. } = self.moment;
                let stands = health::standing(table, &self.config.health, ids(id), now);
                !matches!(stands, Standing::Cooling(..))
            };
            let others = (1..all).map(|n| (first + n) % all).filter(well).take(room);
            let spares: Vec<_> = others.map(|k| choice.with_spare_key(k)).collect();
            room -= spares.len();
            let behind = at;
            at += spares.len();
            targets.splice(behind..behind, spares);
        }
    }

    fn turn(&mut self, provider: &Provider, turn: &dyn Fn(&Provider) -> usize) -> usize {
        *self.turn.get_or_insert_with(|| turn(provider))
    }
}
