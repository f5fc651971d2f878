//! How many further attempts may be made: one token bucket in shared data.
//!
//! Every call puts a share of a token in, time puts some in as well, an attempt that is
//! not its call's first takes one out: the retry budget of Finagle and Linkerd
//! (<https://linkerd.io/2/reference/service-profiles/>). Calls are put in by the
//! handful, when their worker takes: a good call costs no access. Exact: what a worker
//! may take is decided by compare-and-set. Must not: know a target.
//!
//! Layout, version 1, little endian: u8 version, u64 tokens in billionths, u64 the time
//! they stood so, Unix nanoseconds.

use super::{Store, amend};
use crate::config::compiled::RetryBudget as Budget;

const KEY: &str = "retries";
const VERSION: u8 = 1;
const TOKEN: u64 = 1_000_000_000;
/// Puts in what `calls` are worth and takes one token out; `false`: there is none. A
/// race lost too often spares nobody an attempt.
pub fn take(store: &(impl Store + ?Sized), budget: Budget, calls: u32, now: u64) -> bool {
    let mut had = false;
    let written = amend(store, KEY, |value| {
        let (tokens, since) = standing(value, budget, calls, now);
        let left = tokens.checked_sub(TOKEN);
        had = left.is_some();
        // Workers differ by less than a second; a clock that was set back, by more.
        let since = if since > now.saturating_add(TOKEN) { now } else { since.max(now) };
        Some(encode(left.unwrap_or(tokens), since).to_vec())
    });
    had || !written
}

/// Is there a token, with what `calls` are worth? Takes none.
pub fn has(store: &(impl Store + ?Sized), budget: Budget, calls: u32, now: u64) -> bool {
    standing(store.get(KEY).0.as_deref(), budget, calls, now).0 >= TOKEN
}

/// Tokens now, and since when.
fn standing(value: Option<&[u8]>, budget: Budget, calls: u32, now: u64) -> (u64, u64) {
    let most = u64::from(burst(budget)) * TOKEN;
    let (stood, since) = value.and_then(decode).unwrap_or((most, now));
    // One token per second is one billionth per nanosecond.
    let in_time = now.saturating_sub(since).saturating_mul(u64::from(budget.min_per_second));
    let by_calls = u64::from(calls) * u64::from(budget.percent) * (TOKEN / 100);
    (stood.saturating_add(in_time).saturating_add(by_calls).min(most), since)
}

/// How many tokens may stand there: what ten seconds bring, and a hundred at least.
pub fn burst(budget: Budget) -> u32 {
    budget.min_per_second.saturating_mul(10).max(100)
}

fn encode(tokens: u64, since: u64) -> [u8; 17] {
    let mut out = [VERSION; 17];
    let (_, rest) = out.split_at_mut(1);
    let (first, second) = rest.split_at_mut(8);
    first.copy_from_slice(&tokens.to_le_bytes());
    second.copy_from_slice(&since.to_le_bytes());
    out
}

/// Of another version: nothing is known.
fn decode(value: &[u8]) -> Option<(u64, u64)> {
    let (&VERSION, rest) = value.split_first()? else { return None };
    let (tokens, since) = rest.split_first_chunk::<8>()?;
    let since = since.first_chunk::<8>()?;
    Some((u64::from_le_bytes(*tokens), u64::from_le_bytes(*since)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Ticket;
    use std::cell::RefCell;

    #[derive(Default)]
    struct One(RefCell<Option<Vec<u8>>>);

    impl Store for One {
        fn get(&self, _: &str) -> (Option<Vec<u8>>, Ticket) {
            (self.0.borrow().clone(), Ticket(None))
        }

        fn cas(&self, _: &str, value: &[u8], _: Ticket) -> bool {
            *self.0.borrow_mut() = Some(value.to_vec());
            true
        }
    }

    const BUDGET: Budget = Budget { percent: 20, min_per_second: 2 };

    fn taken(store: &One, calls: u32, now: u64) -> usize {
        usize::from(take(store, BUDGET, calls, now))
            + (0..999).filter(|_| take(store, BUDGET, 0, now)).count()
    }

    #[test]
    fn a_bucket_begins_full_and_fills_by_calls_and_by_time() {
        let store = One::default();
        assert_eq!(taken(&store, 0, TOKEN), 100);
        assert_eq!(taken(&store, 4, TOKEN), 0);
        assert_eq!(taken(&store, 1, TOKEN), 1, "five calls are one attempt");
        assert_eq!(taken(&store, 0, TOKEN * 4), 6);
        // Half a token is kept; another worker's clock may be behind.
        assert_eq!(taken(&store, 0, TOKEN * 4 + TOKEN / 4), 0);
        assert_eq!(taken(&store, 0, TOKEN * 3 + TOKEN / 2), 0);
        assert_eq!(taken(&store, 0, TOKEN * 4 + TOKEN / 2), 1);
        assert_eq!(taken(&store, u32::MAX, u64::MAX), 100);
        // Set back, for good.
        assert_eq!(taken(&store, 0, TOKEN * 10), 0);
        assert_eq!(taken(&store, 0, TOKEN * 12), 4);
    }

    #[test]
    fn what_another_version_wrote_is_not_read() {
        for value in [vec![], vec![2; 17], vec![1; 16]] {
            let store = One(RefCell::new(Some(value)));
            assert_eq!(taken(&store, 0, TOKEN), 100);
        }
    }
}
