//! The quotas of our keys, charged and set right; `route::quotas` judges.
//!
//! Nothing where no key has any. Where one has, a call pays one read to be planned, a
//! compare-and-set when it takes its place at a limited key, and another at its end
//! where tokens are limited. Must not: refuse a call (a key that is over its limit rests,
//! and that is all).

use super::Worker;
use super::registry::{Entry, Outcome};
use crate::config::Config;
use crate::dialect::Facts;
use crate::error::Kind;
use crate::host::Host;
use crate::route::health;
use crate::route::quotas;
use crate::route::{Plan, Resolved};
use crate::store::health::{self as marks, Table};
use crate::store::quotas as buckets;

// === impl Worker ===

impl Worker {
    /// Takes what the first target of a plan must have to itself: its probe, its turn, its
    /// place within a limit. `false`: another call was faster. `last`: run it all the same.
    pub(super) fn claims(
        &self,
        host: &dyn Host,
        config: &Config,
        (plan, table): (&Plan, &Table),
        (tokens, now): (Option<u64>, u64),
        last: bool,
    ) -> bool {
        if tokens.is_none() && plan.probe.is_none() && !plan.due {
            return true;
        }
        if !last && plan.probe.is_some_and(|target| !self.claim(host, config, target, now)) {
            return false;
        }
        let Some(at) = plan.resolve(config, 0) else { return true };
        let mut ended = false;
        let mut turn = |t: &mut Table| {
            health::take_turn(t, at.ids, now).unwrap_or_else(|| {
                ended = true;
                false
            })
        };
        if !last && plan.due && !marks::update(host, now, &mut turn) && !ended {
            return false;
        }
        let Some(tokens) = tokens.filter(|_| at.quota.any()) else { return true };
        let id = at.ids.own();
        // The least bad of those that rest, or the only one that may find out.
        let anyway = last || plan.probe.is_some() || table.get(id).is_some();
        buckets::update(host, now, |b| match anyway {
            true => {
                quotas::charge(b, id, at.quota, tokens, now);
                true
            }
            false => quotas::take(b, id, at.quota, tokens, now),
        }) || anyway
    }

    /// A later attempt begins, by whatever key the plan has for it.
    pub(super) fn charge(&self, host: &dyn Host, entry: &Entry, at: Resolved<'_>) {
        let limited = entry.config.has_quotas && at.quota.any();
        let Some(tokens) = quotas::need(&entry.facts).filter(|_| limited) else { return };
        let now = host.now();
        buckets::update(host, now, |b| {
            quotas::charge(b, at.ids.own(), at.quota, tokens, now);
            true
        });
    }

    /// A planned call will not begin: its tokens are free again.
    pub(super) fn unclaim(&self, host: &dyn Host, config: &Config, plan: &Plan, facts: &Facts) {
        let Some(charged) = quotas::need(facts).filter(|_| config.has_quotas) else { return };
        let at = plan.resolve(config, 0).filter(|at| at.quota.tokens > 0);
        if let Some(at) = at {
            let (key, now) = ((at.ids.own(), at.quota), host.now());
            buckets::update(host, now, |b| {
                quotas::settle(b, key, (charged, 0), now);
                true
            });
        }
    }

    /// The call has ended, having used so many tokens where it was answered.
    pub(super) fn settle_quotas(
        &self,
        host: &dyn Host,
        entry: &Entry,
        used: Option<u64>,
        now: u64,
    ) {
        let Some(charged) = quotas::need(&entry.facts).filter(|_| entry.config.has_quotas) else {
            return;
        };
        let mut due = Vec::new();
        if entry.tried.is_empty()
            && let Some(at) = entry.plan.resolve(&entry.config, 0)
            && at.quota.tokens > 0
        {
            // Charged with the plan, and never sent.
            due.push(((at.ids.own(), at.quota), 0));
        }
        for (i, tried) in entry.tried.iter().enumerate() {
            let used = match tried.outcome {
                _ if i + 1 == entry.tried.len() && used.is_some() => used,
                // Nobody worked for it.
                Some(Outcome::Failed(
                    Kind::Busy
                    | Kind::ProviderAuth
                    | Kind::Rejected
                    | Kind::Unreachable
                    | Kind::InvalidRequest,
                )) => Some(0),
                _ => None,
            };
            let at = entry.plan.resolve(&entry.config, tried.target);
            let at = at.filter(|at| at.quota.tokens > 0);
            due.extend(at.zip(used).map(|(at, used)| ((at.ids.own(), at.quota), used)));
        }
        if due.is_empty() {
            return;
        }
        buckets::update(host, now, |b| {
            due.iter().for_each(|(key, used)| quotas::settle(b, *key, (charged, *used), now));
            true
        });
    }
}
