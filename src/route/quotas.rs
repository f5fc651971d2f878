//! Quotas that the operator gives a key of ours: judgement over `store::quotas`.
//!
//! A bucket holds a minute's worth and refills all the time, as those of the providers
//! do; after a pause a minute may so see up to twice its limit. A call takes one request
//! and its estimated tokens when it is planned (`take`: by all workers one after the
//! other, so that none overshoots), a later attempt when it begins (`charge`: it was
//! planned before others took what was left). When the call has ended, its tokens are
//! set right (`settle`). What was served beyond the limit is owed, at most a minute's
//! worth. Counting tokens is free: vendors limit that apart. Must not: read a clock or
//! the store.
//!
//! <https://platform.claude.com/docs/en/api/rate-limits>,
//! <https://platform.openai.com/docs/guides/rate-limits>

use super::health::Ids;
use super::strategy;
use crate::config::Config;
use crate::config::compiled::Quota;
use crate::dialect::{Facts, Operation};
use crate::store::health::{Mark, Reason, Table};
use crate::store::quotas::{Bucket, Buckets};

const MINUTE: u64 = 60_000_000_000;

/// Tokens a call is taken to need; `None`: it counts against no limit.
pub fn need(facts: &Facts) -> Option<u64> {
    let operation = facts.client.operation();
    let usage = strategy::expected(facts);
    let (reads_text, _) = operation.texts();
    let input = if reads_text { usage.input } else { 0 };
    let output = if operation == Operation::Chat { usage.output } else { 0 };
    (operation != Operation::CountTokens).then_some(input + output)
}

/// Adds those to the table that a call of so many tokens must leave alone.
pub fn mark(table: &mut Table, config: &Config, buckets: &Buckets, tokens: u64, now: u64) {
    if buckets.is_empty() {
        return;
    }
    for provider in &config.providers {
        let keys = provider.key_ids.iter().zip(&provider.shares);
        for (key, share) in keys.filter(|(_, share)| share.quota.any()) {
            let id = Ids { target: 0, key: *key }.own();
            let until = opens(buckets.of(id), share.quota, tokens, now);
            if until > now {
                let reason = Reason::OwnLimit;
                table.put(Mark { id, until, last: now, claimed: 0, failures: 0, reason });
            }
        }
    }
}

/// Charges a call, if there is room for it.
pub fn take(buckets: &mut Buckets, id: u64, quota: Quota, tokens: u64, now: u64) -> bool {
    let room = opens(buckets.of(id), quota, tokens, now) <= now;
    if room {
        charge(buckets, id, quota, tokens, now);
    }
    room
}

/// Charges a call, come what may.
pub fn charge(buckets: &mut Buckets, id: u64, quota: Quota, tokens: u64, now: u64) {
    let bucket = buckets.of(id);
    let fill = |whole: u64, cost: u64| {
        whole.max(now).saturating_add(cost).min(now.saturating_add(2 * MINUTE))
    };
    buckets.put(Bucket {
        id,
        requests: fill(bucket.requests, cost(1, quota.requests)),
        tokens: fill(bucket.tokens, cost(tokens, quota.tokens)),
    });
}

/// Sets the tokens of a call right.
pub fn settle(
    buckets: &mut Buckets,
    (id, quota): (u64, Quota),
    (charged, used): (u64, u64),
    now: u64,
) {
    let bucket = buckets.of(id);
    let (charged, used) = (cost(charged, quota.tokens), cost(used, quota.tokens));
    let owed = bucket.tokens.max(now).saturating_add(used).saturating_sub(charged);
    buckets.put(Bucket { tokens: owed.min(now.saturating_add(2 * MINUTE)), ..bucket });
}

/// When there is room for a call.
fn opens(bucket: Bucket, quota: Quota, tokens: u64, now: u64) -> u64 {
    // No more is ever owed: a clock that was set back must not close it for longer.
    let whole = |until: u64| until.min(now.saturating_add(2 * MINUTE)).max(now);
    let after = |until: u64, cost: u64| whole(until).saturating_add(cost).saturating_sub(MINUTE);
    let requests = after(bucket.requests, cost(1, quota.requests));
    requests.max(after(bucket.tokens, cost(tokens, quota.tokens)))
}

/// What part of a minute `n` of so many take; a call that is larger than the whole bucket
/// takes all of it.
fn cost(n: u64, limit: u32) -> u64 {
    let limit = u64::from(limit);
    let part = u128::from(n.min(limit)) * u128::from(MINUTE);
    u64::try_from(part.checked_div(u128::from(limit)).unwrap_or(0)).unwrap_or(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000_000_000;
    const S: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_empties_and_refills() {
        let quota = Quota { requests: 6, tokens: 0 };
        let mut buckets = Buckets::default();
        let taken = (0..10).filter(|_| take(&mut buckets, 1, quota, 500, NOW)).count();
        assert_eq!(taken, 6, "a minute's worth");
        assert_eq!(opens(buckets.of(1), quota, 500, NOW), NOW + 10 * S);
        assert!(!take(&mut buckets, 1, quota, 500, NOW + 9 * S));
        assert!(take(&mut buckets, 1, quota, 500, NOW + 10 * S));
        assert!(!take(&mut buckets, 1, quota, 500, NOW + 11 * S));
        // Beyond the limit is owed, but not without end.
        (0..50).for_each(|_| charge(&mut buckets, 1, quota, 1, NOW + 11 * S));
        assert_eq!(opens(buckets.of(1), quota, 1, NOW + 11 * S), NOW + 81 * S);
    }

    #[test]
    fn tokens_are_set_right() {
        let quota = Quota { requests: 0, tokens: 6_000 };
        let mut buckets = Buckets::default();
        assert!(take(&mut buckets, 1, quota, 4_000, NOW));
        assert!(!take(&mut buckets, 1, quota, 4_000, NOW), "not twice");
        settle(&mut buckets, (1, quota), (4_000, 1_000), NOW);
        assert!(take(&mut buckets, 1, quota, 4_000, NOW), "it was less");
        settle(&mut buckets, (1, quota), (4_000, 5_500), NOW);
        assert_eq!(opens(buckets.of(1), quota, 1, NOW), NOW + 5 * S + S / 100, "it was more");
        // Larger than a minute's worth: when the bucket is whole.
        assert!(!take(&mut buckets, 1, quota, 1 << 40, NOW + 10 * S));
        assert!(take(&mut buckets, 1, quota, 1 << 40, NOW + 70 * S));
    }
}
