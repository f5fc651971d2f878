//! What a window holds, and when it has room again. Amounts are in the limit's own unit,
//! times are Unix nanoseconds.
//!
//! A bucket is a moment, when it will be whole again (a "theoretical arrival time":
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>); it may be overdrawn by as
//! much as it holds, the rest is forgiven. A rolling window counts in slices of a
//! sixteenth, and the oldest as a whole until it is out: it never shows less than was
//! spent. Must not: know a reservation.

use crate::config::limits::{Limit, Window};
use crate::store::accounts::{SLICES, Spent};

/// Slices of a period.
const PARTS: u64 = SLICES as u64 - 1;

/// What counts against the amount now.
pub fn used(limit: &Limit, spent: Spent, now: u64) -> u64 {
    match (&limit.window, spent) {
        (Some(Window::Bucket { period }), Spent::Bucket(whole)) => {
            // Upwards: a part of a request is one that is not there.
            let level = u128::from(level(whole, *period, now)) * u128::from(limit.amount);
            u64::try_from(level.div_ceil(u128::from(*period).max(1))).unwrap_or(u64::MAX)
        }
        (Some(Window::Calendar(calendar)), Spent::Calendar { start, used }) => {
            if start >= calendar.turn(now).0 { used } else { 0 }
        }
        (Some(Window::Rolling { period }), Spent::Rolling { .. }) => {
            let (_, slices) = rolled(spent, *period, now);
            slices.iter().fold(0, |sum: u64, n| sum.saturating_add(*n))
        }
        _ => 0,
    }
}

/// The window after `n` more were spent.
pub fn charge(limit: &Limit, spent: Spent, n: u64, now: u64) -> Spent {
    let Some(window) = &limit.window else { return Spent::None };
    match window {
        Window::Bucket { period } => {
            let whole = if let Spent::Bucket(whole) = spent { whole } else { now };
            let level = level(whole, *period, now).saturating_add(share(n, *period, limit.amount));
            Spent::Bucket(now.saturating_add(level.min(2 * period)))
        }
        Window::Calendar(calendar) => {
            let (begin, _) = calendar.turn(now);
            match spent {
                Spent::Calendar { start, used } if start >= begin => {
                    Spent::Calendar { start, used: used.saturating_add(n) }
                }
                _ => Spent::Calendar { start: begin, used: n },
            }
        }
        Window::Rolling { period } => {
            let (at, mut slices) = rolled(spent, *period, now);
            if let Some(slice) = slices.get_mut((at % SLICES as u64) as usize) {
                *slice = slice.saturating_add(n);
            }
            Spent::Rolling { at, slices }
        }
    }
}

/// When no more than `room` counts against the amount, if nothing else is spent: `now`
/// where that is so already.
pub fn opens(limit: &Limit, spent: Spent, room: u64, now: u64) -> u64 {
    if used(limit, spent, now) <= room {
        return now;
    }
    match (&limit.window, spent) {
        (Some(Window::Bucket { period }), Spent::Bucket(whole)) => {
            let level = level(whole, *period, now);
            now.saturating_add(level.saturating_sub(share(room, *period, limit.amount)))
        }
        (Some(Window::Calendar(calendar)), _) => calendar.turn(now).1,
        (Some(Window::Rolling { period }), Spent::Rolling { .. }) => {
            let slice = (period / PARTS).max(1);
            let (at, slices) = rolled(spent, *period, now);
            let mut left = slices.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
            for age in (0..SLICES as u64).rev() {
                let oldest = at.saturating_sub(age);
                left -= slices.get((oldest % SLICES as u64) as usize).copied().unwrap_or(0);
                if left <= room {
                    return (oldest + SLICES as u64).saturating_mul(slice);
                }
            }
            now.saturating_add(*period)
        }
        _ => now,
    }
}

/// When nothing counts any more, if nothing else is spent.
pub fn whole(limit: &Limit, spent: Spent, now: u64) -> u64 {
    opens(limit, spent, 0, now)
}

/// How far a bucket is from whole, in nanoseconds. More than two periods are never owed:
/// then the clock was set back, and would keep it closed for as long.
fn level(whole: u64, period: u64, now: u64) -> u64 {
    Some(whole.saturating_sub(now)).filter(|owed| *owed <= 2 * period).unwrap_or(0)
}

/// `n` parts of `of`, as many as `whole` has.
fn share(n: u64, of: u64, whole: u64) -> u64 {
    let part = (u128::from(n) * u128::from(of)).checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// The slices as they are now, and the number of the latest.
fn rolled(spent: Spent, period: u64, now: u64) -> (u64, [u64; SLICES]) {
    let at = now / (period / PARTS).max(1);
    let Spent::Rolling { at: last, mut slices } = spent else { return (at, [0; SLICES]) };
    if at.saturating_sub(last) >= SLICES as u64 || last.saturating_sub(at) > SLICES as u64 {
        return (at, [0; SLICES]);
    }
    for n in last + 1..=at {
        if let Some(slice) = slices.get_mut((n % SLICES as u64) as usize) {
            *slice = 0;
        }
    }
    (at.max(last), slices)
}
