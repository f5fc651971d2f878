//! May a call be tried once more? What the operator allows in time, and as a share of
//! all calls.
//!
//! Asked by the attempt itself, when it begins: Envoy's router has decided by then, but
//! nothing has been sent, and a local reply of the upstream chain ends the call. So the
//! budget is kept exactly, whatever made the router try again. Costs nothing where
//! nothing is configured; with a budget a call counts up a number, and each further
//! attempt pays one compare-and-set (1 us). A copy of a call has no part in a budget:
//! where there is one, it is not tried again. Must not: refuse a first attempt, or one that runs beside
//! another.

use super::Worker;
use super::registry::{Answer, Entry, Refusal, Tried};
use crate::config::Config;
use crate::config::compiled::RetryBudget;
use crate::error::{Error, Kind};
use crate::host::Host;
use crate::store::retries;
use crate::telemetry;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    Elapsed,
    Budget,
}

// === impl Worker ===

impl Worker {
    /// A call begins.
    pub(super) fn count_call(&self, config: &Config) {
        if config.retry_limits.budget.is_some() {
            self.calls.set(self.calls.get().saturating_add(1));
        }
    }

    /// The end of a call whose next attempt may not be made: what the client hears.
    pub(super) fn stop_retry(&self, host: &dyn Host, entry: &mut Entry) -> Option<Refusal> {
        let limits = entry.config.retry_limits;
        if entry.tried.is_empty() || entry.is_tried_now() {
            return None;
        }
        let late = |most| host.now().saturating_sub(entry.started) > most;
        let stopped = if limits.elapsed.is_some_and(late) {
            Stopped::Elapsed
        } else if limits.budget.is_some_and(|b| entry.shadow || !self.may_retry(host, b)) {
            Stopped::Budget
        } else {
            return None;
        };
        self.meter.count(host, telemetry::STOPPED, &[("reason", stopped.as_str())], 1);
        entry.stopped = Some(stopped);
        let refusal = match std::mem::replace(&mut entry.answer, Answer::None) {
            Answer::Refused(refusal) => refusal,
            Answer::None | Answer::Given => {
                let kind = entry.tried.last().and_then(Tried::failure);
                let words = "the provider did not answer, and no other may be tried now";
                Refusal::new(Error::new(kind.unwrap_or(Kind::Unreachable), words))
            }
        };
        entry.answer = Answer::Refused(refusal.clone());
        Some(refusal)
    }

    /// Would another attempt be allowed now? For those who need not fail.
    pub(super) fn may_move_on(&self, host: &dyn Host, entry: &Entry) -> bool {
        let limits = entry.config.retry_limits;
        let now = host.now();
        let late = |most| now.saturating_sub(entry.started) > most;
        let spent = |budget| entry.shadow || !retries::has(host, budget, self.calls.get(), now);
        !limits.elapsed.is_some_and(late) && !limits.budget.is_some_and(spent)
    }

    fn may_retry(&self, host: &dyn Host, budget: RetryBudget) -> bool {
        retries::take(host, budget, self.calls.take(), host.now())
    }
}

// === impl Stopped ===

impl Stopped {
    pub fn as_str(self) -> &'static str {
        match self {
            Stopped::Elapsed => "elapsed",
            Stopped::Budget => "budget",
        }
    }
}
