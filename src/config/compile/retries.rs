//! `retries`: limits within their bounds.

use super::Problems;
use crate::config::compiled::{MAX_TARGETS, RetryBudget, RetryLimits};
use crate::config::raw;

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
