//! Every order of single store operations of two workers with two calls each, and of calls
//! in two accounts: not one seed's luck, all there are. Workers are threads that ask before
//! each operation; who may go on is chosen here, depth first. What a worker does depends on
//! what it was answered alone, so an order that leads where another has been is not
//! followed further.

use sluice::config::limits::{Exceeded, Limit, Resource, When, Window};
use sluice::policy::limits::{self, Ask, Expiry};
use sluice::store::accounts::{self, Account};
use sluice::store::{Store, Ticket};
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const NOW: u64 = 1_830_302_100_000_000_000;
const LEASE: Expiry = Expiry { minute: (NOW / 60_000_000_000) as u32 + 1 };
const WORKERS: usize = 2;

type Values = HashMap<String, (Vec<u8>, u32)>;

/// A worker's way to the store.
struct Port {
    worker: usize,
    asks: Sender<(usize, bool)>,
    may: Receiver<()>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    values: Values,
    /// All that each worker was answered.
    answers: [DefaultHasher; WORKERS],
    /// Calls that run, by account; what was used.
    runs: [u64; 2],
    used: [u64; 2],
    /// Between the two accounts of a call.
    refused: u32,
    lost: u32,
}

fn limit(id: u64, amount: u64, window: Option<Window>) -> Limit {
    let resource = if window.is_some() { Resource::Requests } else { Resource::Concurrent };
    let (when, exceeded) = (When::default(), Exceeded::Refuse);
    Limit {
        name: id.to_string(),
        id,
        resource,
        amount,
        window,
        scopes: 0,
        when,
        exceeded,
        shadow: false,
        fleet: None,
    }
}

/// One call at a time, and a bucket of this many.
fn both(amount: u64) -> [Limit; 2] {
    let period = 3_600_000_000_000;
    [limit(1, 1, None), limit(2, amount, Some(Window::Bucket { period }))]
}

// === impl Port ===

impl Port {
    fn turn(&self) {
        self.asks.send((self.worker, true)).unwrap();
        self.may.recv().unwrap();
    }

    /// Reserves one in account `at`: in both limits or in none.
    fn reserve(&self, at: usize, limits: &[Limit; 2]) -> bool {
        let asks = [Ask { limit: &limits[0], need: 1 }, Ask { limit: &limits[1], need: 1 }];
        let done = accounts::update(self, at as u64, NOW, |account| {
            match limits::reserve(account, &asks, LEASE, NOW, &|_| false) {
                Ok(_) => Some(limits::busy_until(account)),
                Err(_) => {
                    // Nobody has moved since it was read.
                    let mut shared = self.shared.lock().unwrap();
                    let full = shared.used[at] + shared.runs[at] >= limits[1].amount;
                    assert!(shared.runs[at] == 1 || full, "refused without reason");
                    shared.refused += 1;
                    None
                }
            }
        });
        if done.is_ok() {
            let mut shared = self.shared.lock().unwrap();
            shared.runs[at] += 1;
            assert!(shared.runs[at] <= 1, "two at a time");
            assert!(shared.used[at] + shared.runs[at] <= limits[1].amount, "more than there is");
        }
        done.is_ok()
    }

    fn settle(&self, at: usize, limits: &[Limit; 2], used: u64) {
        accounts::update(self, at as u64, NOW, |account| {
            for limit in limits {
                limits::settle(account, [(Ask { limit, need: 1 }, used)], LEASE, NOW);
            }
            Some(limits::busy_until(account))
        })
        .unwrap();
        let mut shared = self.shared.lock().unwrap();
        shared.runs[at] -= 1;
        shared.used[at] += used;
    }
}

impl Store for Port {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        self.turn();
        let mut shared = self.shared.lock().unwrap();
        let found = shared.values.get(key).cloned();
        (key, &found).hash(&mut shared.answers[self.worker]);
        let version = found.as_ref().map(|(_, version)| *version);
        (found.map(|(value, _)| value), Ticket(version))
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        self.turn();
        let mut shared = self.shared.lock().unwrap();
        let version = shared.values.get(key).map(|(_, version)| *version);
        let won = version == ticket.0;
        if won {
            shared.values.insert(key.to_owned(), (value.to_vec(), version.unwrap_or(0) + 1));
        }
        shared.lost += u32::from(!won);
        won.hash(&mut shared.answers[self.worker]);
        won
    }
}

/// Runs both workers in one order: as `order` says, then whoever is first. Comes back with
/// how it ended, and where another order could branch off.
fn run(work: fn(&Port), order: &mut Vec<usize>, seen: &mut HashSet<u64>) -> (Shared, Vec<bool>) {
    let shared = Arc::new(Mutex::new(Shared::default()));
    let (asks, asked) = channel();
    let mut branches = Vec::new();
    std::thread::scope(|scope| {
        // Dropped with this, so that no worker waits where one has failed.
        let mut grants = Vec::new();
        for worker in 0..WORKERS {
            let (grant, may) = channel();
            grants.push(grant);
            let port = Port { worker, asks: asks.clone(), may, shared: shared.clone() };
            scope.spawn(move || {
                // Also when it ends by panicking, so that nobody waits for it.
                struct Done(Sender<(usize, bool)>, usize);
                impl Drop for Done {
                    fn drop(&mut self) {
                        let _ = self.0.send((self.1, false));
                    }
                }
                let _done = Done(port.asks.clone(), worker);
                work(&port);
            });
        }
        let mut waits = [false; WORKERS];
        (0..WORKERS).for_each(|_| {
            let (worker, more) = asked.recv().unwrap();
            waits[worker] = more;
        });
        while let Some(first) = waits.iter().position(|w| *w) {
            let step = branches.len();
            let mut branch = false;
            if step == order.len() {
                let shared = shared.lock().unwrap();
                let mut values: Vec<_> = shared.values.iter().collect();
                values.sort();
                let mut state = DefaultHasher::new();
                (values, waits).hash(&mut state);
                shared.answers.iter().for_each(|a| a.finish().hash(&mut state));
                branch = seen.insert(state.finish()) && waits.iter().all(|w| *w);
                order.push(first);
            }
            branches.push(branch);
            grants[order[step]].send(()).unwrap();
            let (worker, more) = asked.recv().unwrap();
            waits[worker] = more;
        }
    });
    let shared = Arc::into_inner(shared).unwrap().into_inner().unwrap();
    (shared, branches)
}

/// All orders; `end` judges each. How many there were, races lost and calls refused in them.
fn all(work: fn(&Port), end: impl Fn(&Shared)) -> (u32, u32, u32) {
    let (mut seen, mut open) = (HashSet::new(), vec![Vec::new()]);
    let (mut orders, mut lost, mut refused) = (0, 0, 0);
    while let Some(mut order) = open.pop() {
        let (shared, branches) = run(work, &mut order, &mut seen);
        end(&shared);
        for (step, _) in branches.iter().enumerate().filter(|(_, branch)| **branch) {
            let mut other = order[..step].to_vec();
            other.push(1 - order[step]);
            open.push(other);
        }
        orders += 1;
        lost += shared.lost;
        refused += shared.refused;
    }
    (orders, lost, refused)
}

/// Nothing is reserved, and the bucket holds what was used.
fn is_settled(shared: &Shared, at: usize, limits: &[Limit; 2]) {
    let store = Still(shared.values.clone());
    let account: Account = accounts::read(&store, at as u64, NOW);
    assert!(account.states.iter().all(|state| state.held.0.is_empty()));
    let state = account.states.iter().find(|s| s.limit == 2);
    let standing = limits::stands(state, Ask { limit: &limits[1], need: 1 }, NOW);
    assert_eq!(standing.left, limits[1].amount.saturating_sub(shared.used[at]));
    assert_eq!(shared.runs, [0, 0]);
}

struct Still(Values);

impl Store for Still {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        (self.0.get(key).map(|(value, _)| value.clone()), Ticket(None))
    }

    fn cas(&self, _: &str, _: &[u8], _: Ticket) -> bool {
        false
    }
}

#[test]
fn two_workers_with_two_calls_in_any_order() {
    let work = |port: &Port| {
        let limits = both(3);
        for _ in 0..2 {
            if port.reserve(0, &limits) {
                port.settle(0, &limits, 1);
            }
        }
    };
    let (orders, lost, refused) = all(work, |shared| is_settled(shared, 0, &both(3)));
    println!("{orders} orders, {lost} races lost, {refused} calls refused");
    assert!(orders > 200 && lost > 200 && refused > 200);
}

/// The second account refuses one of the calls: the first gives back what it has reserved.
#[test]
fn two_accounts_in_any_order() {
    let work = |port: &Port| {
        let (first, second) = (both(9), both(1));
        if port.reserve(0, &first) {
            let used = u64::from(port.reserve(1, &second));
            if used > 0 {
                port.settle(1, &second, 1);
            }
            port.settle(0, &first, used);
        }
    };
    let (orders, lost, refused) = all(work, |shared| {
        is_settled(shared, 0, &both(9));
        is_settled(shared, 1, &both(1));
    });
    println!("{orders} orders, {lost} races lost, {refused} calls refused");
    assert!(orders > 20 && lost > 20 && refused > 20);
}
