//! Calls of many workers in any order: they reserve in the accounts of their consumer, its
//! team and its organization, run, and settle; some die. Between any two operations of one
//! worker on the store others may go on, and races are lost without that, too.

use crate::books::{APART, Book, Held, Line};
use crate::contended::{Contended, Dice};
use serde_json::json;
use sluice::config::limits::{Limit, Scope};
use sluice::config::{self, Config};
use sluice::dialect::Usage;
use sluice::policy::limits::{self, Ask, Expiry, window};
use sluice::store::accounts::{self, Unwritten};
use sluice::store::{Store, Ticket};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const MINUTE: u64 = 60 * SECOND;
const WORKERS: u64 = 4;
/// A quarter past seven in Kathmandu is a whole hour soon.
const START: u64 = 1_830_302_100 * SECOND - 40 * SECOND;

#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// Calls use what they have reserved.
    pub exact: bool,
    /// By how many milliseconds the clock may go back.
    pub back: u64,
}

pub struct World {
    course: Course,
    seed: u64,
    config: Config,
    pub store: Contended,
    dice: Dice,
    clock: Cell<u64>,
    calls: RefCell<HashMap<usize, Call>>,
    books: RefCell<BTreeMap<(u64, usize), Book>>,
    pub nested: Cell<u32>,
    pub admitted: Cell<usize>,
    pub died: Cell<u32>,
}

/// One that runs.
#[derive(Clone)]
struct Call {
    worker: u64,
    /// Accounts, and the limits that are asked there.
    parts: Vec<(u64, Vec<usize>)>,
    expected: (Usage, u64),
    actual: (Usage, u64),
    lease: Expiry,
    ends: u64,
}

/// The store as a worker sees it: others may go on before each write.
struct Shared<'a>(&'a World, u32);

// === impl World ===

impl World {
    pub fn new(seed: u64, course: Course) -> Self {
        let dice = Dice::new(seed);
        let of = |n: u64, spread: u64| n + dice.below(spread);
        let consumers: Vec<_> = (0..4)
            .map(|n| {
                json!({ "name": format!("c{n}"), "key_sha256": [format!("{n:064}")],
                    "team": format!("t{}", n / 2), "limits": [
                    { "concurrent": of(2, 4) },
                    { "requests": of(2, 5), "every": "second" },
                    { "tokens": of(8_000, 60_000), "every": "hour", "window": "calendar",
                      "time_zone": "Asia/Kathmandu" },
                    { "dollars": of(8, 40) as f64 / 1e3, "every": "minute", "window": "rolling" },
                ]})
            })
            .collect();
        let team = |name: &str| {
            json!({ "name": name, "organization": "o", "limits": [
                { "output_tokens": of(4_000, 12_000), "every": "minute" },
                { "requests": of(12, 30), "every": "minute", "window": "rolling" },
            ]})
        };
        let file = json!({
            "providers": { "p": { "kind": "openai", "keys": "none" } },
            "models": [{ "name": "m", "targets": ["p/x"] }],
            "consumers": consumers,
            "teams": [team("t0"), team("t1")],
            "organizations": [{ "name": "o", "limits": [
                { "concurrent": of(5, 8) },
                { "dollars": of(60, 200) as f64 / 1e3, "every": "month" },
            ]}],
        });
        let config = config::load(file.to_string().as_bytes(), &|_| None).unwrap();
        Self {
            course,
            seed,
            config,
            store: Contended::new(seed + 99),
            dice,
            clock: Cell::new(START),
            calls: RefCell::default(),
            books: RefCell::default(),
            nested: Cell::new(0),
            admitted: Cell::new(0),
            died: Cell::new(0),
        }
    }

    pub fn run(&self, steps: u32) {
        for _ in 0..steps {
            self.clock.set(self.clock.get() + self.dice.below(800) * MS);
            if self.course.back > 0 && self.dice.below(10) == 0 {
                self.clock.set(self.clock.get() - self.dice.below(self.course.back) * MS);
            }
            while let Some(id) = self.over() {
                self.settle(id, 0);
            }
            self.step(0);
        }
    }

    /// All that run come to their ends; the leases of the dead run out.
    pub fn end(&self) {
        loop {
            let any = self.calls.borrow().keys().min().copied();
            let Some(id) = any else { break };
            self.settle(id, 0);
        }
        let check = |books: &BTreeMap<(u64, usize), Book>, now: u64| {
            for ((account, limit), book) in books {
                let (limit, state) = self.state(*account, *limit, now);
                let held = state.as_ref().map_or(0, |s| s.held.sum((now / MINUTE) as u32));
                let right = book.held(now + APART)..=book.held(now);
                assert!(right.contains(&held), "seed {}: {} holds {held}", self.seed, limit.name);
            }
        };
        // Only the dead hold something, and that is over with their leases.
        check(&self.books.borrow(), self.now());
        self.clock.set(self.clock.get() + 3 * MINUTE);
        let now = self.now();
        check(&self.books.borrow(), now);
        for ((account, at), book) in self.books.borrow().iter() {
            let (limit, state) = self.state(*account, *at, now);
            assert_eq!(book.held(now), 0);
            let standing = limits::stands(state.as_ref(), Ask { limit, need: 1 }, now);
            assert!(limit.window.is_some() || standing.left == limit.amount, "seed {}", self.seed);
            if limit.window.as_ref().is_some_and(|w| w.key() == ("calendar", MINUTE * 60 * 24 * 30))
            {
                let all: u64 = book.settled.iter().map(|(_, n)| n).sum();
                assert_eq!(standing.left, limit.amount.saturating_sub(all), "seed {}", self.seed);
            }
        }
    }

    /// By kind.
    pub fn report(&self) -> Vec<(String, Line)> {
        let books = self.books.borrow();
        let line = |((_, at), book): (&(u64, usize), &Book)| {
            let limit = &self.config.limits[*at];
            let window = limit.window.as_ref().map_or("", |w| w.key().0);
            let scope = format!("{:?}", self.config.scopes[limit.scopes][0]).to_lowercase();
            (format!("{scope} {} {window}", limit.name), book.line)
        };
        books.iter().map(line).collect()
    }

    fn step(&self, depth: u32) {
        match self.dice.below(100) {
            0..3 => self.reload(),
            3..60 => self.call(depth),
            _ => {
                let ids: Vec<_> = self.calls.borrow().keys().copied().collect();
                if let Some(id) = ids.iter().min() {
                    self.settle(*id + self.dice.below(2) as usize, depth);
                }
            }
        }
    }

    /// The clock as a worker has read it.
    fn now(&self) -> u64 {
        self.clock.get() - self.dice.below(3) * MS
    }

    fn over(&self) -> Option<usize> {
        let now = self.clock.get();
        self.calls.borrow().iter().filter(|(_, c)| c.ends <= now).map(|(id, _)| *id).min()
    }

    /// The VM of a worker is gone: its calls never settle.
    fn reload(&self) {
        let worker = self.dice.below(WORKERS);
        let mut calls = self.calls.borrow_mut();
        let dead: Vec<_> = calls.extract_if(|_, call| call.worker == worker).collect();
        self.died.set(self.died.get() + dead.len() as u32);
        for held in self.books.borrow_mut().values_mut().flat_map(|book| &mut book.held) {
            if dead.iter().any(|(id, _)| *id == held.id) {
                held.beyond = 0;
            }
        }
    }

    fn call(&self, depth: u32) {
        let consumer = &self.config.consumers[self.dice.below(4) as usize];
        let (team, organization) = self.config.belongs(consumer);
        let mut parts: Vec<(u64, Vec<usize>)> = Vec::new();
        for limit in self.config.limits_of(consumer) {
            let at = self.config.limits.iter().position(|l| std::ptr::eq(l, limit)).unwrap();
            let name = match self.config.scopes[limit.scopes][0] {
                Scope::Consumer => consumer.name.as_str(),
                Scope::Team => team.unwrap(),
                _ => organization.unwrap(),
            };
            // All begin at one place, and go on from there.
            let id = name.bytes().fold(0, |id: u64, b| id << 8 | u64::from(b)) << 32 | 77;
            match parts.iter_mut().find(|(known, _)| *known == id) {
                Some((_, limits)) => limits.push(at),
                None => parts.push((id, vec![at])),
            }
        }
        let of = |input: u64, output: u64| {
            let usage = Usage { input, output, ..Usage::default() };
            (usage, input * 500 + output * 2_000)
        };
        let (input, output) = (100 + self.dice.below(2_000), 50 + self.dice.below(1_000));
        let actual = match self.course.exact {
            true => of(input, output),
            false => of(self.dice.below(2 * input), self.dice.below(2 * output)),
        };
        let ends = self.clock.get() + self.dice.below(20) * SECOND;
        let lease = Expiry { minute: ((ends + 10 * SECOND) / MINUTE) as u32 };
        let id = self.admitted.get();
        self.admitted.set(id + 1);
        let worker = self.dice.below(WORKERS);
        let call = Call { worker, parts, expected: of(input, output), actual, lease, ends };
        for at in 0..call.parts.len() {
            if !self.reserve(id, &call, at, depth) {
                // A later one refused: the earlier ones are given back.
                (0..at).for_each(|earlier| self.give_back(id, &call, earlier, None, depth));
                return;
            }
        }
        self.calls.borrow_mut().insert(id, call);
    }

    fn reserve(&self, id: usize, call: &Call, at: usize, depth: u32) -> bool {
        let (account, limits) = &call.parts[at];
        let asks: Vec<_> = limits.iter().map(|l| self.ask(*l, &call.expected)).collect();
        let now = self.now();
        let written = accounts::update(&Shared(self, depth), *account, now, |state| {
            match limits::reserve(state, &asks, call.lease, now, &|_| false) {
                Ok(_) => Some(limits::busy_until(state)),
                Err(standings) => {
                    for (standing, (ask, limit)) in standings.iter().zip(asks.iter().zip(limits)) {
                        if !standing.fits {
                            self.is_full(*account, *limit, *ask, now);
                        }
                    }
                    None
                }
            }
        });
        assert_ne!(written, Err(Unwritten::Full), "seed {}", self.seed);
        if written.is_ok() {
            for (ask, limit) in asks.iter().zip(limits) {
                self.has_room(*account, *limit, *ask, now);
                let mut books = self.books.borrow_mut();
                let book = books.entry((*account, *limit)).or_default();
                let beyond = self.ask(*limit, &call.actual).need.saturating_sub(ask.need);
                book.held.push(Held { id, need: ask.need, minute: call.lease.minute, beyond });
                book.allowance = book.held.iter().map(|held| held.beyond).sum();
            }
        }
        written.is_ok()
    }

    fn settle(&self, id: usize, depth: u32) {
        let Some(call) = self.calls.borrow_mut().remove(&id) else { return };
        for at in 0..call.parts.len() {
            self.give_back(id, &call, at, Some(call.actual), depth);
        }
    }

    /// `used`: `None` where the call was refused.
    fn give_back(&self, id: usize, call: &Call, at: usize, used: Option<(Usage, u64)>, depth: u32) {
        let (account, limits) = &call.parts[at];
        let now = self.now();
        let used = |limit: usize| used.map_or(0, |used| self.ask(limit, &used).need);
        accounts::update(&Shared(self, depth), *account, now, |state| {
            for limit in limits {
                let ask = self.ask(*limit, &call.expected);
                limits::settle(state, [(ask, used(*limit))], call.lease, now);
            }
            Some(limits::busy_until(state))
        })
        .unwrap();
        for limit in limits {
            {
                let mut books = self.books.borrow_mut();
                let book = books.get_mut(&(*account, *limit)).unwrap();
                book.held.retain(|held| held.id != id);
                book.settle(&self.config.limits[*limit], used(*limit), now);
            }
            self.holds(*account, *limit, now);
        }
    }

    fn ask(&self, limit: usize, (usage, cost): &(Usage, u64)) -> Ask<'_> {
        let limit = &self.config.limits[limit];
        Ask { limit, need: limits::need(limit, usage, *cost) }
    }

    fn state(&self, account: u64, limit: usize, now: u64) -> (&Limit, Option<accounts::State>) {
        let limit = &self.config.limits[limit];
        let account = accounts::read(&self.store, account, now);
        (limit, account.states.into_iter().find(|s| s.limit == limit.id))
    }

    /// What a window shows is true, and within its bound.
    fn holds(&self, account: u64, at: usize, now: u64) {
        let (limit, state) = self.state(account, at, now);
        let shown = state.map_or(0, |s| window::used(limit, s.spent, now));
        let mut books = self.books.borrow_mut();
        let book = books.get_mut(&(account, at)).unwrap();
        let (least, most) = book.used(limit, now);
        let who = format!("seed {}: {} of {account:x}", self.seed, limit.name);
        assert!(least <= shown && shown <= most, "{who}: {least} <= {shown} <= {most}");
        let over = shown.saturating_sub(limit.amount);
        // What has flown in meanwhile, by another worker's clock.
        let apart = match (&limit.window, self.course.back) {
            (Some(config::limits::Window::Bucket { period }), _) => {
                (u128::from(limit.amount) * u128::from(APART) / u128::from(*period)) as u64 + 1
            }
            _ => 0,
        };
        assert!(over <= book.allowance + apart, "{who}: {over} over, {} allowed", book.allowance);
        let over = over.min(book.allowance);
        if over > book.line.overshoot
            || book.line.overshoot == 0 && book.allowance > book.line.bound
        {
            (book.line.overshoot, book.line.bound) = (over, book.allowance);
        }
    }

    /// Who is refused finds no room.
    fn is_full(&self, account: u64, at: usize, ask: Ask<'_>, now: u64) {
        let mut books = self.books.borrow_mut();
        let book = books.entry((account, at)).or_default();
        let (most, held) = (book.used(ask.limit, now).1, book.held(now));
        assert!(
            most + held + ask.need > ask.limit.amount,
            "seed {}: {} refused {} beside {most} and {held}",
            self.seed,
            ask.limit.name,
            ask.need
        );
        book.line.refused += 1;
    }

    /// Who is admitted has room.
    fn has_room(&self, account: u64, at: usize, ask: Ask<'_>, now: u64) {
        let mut books = self.books.borrow_mut();
        let book = books.entry((account, at)).or_default();
        let (least, held) = (book.used(ask.limit, now).0, book.held(now + APART));
        assert!(
            least + held + ask.need <= ask.limit.amount,
            "seed {}: {} admitted {} beside {least} and {held}",
            self.seed,
            ask.limit.name,
            ask.need
        );
    }
}

// === impl Shared ===

impl Store for Shared<'_> {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        self.0.store.get(key)
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        let Shared(world, depth) = self;
        if *depth < 3 && world.dice.below(3) == 0 {
            world.nested.set(world.nested.get() + 1);
            world.step(depth + 1);
        }
        world.store.cas(key, value, ticket)
    }
}
