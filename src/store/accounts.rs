//! What was spent within limits, and what running calls have reserved: one value in shared
//! data for each account (a consumer, a team, a consumer's use of a model, ...).
//!
//! An account has a state for each limit that counts there. A state is what its window
//! holds, and the reservations of calls that run, by the minute in which they end at the
//! latest: what a VM that is gone has left behind is dropped when that minute is over.
//! What the numbers mean is judged in `policy::limits`.
//!
//! A clock that is set back is not waited for: times that lie too far ahead are moved to
//! where they may be at most (`policy::limits`), and written even if a call is refused, so
//! that the next one finds the clock running (`Account::mended`).
//!
//! Accounts live in a table of `MAX_ACCOUNTS` keys, by open addressing: `account/N` for N
//! from the id on, `PROBES` places at most. A place whose account is idle (nothing spent in
//! its windows, nothing reserved) may be taken by another. Two workers that look while an
//! account goes idle may give one id two places; the first counts from then on. Must not:
//! hold a name or a key (ids are digests).
//!
//! Layout, version 1, little endian: u8 version, u64 id, u64 busy until (Unix
//! nanoseconds), then for each state: u64 limit,
//! u64 until, u8 kind of window (0 none, 1 bucket, 2 calendar, 3 rolling, 4 fleet) and its
//! numbers (none; u64 and u128; 2 x u64; 1 + `SLICES` x u64; `DRAWN` x u64), u8 reservations, for each u32 minute
//! and u64 amount.

use super::{Key, MAX_RACES, Store, Ticket};
use crate::config::limits::{MAX_LIMITS, MAX_OWN};
use smallvec::SmallVec;

/// What an account has spent, by limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub states: Vec<State>,
    /// Times were moved because the clock was set back: to be written in any case.
    pub mended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The limit's id.
    pub limit: u64,
    /// It holds nothing from then on, Unix nanoseconds.
    pub until: u64,
    pub spent: Spent,
    pub held: Held,
}

/// What a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spent {
    #[default]
    None,
    /// What the bucket lacked at a moment (Unix nanoseconds), in units x nanoseconds of its
    /// period: so nothing is rounded, however little is spent or refilled at a time.
    Bucket { at: u64, lacks: u128 },
    /// In the turn that ends then, Unix nanoseconds.
    Calendar { until: u64, used: u64 },
    /// By slices of the period; `at`: the number of the latest one, counted from 1970.
    Rolling { at: u64, slices: [u64; SLICES] },
    /// Drawn from what all proxies share.
    Fleet(Drawn),
}

/// A lease, and how it stands with the service that gives it. Amounts are in the limit's
/// unit, times are Unix nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drawn {
    /// What was drawn less what was used; below 0: a debt.
    pub balance: i64,
    /// What was drawn counts until then.
    pub ends: u64,
    /// What the service is asked for now, and until when it may answer.
    pub asked: u64,
    pub asked_until: u64,
    /// It has refused so much, which is not asked for again until then.
    pub over: u64,
    pub over_until: u64,
    /// What it said it has left.
    pub room: Option<u64>,
    /// Times in a row that it did not answer, and until when it is left alone.
    pub failures: u64,
    pub down_until: u64,
    /// What this proxy has used by itself since the turn that began then.
    pub start: u64,
    pub used: u64,
}

/// Reservations of calls that run: the Unix minute of their latest end, and how much. Most
/// calls have the same longest time, so most states hold one minute or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held(pub SmallVec<[(u32, u64); 2]>);

/// Slices of a rolling window: the period's `SLICES - 1` and the one that is going out.
pub const SLICES: usize = 17;
pub const MAX_ACCOUNTS: u32 = 1 << 17;
/// Most states of an account: those of all limits, and what is left of earlier ones. The
/// one that is over first makes room.
pub const MAX_STATES: usize = MAX_LIMITS + MAX_OWN + 8;
/// Places looked at for an account.
const PROBES: u32 = 16;
/// Most minutes of a state's reservations; later ones are added to the last.
const MAX_HELD: usize = 8;
/// Bytes of a state with a bucket and a minute or two of reservations.
const USUAL_STATE: usize = 66;
/// Numbers of a `Drawn`.
const DRAWN: usize = 11;
const VERSION: u8 = 1;
/// No account is busy for longer (a bucket of a month, overdrawn, and a day): what claims
/// to be is of a clock that was ahead.
const MAX_BUSY: u64 = 61 * 86_400 * 1_000_000_000;

/// Why an account was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// `change` did not want it.
    Declined,
    /// All its places are taken by others.
    Full,
}

/// Applies `change` to an account; it says until when the account is busy, or `None` to
/// leave all as it is.
pub fn update(
    store: &(impl Store + ?Sized),
    id: u64,
    now: u64,
    mut change: impl FnMut(&mut Account) -> Option<u64>,
) -> Result<(), Unwritten> {
    for _ in 0..MAX_RACES {
        let (key, ticket, mut account) = find(store, id, now).ok_or(Unwritten::Full)?;
        let Some(until) = change(&mut account) else {
            if account.mended {
                // Whoever wins the race has mended it.
                store.cas(&key, &account.encode(id, account.until()), ticket);
            }
            return Err(Unwritten::Declined);
        };
        if store.cas(&key, &account.encode(id, until), ticket) {
            return Ok(());
        }
    }
    Err(Unwritten::Full)
}

/// An account as it is now.
pub fn read(store: &(impl Store + ?Sized), id: u64, now: u64) -> Account {
    find(store, id, now).map(|(_, _, account)| account).unwrap_or_default()
}

/// Its place, or the first that it may take.
fn find(store: &(impl Store + ?Sized), id: u64, now: u64) -> Option<(Key, Ticket, Account)> {
    let mut free = None;
    for n in 0..PROBES {
        let place = (id as u32).wrapping_add(n) % MAX_ACCOUNTS;
        let key = Key::numbered("account/", u64::from(place));
        let (value, ticket) = store.get(&key);
        match value.as_deref().map(head) {
            None => return free.or(Some((key, ticket, Account::default()))),
            Some(Some((theirs, _, rest))) if theirs == id => {
                return Some((key, ticket, Account::decode(rest)));
            }
            Some(Some((_, until, _))) if until > now && until - now <= MAX_BUSY => {}
            Some(_) => free = free.or(Some((key, ticket, Account::default()))),
        }
    }
    free
}

/// Id, busy until, states. `None`: of another version.
fn head(value: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (&VERSION, mut rest) = value.split_first()? else { return None };
    Some((number(&mut rest)?, number(&mut rest)?, rest))
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*byte)
}

// === impl Account ===

impl Account {
    /// The state of a limit; a new one where there is none.
    pub fn state(&mut self, limit: u64) -> Option<&mut State> {
        let known = self.states.iter().position(|s| s.limit == limit);
        let at = known.unwrap_or_else(|| {
            if self.states.len() >= MAX_STATES {
                let first = self.states.iter().enumerate().min_by_key(|(_, s)| s.until);
                let first = first.map_or(0, |(at, _)| at);
                self.states.swap_remove(first);
            }
            let (spent, held) = (Spent::None, Held::default());
            self.states.push(State { until: 0, limit, spent, held });
            self.states.len() - 1
        });
        self.states.get_mut(at)
    }

    /// It holds nothing from then on, Unix nanoseconds.
    pub fn until(&self) -> u64 {
        self.states.iter().map(|state| state.until).max().unwrap_or(0)
    }

    fn encode(&self, id: u64, until: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(17 + self.states.len() * USUAL_STATE);
        out.push(VERSION);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&until.to_le_bytes());
        self.states.iter().for_each(|state| state.encode(&mut out));
        out
    }

    /// As far as it can be read.
    fn decode(mut states: &[u8]) -> Self {
        let mut account = Self::default();
        account.states.reserve((states.len() / USUAL_STATE + 1).min(MAX_STATES));
        while let Some(state) = State::decode(&mut states) {
            account.states.push(state);
        }
        account
    }
}

// === impl State ===

impl State {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut put = |n: u64| out.extend_from_slice(&n.to_le_bytes());
        put(self.limit);
        put(self.until);
        match self.spent {
            Spent::None => out.push(0),
            Spent::Bucket { at, lacks } => {
                out.push(1);
                out.extend_from_slice(&at.to_le_bytes());
                out.extend_from_slice(&lacks.to_le_bytes());
            }
            Spent::Calendar { until, used } => {
                out.push(2);
                out.extend_from_slice(&until.to_le_bytes());
                out.extend_from_slice(&used.to_le_bytes());
            }
            Spent::Rolling { at, slices } => {
                out.push(3);
                out.extend_from_slice(&at.to_le_bytes());
                slices.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
            Spent::Fleet(drawn) => {
                out.push(4);
                drawn.numbers().iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        }
        let held = self.held.0.get(..MAX_HELD).unwrap_or(&self.held.0);
        out.push(held.len() as u8);
        for (minute, amount) in held {
            out.extend_from_slice(&minute.to_le_bytes());
            out.extend_from_slice(&amount.to_le_bytes());
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (limit, until) = (number(bytes)?, number(bytes)?);
        let spent = match byte(bytes)? {
            0 => Spent::None,
            1 => {
                let at = number(bytes)?;
                let (lacks, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Spent::Bucket { at, lacks: u128::from_le_bytes(*lacks) }
            }
            2 => Spent::Calendar { until: number(bytes)?, used: number(bytes)? },
            3 => {
                let at = number(bytes)?;
                let mut slices = [0; SLICES];
                for slice in &mut slices {
                    *slice = number(bytes)?;
                }
                Spent::Rolling { at, slices }
            }
            4 => {
                let mut numbers = [0; DRAWN];
                for n in &mut numbers {
                    *n = number(bytes)?;
                }
                Spent::Fleet(Drawn::of(numbers))
            }
            _ => return None,
        };
        let mut held = SmallVec::new();
        for _ in 0..byte(bytes)? {
            let (minute, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            held.push((u32::from_le_bytes(*minute), number(bytes)?));
        }
        Some(Self { limit, until, spent, held: Held(held) })
    }
}

// === impl Drawn ===

impl Drawn {
    fn numbers(&self) -> [u64; DRAWN] {
        [
            self.balance.cast_unsigned(),
            self.ends,
            self.asked,
            self.asked_until,
            self.over,
            self.over_until,
            self.room.unwrap_or(u64::MAX),
            self.failures,
            self.down_until,
            self.start,
            self.used,
        ]
    }

    fn of(numbers: [u64; DRAWN]) -> Self {
        let [
            balance,
            ends,
            asked,
            asked_until,
            over,
            over_until,
            room,
            failures,
            down_until,
            start,
            used,
        ] = numbers;
        Self {
            balance: balance.cast_signed(),
            ends,
            asked,
            asked_until,
            over,
            over_until,
            room: (room != u64::MAX).then_some(room),
            failures,
            down_until,
            start,
            used,
        }
    }
}

// === impl Held ===

impl Held {
    /// Drops what should have ended before `now` (a Unix minute). What would end after
    /// `latest` was reserved before a clock was set back, and ends then: `true` if there
    /// was any.
    pub fn expire(&mut self, now: u32, latest: u32) -> bool {
        self.0.retain(|(minute, amount)| *minute >= now && *amount > 0);
        let ahead = |held: &[(u32, u64)]| held.last().is_some_and(|(minute, _)| *minute > latest);
        if !ahead(&self.0) {
            return false;
        }
        let mut moved = 0_u64;
        while let Some((_, amount)) = self.0.last().filter(|(minute, _)| *minute >= latest) {
            moved = moved.saturating_add(*amount);
            self.0.pop();
        }
        self.0.push((latest, moved));
        true
    }

    /// Of calls that may still run in a Unix minute.
    pub fn sum(&self, now: u32) -> u64 {
        let runs = self.0.iter().filter(|(minute, _)| *minute >= now);
        runs.fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// Reserves until the end of `minute`. Where minutes are many, until up to a call's
    /// longest time later.
    pub fn add(&mut self, minute: u32, amount: u64) {
        let add = |(_, sum): &mut (u32, u64)| *sum = sum.saturating_add(amount);
        match self.0.binary_search_by_key(&minute, |(known, _)| *known) {
            Ok(at) => self.0.get_mut(at).into_iter().for_each(add),
            Err(at) if self.0.len() < MAX_HELD => self.0.insert(at, (minute, amount)),
            Err(_) => {
                if let Some(last) = self.0.last_mut() {
                    last.0 = last.0.max(minute);
                    add(last);
                }
            }
        }
    }

    /// Gives back what was reserved until the end of `minute`, which must not be over.
    /// What `add` or `expire` has moved to another minute is taken from there.
    pub fn release(&mut self, minute: u32, mut amount: u64) {
        let minute = self.0.last().map_or(minute, |(last, _)| minute.min(*last));
        for (_, sum) in self.0.iter_mut().filter(|(known, _)| *known >= minute) {
            let part = amount.min(*sum);
            *sum -= part;
            amount -= part;
        }
        self.0.retain(|(_, sum)| *sum > 0);
    }
}

#[cfg(test)]
mod tests;
