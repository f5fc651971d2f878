//! What a window holds, and when it has room again. Amounts are in the limit's own unit,
//! times are Unix nanoseconds.
//!
//! - A **bucket** is what it lacks, and refills by its amount per period, exactly: a unit is
//!   back when it is whole, nothing is rounded in favour of either side. It holds its amount
//!   at once, so a stretch as long as its period sees twice the amount at worst: a full
//!   bucket, and what flows in. It may be overdrawn by as much as it holds; what goes beyond
//!   is forgiven, so that it is closed for one period at most. Others store the moment when
//!   it is full (a "theoretical arrival time",
//!   <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>): that rounds small needs
//!   to nothing where a nanosecond is worth many units.
//! - A **rolling** window counts in slices of a sixteenth, and the oldest as a whole until
//!   it is out: it never shows less than was spent in the last period, nor anything that is
//!   older than a period and a sixteenth.
//! - A **calendar** counts until its turn is over. What was spent in a turn of another time
//!   zone counts until that would have ended.
//!
//! Workers read the clock a moment before they write, so times may lie a little ahead of
//! `now`: for up to a period they are taken as they are, and the window rests until the
//! clock has caught up. What lies further ahead was written before the clock was set back,
//! by whatever amount; `set_back` counts it as if it were spent now. So a clock can close a
//! window for one more period, and never open it. Must not: know a reservation.

use crate::config::limits::{Limit, Window};
use crate::store::accounts::{SLICES, Spent};

/// Slices of a period.
const PARTS: u64 = SLICES as u64 - 1;

/// What counts against the amount now.
pub fn used(limit: &Limit, spent: Spent, now: u64) -> u64 {
    match (&limit.window, set_back(limit, spent, now).unwrap_or(spent)) {
        (Some(Window::Bucket { period }), Spent::Bucket { at, lacks }) => {
            ratio(refilled((at, lacks), (limit.amount, *period), now), *period)
        }
        (Some(Window::Calendar(_)), Spent::Calendar { until, used }) if now < until => used,
        (Some(Window::Rolling { period }), spent @ Spent::Rolling { .. }) => {
            sum(&rolled(spent, *period, now).1)
        }
        _ => 0,
    }
}

/// The window after `n` more were spent.
pub fn charge(limit: &Limit, spent: Spent, n: u64, now: u64) -> Spent {
    let Some(window) = &limit.window else { return Spent::None };
    let spent = set_back(limit, spent, now).unwrap_or(spent);
    match window {
        Window::Bucket { period } => {
            let (at, lacks) = match spent {
                Spent::Bucket { at, lacks } => (at, lacks),
                _ => (now, 0),
            };
            let lacks = refilled((at, lacks), (limit.amount, *period), now);
            let lacks = lacks + u128::from(n) * u128::from(*period);
            Spent::Bucket { at: at.max(now), lacks: lacks.min(2 * whole_of(limit.amount, *period)) }
        }
        Window::Calendar(calendar) => match spent {
            Spent::Calendar { until, used } if now < until => {
                Spent::Calendar { until, used: used.saturating_add(n) }
            }
            _ => Spent::Calendar { until: calendar.turn(now).1, used: n },
        },
        Window::Rolling { period } => {
            let (at, mut slices) = rolled(spent, *period, now);
            if let Some(slice) = slices.get_mut(slot(at)) {
                *slice = slice.saturating_add(n);
            }
            Spent::Rolling { at, slices }
        }
    }
}

/// When no more than `room` counts against the amount, if nothing else is spent: `now`
/// where that is so already.
pub fn opens(limit: &Limit, spent: Spent, room: u64, now: u64) -> u64 {
    match (&limit.window, set_back(limit, spent, now).unwrap_or(spent)) {
        // As many units as fit, without a division to count them.
        (Some(Window::Bucket { period }), Spent::Bucket { at, lacks })
            if refilled((at, lacks), (limit.amount, *period), now) > whole_of(room, *period) =>
        {
            let lacks = lacks.min(2 * whole_of(limit.amount, *period));
            let beyond = lacks.saturating_sub(whole_of(room, *period));
            at.saturating_add(ratio(beyond, limit.amount))
        }
        (Some(Window::Bucket { .. }), _) => now,
        (_, spent) if used(limit, spent, now) <= room => now,
        (Some(Window::Calendar(_)), Spent::Calendar { until, .. }) => until,
        (Some(Window::Rolling { period }), spent @ Spent::Rolling { .. }) => {
            let (at, mut slices) = rolled(spent, *period, now);
            for age in (0..SLICES as u64).rev() {
                // As many slices as time has had: the first ones have no others before.
                let Some(oldest) = at.checked_sub(age) else { continue };
                if let Some(slice) = slices.get_mut(slot(oldest)) {
                    *slice = 0;
                }
                if sum(&slices) <= room {
                    return oldest.saturating_add(SLICES as u64).saturating_mul(slice_of(*period));
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

/// The window as it is to be seen where its times lie more than a period ahead: all that
/// counts was spent now, and no more than the amount of an overdrawn bucket.
pub fn set_back(limit: &Limit, spent: Spent, now: u64) -> Option<Spent> {
    match (limit.window.as_ref()?, spent) {
        (Window::Bucket { period }, Spent::Bucket { at, lacks }) => {
            let lacks = lacks.min(whole_of(limit.amount, *period));
            (at.saturating_sub(now) > *period).then_some(Spent::Bucket { at: now, lacks })
        }
        (Window::Calendar(calendar), Spent::Calendar { until, used }) => {
            let (_, end) = calendar.turn(now);
            let ahead = until > end && until > calendar.find(end).1;
            ahead.then_some(Spent::Calendar { until: end, used })
        }
        (Window::Rolling { period }, Spent::Rolling { at, slices: ahead }) => {
            let latest = now / slice_of(*period);
            if at.saturating_sub(latest) <= PARTS {
                return None;
            }
            let mut slices = [0; SLICES];
            if let Some(slice) = slices.get_mut(slot(latest)) {
                *slice = sum(&ahead);
            }
            Some(Spent::Rolling { at: latest, slices })
        }
        _ => None,
    }
}

/// What a bucket lacks now.
fn refilled((at, lacks): (u64, u128), (amount, period): (u64, u64), now: u64) -> u128 {
    let inflow = u128::from(now.saturating_sub(at)) * u128::from(amount);
    // Of a larger amount than now, perhaps.
    lacks.min(2 * whole_of(amount, period)).saturating_sub(inflow)
}

/// Upwards. Exact, by guesses in floating point that are never too high: wasm takes 0.1 us
/// for a division of 128 bits, and a call makes half a dozen.
fn ratio(of: u128, by: u64) -> u64 {
    let by = by.max(1);
    let (mut rest, mut ratio) = (of, 0_u64);
    loop {
        if let Ok(rest) = u64::try_from(rest) {
            return ratio.saturating_add(rest.div_ceil(by));
        }
        // Four roundings, each of 2^-53 at most.
        let guess = (rest as f64 / by as f64 * (1.0 - 1e-15)) as u64;
        if guess == u64::MAX {
            return guess;
        }
        // What 64 bits do not hold is more than `by`.
        let guess = guess.max(1);
        rest -= u128::from(guess) * u128::from(by);
        ratio = ratio.saturating_add(guess);
    }
}

/// So many units, as a bucket counts them.
fn whole_of(units: u64, period: u64) -> u128 {
    u128::from(units) * u128::from(period)
}

/// The slices as they are now, and the number of the latest.
fn rolled(spent: Spent, period: u64, now: u64) -> (u64, [u64; SLICES]) {
    let at = now / slice_of(period);
    let Spent::Rolling { at: last, mut slices } = spent else { return (at, [0; SLICES]) };
    if at.saturating_sub(last) >= SLICES as u64 {
        return (at, [0; SLICES]);
    }
    for n in last.saturating_add(1)..=at {
        if let Some(slice) = slices.get_mut(slot(n)) {
            *slice = 0;
        }
    }
    (at.max(last), slices)
}

fn sum(slices: &[u64; SLICES]) -> u64 {
    slices.iter().fold(0, |sum, n| sum.saturating_add(*n))
}

fn slice_of(period: u64) -> u64 {
    (period / PARTS).max(1)
}

fn slot(at: u64) -> usize {
    (at % SLICES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn ratios_are_what_divisions_say(
            high: u64,
            low: u64,
            by: u64,
            shifts in (0..128_u32, 0..64_u32),
            near in -3..3_i128,
        ) {
            let by = (by >> shifts.1).max(1);
            let any = (u128::from(high) << 64 | u128::from(low)) >> shifts.0;
            let whole = (any / u128::from(by) * u128::from(by)).saturating_add_signed(near);
            for of in [any, whole] {
                let right = u64::try_from(of.div_ceil(u128::from(by))).unwrap_or(u64::MAX);
                prop_assert_eq!(ratio(of, by), right);
            }
        }
    }

    #[test]
    fn ratios_of_the_largest_end() {
        for (of, by) in [(u128::MAX, 1), (u128::MAX, u64::MAX), (1 << 127, 0), (1 << 64, u64::MAX)]
        {
            let right = u64::try_from(of.div_ceil(u128::from(by.max(1)))).unwrap_or(u64::MAX);
            assert_eq!(ratio(of, by), right);
        }
    }
}
