//! Windows beside what was really spent, and a clock that does what it wants.

use super::*;
use crate::config::calendar::{Calendar, zone::Zone};
use crate::config::limits::{Every, Weights, When, Window};
use crate::store::accounts::Spent;
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const NOW: u64 = 1_800_000_000 * SECOND;
const AMOUNTS: [u64; 8] =
    [1, 2, 3, 7, 1_000, 1_000_000_000_000_000, 1_000_000_000_000_000_000, u64::MAX / 2];

fn limit(resource: Resource, amount: u64, window: Option<Window>) -> Limit {
    Limit {
        name: "l".to_owned(),
        id: 7,
        resource,
        amount,
        window,
        scopes: 0,
        when: When::default(),
        exceeded: Exceeded::Refuse,
        shadow: false,
        fleet: None,
    }
}

fn bucket(amount: u64, every: Every) -> Limit {
    let window = Window::Bucket { period: every.nanos() };
    limit(Resource::Tokens(Weights::ALL), amount, Some(window))
}

fn windows(every: Every) -> [Window; 3] {
    let period = every.nanos();
    let zone = Zone::find("Australia/Lord_Howe").unwrap();
    let calendar = Window::Calendar(Calendar::new(every, zone));
    [Window::Bucket { period }, Window::Rolling { period }, calendar]
}

fn any_limit() -> impl Strategy<Value = Limit> {
    let every = [Every::Second, Every::Minute, Every::Hour, Every::Day, Every::Week, Every::Month];
    (
        0..3_usize,
        proptest::sample::select(every.to_vec()),
        proptest::sample::select(AMOUNTS.to_vec()),
    )
        .prop_map(|(kind, every, amount)| {
            let window = windows(every).into_iter().nth(kind).unwrap();
            limit(Resource::Tokens(Weights::ALL), amount, Some(window))
        })
}

fn period(limit: &Limit) -> u64 {
    match limit.window.as_ref().unwrap() {
        Window::Bucket { period } | Window::Rolling { period } => *period,
        Window::Calendar(calendar) => calendar.every.nanos(),
    }
}

/// Thousandths.
fn part(of: u64, thousandths: u64) -> u64 {
    u64::try_from(u128::from(of) * u128::from(thousandths) / 1_000).unwrap()
}

#[test]
fn a_bucket_of_three_admits_three() {
    let limit = bucket(3, Every::Minute);
    let mut spent = Spent::None;
    for n in 0..3 {
        assert_eq!(window::used(&limit, spent, NOW), n);
        spent = window::charge(&limit, spent, 1, NOW);
    }
    assert_eq!(window::used(&limit, spent, NOW), 3);
    let next = NOW + 20 * SECOND;
    assert_eq!(window::opens(&limit, spent, 2, NOW), next);
    assert_eq!(window::used(&limit, spent, next - 1), 3);
    assert_eq!(window::used(&limit, spent, next), 2);
    assert_eq!(window::whole(&limit, spent, NOW), NOW + 60 * SECOND);
}

#[test]
fn nothing_is_rounded_to_nothing() {
    // A nanosecond is worth a thousand million units.
    let limit = bucket(1_000_000_000_000_000_000, Every::Second);
    let mut spent = Spent::None;
    for n in 1..=1_000 {
        spent = window::charge(&limit, spent, 1, NOW);
        assert_eq!(window::used(&limit, spent, NOW), n);
    }
    // A unit is worth ten days, and is asked for all the time.
    let limit = bucket(3, Every::Month);
    let mut spent = window::charge(&limit, Spent::None, 3, NOW);
    let third = Every::Month.nanos() / 3;
    for n in 0..1_000 {
        spent = window::charge(&limit, spent, 0, NOW + third / 1_000 * n);
    }
    assert_eq!(window::used(&limit, spent, NOW + third - 1), 3);
    assert_eq!(window::used(&limit, spent, NOW + third), 2);
}

#[test]
fn another_amount_goes_on_with_what_was_spent() {
    let spent = window::charge(&bucket(100, Every::Minute), Spent::None, 80, NOW);
    assert_eq!(window::used(&bucket(1_000, Every::Minute), spent, NOW), 80);
    let fewer = bucket(10, Every::Minute);
    assert_eq!(window::used(&fewer, spent, NOW), 20, "as far as a bucket may be overdrawn");
    assert_eq!(window::opens(&fewer, spent, 9, NOW), NOW + 66 * SECOND);
}

#[test]
fn another_zone_goes_on_with_what_was_spent() {
    let month = |zone| {
        let calendar = Calendar::new(Every::Month, Zone::find(zone).unwrap());
        limit(Resource::Dollars, 100, Some(Window::Calendar(calendar)))
    };
    for (from, to) in [("UTC", "Europe/Berlin"), ("Europe/Berlin", "America/New_York")] {
        let (from, to) = (month(from), month(to));
        let spent = window::charge(&from, Spent::None, 60, NOW);
        let ends = window::whole(&from, spent, NOW);
        assert_eq!(window::used(&to, spent, NOW), 60);
        let spent = window::charge(&to, spent, 1, NOW);
        assert_eq!((window::used(&to, spent, ends - 1), window::used(&to, spent, ends)), (61, 0));
    }
}

#[test]
fn reservations_end_with_their_lease_and_free_nobody_elses() {
    let limit = limit(Resource::Concurrent, 2, None);
    let ask = Ask { limit: &limit, need: 1 };
    let mut account = Account::default();
    let at = |minutes: u64| NOW + minutes * MINUTE;
    let lease = |minutes: u64| Expiry { minute: minute(at(minutes)) };
    let none = |_: &Limit| false;
    reserve(&mut account, &[ask], lease(1), at(0), &none).unwrap();
    reserve(&mut account, &[ask], lease(5), at(0), &none).unwrap();
    let refused = reserve(&mut account, &[ask], lease(5), at(0), &none).unwrap_err();
    assert_eq!(
        refused,
        [Standing {
            fits: false,
            left: 0,
            opens: Some(at(0) + SOON),
            resets: at(0),
            ..Standing::default()
        }]
    );
    // The first is over its lease: its end frees nothing of the second.
    reserve(&mut account, &[ask], lease(6), at(2), &none).unwrap();
    settle(&mut account, [(ask, 1)], lease(1), at(2));
    assert!(reserve(&mut account, &[ask], lease(6), at(2), &none).is_err());
    settle(&mut account, [(ask, 1)], lease(5), at(3));
    settle(&mut account, [(ask, 1)], lease(6), at(3));
    assert!(busy_until(&account) <= at(3));
    // Set back by years: what the dead have reserved ends within two days.
    reserve(&mut account, &[ask], lease(10), at(3), &none).unwrap();
    let years = NOW / 2;
    let standing = stands(account.states.first(), ask, years);
    assert_eq!((standing.left, account.mended), (1, false));
    reserve(&mut account, &[ask], Expiry { minute: minute(years) }, years, &none).unwrap();
    assert!(account.mended);
    assert!(busy_until(&account) <= years + (u64::from(LATEST) + 1) * MINUTE);
    settle(&mut account, [(ask, 1)], lease(10), years);
    assert_eq!(stands(account.states.first(), ask, years).left, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// At that time it fits; a nanosecond before it does not.
    #[test]
    fn opens_is_right(
        limit in any_limit(),
        charges in proptest::collection::vec((0..700_u64, 0..600_u64), 1..12),
        room in 0..1_000_u64,
        back in 0..2_500_u64,
    ) {
        let (mut now, mut spent) = (NOW, Spent::None);
        for (n, wait) in charges {
            now += part(period(&limit), wait);
            spent = window::charge(&limit, spent, part(limit.amount, n).max(1), now);
        }
        let now = now - part(period(&limit), back);
        // As a call finds it.
        let spent = window::set_back(&limit, spent, now).unwrap_or(spent);
        let room = part(limit.amount, room);
        let opens = window::opens(&limit, spent, room, now);
        prop_assert!(opens >= now);
        prop_assert!(window::used(&limit, spent, opens) <= room);
        if opens > now {
            prop_assert!(window::used(&limit, spent, opens - 1) > room);
        }
        let whole = window::whole(&limit, spent, now);
        prop_assert_eq!(window::used(&limit, spent, whole), 0);
        prop_assert!(whole <= now + 3 * period(&limit) + 2 * Every::Day.nanos());
    }

    /// What fits is spent: no window sees more than it may, or less than there was.
    #[test]
    fn windows_admit_what_they_should(
        limit in any_limit(),
        calls in proptest::collection::vec((1..500_u64, 0..300_u64), 1..60),
    ) {
        let (mut now, mut spent) = (NOW, Spent::None);
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        let period = period(&limit);
        for (n, wait) in calls {
            now += part(period, wait);
            let n = part(limit.amount, n).max(1);
            let used = window::used(&limit, spent, now);
            let since = |start: u64| admitted.iter().filter(|(at, _)| *at >= start).map(|(_, n)| n).sum::<u64>();
            match limit.window.as_ref().unwrap() {
                Window::Calendar(calendar) => prop_assert_eq!(used, since(calendar.turn(now).0)),
                Window::Rolling { .. } => {
                    prop_assert!(used >= since(now - period));
                    prop_assert!(used <= since(now - period - period / 16));
                }
                Window::Bucket { .. } => {
                    // Full where a stretch began, it flows in since: for every stretch.
                    let mut sum = 0_u128;
                    for (at, n) in admitted.iter().rev() {
                        sum += u128::from(*n);
                        let most = u128::from(limit.amount)
                            + u128::from(now - at) * u128::from(limit.amount) / u128::from(period);
                        prop_assert!(sum <= most);
                        let flown = u128::from(now - at) * u128::from(limit.amount) / u128::from(period);
                        prop_assert!(u128::from(used) >= sum.saturating_sub(flown));
                    }
                    prop_assert!(u128::from(used) <= sum);
                }
            }
            if used <= limit.amount.saturating_sub(n) && n <= limit.amount {
                spent = window::charge(&limit, spent, n, now);
                admitted.push((now, n));
            }
        }
    }

    /// However far the clock goes back, and at whatever it points.
    #[test]
    fn a_clock_that_goes_back_opens_nothing_and_closes_for_a_window(
        limit in any_limit(),
        spends in 1..2_000_u64,
        back in prop_oneof![0..2_500_u64, 2_500..100_000_u64, Just(u64::MAX)],
    ) {
        let n = part(limit.amount.min(u64::MAX / 4), spends).max(1);
        let spent = window::charge(&limit, Spent::None, n, NOW);
        let period = period(&limit);
        let back = u128::from(period) * u128::from(back) / 1_000;
        let now = u64::try_from(u128::from(NOW).saturating_sub(back)).unwrap();
        let used = window::used(&limit, spent, now);
        prop_assert!(used >= window::used(&limit, spent, NOW).min(limit.amount));
        // A call that asks, or is refused, leaves it so:
        let mended = window::set_back(&limit, spent, now).unwrap_or(spent);
        prop_assert_eq!(window::used(&limit, mended, now), used);
        prop_assert!(window::set_back(&limit, mended, now).is_none(), "once");
        let opens = window::opens(&limit, mended, limit.amount.saturating_sub(1), now);
        let longest = match limit.window.as_ref().unwrap() {
            Window::Calendar(calendar) => calendar.turn(calendar.turn(now).1).1 - now,
            _ => 2 * period + period / 8,
        };
        prop_assert!(opens - now <= longest, "{} {}", opens - now, longest);
        // It can be charged there as well.
        let more = window::charge(&limit, spent, 1, now);
        prop_assert!(window::used(&limit, more, now) >= used.min(2 * limit.amount));
    }
}
