//! Turns of a calendar: from one beginning of a second, minute, hour, day, week (on
//! Monday, ISO 8601) or month to the next, as a zone's clocks show them.
//!
//! Turns follow each other without gap or overlap. A day has 23, 24 or 25 hours where
//! clocks change, and begins with the first moment at which they show its date; where
//! they are set back over midnight, the day that has begun goes on. An hour is cut where
//! clocks change by no whole hour. What is asked for again and again is the turn that
//! runs: it is kept. Must not: read a clock.

use super::limits::Every;
use std::cell::Cell;
use zone::Zone;

pub mod zone;

#[derive(Debug)]
pub struct Calendar {
    pub every: Every,
    zone: Zone,
    /// The turn that was asked for last.
    last: Cell<(u64, u64)>,
}

const SECOND: u64 = 1_000_000_000;
const DAY: i64 = 86_400;

// === impl Calendar ===

impl Calendar {
    pub fn new(every: Every, zone: Zone) -> Self {
        Self { every, zone, last: Cell::new((0, 0)) }
    }

    /// The turn that `now` falls into: its begin and its end, Unix nanoseconds.
    pub fn turn(&self, now: u64) -> (u64, u64) {
        let (start, end) = self.last.get();
        if start <= now && now < end {
            return (start, end);
        }
        let turn = self.find(now);
        self.last.set(turn);
        turn
    }

    /// The same, without remembering it.
    pub fn find(&self, now: u64) -> (u64, u64) {
        let now = (now / SECOND) as i64;
        let (start, end) = match self.every {
            Every::Second => self.part(now, 1),
            Every::Minute => self.part(now, 60),
            Every::Hour => self.part(now, 3_600),
            Every::Day | Every::Week | Every::Month => self.days(now),
        };
        let nanos = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND);
        (nanos(start), nanos(end))
    }

    /// Of a day, in seconds.
    fn part(&self, now: i64, period: i64) -> (i64, i64) {
        let offset = self.zone.offset(now);
        let start = now - (now + offset).rem_euclid(period);
        let (mut from, mut to) = (start, start + period);
        let mut before = offset;
        for (at, after) in self.zone.changes(now) {
            if (after - before) % period != 0 {
                if at <= now {
                    from = from.max(at);
                } else {
                    to = to.min(at);
                }
            }
            before = after;
        }
        (from, to)
    }

    fn days(&self, now: i64) -> (i64, i64) {
        let today = (now + self.zone.offset(now)).div_euclid(DAY);
        let mut first = match self.every {
            // 1970-01-01 was a Thursday.
            Every::Week => today - (today + 3).rem_euclid(7),
            Every::Month => {
                let (year, month, _) = civil(today);
                days(year, month, 1)
            }
            _ => today,
        };
        loop {
            let next = self.next(first);
            let end = self.zone.reached(next * DAY);
            if end > now {
                return (self.zone.reached(first * DAY), end);
            }
            // Clocks showed the next one already, and were set back.
            first = next;
        }
    }

    fn next(&self, first: i64) -> i64 {
        match self.every {
            Every::Week => first + 7,
            Every::Month => match civil(first) {
                (year, 12, _) => days(year + 1, 1, 1),
                (year, month, _) => days(year, month + 1, 1),
            },
            _ => first + 1,
        }
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar:
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way round: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
