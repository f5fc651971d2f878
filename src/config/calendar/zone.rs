//! Time zones, by the rule that holds from now on.
//!
//! `zones.tsv` has each IANA name and the POSIX TZ string its TZif file ends with
//! (RFC 9636: <https://www.rfc-editor.org/rfc/rfc9636#section-3.3>; the grammar:
//! <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>). What is
//! limited lies ahead, so the past of a zone is not needed; nor is a library: the rule is
//! a page (jiff adds 64 KiB to a wasm module, tz-rs 51 KiB; the table here is 10 KiB of text).
//! What a rule cannot say is off by an hour: Gaza and Hebron during Ramadan, and a change
//! that is announced for later takes place with the table. Must not: read files.

use super::{DAY, civil, days};

/// How far clocks are ahead of UTC, in seconds, and when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Summer {
    offset: i64,
    begins: Change,
    ends: Change,
}

/// A day of the year, and seconds after its midnight by the clocks before the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// 1 to 365, never 29 February.
    Julian(i64),
    /// 0 to 365.
    OfYear(i64),
    /// Month, which (5: the last), weekday (0: Sunday).
    Weekday(i64, i64, i64),
}

const TABLE: &str = include_str!("zones.tsv");

// === impl Zone ===

impl Zone {
    pub const UTC: Self = Self { standard: 0, summer: None };

    /// By an IANA name or a POSIX TZ string. `Err`: the known name that is most like it.
    pub fn find(name: &str) -> Result<Self, Option<&'static str>> {
        Self::parse(rule(name).unwrap_or(name)).ok_or_else(|| nearest(name))
    }

    /// All names, for tests and lists.
    pub fn names() -> impl Iterator<Item = &'static str> {
        rows().flat_map(|(_, names)| names.split(' '))
    }

    /// A POSIX TZ string: `CET-1CEST,M3.5.0,M10.5.0/3`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = &mut &*text;
        word(rest)?;
        let standard = -clock(rest, 24)?;
        if rest.is_empty() {
            return Some(Self { standard, summer: None });
        }
        word(rest)?;
        let offset = match rest.starts_with(',') {
            true => standard + 3_600,
            false => -clock(rest, 24)?,
        };
        let (begins, ends) = (change(rest)?, change(rest)?);
        let summer = Some(Summer { offset, begins, ends });
        rest.is_empty().then_some(Self { standard, summer })
    }

    /// Of local time at a moment; Unix seconds.
    pub(super) fn offset(&self, at: i64) -> i64 {
        let last = self.changes(at).take_while(|(change, _)| *change <= at).last();
        last.map_or(self.standard, |(_, offset)| offset)
    }

    /// The changes around a moment, a year at least to either side: when, and the offset
    /// from then on.
    pub(super) fn changes(&self, at: i64) -> impl Iterator<Item = (i64, i64)> + use<> {
        let mut all = [(0, 0); 6];
        let mut count = 0;
        if let Some(summer) = self.summer {
            let (year, ..) = civil(at.div_euclid(DAY));
            for (pair, year) in all.chunks_mut(2).zip(year - 1..) {
                let begins = (summer.begins.local(year) - self.standard, summer.offset);
                let ends = (summer.ends.local(year) - summer.offset, self.standard);
                // Where one follows the other at once, summer goes on all year.
                pair.copy_from_slice(&[ends, begins]);
            }
            all.sort_by_key(|(at, _)| *at);
            count = all.len();
        }
        all.into_iter().take(count)
    }

    /// The first moment at which clocks have shown a local time.
    pub(super) fn reached(&self, local: i64) -> i64 {
        let mut offset = self.offset(local - 400 * DAY);
        let mut since = i64::MIN;
        for (at, after) in self.changes(local) {
            if (local - offset).max(since) < at {
                break;
            }
            (since, offset) = (at, after);
        }
        (local - offset).max(since)
    }
}

// === impl Change ===

impl Change {
    /// In a year, by the clocks before it, in seconds from 1970.
    fn local(self, year: i64) -> i64 {
        let new_year = days(year, 1, 1);
        let day = match self.day {
            Day::OfYear(n) => new_year + n,
            Day::Julian(n) => {
                let leaps = days(year, 3, 1) - new_year == 60;
                new_year + n - i64::from(n < 60 || !leaps)
            }
            Day::Weekday(month, which, weekday) => {
                let first = days(year, month, 1);
                let next =
                    if month == 12 { days(year + 1, 1, 1) } else { days(year, month + 1, 1) };
                // 1970-01-01 was a Thursday.
                let day = first + (weekday - first - 4).rem_euclid(7) + 7 * (which - 1);
                if day >= next { day - 7 } else { day }
            }
        };
        day * DAY + self.time
    }
}

/// Rules and the names that have them.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter_map(|line| line.split_once('\t'))
}

/// Of an IANA name.
pub(super) fn rule(name: &str) -> Option<&'static str> {
    let (rule, _) = rows().find(|(_, names)| names.split(' ').any(|known| known == name))?;
    Some(rule)
}

/// An abbreviation: letters, or anything within angle brackets.
fn word(rest: &mut &str) -> Option<()> {
    let (word, after) = match rest.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?,
        None => rest.split_at(rest.bytes().take_while(u8::is_ascii_alphabetic).count()),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '-';
    *rest = after;
    (word.len() >= 3 && word.chars().all(fits)).then_some(())
}

/// Hours, minutes, seconds, with or without a sign, in seconds.
fn clock(rest: &mut &str, most: i64) -> Option<i64> {
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let mut seconds = number(rest, most)? * 3_600;
    for unit in [60, 1] {
        let Some(after) = rest.strip_prefix(':') else { break };
        *rest = after;
        seconds += number(rest, 59)? * unit;
    }
    Some(sign * seconds)
}

fn number(rest: &mut &str, most: i64) -> Option<i64> {
    let (digits, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    *rest = after;
    digits.parse().ok().filter(|n| *n <= most)
}

fn change(rest: &mut &str) -> Option<Change> {
    *rest = rest.strip_prefix(',')?;
    let day = if let Some(after) = rest.strip_prefix('M') {
        *rest = after;
        let month = number(rest, 12)?;
        *rest = rest.strip_prefix('.')?;
        let which = number(rest, 5)?;
        *rest = rest.strip_prefix('.')?;
        (month >= 1 && which >= 1).then_some(Day::Weekday(month, which, number(rest, 6)?))?
    } else if let Some(after) = rest.strip_prefix('J') {
        *rest = after;
        Day::Julian(number(rest, 365).filter(|n| *n >= 1)?)
    } else {
        Day::OfYear(number(rest, 365)?)
    };
    let time = match rest.strip_prefix('/') {
        Some(after) => {
            *rest = after;
            clock(rest, 167)?
        }
        None => 7_200,
    };
    Some(Change { day, time })
}

/// The known name that is meant: the zone of that city, or the one with the fewest letters
/// to change if those are few.
fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > 64 {
        return None;
    }
    let asked = name.to_ascii_lowercase().replace(' ', "_");
    let distances = Zone::names().map(|zone| (distance(&asked, &zone.to_ascii_lowercase()), zone));
    let (distance, zone) = distances.min_by_key(|(distance, _)| *distance)?;
    let is_city = |zone: &&str| {
        zone.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(&asked))
    };
    match Zone::names().find(is_city) {
        Some(city) if distance > 0 => Some(city),
        _ => (distance <= 1 + asked.len() / 4).then_some(zone),
    }
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (above, b) in row.iter_mut().zip(std::iter::once(None).chain(b.bytes().map(Some))) {
            let Some(b) = b else {
                *above = i + 1;
                continue;
            };
            let here = (corner + usize::from(a != b)).min(left + 1).min(*above + 1);
            corner = std::mem::replace(above, here);
            left = here;
        }
    }
    row.last().copied().unwrap_or(0)
}
