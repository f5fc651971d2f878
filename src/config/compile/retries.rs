//! `retries` and `min_speed`: limits within their bounds.

use super::Problems;
use crate::config::compiled::{MAX_TARGETS, MinSpeed, RetryBudget, RetryLimits};
use crate::config::raw;

pub(super) fn min_speed(
    path: &str,
    raw: Option<raw::MinSpeed>,
    problems: &mut Problems,
) -> Option<MinSpeed> {
    let raw = raw?;
    let (speed, first) = (raw.tokens_per_second, raw.first_tokens);
    for (name, n) in [("tokens_per_second", speed), ("first_tokens", first)] {
        if !(1..=1_000).contains(&n) {
            problems.add(format!("{path}.min_speed.{name}"), "must be 1 to 1000");
        }
    }
    let within_ms = u64::from(first) * 1_000 / u64::from(speed).max(1);
    Some(MinSpeed { tokens: first.into(), within_ms })
}

pub(super) fn compile(raw: &raw::Sluice, problems: &mut Problems) -> RetryLimits {
    let r = raw.retries;
    let attempts = usize::try_from(r.attempts).unwrap_or(usize::MAX);
    if !(1..=MAX_TARGETS).contains(&attempts) {
        problems.add("retries.attempts", format!("must be 1 to {MAX_TARGETS}"));
    }
    if r.elapsed.is_some_and(|elapsed| elapsed > raw.defaults.total_timeout) {
        problems.add(
            "retries.elapsed",
            "is longer than defaults.total_timeout; raise that, lower this or leave it out",
        );
    }
    let budget = r.budget.map(|b| {
        if b.percent > 100 {
            problems.add("retries.budget.percent", "must be 0 to 100");
        }
        if !(1..=10_000).contains(&b.min_per_second) {
            problems.add("retries.budget.min_per_second", "must be 1 to 10000");
        }
        RetryBudget { percent: b.percent, min_per_second: b.min_per_second }
    });
    RetryLimits { attempts, elapsed: r.elapsed.map(|e| e.0 * 1_000_000), budget }
}
