//! What a call reserves in the accounts of its limits, and what it comes to in the end.
//!
//! A call reserves once, when it is planned (`reserve`): all that it is expected to need,
//! account by account, each by one read and one compare-and-set; an account that refuses
//! gives back what was taken before it. It settles once, at its end (`settle_limits`): the
//! reservation is released, what was used is charged. Of a VM that is gone nobody settles:
//! what it reserved is dropped when the call's longest time is over (`Expiry`).
//!
//! **The bound.** A limit of requests or of concurrent calls is never overshot: a call
//! needs one, and has it. One of tokens or dollars is overshot by no more than the sum,
//! over calls that ran at the same time, of what each used beyond its reservation: 0
//! where estimates are not below what is used. An answer is not cut for that.
//!
//! What counts: a request counts once it was sent into a plan, whatever became of it;
//! tokens and dollars are those that `settle` charges, 0 where nothing was; a count of
//! tokens is a request and nothing else; copies (`shadow`) and estimates of ours count
//! against nothing. Whoever has no key, team or organization counts in the place of one
//! under the next that it has, at last its own name: no limit is passed by leaving a header
//! out. What a provider says was used is taken up to `MOST` tokens of a kind.
//!
//! A limit on a provider counts for the plan's first; targets of providers without room
//! are taken out of the plan, and an attempt at another provider takes the reservation
//! there, whatever is left (`shift`).
//!
//! A call without limits pays a look at a list. With them, each account costs four host
//! calls a call, two to reserve and two to settle, however many limits it has. Must not:
//! judge (`policy::limits` does), or name anybody but the caller.

use super::Worker;
use super::expects::{Expected, Measured};
use super::registry::Entry;
use crate::config::Config;
use crate::config::limits::{Exceeded, Limit, Resource};
use crate::dialect::{Facts, Operation, Usage};
use crate::host::Host;
use crate::policy::identity::Caller;
use crate::policy::limits::{self, Ask, Expiry, Standing};
use crate::route::{Plan, Resolved};
use crate::store::accounts::{self, Unwritten};
use crate::telemetry;
use asks::Asker;
use refusal::Refused;
use smallvec::SmallVec;

mod asks;
pub(super) mod draws;
mod headers;
pub(super) mod page;
pub(super) mod refusal;

pub(super) use headers::{Told, is_theirs};

/// What a call holds until it ends.
pub struct Reservation {
    /// By account.
    booked: Vec<Booked>,
    lease: Expiry,
    /// What it is expected to use, in tokens and in nanodollars.
    expected: (Usage, u64),
    /// Its text, where a limit counts tokens.
    pub(super) measured: Option<Measured>,
    /// Whose provider's limits are among them: index into `Config::providers`.
    provider: usize,
    /// Providers without room.
    full: Vec<usize>,
    /// Limits that do not hold it back: indexes into `Config::limits`.
    passed: Vec<(usize, Decision)>,
    /// The model that answers instead of the one asked for.
    routed: Option<String>,
}

/// A limit's part.
#[derive(Debug, Clone, Copy)]
struct Booked {
    account: u64,
    /// Index into `Config::limits`.
    limit: usize,
    /// In its unit.
    need: u64,
    /// It counts for one provider only.
    of_provider: bool,
    standing: Standing,
}

/// What became of a call that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Refused,
    Warned,
    Shadowed,
    Routed,
    /// A provider was left out.
    Diverted,
}

/// What is to be reserved.
pub(super) struct Request<'a> {
    pub(super) config: &'a Config,
    pub(super) caller: &'a Caller,
    pub(super) facts: &'a Facts,
    pub(super) body: &'a [u8],
    /// The limit that has sent it to another model.
    pub(super) routed: Option<usize>,
    /// Unix nanoseconds.
    pub(super) now: u64,
}

/// Most tokens of a kind that one call can use: no window is larger. A provider that says
/// more is wrong, and must not close an account for it.
pub(super) const MOST: u64 = 10_000_000;
const MINUTE: u64 = 60_000_000_000;
/// How long after its longest time a call may settle.
const MARGIN: u64 = 2 * MINUTE;

// === impl Worker ===

impl Worker {
    /// Reserves for a planned call; targets of providers without room leave the plan.
    /// `None`: no limit counts it.
    pub(super) fn reserve(
        &self,
        host: &dyn Host,
        request: &Request<'_>,
        plan: &mut Plan,
    ) -> Result<Option<Box<Reservation>>, Box<Refused>> {
        let Request { config, caller, facts, body, now, .. } = *request;
        if config.limits.is_empty() || config.limits_at(&caller.consumer).next().is_none() {
            return Ok(None);
        }
        let Expected { usage, measured } =
            self.expects(host, (config, caller), plan, (facts, body));
        let cost = plan.dearest(config, &usage).unwrap_or(0);
        let Some(terms) = plan.terms(config) else { return Ok(None) };
        let ends = now.saturating_add(terms.total_ms().saturating_mul(1_000_000) + MARGIN);
        let lease = Expiry { minute: u32::try_from(ends / MINUTE).unwrap_or(u32::MAX) };
        let asker = Asker {
            config,
            caller,
            model: &terms.model.name,
            asked: &facts.model,
            expected: (usage, cost),
            counting: facts.client.operation() == Operation::CountTokens,
        };
        let passes = |limit: &Limit| may_pass(limit, &facts.model);
        let (mut refused, mut full) = (None::<Box<Refused>>, Vec::new());
        loop {
            let first = plan.resolve(config, 0).map(|at| (at.target.provider, at.provider));
            let Some((index, provider)) = first else { return Ok(None) };
            let mut booked = asker.asks(provider, false);
            // Another provider may have limits.
            let spent = !booked.is_empty() || plan.targets.len() > 1;
            if !spent {
                return Ok(None);
            }
            if self.take(host, config, &mut booked, (lease, now), &passes) {
                self.leave_full(host, &asker, (plan, index), &mut full, now);
                let passed = passed(config, &booked, request.routed);
                self.tell(host, config, &passed);
                let routed = request.routed.map(|_| facts.model.clone());
                let expected = (usage, cost);
                let provider = index;
                let held = Reservation {
                    booked,
                    lease,
                    expected,
                    measured,
                    provider,
                    full,
                    passed,
                    routed,
                };
                return Ok(Some(Box::new(held)));
            }
            let this = Refused::of(request, &booked, &passes);
            let diverts = this.of_provider && plan.leave_out(config, index);
            if diverts {
                full.push(index);
                self.tell(host, config, &[(this.limit, Decision::Diverted)]);
            }
            // The one that is over first tells when to come again.
            refused = match refused {
                Some(other) if other.opens() <= this.opens() => Some(other),
                _ => Some(Box::new(this)),
            };
            if !diverts {
                return refused.map_or(Ok(None), Err);
            }
        }
    }

    /// The call was planned anew, having reserved.
    pub(super) fn renew(
        &self,
        host: &dyn Host,
        request: &Request<'_>,
        held: Option<&mut Reservation>,
        plan: &mut Plan,
    ) {
        let Some(held) = held else { return };
        let Request { config, caller, facts, .. } = *request;
        for provider in &held.full {
            plan.leave_out(config, *provider);
        }
        if let Some(at) = plan.resolve(config, 0) {
            self.shift_to(host, at, (config, caller, facts), held);
        }
    }

    /// A later attempt begins: what one provider's limits have goes to the other's.
    pub(super) fn shift(&self, host: &dyn Host, entry: &mut Entry, target: usize) {
        let Entry { plan, config, reservation, caller, facts, .. } = entry;
        if let Some(at) = plan.resolve(config, target)
            && let Some(held) = reservation.as_deref_mut()
        {
            self.shift_to(host, at, (config, caller, facts), held);
        }
    }

    fn shift_to(
        &self,
        host: &dyn Host,
        at: Resolved<'_>,
        (config, caller, facts): (&Config, &Caller, &Facts),
        held: &mut Reservation,
    ) {
        if held.provider == at.target.provider {
            return;
        }
        held.provider = at.target.provider;
        let asker = Asker {
            config,
            caller,
            model: &at.terms.model.name,
            asked: &facts.model,
            expected: held.expected,
            counting: facts.client.operation() == Operation::CountTokens,
        };
        let mut booked = asker.asks(at.provider, true);
        let left: Vec<_> = held.booked.extract_if(.., |b| b.of_provider).collect();
        if left.is_empty() && booked.is_empty() {
            return;
        }
        let now = host.now();
        self.give_back(host, config, &left, held.lease, now);
        if !booked.is_empty() {
            self.take(host, config, &mut booked, (held.lease, now), &|_| true);
            held.booked.append(&mut booked);
        }
    }

    /// The call has ended: what it reserved is released, what it used is charged.
    /// `used`: tokens and nanodollars, where it was charged.
    pub(super) fn settle_limits(
        &self,
        host: &dyn Host,
        entry: &Entry,
        used: Option<(&Usage, u64)>,
        at: Option<Resolved<'_>>,
        now: u64,
    ) {
        let Some(held) = entry.reservation.as_deref() else { return };
        let usage = used.map(|(usage, _)| bounded(usage)).unwrap_or_default();
        let cost = match used {
            Some((told, cost)) if *told == usage => cost,
            Some(_) => at.and_then(|at| at.charge(&usage, true)).map_or(0, |charge| charge.nano),
            None => 0,
        };
        let spent = |limit: &Limit| match limit.resource {
            Resource::Concurrent => 0,
            Resource::Requests => 1,
            Resource::Tokens(_) | Resource::Dollars => limits::need(limit, &usage, cost),
        };
        self.change(host, &entry.config, &held.booked, (held.lease, now), &spent);
    }

    /// A call that was never sent: it leaves nothing behind.
    pub(super) fn release(&self, host: &dyn Host, config: &Config, held: Option<&Reservation>) {
        if let Some(held) = held {
            self.give_back(host, config, &held.booked, held.lease, host.now());
        }
    }

    fn give_back(
        &self,
        host: &dyn Host,
        config: &Config,
        booked: &[Booked],
        lease: Expiry,
        now: u64,
    ) {
        self.change(host, config, booked, (lease, now), &|_| 0);
    }

    /// Reserves account by account, or nothing: `false`. Notes how each limit stands.
    fn take(
        &self,
        host: &dyn Host,
        config: &Config,
        booked: &mut Vec<Booked>,
        (lease, now): (Expiry, u64),
        passes: &dyn Fn(&Limit) -> bool,
    ) -> bool {
        let (mut taken, mut refused, mut lost) = (0, false, Vec::new());
        for group in booked.chunk_by_mut(|a, b| a.account == b.account) {
            let Some(account) = group.first().map(|b| b.account) else { continue };
            let asks: SmallVec<[_; 4]> = group.iter().filter_map(|b| b.ask(config)).collect();
            let mut standings = Vec::new();
            if refused {
                // Only to tell how it stands.
                let known = accounts::read(host, account, now);
                let state = |ask: &Ask<'_>| known.states.iter().find(|s| s.limit == ask.limit.id);
                standings = asks.iter().map(|ask| limits::stands(state(ask), *ask, now)).collect();
            } else {
                let result =
                    accounts::update(host, account, now, |account| {
                        match limits::reserve(account, &asks, lease, now, passes) {
                            Ok(all) => {
                                standings = all;
                                Some(limits::busy_until(account))
                            }
                            Err(all) => {
                                standings = all;
                                None
                            }
                        }
                    });
                match result {
                    Ok(()) => taken += group.len(),
                    Err(Unwritten::Declined) => refused = true,
                    Err(Unwritten::Full) => lost.push(account),
                }
            }
            for (booked, standing) in group.iter_mut().zip(standings) {
                booked.standing = standing;
            }
        }
        if !lost.is_empty() {
            // Better than to refuse who has done nothing; alert on it.
            let labels = [("reason", "account_lost")];
            self.meter.count(host, telemetry::INTERNAL, &labels, lost.len() as u64);
            booked.retain(|b| !lost.contains(&b.account));
        }
        if refused {
            self.give_back(host, config, booked.get(..taken).unwrap_or_default(), lease, now);
        }
        !refused
    }

    /// Releases all that is booked, and charges what `spent` says.
    fn change(
        &self,
        host: &dyn Host,
        config: &Config,
        booked: &[Booked],
        (lease, now): (Expiry, u64),
        spent: &dyn Fn(&Limit) -> u64,
    ) {
        for group in booked.chunk_by(|a, b| a.account == b.account) {
            let Some(account) = group.first().map(|b| b.account) else { continue };
            let done = accounts::update(host, account, now, |account| {
                let asks = group.iter().filter_map(|b| b.ask(config));
                limits::settle(account, asks.map(|ask| (ask, spent(ask.limit))), lease, now);
                Some(limits::busy_until(account))
            });
            if done.is_err() {
                let labels = [("reason", "account_lost")];
                self.meter.count(host, telemetry::INTERNAL, &labels, 1);
            }
        }
    }

    /// Takes targets behind the first out of the plan whose providers have no room.
    fn leave_full(
        &self,
        host: &dyn Host,
        asker: &Asker<'_>,
        (plan, first): (&mut Plan, usize),
        full: &mut Vec<usize>,
        now: u64,
    ) {
        if plan.targets.len() < 2 {
            return;
        }
        let config = asker.config;
        let mut seen = vec![first];
        let mut n = 1;
        while let Some(at) = plan.resolve(config, n) {
            n += 1;
            let (index, provider) = (at.target.provider, at.provider);
            if seen.contains(&index) {
                continue;
            }
            seen.push(index);
            let by = asker.asks(provider, true).iter().find_map(|booked| {
                let ask = booked.ask(config)?;
                let known = accounts::read(host, booked.account, now);
                let state = known.states.iter().find(|s| s.limit == ask.limit.id);
                let hard = !may_pass(ask.limit, asker.asked);
                (hard && !limits::stands(state, ask, now).fits).then_some(booked.limit)
            });
            if let Some(limit) = by.filter(|_| plan.leave_out(config, index)) {
                full.push(index);
                self.tell(host, config, &[(limit, Decision::Diverted)]);
                n = 1;
            }
        }
    }

    /// Counts what limits have decided.
    pub(super) fn tell(&self, host: &dyn Host, config: &Config, decided: &[(usize, Decision)]) {
        for (limit, decision) in decided {
            let Some(limit) = config.limits.get(*limit) else { continue };
            let labels = [("limit", limit.name.as_str()), ("decision", decision.as_str())];
            self.meter.count(host, telemetry::LIMITS, &labels, 1);
        }
    }
}

/// May a call for `model` run that does not fit? One that has gone where the limit sends
/// it, may.
fn may_pass(limit: &Limit, model: &str) -> bool {
    limits::is_soft(limit) || matches!(&limit.exceeded, Exceeded::RouteTo(to) if to == model)
}

/// What the limits say that did not fit and were passed.
fn passed(config: &Config, booked: &[Booked], routed: Option<usize>) -> Vec<(usize, Decision)> {
    let mut out: Vec<_> = routed.into_iter().map(|limit| (limit, Decision::Routed)).collect();
    for b in booked.iter().filter(|b| !b.standing.fits) {
        match config.limits.get(b.limit) {
            Some(limit) if limit.shadow => out.push((b.limit, Decision::Shadowed)),
            Some(limit) if limit.exceeded == Exceeded::Warn => {
                out.push((b.limit, Decision::Warned));
            }
            _ => {}
        }
    }
    out
}

fn bounded(usage: &Usage) -> Usage {
    let u = usage;
    Usage {
        input: u.input.min(MOST),
        output: u.output.min(MOST),
        cached_input: u.cached_input.min(MOST),
        cache_write: u.cache_write.min(MOST),
        cache_write_1h: u.cache_write_1h.min(MOST),
        reasoning: u.reasoning.min(MOST),
        billed: u.billed.map(|(input, output)| (input.min(MOST), output.min(MOST))),
        ..*u
    }
}

// === impl Booked ===

impl Booked {
    fn ask<'a>(&self, config: &'a Config) -> Option<Ask<'a>> {
        config.limits.get(self.limit).map(|limit| Ask { limit, need: self.need })
    }
}

// === impl Decision ===

impl Decision {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Decision::Refused => "refused",
            Decision::Warned => "warned",
            Decision::Shadowed => "shadowed",
            Decision::Routed => "routed",
            Decision::Diverted => "diverted",
        }
    }
}

// === impl Reservation ===

impl Reservation {
    /// A limit has sent the call to another model.
    pub(super) fn is_routed(&self) -> bool {
        self.routed.is_some()
    }

    /// For the access log: what limits have let pass, and how.
    pub(super) fn told(&self, config: &Config) -> String {
        let mut out = String::new();
        for (limit, decision) in &self.passed {
            let Some(limit) = config.limits.get(*limit) else { continue };
            let comma = if out.is_empty() { "" } else { ", " };
            out.push_str(&format!("{comma}{}: {}", limit.name, decision.as_str()));
        }
        out
    }

    /// What its answer tells of it.
    pub(super) fn headers(&self, host: &dyn Host, entry: &Entry) -> Told {
        let mut out = Told::with_room();
        if entry.config.expose.limits {
            headers::left(&entry.config, entry.client, (&self.booked, true), host.now(), &mut out);
        }
        if let Some(warning) = headers::warning(&entry.config, self) {
            out.add("x-sluice-warning", &warning);
        }
        out
    }
}
