//! `fleet`, and that of limits.
//!
//! A rate limit service counts in windows of its own: fixed ones, a second, minute, hour
//! or day long, in numbers of 32 bits. What it cannot do is refused here, by name.

use super::{Problems, is_label};
use crate::config::limits::{Every, Fleet, Resource, Service};
use crate::config::raw;

/// Longest a call may wait for the service.
const MAX_TIMEOUT: u64 = 10_000;

pub(super) fn service(raw: &raw::Sluice, problems: &mut Problems) -> Option<Service> {
    let service = &raw.fleet.as_ref()?.service;
    for (name, value) in [("cluster", &service.cluster), ("domain", &service.domain)] {
        if !is_label(value) {
            let words = "must be 1 to 64 of a-z A-Z 0-9 . _ -";
            problems.add(format!("fleet.service.{name}"), words);
        }
    }
    if !(1..=MAX_TIMEOUT).contains(&service.timeout.0) {
        problems.add("fleet.service.timeout", "must be 1ms to 10s");
    }
    Some(Service {
        cluster: service.cluster.clone(),
        domain: service.domain.clone(),
        timeout_ms: u32::try_from(service.timeout.0).unwrap_or(u32::MAX),
    })
}

/// How a limit is shared, where it is. `lease`: in the limit's unit.
pub(super) fn shared(
    raw: &raw::Sluice,
    limit: &raw::Limit,
    (path, resource, amount): (&str, Resource, u64),
    lease: impl Fn(f64) -> u64,
    problems: &mut Problems,
) -> Option<Fleet> {
    let fleet = limit.fleet?;
    let mut wrong = |field: &str, words: &str| problems.add(format!("{path}.{field}"), words);
    if raw.fleet.is_none() {
        wrong("fleet", "needs a service: set fleet.service.cluster");
    }
    if resource == Resource::Concurrent {
        wrong("fleet", "cannot count concurrent calls: services only count up; leave it out");
        return None;
    }
    if matches!(limit.every, Some(Every::Week | Every::Month)) {
        let words = "must be second, minute, hour or day for a limit with fleet: \
                     rate limit services know no other windows alike";
        wrong("every", words);
    }
    if limit.window.is_some() {
        wrong("window", "is the service's for a limit with fleet; leave it out");
    }
    if limit.time_zone.is_some() {
        wrong("time_zone", "is UTC for a limit with fleet, by the service; leave it out");
    }
    if resource.hits(amount) > u64::from(u32::MAX) {
        let words = "counts to at most 4294967295 at a service (tokens; of dollars \
                     ten-thousandths); lower the amount or leave fleet out";
        wrong("fleet", words);
    }
    let fits = fleet.lease > 0.0 && lease(fleet.lease) > 0 && lease(fleet.lease) <= amount;
    if !fits || resource == Resource::Requests && fleet.lease.fract() != 0.0 {
        let words = "must be above 0 and at most the limit's amount, whole for requests";
        wrong("fleet.lease", words);
    }
    Some(Fleet { lease: lease(fleet.lease), when_down: fleet.when_down })
}
