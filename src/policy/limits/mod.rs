//! What may be spent: judgement over `store::accounts`.
//!
//! A call reserves before it is sent (`reserve`: what it is expected to need, in every
//! limit that counts it, or in none of an account), and settles when it has ended
//! (`settle`: the reservation is released, what was really used is charged). So calls that
//! run at the same time see each other, and a limit is overshot only by what calls used
//! beyond their reservations. Must not: read a clock or the store, know a plan, or name a
//! caller.

use crate::config::limits::{Exceeded, Limit, Resource};
use crate::dialect::Usage;
use crate::store::accounts::{Account, State};

pub mod lease;
pub mod window;

/// What a call asks of a limit.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub limit: &'a Limit,
    /// In the limit's unit.
    pub need: u64,
}

/// How a limit stands for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    pub fits: bool,
    /// What was left before it, in the limit's unit.
    pub left: u64,
    /// When it would fit, Unix nanoseconds; `None`: never, it needs more than there is.
    pub opens: Option<u64>,
    /// When all of the amount will be there again if nothing is asked for after this,
    /// Unix nanoseconds.
    pub resets: u64,
    /// Something is to be drawn for it from what all proxies share: `lease::begin` says what.
    pub draws: bool,
    /// Nobody can tell what is left: who counts for all does not answer.
    pub down: bool,
}

/// When a call has ended at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Unix minutes.
    pub minute: u32,
}

const MINUTE: u64 = 60_000_000_000;
/// No lease is longer, in minutes: reservations that would end later are of a clock that
/// was set back.
const LATEST: u32 = 60 * 48;
/// When reservations alone stand in the way: they are released at any moment.
const SOON: u64 = 1_000_000_000;

/// What a call of this usage and cost (nanodollars) counts, in the limit's unit.
pub fn need(limit: &Limit, usage: &Usage, cost: u64) -> u64 {
    match limit.resource {
        Resource::Requests | Resource::Concurrent => 1,
        Resource::Dollars => cost,
        Resource::Tokens(w) => {
            let cached = usage.cached_input.min(usage.input);
            let written = usage.cache_write.min(usage.input - cached);
            let reasoned = usage.reasoning.min(usage.output);
            [
                (usage.input - cached - written, w.input),
                (cached, w.cached_input),
                (written, w.cache_write),
                (usage.output - reasoned, w.output),
                (reasoned, w.reasoning),
            ]
            .iter()
            .fold(0, |sum: u64, (n, weight)| {
                sum.saturating_add(n.saturating_mul(u64::from(*weight)))
            })
        }
    }
}

/// Reserves all that is asked of an account, or nothing. `passes`: limits that may be
/// exceeded. Comes back as how each limit stands, in their order; `Err`: not reserved.
pub fn reserve(
    account: &mut Account,
    asks: &[Ask<'_>],
    lease: Expiry,
    now: u64,
    passes: &dyn Fn(&Limit) -> bool,
) -> Result<Vec<Standing>, Vec<Standing>> {
    tidy(account, now);
    let moved = account.mended;
    asks.iter().for_each(|ask| mend(account, ask.limit, moved, now));
    let mut standings = Vec::with_capacity(asks.len());
    let mut all = true;
    for ask in asks {
        let state = account.states.iter().find(|s| s.limit == ask.limit.id);
        let standing = stands(state, *ask, now);
        all &= standing.fits || passes(ask.limit);
        standings.push(standing);
    }
    if !all {
        return Err(standings);
    }
    for ask in asks {
        if ask.need > 0
            && let Some(state) = account.state(ask.limit.id)
        {
            state.held.add(lease.minute, ask.need);
            state.until = state.until.max((u64::from(lease.minute) + 1) * MINUTE);
        }
    }
    Ok(standings)
}

/// Releases what a call has reserved in an account, and charges what it used: beside each
/// ask.
pub fn settle<'a>(
    account: &mut Account,
    asks: impl IntoIterator<Item = (Ask<'a>, u64)>,
    lease: Expiry,
    now: u64,
) {
    tidy(account, now);
    for (ask, used) in asks {
        settle_one(account, ask, lease, used, now);
    }
}

fn settle_one(account: &mut Account, ask: Ask<'_>, lease: Expiry, used: u64, now: u64) {
    let Some(state) = account.state(ask.limit.id) else { return };
    // What was reserved longer than its lease is dropped, and what is left is of others.
    if lease.minute >= minute(now) {
        state.held.release(lease.minute, ask.need);
    }
    if ask.limit.fleet.is_some() {
        return lease::charge(state, ask.limit, used, now);
    }
    if used > 0 {
        state.spent = window::charge(ask.limit, state.spent, used, now);
    }
    state.until = until(ask.limit, state, now);
}

/// Until when an account must be kept; now or earlier: it holds nothing.
pub fn busy_until(account: &Account) -> u64 {
    account.until()
}

/// How a limit stands for a call. `state`: of its account.
pub fn stands(state: Option<&State>, ask: Ask<'_>, now: u64) -> Standing {
    let Ask { limit, need } = ask;
    if let Some(fleet) = limit.fleet {
        return lease::stands(state, (limit, fleet), need, now);
    }
    let spent = state.map(|s| s.spent).unwrap_or_default();
    let held = state.map_or(0, |s| s.held.sum(minute(now)));
    let used = window::used(limit, spent, now);
    let left = limit.amount.saturating_sub(used.saturating_add(held));
    let fits = need <= left;
    let opens = match limit.amount.checked_sub(need) {
        _ if fits => Some(now),
        None => None,
        Some(room) if held == 0 => Some(window::opens(limit, spent, room, now)),
        Some(room) => Some(window::opens(limit, spent, room, now).max(now.saturating_add(SOON))),
    };
    let after = window::charge(limit, spent, need.saturating_add(held), now);
    Standing {
        fits,
        left,
        opens,
        resets: window::whole(limit, after, now),
        draws: false,
        down: false,
    }
}

/// May a call run that does not fit?
pub fn is_soft(limit: &Limit) -> bool {
    limit.shadow || limit.exceeded == Exceeded::Warn
}

/// Drops what is over.
fn tidy(account: &mut Account, now: u64) {
    let minute = minute(now);
    account.states.retain(|state| state.until > now);
    for state in &mut account.states {
        account.mended |= state.held.expire(minute, minute.saturating_add(LATEST));
    }
}

/// Where the clock was set back since: what was spent counts from now on. `moved`: so were
/// reservations.
fn mend(account: &mut Account, limit: &Limit, moved: bool, now: u64) {
    let Some(state) = account.states.iter_mut().find(|s| s.limit == limit.id) else { return };
    let spent = window::set_back(limit, state.spent, now);
    if moved || spent.is_some() {
        state.spent = spent.unwrap_or(state.spent);
        state.until = until(limit, state, now);
        account.mended = true;
    }
}

/// Until when a state holds something.
fn until(limit: &Limit, state: &State, now: u64) -> u64 {
    let ends = state.held.0.last().map_or(0, |(minute, _)| (u64::from(*minute) + 1) * MINUTE);
    window::whole(limit, state.spent, now).max(ends)
}

fn minute(now: u64) -> u32 {
    u32::try_from(now / MINUTE).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
