//! What all workers know, by the configuration's names: for people to read, and for the
//! same decision to be made elsewhere (`sluice explain --state`).
//!
//! Times are milliseconds from now, so that a dump means the same later. What
//! bears on a decision is in it, and `p95`, for people. Must not: name a key but by its place.

use super::explain;
use super::health::Ids;
use super::learned::{Known, Learned};
use crate::config::{Config, Target};
use crate::store::busy::Busy;
use crate::store::health::{Mark, Reason, Table};
use crate::store::speed::{Entry, Speeds};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// By `provider/model` as configured.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    #[serde(with = "by_name")]
    rests: ByName<Vec<Rest>>,
    #[serde(with = "by_name")]
    speeds: ByName<Speed>,
    /// Attempts in flight.
    #[serde(with = "by_name")]
    busy: ByName<u32>,
}

/// In JSON an object. A list spares the wasm a map's code for each type.
pub(super) type ByName<T> = Vec<(String, T)>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    reason: Reason,
    /// 0: it is to be probed, or has failed too seldom yet.
    ms: u64,
    /// Place among its provider's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<usize>,
    /// In a row.
    #[serde(default)]
    failures: u16,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Speed {
    peak_ms: f32,
    mean_ms: f32,
    #[serde(default)]
    tokens_per_second: f32,
    #[serde(default)]
    p95_ms: f32,
    samples: u32,
    #[serde(default)]
    passed: u32,
    /// Since its latest sample.
    #[serde(default)]
    age_ms: Option<u64>,
    /// Since it was asked to find out.
    #[serde(default)]
    asked_ms: Option<u64>,
}

pub(super) mod by_name {
    use super::ByName;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<T: Serialize, S: Serializer>(
        all: &ByName<T>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_map(all.iter().map(|(name, value)| (name, value)))
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<ByName<T>, D::Error> {
        BTreeMap::deserialize(d).map(|all| all.into_iter().collect())
    }
}

const MS: u64 = 1_000_000;

// === impl State ===

impl State {
    pub fn of(config: &Config, table: &Table, learned: &dyn Learned, now: u64) -> Self {
        let (mut state, mut named) = (Self::default(), HashSet::new());
        for target in &config.targets {
            let name = explain::name(config, target);
            if !named.insert(target.id) {
                continue;
            }
            let rests = rests(config, target, table, now);
            if !rests.is_empty() {
                state.rests.push((name.clone(), rests));
            }
            if let Some(entry) = learned.speeds().get(target.id) {
                state.speeds.push((name.clone(), Speed::of(entry, now)));
            }
            let busy = learned.busy().of(target.id);
            if busy > 0 {
                state.busy.push((name, busy));
            }
        }
        state
    }

    /// What a decision is made of; names that the configuration does not have are for
    /// another one.
    pub fn restore(&self, config: &Config, now: u64) -> (Table, Known) {
        let (mut table, mut speeds, mut busy) =
            (Table::default(), Speeds::default(), Busy::default());
        for target in &config.targets {
            let name = explain::name(config, target);
            for rest in find(&self.rests, &name).into_iter().flatten() {
                table.put(rest.mark(config, target, now));
            }
            if let Some(speed) = find(&self.speeds, &name) {
                speeds.put(speed.entry(target.id, now));
            }
            let count = find(&self.busy, &name).copied().unwrap_or_default();
            if busy.of(target.id) == 0 {
                busy.add(target.id, count);
            }
        }
        (table, Known { speeds, busy })
    }
}

fn find<'a, T>(all: &'a ByName<T>, name: &str) -> Option<&'a T> {
    all.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

fn rests(config: &Config, target: &Target, table: &Table, now: u64) -> Vec<Rest> {
    let left = |until: u64| until.saturating_sub(now) / MS;
    let own = table.get(target.id).map(|m| Rest {
        reason: m.reason,
        ms: left(m.until.max(m.claimed)),
        key: None,
        failures: m.failures,
    });
    let of_key = |(place, id): (Option<usize>, u64)| {
        let ids = Ids { target: target.id, key: id };
        let marks = [table.get(ids.credential()), table.get(ids.rate())].into_iter().flatten();
        let rests = marks.filter(|m| m.until > now).max_by_key(|m| m.until)?;
        Some(Rest { reason: rests.reason, ms: left(rests.until), key: place, failures: 0 })
    };
    let keys = config.providers.get(target.provider).map_or(&[][..], |p| &p.key_ids);
    let none = keys.is_empty().then_some((None, 0));
    let keys = keys.iter().enumerate().map(|(place, id)| (Some(place), *id));
    own.into_iter().chain(keys.chain(none).filter_map(of_key)).collect()
}

// === impl Rest ===

impl Rest {
    fn mark(&self, config: &Config, target: &Target, now: u64) -> Mark {
        let keys = config.providers.get(target.provider).map_or(&[][..], |p| &p.key_ids);
        let key = self.key.and_then(|place| keys.get(place)).copied().unwrap_or_default();
        let id = match self.reason {
            Reason::Failing => target.id,
            _ => Ids { target: target.id, key }.rate(),
        };
        let (reason, failures) = (self.reason, self.failures);
        let until = now + self.ms.saturating_mul(MS);
        Mark { id, until, last: now, claimed: 0, failures, reason }
    }
}

// === impl Speed ===

impl Speed {
    fn of(entry: &Entry, now: u64) -> Self {
        let since = |at: u64| (at > 0).then(|| now.saturating_sub(at) / MS);
        Self {
            peak_ms: entry.peak,
            mean_ms: entry.mean,
            tokens_per_second: entry.rate,
            p95_ms: entry.p95,
            samples: entry.samples,
            passed: entry.passed,
            age_ms: since(entry.last),
            asked_ms: since(entry.asked),
        }
    }

    fn entry(&self, id: u64, now: u64) -> Entry {
        let at = |since: Option<u64>| since.map_or(0, |ms| now.saturating_sub(ms * MS));
        Entry {
            id,
            last: at(self.age_ms),
            asked: at(self.asked_ms),
            peak: self.peak_ms,
            mean: self.mean_ms,
            rate: self.tokens_per_second,
            p95: self.p95_ms,
            samples: self.samples,
            passed: self.passed,
        }
    }
}
