use super::*;
use crate::config::calendar::{Calendar, zone::Zone};
use crate::config::limits::{Every, Exceeded, Resource, When};
use crate::policy::limits::{Ask, Expiry, reserve, settle};
use crate::store::accounts::Account;

const SECOND: u64 = 1_000_000_000;
const NOW: u64 = 1_700_000_000 * SECOND;

fn limit(resource: Resource, amount: u64, lease: u64, when_down: WhenDown) -> Limit {
    Limit {
        name: "shared".into(),
        id: 7,
        resource,
        amount,
        window: Some(Window::Calendar(Calendar::new(Every::Minute, Zone::UTC))),
        scopes: 0,
        when: When::default(),
        exceeded: Exceeded::Refuse,
        shadow: false,
        fleet: Some(Fleet { lease, when_down }),
    }
}

/// A call arrives; what is asked for it, or why it cannot run.
fn arrive(account: &mut Account, limit: &Limit, need: u64, now: u64) -> Result<Option<Draw>, Next> {
    let ask = Ask { limit, need };
    let until = Expiry { minute: u32::try_from(now / (60 * SECOND)).unwrap() + 5 };
    reserve(account, &[ask], until, now, &|_| false).map_err(|_| Next::Over)?;
    begin(account.state(7).unwrap(), limit, need, now)
}

fn leave(account: &mut Account, limit: &Limit, need: u64, used: u64, now: u64) {
    let until = Expiry { minute: u32::try_from(now / (60 * SECOND)).unwrap() + 5 };
    settle(account, [(Ask { limit, need }, used)], until, now);
}

fn said(
    account: &mut Account,
    limit: &Limit,
    of: (Draw, u64),
    said: Said,
    told: (Option<u64>, Option<u64>),
    now: u64,
) -> Next {
    answered(account.state(7).unwrap(), limit, of, said, told, now)
}

fn drawn_of(account: &Account) -> Drawn {
    match account.states[0].spent {
        Spent::Fleet(drawn) => drawn,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_asks_for_the_lease_and_others_for_their_own() {
    let limit = limit(Resource::Requests, 100, 10, WhenDown::Closed);
    let mut account = Account::default();
    let first = arrive(&mut account, &limit, 1, NOW).unwrap().unwrap();
    let second = arrive(&mut account, &limit, 1, NOW).unwrap().unwrap();
    assert_eq!((first.amount, first.lacks), (10, 1));
    assert_eq!((second.amount, second.lacks), (1, 1));
    let ends = Some(NOW + 30 * SECOND);
    assert_eq!(said(&mut account, &limit, (second, 1), Said::Granted, (None, ends), NOW), Next::Go);
    assert_eq!(said(&mut account, &limit, (first, 1), Said::Granted, (None, ends), NOW), Next::Go);
    assert_eq!(drawn_of(&account).balance, 11);
    // Both hold theirs: 9 are free, and for 7 calls nobody asks.
    for n in 0..7 {
        assert_eq!(arrive(&mut account, &limit, 1, NOW), Ok(None), "{n}");
    }
    let low = arrive(&mut account, &limit, 1, NOW).unwrap().unwrap();
    assert_eq!((low.amount, low.lacks), (9, 0), "up to a lease, and it does not wait");
    assert_eq!(arrive(&mut account, &limit, 1, NOW), Ok(None), "one asks");
}

#[test]
fn a_debt_is_asked_for_with_the_next_draw() {
    let limit = limit(Resource::Requests, 1_000, 100, WhenDown::Closed);
    let mut account = Account::default();
    let draw = arrive(&mut account, &limit, 10, NOW).unwrap().unwrap();
    said(&mut account, &limit, (draw, 10), Said::Granted, (None, None), NOW);
    leave(&mut account, &limit, 10, 250, NOW);
    assert_eq!(drawn_of(&account).balance, -150);
    // Also in the next window: the service has to know of it.
    let next = NOW + 60 * SECOND;
    let draw = arrive(&mut account, &limit, 10, next).unwrap().unwrap();
    assert_eq!((draw.amount, draw.lacks), (160, 160));
    said(&mut account, &limit, (draw, 10), Said::Granted, (None, None), next);
    leave(&mut account, &limit, 10, 10, next);
    assert_eq!(drawn_of(&account).balance, 0);
}

#[test]
fn tokens_are_asked_for_as_wholes_and_dollars_as_parts() {
    let tokens = Resource::Tokens(crate::config::limits::Weights::ALL);
    for (resource, need, hits) in
        [(tokens, 1_500, 2), (Resource::Dollars, 250_001, 3), (Resource::Requests, 7, 7)]
    {
        let limit = limit(resource, 1_000_000_000, 1, WhenDown::Closed);
        let draw = arrive(&mut Account::default(), &limit, need, NOW).unwrap().unwrap();
        assert_eq!(resource.hits(draw.amount), hits);
        assert_eq!(draw.amount, hits * resource.per_hit(), "no part is drawn twice");
    }
}

#[test]
fn a_refusal_holds_for_as_much_and_not_for_long() {
    let limit = limit(Resource::Requests, 1_000, 100, WhenDown::Closed);
    let mut account = Account::default();
    let draw = arrive(&mut account, &limit, 10, NOW).unwrap().unwrap();
    let next = said(&mut account, &limit, (draw, 10), Said::Over, (None, None), NOW);
    let Next::Again(less) = next else { panic!("{next:?}") };
    assert_eq!((less.amount, less.lacks), (10, 10));
    let next = said(&mut account, &limit, (less, 10), Said::Over, (None, None), NOW);
    assert_eq!(next, Next::Over);
    leave(&mut account, &limit, 10, 0, NOW);
    assert!(arrive(&mut account, &limit, 10, NOW + SECOND).is_err());
    let smaller = arrive(&mut account, &limit, 9, NOW + SECOND).unwrap().unwrap();
    assert_eq!(smaller.amount, 9, "it may have so much");
    said(&mut account, &limit, (smaller, 9), Said::Granted, (None, None), NOW + SECOND);
    leave(&mut account, &limit, 9, 9, NOW + SECOND);
    assert!(arrive(&mut account, &limit, 10, NOW + 3 * SECOND).is_ok());
}

#[test]
fn a_silent_service_is_left_alone_for_longer_each_time() {
    let limit = limit(Resource::Requests, 1_000, 100, WhenDown::Closed);
    let mut account = Account::default();
    let mut now = NOW;
    for rest in [1, 2, 4, 8, 16, 30, 30] {
        let draw = arrive(&mut account, &limit, 1, now).unwrap().unwrap();
        let next = said(&mut account, &limit, (draw, 1), Said::Nothing, (None, None), now);
        assert_eq!(next, Next::Down);
        leave(&mut account, &limit, 1, 0, now);
        assert!(arrive(&mut account, &limit, 1, now + rest * SECOND - 1).is_err());
        now += rest * SECOND;
    }
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let limit = limit(Resource::Requests, 100, 10, WhenDown::Closed);
    for answer in [Said::Over, Said::Nothing, Said::Granted, Said::Unheard] {
        let mut account = Account::default();
        let later = NOW + 365 * 86_400 * SECOND;
        let draw = arrive(&mut account, &limit, 1, later).unwrap().unwrap();
        said(&mut account, &limit, (draw, 1), answer, (None, None), later);
        leave(&mut account, &limit, 1, 0, later);
        let draw = arrive(&mut account, &limit, 1, NOW).unwrap();
        assert!(draw.is_some_and(|d| d.lacks == 1), "{answer:?}");
    }
}
