//! Limits that all proxies share: a part of the amount is drawn at a time, and calls take
//! from that.
//!
//! ```text
//!   service: 100,000 a minute ──draw 5,000──► this proxy's balance ──need──► call
//!                             ◄──"over"─────  (until the window ends)
//! ```
//!
//! A call reserves as in a local limit. What is free is the balance less what running calls
//! hold. Where the call fits, it goes, and when less than a quarter of a lease is then free
//! or asked for, so much is asked for in the background that the lease is whole again. Where
//! it does not fit, it reserves all the same, asks for what it lacks (or a lease), and waits:
//! so nobody can take what was drawn for it, and one answer is enough. What is asked for is
//! noted in the account, so that of all workers one asks for the lease; the note expires, so that an answer that never comes to us (a hang-up, a VM that is gone) is only
//! a lease lost.
//!
//! The bound. What was drawn counts until the service's window ends, as the service tells,
//! and is lost then. Where it does not tell, it counts until our own clock turns. Such a
//! service may have begun its window at another moment: then a proxy may use in one window
//! what it drew in the one before, which is at most what was free at its end: a lease, and
//! what calls that ran then had reserved and did not use. So in no window more is used than
//! the amount, plus proxies x lease, plus what calls use beyond their reservations. The latter is a
//! debt: the balance goes below 0, and the next draw asks for it too (at most an amount).
//!
//! A refusal is remembered with how much was asked: as much or more is not asked for again
//! for `REFUSED`, or until the window ends if that is sooner; a call that needs less may
//! ask. A service that does not answer is left alone for 1 s, doubled each time up to 30 s;
//! meanwhile no call waits: `when_down` decides, and one asks in the background.
//! Must not: name a service's messages.

use super::{Standing, minute, window};
use crate::config::limits::{Fleet, Limit, WhenDown, Window};
use crate::store::accounts::{Drawn, Spent, State};

/// What a call, or the lease for those that come, asks of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// In the limit's unit, whole in the service's.
    pub amount: u64,
    /// What the call itself lacks; it waits for the answer. 0: it does not.
    pub lacks: u64,
}

/// What the service said to a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Granted,
    Over,
    /// Nothing that could be understood, or in time.
    Nothing,
    /// Nobody will hear it.
    Unheard,
}

/// What becomes of the call that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Go,
    /// Asks for no more than it lacks.
    Again(Draw),
    /// The amount is used up.
    Over,
    /// It cannot be known, and such calls are refused then.
    Down,
}

// === impl Next ===

impl Next {
    pub fn goes(self) -> bool {
        self == Next::Go
    }
}

/// When one who is refused may try again at the earliest.
const SOON: u64 = 1_000_000_000;
/// How long a refusal is believed, and how long an answer may take at most.
const REFUSED: u64 = 2_000_000_000;
const ANSWER: u64 = 11_000_000_000;
/// How long a silent service is left alone, at first and at most.
const REST: u64 = 1_000_000_000;
const MAX_REST: u64 = 30_000_000_000;
/// No service has longer windows, whatever its clock says.
const MAX_WINDOW: u64 = 90_000_000_000_000;

/// How a shared limit stands for a call.
pub(super) fn stands(
    state: Option<&State>,
    (limit, fleet): (&Limit, Fleet),
    need: u64,
    now: u64,
) -> Standing {
    let drawn = drawn(state, now);
    let held = state.map_or(0, |s| s.held.sum(minute(now)));
    let (_, turn) = turn(limit, now);
    let resets = if drawn.ends > now { drawn.ends } else { turn };
    let known = drawn.room.unwrap_or_else(|| limit.amount.saturating_sub(here(&drawn, limit, now)));
    let free = u64::try_from(free(&drawn, held)).unwrap_or(0);
    let left = known.saturating_add(free).min(limit.amount);
    let standing =
        Standing { fits: true, left, opens: Some(now), resets, draws: false, down: false };
    let short = Standing { fits: false, left: left.min(need.saturating_sub(1)), ..standing };
    match judge(&drawn, (limit, fleet), held, need, now) {
        _ if need > limit.amount => Standing { fits: false, opens: None, ..standing },
        Ok(draw) => Standing { draws: draw.is_some(), ..standing },
        Err(Next::Down) => {
            let opens = Some(drawn.down_until.max(now.saturating_add(SOON)));
            Standing { opens, down: true, ..short }
        }
        Err(_) if drawn.over_until > now => Standing { opens: Some(drawn.over_until), ..short },
        Err(_) => Standing { opens: Some(resets), ..short },
    }
}

/// What is to be asked for a call that has reserved `need`, noted as asked for. `Err`: it
/// cannot run.
pub fn begin(state: &mut State, limit: &Limit, need: u64, now: u64) -> Result<Option<Draw>, Next> {
    let Some(fleet) = limit.fleet else { return Ok(None) };
    let mut drawn = drawn(Some(state), now);
    let others = state.held.sum(minute(now)).saturating_sub(need);
    let draw = judge(&drawn, (limit, fleet), others, need, now)?;
    if let Some(draw) = draw {
        ask(&mut drawn, draw, now);
        keep(state, drawn, now);
    }
    Ok(draw)
}

/// May a call of this need run beside what others hold, and what is asked for with it?
fn judge(
    drawn: &Drawn,
    (limit, fleet): (&Limit, Fleet),
    held: u64,
    need: u64,
    now: u64,
) -> Result<Option<Draw>, Next> {
    let free = free(drawn, held);
    let asking = drawn.asked > 0;
    let rests = drawn.failures > 0 && (asking || drawn.down_until > now);
    let lease = whole(limit, fleet.lease.min(drawn.room.unwrap_or(u64::MAX)));
    if free >= signed(need) {
        let coming = free.saturating_sub(signed(need)).saturating_add(signed(drawn.asked));
        let coming = u64::try_from(coming).unwrap_or(0);
        let amount = whole(limit, fleet.lease.saturating_sub(coming)).min(lease);
        let draws = coming < fleet.lease / 4 && amount > 0 && !rests;
        let draws = draws && !refused(drawn, amount, now);
        return Ok(draws.then_some(Draw { amount, lacks: 0 }));
    }
    if drawn.failures > 0 && without(limit, fleet, drawn, held, need, now) {
        let amount = whole(limit, fleet.lease);
        return Ok((!rests).then_some(Draw { amount, lacks: 0 }));
    }
    // One that would be refused finds out by itself, when it is time to ask again.
    if rests {
        let closed = fleet.when_down == WhenDown::Closed;
        return Err(if closed { Next::Down } else { Next::Over });
    }
    let lacks = whole(limit, lacks(limit, drawn, free, need));
    if refused(drawn, lacks, now) {
        return Err(Next::Over);
    }
    let amount = lacks.max(if asking { 0 } else { lease });
    let amount = if refused(drawn, amount, now) { lacks } else { amount };
    Ok(Some(Draw { amount, lacks }))
}

/// A call has ended.
pub(super) fn charge(state: &mut State, limit: &Limit, used: u64, now: u64) {
    let mut drawn = drawn(Some(state), now);
    let (start, _) = turn(limit, now);
    drawn.used = here(&drawn, limit, now).saturating_add(used);
    drawn.start = start;
    let least = match limit.fleet {
        // What passed for want of an answer is nobody's debt.
        Some(Fleet { when_down: WhenDown::Open, .. }) if drawn.failures > 0 => drawn.balance.min(0),
        _ => signed(limit.amount).saturating_neg(),
    };
    drawn.balance = drawn.balance.saturating_sub(signed(used)).max(least);
    keep(state, drawn, now);
    state.until = state.until.max(turn(limit, now).1);
}

/// The service has answered a draw; what becomes of the call that waited for it. `left` and
/// `ends`: of the service's window, where it told. `need`: what the call has reserved.
pub fn answered(
    state: &mut State,
    limit: &Limit,
    (draw, need): (Draw, u64),
    said: Said,
    (left, ends): (Option<u64>, Option<u64>),
    now: u64,
) -> Next {
    let Some(fleet) = limit.fleet else { return Next::Go };
    let mut drawn = drawn(Some(state), now);
    drawn.asked = drawn.asked.saturating_sub(draw.amount);
    let (_, turn) = turn(limit, now);
    let window = ends.unwrap_or(turn);
    let next = match said {
        Said::Granted => {
            drawn.balance = drawn.balance.saturating_add(signed(draw.amount));
            drawn.ends = window;
            drawn.room = left.map(|hits| hits.saturating_mul(limit.resource.per_hit()));
            (drawn.failures, drawn.down_until) = (0, 0);
            if drawn.over <= draw.amount {
                drawn.over_until = 0;
            }
            Next::Go
        }
        Said::Over => {
            (drawn.failures, drawn.down_until) = (0, 0);
            drawn.over = match drawn.over_until > now {
                true => drawn.over.min(draw.amount),
                false => draw.amount,
            };
            drawn.over_until = window.min(now.saturating_add(REFUSED));
            let again = Draw { amount: draw.lacks, lacks: draw.lacks };
            match draw.lacks {
                0 => Next::Go,
                n if n < draw.amount => {
                    ask(&mut drawn, again, now);
                    Next::Again(again)
                }
                _ => Next::Over,
            }
        }
        Said::Nothing => {
            drawn.failures = drawn.failures.saturating_add(1);
            let rest = REST.saturating_mul(1 << (drawn.failures - 1).min(5)).min(MAX_REST);
            drawn.down_until = now.saturating_add(rest);
            // Its own reservation stands there already.
            let held = state.held.sum(minute(now)).saturating_sub(need);
            let fits = draw.lacks == 0 || without(limit, fleet, &drawn, held, need, now);
            match (fits, fleet.when_down) {
                (true, _) => Next::Go,
                (false, WhenDown::Closed) => Next::Down,
                (false, _) => Next::Over,
            }
        }
        Said::Unheard => Next::Go,
    };
    keep(state, drawn, now);
    next
}

/// May a call run that the lease does not hold, while the service does not answer?
fn without(limit: &Limit, fleet: Fleet, drawn: &Drawn, held: u64, need: u64, now: u64) -> bool {
    match fleet.when_down {
        WhenDown::Open => true,
        WhenDown::Closed => false,
        WhenDown::LocalOnly => {
            let used = here(drawn, limit, now).saturating_add(held);
            used.saturating_add(need) <= limit.amount
        }
    }
}

/// The lease as it is now: what was drawn in a window that has ended is lost.
fn drawn(state: Option<&State>, now: u64) -> Drawn {
    let mut drawn = match state.map(|s| s.spent) {
        Some(Spent::Fleet(drawn)) => drawn,
        _ => Drawn::default(),
    };
    if drawn.ends <= now || drawn.ends > now.saturating_add(MAX_WINDOW) {
        drawn.balance = drawn.balance.min(0);
        drawn.room = None;
    }
    // Times further away are of a clock that was set back.
    let over = |until: u64, most: u64| until <= now || until > now.saturating_add(most);
    if over(drawn.asked_until, ANSWER) {
        drawn.asked = 0;
    }
    if over(drawn.over_until, REFUSED) {
        drawn.over_until = 0;
    }
    if over(drawn.down_until, MAX_REST) {
        drawn.down_until = 0;
    }
    drawn
}

fn ask(drawn: &mut Drawn, draw: Draw, now: u64) {
    drawn.asked = drawn.asked.saturating_add(draw.amount);
    drawn.asked_until = now.saturating_add(ANSWER);
}

/// Writes the lease back, and until when the account must be kept for it.
fn keep(state: &mut State, drawn: Drawn, now: u64) {
    let owed = if drawn.balance < 0 { now.saturating_add(MAX_REST) } else { 0 };
    let until = [drawn.ends, drawn.asked_until, drawn.over_until, drawn.down_until, owed];
    state.until = until.into_iter().fold(state.until, u64::max);
    state.spent = Spent::Fleet(drawn);
}

/// What a call must draw. What others wait for they have asked for themselves; a debt
/// that nobody has asked for yet is asked for with it.
fn lacks(limit: &Limit, drawn: &Drawn, free: i64, need: u64) -> u64 {
    let beside = match free {
        0.. => free,
        _ => free.saturating_add(signed(drawn.asked)).min(0),
    };
    u64::try_from(signed(need).saturating_sub(beside)).unwrap_or(0).min(limit.amount)
}

/// What calls may take.
fn free(drawn: &Drawn, held: u64) -> i64 {
    drawn.balance.saturating_sub(signed(held))
}

/// Has the service refused so much a moment ago?
fn refused(drawn: &Drawn, amount: u64, now: u64) -> bool {
    drawn.over_until > now && amount >= drawn.over
}

/// What this proxy has used in this turn of the clock.
fn here(drawn: &Drawn, limit: &Limit, now: u64) -> u64 {
    if drawn.start >= turn(limit, now).0 { drawn.used } else { 0 }
}

fn turn(limit: &Limit, now: u64) -> (u64, u64) {
    match &limit.window {
        Some(Window::Calendar(calendar)) => calendar.turn(now),
        _ => (now, window::whole(limit, Spent::None, now)),
    }
}

/// Rounded up to what the service counts in.
fn whole(limit: &Limit, amount: u64) -> u64 {
    limit.resource.hits(amount).saturating_mul(limit.resource.per_hit())
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
