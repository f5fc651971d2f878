//! Draws from what all proxies share: asks the rate limit service for what reservations
//! lack, one request for each limit, and notes its answers in the accounts.
//!
//! The call's own context asks, and the answer comes to it. A call that is gone gets none:
//! Envoy cancels what it asked (the SDK finds a callback by the context that asked, so
//! asking in the name of the root context would not help). What the service may have counted
//! for it is lost until its window ends, a lease at most; no limit is overshot by that.
//! Costs nothing while leases last: no host call. A draw costs one to ask, one to read the
//! answer, and a read and a write of the account before and after. Must not: judge
//! (`policy::limits::lease` does).

use super::asks::Asker;
use super::{Booked, Decision, Reservation};
use crate::config::Config;
use crate::config::limits::Limit;
use crate::dialect::{Facts, Operation};
use crate::exchange::Worker;
use crate::exchange::fleet::rls;
use crate::host::{Host, Method};
use crate::policy::identity::Caller;
use crate::policy::limits::lease::{self, Draw, Next, Said};
use crate::policy::limits::{self, is_soft};
use crate::route::Plan;
use crate::store::accounts;
use crate::telemetry;

/// A question to the service that is not answered yet.
pub(in crate::exchange) struct Drawing {
    pub(in crate::exchange) token: u32,
    /// A call waits for it.
    pub(in crate::exchange) waits: bool,
    booked: Booked,
    draw: Draw,
    /// The message, but for the number of hits.
    request: Vec<u8>,
}

// === impl Worker ===

impl Worker {
    /// Asks for what a reservation lacks; the questions go to `draws`. `false`: one of its
    /// limits refuses the call.
    pub(in crate::exchange) fn draw(
        &self,
        host: &dyn Host,
        config: &Config,
        (caller, facts, plan): (&Caller, &Facts, &Plan),
        held: &Reservation,
        draws: &mut Vec<Drawing>,
    ) -> bool {
        let (Some(at), Some(service)) = (plan.resolve(config, 0), &config.fleet) else {
            return true;
        };
        let asker = Asker {
            config,
            caller,
            model: &at.terms.model.name,
            asked: &facts.model,
            expected: held.expected,
            counting: facts.client.operation() == Operation::CountTokens,
        };
        for booked in held.booked.iter().filter(|b| b.standing.draws) {
            let Some(limit) = config.limits.get(booked.limit) else { continue };
            let now = host.now();
            let mut begun = Ok(None);
            let _ = accounts::update(host, booked.account, now, |account| {
                let state = account.state(limit.id)?;
                begun = lease::begin(state, limit, booked.need, now);
                matches!(begun, Ok(Some(_))).then(|| limits::busy_until(account))
            });
            let draw = match begun {
                Ok(None) => continue,
                Ok(Some(draw)) => draw,
                Err(_) if is_soft(limit) => continue,
                Err(_) => return false,
            };
            let entries = asker.entries(limit, &at.provider.name);
            let entries: Vec<_> = entries.iter().map(|(key, value)| (*key, &**value)).collect();
            let request = rls::request(&service.domain, &entries);
            // Whom a limit does not hold back need not wait for it.
            let waits = draw.lacks > 0 && !is_soft(limit);
            let drawing = Drawing { token: 0, waits, booked: *booked, draw, request };
            match self.send(host, config, drawing) {
                Ok(drawing) => draws.push(drawing),
                Err(next) if waits && next != Next::Go => return false,
                Err(_) => {}
            }
        }
        true
    }

    /// A shared limit refuses a call that has waited for it: its name.
    pub(in crate::exchange) fn refuse_shared<'a>(
        &self,
        host: &dyn Host,
        config: &'a Config,
        held: &Reservation,
    ) -> Option<&'a str> {
        let at = held.booked.iter().find(|b| b.standing.draws)?.limit;
        self.tell(host, config, &[(at, Decision::Refused)]);
        config.limits.get(at).map(|limit| limit.name.as_str())
    }

    /// The service has answered, or will not: what becomes of the call, and what is asked
    /// instead.
    pub(in crate::exchange) fn drawn(
        &self,
        host: &dyn Host,
        config: &Config,
        drawing: Drawing,
        answer: Option<&[u8]>,
    ) -> Result<Drawing, Next> {
        let answer = answer.and_then(rls::answer);
        let said = match answer {
            Some(answer) if answer.over => Said::Over,
            Some(_) => Said::Granted,
            None => Said::Nothing,
        };
        let told = answer.map_or((None, None), |a| (a.left, a.resets));
        match self.note(host, config, &drawing, said, told) {
            Next::Again(draw) => self.send(host, config, Drawing { draw, ..drawing }),
            next => Err(next),
        }
    }

    /// The call has ended before the answers came.
    pub(in crate::exchange) fn forget(
        &self,
        host: &dyn Host,
        config: &Config,
        draws: &mut Vec<Drawing>,
    ) {
        for drawing in draws.drain(..) {
            self.note(host, config, &drawing, Said::Unheard, (None, None));
        }
    }

    fn send(
        &self,
        host: &dyn Host,
        config: &Config,
        mut drawing: Drawing,
    ) -> Result<Drawing, Next> {
        let hits = config
            .limits
            .get(drawing.booked.limit)
            .map_or(0, |limit: &Limit| limit.resource.hits(drawing.draw.amount));
        let message = rls::with_hits(&drawing.request, u32::try_from(hits).unwrap_or(u32::MAX));
        let token = config.fleet.as_ref().and_then(|service| {
            let to = Method {
                cluster: &service.cluster,
                service: rls::SERVICE,
                method: rls::METHOD,
                timeout_ms: service.timeout_ms,
            };
            host.grpc_call(to, &message)
        });
        match token {
            Some(token) => {
                drawing.token = token;
                Ok(drawing)
            }
            None => Err(self.note(host, config, &drawing, Said::Nothing, (None, None))),
        }
    }

    fn note(
        &self,
        host: &dyn Host,
        config: &Config,
        drawing: &Drawing,
        said: Said,
        (left, resets): (Option<u64>, Option<u64>),
    ) -> Next {
        let Booked { account, limit, need, .. } = drawing.booked;
        let Some(limit) = config.limits.get(limit) else { return Next::Go };
        let now = host.now();
        let told = (left, resets.map(|nanos| now.saturating_add(nanos)));
        let mut next = Next::Go;
        let written = accounts::update(host, account, now, |account| {
            let state = account.state(limit.id)?;
            next = lease::answered(state, limit, (drawing.draw, need), said, told, now);
            Some(limits::busy_until(account))
        });
        if written.is_err() {
            let labels = [("reason", "account_lost")];
            self.meter.count(host, telemetry::INTERNAL, &labels, 1);
        }
        let event = match said {
            Said::Granted => "drawn",
            Said::Over => "over",
            Said::Nothing => "down",
            Said::Unheard => "lost",
        };
        let labels = [("limit", limit.name.as_str()), ("event", event)];
        self.meter.count(host, telemetry::FLEET, &labels, 1);
        next
    }
}
