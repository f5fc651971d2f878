//! The layout, the table, and what is held.

use super::*;
use std::cell::RefCell;
use std::collections::HashMap;

const NOW: u64 = 1_800_000_000_000_000_000;

#[derive(Default)]
struct Fake(RefCell<HashMap<String, (Vec<u8>, u32)>>);

impl Store for Fake {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        let values = self.0.borrow();
        let value = values.get(key);
        (value.map(|(bytes, _)| bytes.clone()), Ticket(value.map(|(_, version)| *version)))
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        let mut values = self.0.borrow_mut();
        let version = values.get(key).map(|(_, version)| *version);
        let won = version == ticket.0;
        if won {
            values.insert(key.to_owned(), (value.to_vec(), version.unwrap_or(0) + 1));
        }
        won
    }
}

fn full() -> Account {
    let state = |limit, spent, held: &[(u32, u64)]| State {
        limit,
        until: NOW + limit,
        spent,
        held: Held(held.into()),
    };
    let mut slices = [0; SLICES];
    slices.iter_mut().enumerate().for_each(|(i, slice)| *slice = u64::MAX - i as u64);
    Account {
        states: vec![
            state(1, Spent::None, &[(5, 1), (7, u64::MAX)]),
            state(2, Spent::Bucket { at: NOW, lacks: u128::MAX - 3 }, &[]),
            state(3, Spent::Calendar { until: NOW, used: 9 }, &[(1, 1)]),
            state(u64::MAX / 2, Spent::Rolling { at: 77, slices }, &[(u32::MAX, 2)]),
        ],
        mended: false,
    }
}

/// Charges one to account `id`, which is then busy for so long.
fn spend(store: &Fake, id: u64, now: u64, busy: u64) -> Result<(), Unwritten> {
    update(store, id, now, |account| {
        let state = account.state(1)?;
        let used = if let Spent::Calendar { used, .. } = state.spent { used } else { 0 };
        state.spent = Spent::Calendar { until: now + busy, used: used + 1 };
        state.until = now + busy;
        Some(now + busy)
    })
}

fn used(store: &Fake, id: u64, now: u64) -> u64 {
    match read(store, id, now).states.first().map(|s| s.spent) {
        Some(Spent::Calendar { used, .. }) => used,
        _ => 0,
    }
}

#[test]
fn a_value_is_what_it_was() {
    let account = full();
    let bytes = account.encode(42, NOW);
    let (id, until, rest) = head(&bytes).unwrap();
    assert_eq!((id, until, Account::decode(rest)), (42, NOW, account));
}

#[test]
fn a_value_cut_anywhere_is_read_as_far_as_it_goes() {
    let account = full();
    let bytes = account.encode(42, NOW);
    let mut most = 0;
    for cut in 0..bytes.len() {
        match head(&bytes[..cut]) {
            None => assert!(cut < 17, "{cut}"),
            Some((_, _, rest)) => {
                let states = Account::decode(rest).states;
                assert!(account.states.starts_with(&states), "{cut}");
                most = states.len();
            }
        }
    }
    assert_eq!(most, 3);
}

#[test]
fn values_of_other_versions_are_free_places() {
    let store = Fake::default();
    for value in [&b""[..], &[0; 40], &[VERSION + 1; 200], b"\x01short"] {
        store.0.borrow_mut().insert("account/9".to_owned(), (value.to_vec(), 1));
        assert_eq!(read(&store, 9, NOW), Account::default());
        spend(&store, 9, NOW, 10).unwrap();
        assert_eq!(used(&store, 9, NOW), 1);
        assert_eq!(store.0.borrow().len(), 1, "the same place");
    }
}

#[test]
fn a_full_table_says_so_and_idle_places_are_taken_over() {
    let store = Fake::default();
    let id = |n: u64| n << 32 | 5;
    for n in 0..u64::from(PROBES) {
        spend(&store, id(n), NOW, 100 + n).unwrap();
    }
    assert_eq!(spend(&store, id(99), NOW, 100), Err(Unwritten::Full));
    assert_eq!(read(&store, id(99), NOW), Account::default());
    // The first goes idle: its place is the newcomer's; it finds another when it is back.
    let later = NOW + 101;
    assert_eq!(used(&store, id(0), later), 1, "it may come back to what it was");
    spend(&store, id(99), later, 1_000).unwrap();
    assert_eq!((used(&store, id(99), later), used(&store, id(0), later)), (1, 0));
    for n in 1..u64::from(PROBES) {
        assert_eq!(used(&store, id(n), later), 1, "others keep theirs");
    }
    let later = NOW + 102;
    spend(&store, id(0), later, 1_000).unwrap();
    assert_eq!((used(&store, id(0), later), used(&store, id(99), later)), (1, 1));
    assert_eq!(store.0.borrow().len(), PROBES as usize);
}

#[test]
fn the_last_places_are_followed_by_the_first() {
    let store = Fake::default();
    let id = |n: u64| n << 32 | u64::from(MAX_ACCOUNTS - 1);
    spend(&store, id(1), NOW, 100).unwrap();
    spend(&store, id(2), NOW, 100).unwrap();
    let mut keys: Vec<_> = store.0.borrow().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["account/0".to_owned(), format!("account/{}", MAX_ACCOUNTS - 1)]);
    assert_eq!((used(&store, id(1), NOW), used(&store, id(2), NOW)), (1, 1));
}

/// As two workers leave it that looked while a place went idle: the first counts, also
/// once it is idle.
#[test]
fn an_id_on_two_places_has_the_first() {
    let store = Fake::default();
    for (place, used) in [(5_u32, 3), (6, 9)] {
        let mut account = Account::default();
        let state = account.state(1).unwrap();
        state.spent = Spent::Calendar { until: NOW + 10, used };
        state.until = NOW + 10;
        let bytes = account.encode(5, NOW + 10);
        store.0.borrow_mut().insert(format!("account/{place}"), (bytes, 1));
    }
    spend(&store, 5, NOW, 10).unwrap();
    assert_eq!(used(&store, 5, NOW), 4);
    spend(&store, 5, NOW + 20, 10).unwrap();
    assert_eq!(used(&store, 5, NOW + 20), 5, "the caller drops what is over");
}

#[test]
fn places_busy_for_years_are_of_a_clock_that_was_ahead() {
    let store = Fake::default();
    let id = |n: u64| n << 32 | 5;
    let year = 365 * 86_400 * 1_000_000_000;
    for n in 0..u64::from(PROBES) {
        spend(&store, id(n), NOW + year, 100).unwrap();
    }
    assert_eq!(used(&store, id(0), NOW), 1, "still its own");
    spend(&store, id(99), NOW, 100).unwrap();
    assert_eq!(used(&store, id(99), NOW), 1);
}

#[test]
fn what_is_mended_is_written_even_if_declined() {
    let store = Fake::default();
    spend(&store, 5, NOW, 100).unwrap();
    let change = |mended| {
        update(&store, 5, NOW, |account| {
            account.state(1).unwrap().until = NOW + 7;
            account.mended = mended;
            None
        })
    };
    assert_eq!(change(false), Err(Unwritten::Declined));
    assert_eq!(read(&store, 5, NOW).until(), NOW + 100);
    assert_eq!(change(true), Err(Unwritten::Declined));
    assert_eq!(read(&store, 5, NOW).until(), NOW + 7);
    assert!(!read(&store, 5, NOW).mended);
}

#[test]
fn the_state_that_is_over_first_makes_room() {
    let mut account = Account::default();
    for n in 0..MAX_STATES as u64 {
        account.state(n).unwrap().until = NOW + (n + 50) % 70;
    }
    account.state(1_000).unwrap().until = NOW + 500;
    assert_eq!(account.states.len(), MAX_STATES);
    assert!(account.states.iter().all(|s| s.limit != 20), "it was over at once");
    assert!(account.states.iter().any(|s| s.limit == 1_000));
}

#[test]
fn held_by_the_minute() {
    let mut held = Held::default();
    [(7, 70), (5, 50), (7, 1), (6, 60)].iter().for_each(|(minute, n)| held.add(*minute, *n));
    assert_eq!(held.0.as_slice(), [(5, 50), (6, 60), (7, 71)]);
    assert_eq!((held.sum(0), held.sum(6), held.sum(8)), (181, 131, 0));
    assert!(!held.expire(6, 100));
    assert_eq!(held.0.as_slice(), [(6, 60), (7, 71)]);
    held.release(6, 60);
    held.release(7, 70);
    assert_eq!(held.0.as_slice(), [(7, 1)]);
    held.release(7, 1_000);
    assert_eq!(held.0.as_slice(), []);
}

#[test]
fn more_minutes_than_there_is_room_for() {
    let mut held = Held::default();
    (1..=20).for_each(|minute| held.add(minute * 2, 10));
    held.add(3, 5);
    assert_eq!((held.0.len(), held.sum(0)), (MAX_HELD, 205));
    assert_eq!(held.0.last(), Some(&(40, 135)), "never earlier than they end");
    (1..=20).for_each(|minute| held.release(minute * 2, 10));
    held.release(3, 5);
    assert_eq!(held.0.as_slice(), []);
    held.add(1, u64::MAX);
    held.add(1, u64::MAX);
    held.add(2, u64::MAX);
    assert_eq!(held.sum(0), u64::MAX);
}

/// Whatever is added, merged, released and expired: what runs is held.
#[test]
fn what_runs_is_held_until_it_is_released() {
    let mut dice = 9_u64;
    let mut below = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % n
    };
    for _ in 0..200 {
        let (mut held, mut runs) = (Held::default(), Vec::<(u32, u64)>::new());
        for now in 0..120_u32 {
            held.expire(now, now + 1_000);
            runs.retain(|(minute, _)| *minute >= now);
            for _ in 0..below(4) {
                let (minute, n) = (now + below(20) as u32, below(50) + 1);
                held.add(minute, n);
                runs.push((minute, n));
            }
            for _ in 0..below(4).min(runs.len() as u64) {
                let (minute, n) = runs.swap_remove(below(runs.len() as u64) as usize);
                held.release(minute, n);
            }
            for later in now..now + 20 {
                let sum = |(minute, n): &(u32, u64)| if *minute >= later { *n } else { 0 };
                assert!(held.sum(later) >= runs.iter().map(sum).sum::<u64>());
            }
            assert!(held.0.len() <= MAX_HELD);
        }
        held.expire(160, 2_000);
        assert_eq!(held.0.as_slice(), [], "the dead are dropped one lease later at most");
    }
}

#[test]
fn reservations_from_a_clock_that_was_ahead() {
    let mut held = Held([(10, 1), (1_000, 2), (2_000, 3), (u32::MAX, 4)][..].into());
    assert!(held.expire(5, 1_500));
    assert_eq!(held.0.as_slice(), [(10, 1), (1_000, 2), (1_500, 7)]);
    assert!(!held.expire(5, 1_500));
    held.release(u32::MAX, 4);
    held.release(2_000, 3);
    assert_eq!(held.0.as_slice(), [(10, 1), (1_000, 2)]);
    let mut held = Held([(2_000, 3)][..].into());
    assert!(held.expire(5, 5));
    assert_eq!(held.0.as_slice(), [(5, 3)]);
}
