//! What attempts teach all workers: each outcome, judged by `route::health` and
//! written to the shared table.
//!
//! An attempt that went well where nothing is marked costs nothing. Must not: blame a
//! provider for a client that left, or for what the request itself had wrong.

use super::Worker;
use super::registry::Entry;
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, text};
use crate::provider::limits;
use crate::route::Resolved;
use crate::route::health::{self, Event};
use crate::store::health::{self as store, Reason, Table};
use crate::telemetry;

/// Times in events are Unix nanoseconds.
impl Worker {
    /// Who must be left alone now.
    pub(super) fn table(&self, host: &dyn Host, config: &Config) -> Table {
        if config.health.enabled { store::read(host) } else { Table::default() }
    }

    /// Takes the probe of a target for this call; `false`: another call has it.
    pub(super) fn claim(&self, host: &dyn Host, config: &Config, target: u64, now: u64) -> bool {
        store::update(host, now, |t| health::claim(t, &config.health, target, now))
    }

    pub(super) fn learn(&self, host: &dyn Host, entry: &Entry, at: Resolved<'_>, event: Event) {
        let rules = &entry.config.health;
        let idle = event == Event::Good && !entry.marked;
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
    let told = || limits::retry_at(&header, now);
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

/// Does an answer say that nothing is left?
pub(super) fn says_spent(headers: &Headers) -> bool {
    limits::spent_until(&|name| text(headers, name), 0).is_some()
}

/// What an answer says of its target.
pub(super) fn event_of_good(headers: &Headers, now: u64) -> Event {
    let header = |name: &str| text(headers, name);
    limits::spent_until(&header, now).map_or(Event::Good, Event::Spent)
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::RateLimited => "rate_limited",
        Reason::Failing => "failing",
        Reason::KeyRefused => "key_refused",
    }
}
