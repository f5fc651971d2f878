//! Turns by hand where clocks change; every rule beside jiff's arithmetic, and the table
//! beside jiff's own database.

use super::*;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ALL: [Every; 6] =
    [Every::Second, Every::Minute, Every::Hour, Every::Day, Every::Week, Every::Month];
/// The rules of the table hold from then on: Cuba's next change is at the end of 2027.
const FROM: i64 = 1_830_297_600; // 2028-01-01
const TO: i64 = 2_398_377_600; // 2046-01-01
/// Ramadan moves through the year: no rule can say when.
const RAMADAN: [&str; 2] = ["Asia/Gaza", "Asia/Hebron"];

fn nanos(text: &str) -> u64 {
    u64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap()
}

fn calendar(every: Every, zone: &str) -> Calendar {
    Calendar::new(every, Zone::find(zone).unwrap())
}

/// The turns around a moment: each as long as it should be, in hours.
#[track_caller]
fn turn(every: Every, zone: &str, now: &str, start: &str, end: &str) {
    let calendar = calendar(every, zone);
    assert_eq!(calendar.turn(nanos(now)), (nanos(start), nanos(end)), "{zone} {every:?} at {now}");
}

#[test]
fn days_where_clocks_change() {
    use Every::Day;
    // 23 and 25 hours.
    turn(
        Day,
        "Europe/Berlin",
        "2027-03-28T12:00:00Z",
        "2027-03-27T23:00:00Z",
        "2027-03-28T22:00:00Z",
    );
    turn(
        Day,
        "Europe/Berlin",
        "2027-10-31T12:00:00Z",
        "2027-10-30T22:00:00Z",
        "2027-10-31T23:00:00Z",
    );
    turn(
        Day,
        "Europe/Berlin",
        "2027-10-31T22:59:59Z",
        "2027-10-30T22:00:00Z",
        "2027-10-31T23:00:00Z",
    );
    // No midnight: the day begins at one o'clock.
    turn(
        Day,
        "Africa/Cairo",
        "2028-04-28T12:00:00Z",
        "2028-04-27T22:00:00Z",
        "2028-04-28T21:00:00Z",
    );
    turn(
        Day,
        "Asia/Beirut",
        "2028-03-26T12:00:00Z",
        "2028-03-25T22:00:00Z",
        "2028-03-26T21:00:00Z",
    );
    // Midnight twice: the day begins at the first.
    turn(
        Day,
        "America/Havana",
        "2028-11-05T04:30:00Z",
        "2028-11-05T04:00:00Z",
        "2028-11-06T05:00:00Z",
    );
    turn(
        Day,
        "America/Havana",
        "2028-11-05T05:30:00Z",
        "2028-11-05T04:00:00Z",
        "2028-11-06T05:00:00Z",
    );
    // At midnight back to 23 o'clock: the old day goes on.
    turn(
        Day,
        "America/Nuuk",
        "2028-10-29T01:30:00Z",
        "2028-10-28T01:00:00Z",
        "2028-10-29T02:00:00Z",
    );
    // A minute after midnight back to 23:01: the day that has begun goes on.
    let odd = "AAA3BBB,M3.2.0/0:01,M11.1.0/0:01";
    for now in ["2028-11-05T02:00:30Z", "2028-11-05T02:30:00Z", "2028-11-05T03:30:00Z"] {
        turn(Day, odd, now, "2028-11-05T02:00:00Z", "2028-11-06T03:00:00Z");
    }
    turn(Day, odd, "2028-11-05T01:59:59Z", "2028-11-04T02:00:00Z", "2028-11-05T02:00:00Z");
}

#[test]
fn weeks_months_and_leap_years() {
    use Every::{Month, Week};
    turn(Week, "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
    turn(Week, "UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
    turn(
        Week,
        "Europe/Berlin",
        "2027-03-28T12:00:00Z",
        "2027-03-21T23:00:00Z",
        "2027-03-28T22:00:00Z",
    );
    turn(Month, "UTC", "2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
    turn(Month, "UTC", "2027-02-28T23:59:59Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z");
    turn(Month, "UTC", "2100-02-28T23:59:59Z", "2100-02-01T00:00:00Z", "2100-03-01T00:00:00Z");
    turn(
        Month,
        "Europe/Berlin",
        "2026-12-31T22:59:59Z",
        "2026-11-30T23:00:00Z",
        "2026-12-31T23:00:00Z",
    );
    turn(
        Month,
        "Europe/Berlin",
        "2026-12-31T23:00:00Z",
        "2026-12-31T23:00:00Z",
        "2027-01-31T23:00:00Z",
    );
    turn(
        Month,
        "Pacific/Kiritimati",
        "2027-10-31T10:00:00Z",
        "2027-10-31T10:00:00Z",
        "2027-11-30T10:00:00Z",
    );
    // The first of the month begins twice.
    turn(
        Month,
        "America/Havana",
        "2026-11-01T05:10:00Z",
        "2026-11-01T04:00:00Z",
        "2026-12-01T05:00:00Z",
    );
}

#[test]
fn hours_of_half_hours() {
    use Every::Hour;
    turn(
        Hour,
        "Asia/Kolkata",
        "2027-01-01T00:29:59Z",
        "2026-12-31T23:30:00Z",
        "2027-01-01T00:30:00Z",
    );
    turn(
        Hour,
        "Asia/Kathmandu",
        "2027-01-01T00:20:00Z",
        "2027-01-01T00:15:00Z",
        "2027-01-01T01:15:00Z",
    );
    // By a whole hour at 02:45: the hour that runs goes on at 03:45.
    turn(
        Hour,
        "Pacific/Chatham",
        "2026-09-26T14:00:00Z",
        "2026-09-26T13:15:00Z",
        "2026-09-26T14:15:00Z",
    );
    // Clocks change by half an hour: at two back to half past one, and forth.
    turn(
        Hour,
        "Australia/Lord_Howe",
        "2027-04-03T14:59:59Z",
        "2027-04-03T14:00:00Z",
        "2027-04-03T15:00:00Z",
    );
    turn(
        Hour,
        "Australia/Lord_Howe",
        "2027-04-03T15:00:00Z",
        "2027-04-03T15:00:00Z",
        "2027-04-03T15:30:00Z",
    );
    turn(
        Hour,
        "Australia/Lord_Howe",
        "2027-10-02T15:30:00Z",
        "2027-10-02T15:30:00Z",
        "2027-10-02T16:00:00Z",
    );
    // By a whole one: no hour is cut.
    turn(
        Hour,
        "Europe/Berlin",
        "2027-10-31T00:59:59Z",
        "2027-10-31T00:00:00Z",
        "2027-10-31T01:00:00Z",
    );
    turn(
        Hour,
        "Europe/Berlin",
        "2027-10-31T01:00:00Z",
        "2027-10-31T01:00:00Z",
        "2027-10-31T02:00:00Z",
    );
}

#[test]
fn times_at_the_ends() {
    for every in ALL {
        for zone in ["UTC", "America/Los_Angeles", "Pacific/Auckland"] {
            let calendar = calendar(every, zone);
            let (start, end) = calendar.turn(0);
            assert!(start == 0 && end > 0, "{every:?} {zone}");
            let (start, end) = calendar.turn(u64::MAX);
            assert!(start > u64::MAX / 2 && end == u64::MAX, "{every:?} {zone}");
        }
    }
}

#[test]
fn names_and_rules() {
    assert_eq!(Zone::find("UTC"), Ok(Zone::UTC));
    assert_eq!(Zone::find("Europe/Berlin"), Zone::find("CET-1CEST,M3.5.0,M10.5.0/3"));
    assert_eq!(Zone::find("Asia/Calcutta"), Zone::find("Asia/Kolkata"));
    assert_eq!(Zone::find("US/Eastern"), Zone::find("America/New_York"));
    for (wrong, nearest) in [
        ("Europe/Berlni", Some("Europe/Berlin")),
        ("europe/berlin", Some("Europe/Berlin")),
        ("Berlin", Some("Europe/Berlin")),
        ("America/New York", Some("America/New_York")),
        ("utc", Some("UTC")),
        ("Middle-earth/Mordor", None),
        ("", None),
        ("CET-1CEST", None),
        ("CET-25", None),
        ("CET-1CEST,M3.5.0,M10.5.0/3 ", None),
        ("CET-1CEST,M13.5.0,M10.5.0/3", None),
        ("CET-1CEST,J0,J365", None),
    ] {
        assert_eq!(Zone::find(wrong), Err(nearest), "{wrong}");
    }
    assert_eq!(Zone::find(&"x".repeat(1 << 20)), Err(None));
    // Summer all year (RFC 9636, 3.3.1).
    let always = Zone::parse("XXX3EDT4,0/0,J365/23").unwrap();
    let year = 1_830_297_600;
    assert!((0..366).all(|day| always.offset(year + day * DAY) == -4 * 3_600));
}

/// Also finds a table that is older than jiff's: `make zones`.
#[test]
fn the_table_is_what_the_database_says() {
    let mut differ = BTreeSet::new();
    for name in Zone::names() {
        let zone = Zone::find(name).unwrap();
        let theirs = TimeZone::get(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        // jiff's own moments of change, and each day's noon.
        let start = Timestamp::from_second(FROM).unwrap();
        let changes = theirs.following(start).map(|t| t.timestamp().as_second());
        let changes = changes.take_while(|at| *at < TO).flat_map(|at| [at - 1, at]);
        for at in changes.chain((FROM..TO).step_by(86_400 * 5)) {
            let offset = theirs.to_offset(Timestamp::from_second(at).unwrap()).seconds();
            if i64::from(offset) != zone.offset(at) {
                differ.insert(name);
            }
        }
    }
    assert_eq!(differ, BTreeSet::from(RAMADAN));
    assert!(Zone::names().count() > 590);
}

/// What jiff says a turn of days is.
fn theirs(every: Every, zone: &TimeZone, now: Timestamp) -> (u64, u64) {
    let today = now.to_zoned(zone.clone()).date();
    let (first, next) = match every {
        Every::Week => {
            let first = today.tomorrow().unwrap().nth_weekday(-1, Weekday::Monday).unwrap();
            (first, first + 7.days())
        }
        Every::Month => (today.first_of_month(), today.first_of_month() + 1.month()),
        _ => (today, today + 1.day()),
    };
    let begin = |date: Date| {
        let begin = date.to_zoned(zone.clone()).unwrap().start_of_day().unwrap();
        u64::try_from(begin.timestamp().as_nanosecond()).unwrap()
    };
    (begin(first), begin(next))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn turns_are_what_jiff_says(
        zone in proptest::sample::select(Zone::names().collect::<Vec<_>>()),
        every in proptest::sample::select(ALL.to_vec()),
        at in 1_704_067_200..TO,
        // Most moments are dull: every other one stands beside a change.
        near in proptest::option::of(-90_000_i64..90_000),
        nano in 0..SECOND,
    ) {
        let calendar = calendar(every, zone);
        let theirs_zone = TimeZone::posix(zone::rule(zone).unwrap()).unwrap();
        let at = near.and_then(|near| {
            let after = theirs_zone.following(Timestamp::from_second(at).unwrap()).next()?;
            Some((after.timestamp().as_second() + near).min(TO))
        }).unwrap_or(at);
        let now = u64::try_from(at).unwrap() * SECOND + nano;
        let (start, end) = calendar.turn(now);

        // Without gap or overlap, and the same whenever it is asked for.
        prop_assert!(start <= now && now < end);
        for inside in [start, now, end - 1] {
            prop_assert_eq!(calendar.find(inside), (start, end));
        }
        prop_assert_eq!(calendar.turn(end).0, end);
        prop_assert_eq!(calendar.turn(start - 1).1, start);
        prop_assert_eq!(calendar.turn(now), (start, end), "back again");

        let moment = |nanos: u64| Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
        match every {
            Every::Day | Every::Week | Every::Month => {
                prop_assert_eq!((start, end), theirs(every, &theirs_zone, moment(now)));
            }
            _ => {
                let seconds: i64 = match every {
                    Every::Second => 1,
                    Every::Minute => 60,
                    _ => 3_600,
                };
                prop_assert!(end - start <= seconds.unsigned_abs() * SECOND);
                // Which of the clock's it is. Clocks set by whole ones go on with the same:
                // at Chatham's 02:45, an hour is as far as it is at the 03:45 that follows.
                let offset = |nanos: u64| i64::from(theirs_zone.to_offset(moment(nanos)).seconds());
                let part = |nanos: u64| {
                    let shown = (nanos / SECOND) as i64 + offset(nanos).rem_euclid(seconds);
                    shown.div_euclid(seconds)
                };
                prop_assert!(part(start) == part(now) && part(now) == part(end - 1));
                // Each end is a whole one of the clock, or a change.
                for edge in [start, end] {
                    let changed = offset(edge) != offset(edge - 1);
                    prop_assert!(part(edge) != part(edge - 1) || changed);
                }
            }
        }
    }
}
