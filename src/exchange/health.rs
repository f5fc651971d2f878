//! What attempts teach all workers: each outcome, judged by `route::health` and
//! written to the shared table; and the table as a plan needs it.
//!
//! An attempt that went well where nothing is marked costs nothing. Must not: blame a
//! provider for a client that left, or for what the request itself had wrong.

use super::Worker;
use super::registry::Entry;
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, text};
use crate::provider::limits::{self as budgets, Left};
use crate::route::Resolved;
use crate::route::health::{self, Event};
use crate::route::quotas;
use crate::store::health::{self as store, Reason, Table};
use crate::store::quotas as store_quotas;
use crate::telemetry;

/// Times in events are Unix nanoseconds.
impl Worker {
    /// Who must be left alone now by a call of so many tokens; `None`: it counts against
    /// no key's own limit.
    pub(super) fn table(
        &self,
        host: &dyn Host,
        config: &Config,
        (tokens, now): (Option<u64>, u64),
    ) -> Table {
        let mut table = if config.health.enabled { store::read(host) } else { Table::default() };
        if let Some(tokens) = tokens {
            quotas::mark(&mut table, config, &store_quotas::read(host), tokens, now);
        }
        table
    }

    /// Takes the probe of a target for this call; `false`: another call has it.
    pub(super) fn claim(&self, host: &dyn Host, config: &Config, target: u64, now: u64) -> bool {
        store::update(host, now, |t| health::claim(t, &config.health, target, now))
    }

    pub(super) fn learn(&self, host: &dyn Host, entry: &Entry, at: Resolved<'_>, event: Event) {
        let rules = &entry.config.health;
        let idle = matches!(event, Event::Good | Event::Enough) && !entry.marked;
        // A trial must not take a provider from real calls.
        if !rules.enabled || idle || entry.shadow {
            return;
        }
        let now = host.now();
        let mut rests = None;
        store::update(host, now, |table| {
            let stood = health::standing(table, rules, at.ids, now);
            let changed = health::record(table, rules, at.ids, event, now);
            let stands = health::standing(table, rules, at.ids, now);
            rests = match (stood, stands) {
                (health::Standing::Cooling(..), _) => None,
                (_, health::Standing::Cooling(_, reason)) => Some(reason),
                _ => None,
            };
            changed
        });
        if let Some(reason) = rests {
            let labels = [("provider", at.provider.name.as_str()), ("reason", word(reason))];
            self.meter.count(host, telemetry::RESTS, &labels, 1);
        }
    }
}

/// What a failure says of its target; `None`: nothing. `headers`: of the response, if
/// there was one.
pub(super) fn event_of(error: &Error, headers: Option<&Headers>, now: u64) -> Option<Event> {
    let header = |name: &str| headers.and_then(|h| text(h, name));
    let told = || budgets::retry_at(&header, now);
    match error.kind {
        Kind::ProviderAuth => Some(Event::KeyRefused),
        // No money left: no rest will mend that soon.
        Kind::Busy if error.code.as_deref() == Some("insufficient_quota") => {
            Some(Event::KeyRefused)
        }
        Kind::Busy if error.status() == 429 => Some(Event::Busy(told())),
        Kind::Busy => told().map(|at| Event::Busy(Some(at))),
        Kind::ProviderFault => Some(Event::Failed(told())),
        Kind::BadAnswer | Kind::BrokenStream | Kind::Unreachable | Kind::Timeout => {
            Some(Event::Failed(None))
        }
        // It answers: that is all that is asked of its health.
        Kind::Rejected => Some(Event::Good),
        _ => None,
    }
}

/// What an answer says of its target. `None`: nothing, of a budget at least.
pub(super) fn event_of_good(host: &dyn Host, entry: &Entry, headers: &Headers) -> Option<Event> {
    let rules = &entry.config.health;
    let header = |name: &str| text(headers, name);
    match budgets::left(headers, rules.pace_below) {
        Left::Untold => None,
        Left::Enough => Some(Event::Enough),
        Left::Low | Left::Spent => {
            let now = host.now();
            let spent = budgets::spent_until(&header, now).map(Event::Spent);
            spent.or_else(|| {
                let tokens = quotas::need(&entry.facts).unwrap_or_default();
                let (every, whole) = budgets::pace(&header, now, rules.pace_below, tokens)?;
                Some(Event::Low { every, whole })
            })
        }
    }
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::RateLimited => "rate_limited",
        Reason::Failing => "failing",
        Reason::KeyRefused => "key_refused",
        Reason::Paced => "paced",
        Reason::OwnLimit => "own_limit",
    }
}
