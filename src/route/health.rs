//! Judgement over `store::health`: what an event does to a mark, and whether a target
//! may be tried.
//!
//! Four kinds of trouble, each with an id of its own, so that one does not take down what
//! another leaves whole (`quotas` adds a fifth to the table of one plan, a key's own limit,
//! which is never written):
//!
//! - a *target* that fails (no connection, 5xx, silence, broken answers) opens its
//!   circuit after some failures in a row; when its time is up one call of the live
//!   traffic probes it, the others go on leaving it alone;
//! - a *key at a target* that is rate limited rests as long as the provider said;
//! - a *key* that is refused (401, 402, 403) rests long, whatever the target;
//! - a *key at a target* of whose budget little is left is *paced*: one call after the
//!   other, so that the rest lasts until the budget is whole again. Each call takes its
//!   turn in the table, or leaves the key alone; no failure, and no probe. It ends when an
//!   answer tells of enough, or the budget is whole.
//!
//! A success ends what is over, never what still holds: a stream that began before a
//! refusal and ends well after it proves nothing. Values in, values out: no clock, no
//! store, no provider's header (`provider::limits` reads those).

use crate::config::compiled::HealthRules as Rules;
use crate::store::health::{Mark, Reason, Table};

/// The ids of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    pub target: u64,
    /// 0: Envoy adds the credentials.
    pub key: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Well,
    /// Its time is up: whoever claims it may try.
    Probe,
    /// It is paced, and its turn has come: whoever takes it may go.
    Due,
    /// Until then, Unix nanoseconds.
    Cooling(u64, Reason),
}

/// What an attempt came to. Times are Unix nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Good,
    /// Good, and the provider says that enough is left.
    Enough,
    /// Good, and little is left: calls `every` so many nanoseconds last until it is
    /// whole again.
    Low {
        every: u64,
        whole: u64,
    },
    /// Good, and the provider says that nothing is left until then.
    Spent(u64),
    /// 429 and its like; when to come back, where it was told.
    Busy(Option<u64>),
    /// Its fault; when to come back, where it was told.
    Failed(Option<u64>),
    KeyRefused,
    /// Envoy knows no address for it: no call can be tried there.
    Nowhere,
}

/// How long a probe keeps others from probing, where nobody hears how it went: 30 s.
const PROBE: u64 = 30_000_000_000;
/// Longest rest a provider can ask for: an hour.
const MAX_ADVICE: u64 = 3_600_000_000_000;

/// May this be tried?
pub fn standing(table: &Table, rules: &Rules, ids: Ids, now: u64) -> Standing {
    let cooling = [ids.target, ids.credential(), ids.rate(), ids.own()]
        .into_iter()
        .filter_map(|id| table.get(id))
        .filter(|m| m.until > now)
        .max_by_key(|m| m.until);
    if let Some(mark) = cooling {
        return Standing::Cooling(mark.until, mark.reason);
    }
    match table.get(ids.target).filter(|m| is_open(rules, m)) {
        Some(mark) if mark.claimed > now => Standing::Cooling(mark.claimed, mark.reason),
        Some(_) => Standing::Probe,
        None => match table.get(ids.pace()).filter(|m| m.claimed > now) {
            Some(mark) if mark.until > now => Standing::Cooling(mark.until, mark.reason),
            Some(_) => Standing::Due,
            None => Standing::Well,
        },
    }
}

/// Takes the turn of a key that is paced; `None`: it is not paced any more.
pub fn take_turn(table: &mut Table, ids: Ids, now: u64) -> Option<bool> {
    let mark = table.get(ids.pace()).filter(|m| m.claimed > now).copied()?;
    if mark.until > now {
        return Some(false);
    }
    let every = mark.until.saturating_sub(mark.last);
    table.put(Mark { until: now.saturating_add(every), last: now, ..mark });
    Some(true)
}

/// Takes the probe of a target whose time is up; `false`: another did, or none is due.
pub fn claim(table: &mut Table, rules: &Rules, target: u64, now: u64) -> bool {
    let due = |m: &&Mark| is_open(rules, m) && m.until <= now && m.claimed <= now;
    let Some(mark) = table.get(target).filter(due).copied() else { return false };
    table.put(Mark { claimed: now.saturating_add(PROBE), ..mark });
    true
}

/// Writes an event down; `false`: it changes nothing.
pub fn record(table: &mut Table, rules: &Rules, ids: Ids, event: Event, now: u64) -> bool {
    match event {
        Event::Good => settle(table, ids, now),
        Event::Enough => {
            let paced = table.get(ids.pace()).is_some();
            table.remove(ids.pace());
            settle(table, ids, now) || paced
        }
        Event::Low { every, whole } => {
            settle(table, ids, now);
            // Whoever has taken its turn keeps it: only later ones may come sooner.
            let known = table.get(ids.pace()).filter(|m| m.claimed > now).map(|m| m.until);
            let soon = now.saturating_add(every);
            let until = known.map_or(soon, |until| until.min(soon));
            let (id, last) = (ids.pace(), until.saturating_sub(every));
            let claimed = advised(whole, now);
            table.put(Mark { id, until, last, claimed, failures: 0, reason: Reason::Paced });
            true
        }
        Event::Spent(until) => {
            let settled = settle(table, ids, now);
            rest(table, ids.rate(), Reason::RateLimited, advised(until, now), now, 0) || settled
        }
        Event::Busy(told) => {
            let failures = next(table, ids.rate());
            let until = told.map_or(now + backoff(rules, failures), |t| advised(t, now));
            rest(table, ids.rate(), Reason::RateLimited, until, now, failures)
        }
        Event::Failed(told) => {
            let failures = next(table, ids.target);
            let opened = failures.checked_sub(rules.failures);
            let own = opened.map_or(0, |n| now + backoff(rules, n + 1));
            let until = told.map_or(own, |t| advised(t, now).max(own));
            rest(table, ids.target, Reason::Failing, until, now, failures)
        }
        Event::Nowhere => {
            // Needs no second proof.
            let failures = next(table, ids.target).max(rules.failures);
            let until = now + backoff(rules, failures - rules.failures + 1);
            rest(table, ids.target, Reason::Failing, until, now, failures)
        }
        Event::KeyRefused => {
            let failures = next(table, ids.credential());
            let until = now + rules.key_cooldown;
            rest(table, ids.credential(), Reason::KeyRefused, until, now, failures)
        }
    }
}

/// What is over is forgotten.
fn settle(table: &mut Table, ids: Ids, now: u64) -> bool {
    let over = |id: &u64| table.get(*id).is_some_and(|m| m.until <= now);
    let over: Vec<u64> = ids.all().into_iter().filter(over).collect();
    over.iter().for_each(|id| table.remove(*id));
    let pace = table.get(ids.pace()).is_some_and(|m| m.claimed <= now);
    if pace {
        table.remove(ids.pace());
    }
    pace || !over.is_empty()
}

fn next(table: &Table, id: u64) -> u16 {
    table.get(id).map_or(1, |m| m.failures.saturating_add(1))
}

fn rest(table: &mut Table, id: u64, reason: Reason, until: u64, now: u64, failures: u16) -> bool {
    let before = table.get(id).map_or(0, |m| m.until);
    if failures == 0 && before >= until {
        return false;
    }
    let until = until.max(before);
    table.put(Mark { id, until, last: now, claimed: 0, failures, reason });
    true
}

fn is_open(rules: &Rules, mark: &Mark) -> bool {
    mark.reason == Reason::Failing && mark.failures >= rules.failures
}

/// The rest after `n` failures, from 1.
fn backoff(rules: &Rules, n: u16) -> u64 {
    let doubled = rules.cooldown.saturating_mul(1 << u32::from(n.saturating_sub(1)).min(20));
    doubled.min(rules.max_cooldown)
}

fn advised(until: u64, now: u64) -> u64 {
    until.min(now.saturating_add(MAX_ADVICE))
}

// === impl Standing ===

impl Standing {
    pub fn rests(self) -> bool {
        matches!(self, Standing::Cooling(..))
    }

    /// Who rests, from the least bad: a pace harms nobody who overtakes it.
    pub fn badness(self) -> (bool, u64) {
        match self {
            Standing::Cooling(until, reason) => (reason != Reason::Paced, until),
            Standing::Well | Standing::Probe | Standing::Due => (false, 0),
        }
    }
}

// === impl Ids ===

impl Ids {
    /// Under which any of its troubles is remembered, but for its pace.
    fn all(self) -> [u64; 3] {
        [self.target, self.credential(), self.rate()]
    }

    /// Of the key; where Envoy adds the credentials, of this target's alone: nobody here
    /// knows whose else they are.
    pub(super) fn credential(self) -> u64 {
        if self.key == 0 { self.target.rotate_left(17) ^ 0x6B65_7973 } else { self.key }
    }

    /// Of this key at this target.
    pub(super) fn rate(self) -> u64 {
        self.target ^ self.key.rotate_left(32) ^ 0x5375_6963_6521
    }

    fn pace(self) -> u64 {
        self.rate() ^ 0x7061_6365
    }

    /// Of the key's own limits.
    pub fn own(self) -> u64 {
        self.credential() ^ 0x6F77_6E21
    }
}
