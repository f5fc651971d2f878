//! A call that waits for its part of what all proxies share.
//!
//! It has its plan and its reservation, and Envoy holds what has come of its body. When the
//! answers are there, it goes on from their callback. A refusal is remembered in the account
//! by then, so that the call is decided anew: it is refused as by any limit, or goes where
//! the limit sends it. At most `ROUNDS` of that. Of a form that would flow on, what comes
//! meanwhile is read and held: more than Envoy's buffer in that time is its 413.

use super::decide::{Decided, Ready};
use super::upload::Upload;
use super::{Call, Phase};
use crate::dialect::{count, misdirected};
use crate::error::{Error, Kind};
use crate::exchange::Step;
use crate::exchange::spending::Reservation;
use crate::host::{Headers, Host};
use crate::policy::identity::Caller;

/// A call between its decision and its launch.
pub(super) struct Waiting {
    headers: Headers,
    caller: Caller,
    ready: Box<Ready>,
    rest: Rest,
    rounds: u32,
}

/// What came with a call.
pub(super) struct Rest {
    /// Empty where it flows on.
    pub(super) body: Vec<u8>,
    /// A form that has not ended.
    pub(super) upload: Option<Upload>,
    /// Bytes of it that Envoy holds.
    pub(super) size: usize,
}

/// Most decisions of a call.
const ROUNDS: u32 = 2;

// === impl Call ===

impl Call {
    /// A call that may begin does, or waits.
    pub(super) fn begin(
        &mut self,
        host: &dyn Host,
        (headers, caller): (Headers, Caller),
        ready: Box<Ready>,
        rest: Rest,
    ) -> Step {
        if ready.reservation.is_none() || self.config.fleet.is_none() {
            return self.start(host, headers, caller, *ready, rest);
        }
        self.ask(host, Waiting { headers, caller, ready, rest, rounds: 1 })
    }

    /// The service has answered; `None`: it did not.
    pub fn grpc_answer(&mut self, host: &dyn Host, token: u32, answer: Option<&[u8]>) {
        let Some(at) = self.draws.iter().position(|d| d.token == token) else { return };
        let drawing = self.draws.swap_remove(at);
        let waits = drawing.waits;
        let next = self.worker.drawn(host, &self.config, drawing, answer);
        let goes = match next {
            Ok(again) => return self.draws.push(again),
            Err(next) => next.goes(),
        };
        if !waits || goes && self.draws.iter().any(|d| d.waits) {
            return;
        }
        let Phase::Waiting(_) = &self.phase else { return };
        let Phase::Waiting(waiting) = std::mem::replace(&mut self.phase, Phase::Fresh) else {
            return;
        };
        let step = match goes {
            true => {
                let Waiting { headers, caller, ready, rest, .. } = *waiting;
                self.start(host, headers, caller, *ready, rest)
            }
            false => self.again(host, *waiting),
        };
        if step == Step::Continue {
            host.resume_request();
        }
    }

    /// More of a form whose call waits.
    pub(super) fn form_waits(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        let Phase::Waiting(waiting) = &mut self.phase else { return Step::Continue };
        let rest = &mut waiting.rest;
        rest.size = size;
        let Some(upload) = &mut rest.upload else { return Step::Pause };
        let read = match size > self.config.max_upload {
            true => Err(super::too_large_upload(&self.config)),
            false => upload.read(host, size),
        };
        let read = match (read, end) {
            (Ok(()), true) => {
                rest.upload.take().map_or(Ok(()), |upload| upload.facts(self.client).map(drop))
            }
            (read, _) => read,
        };
        match read {
            Ok(()) => Step::Pause,
            Err(error) => {
                self.abandon(host);
                self.refuse(host, &error)
            }
        }
    }

    /// Bytes that Envoy holds of a call that waits.
    pub(super) fn held(&self) -> usize {
        match &self.phase {
            Phase::Waiting(waiting) => waiting.rest.size,
            _ => 0,
        }
    }

    /// Gives back what a waiting call has reserved.
    pub(super) fn abandon(&mut self, host: &dyn Host) {
        if let Phase::Waiting(waiting) = &mut self.phase {
            let Ready { reservation, plan, facts, .. } = &mut *waiting.ready;
            self.worker.release(host, &self.config, reservation.take().as_deref());
            self.worker.unclaim(host, &self.config, plan, facts);
        }
        self.draws.iter_mut().for_each(|drawing| drawing.waits = false);
    }

    fn ask(&mut self, host: &dyn Host, waiting: Waiting) -> Step {
        let Ready { facts, plan, reservation, .. } = &*waiting.ready;
        let fits = reservation.as_deref().is_none_or(|held| {
            let who = (&waiting.caller, facts, plan);
            self.worker.draw(host, &self.config, who, held, &mut self.draws)
        });
        if !fits {
            return self.again(host, waiting);
        }
        if self.draws.iter().any(|d| d.waits) {
            self.phase = Phase::Waiting(Box::new(waiting));
            return Step::Pause;
        }
        let Waiting { headers, caller, ready, rest, .. } = waiting;
        self.start(host, headers, caller, *ready, rest)
    }

    /// It cannot run so: decides anew.
    fn again(&mut self, host: &dyn Host, waiting: Waiting) -> Step {
        let Waiting { headers, caller, mut ready, rest, rounds } = waiting;
        // Other answers are for those who come.
        self.draws.iter_mut().for_each(|drawing| drawing.waits = false);
        let held = ready.reservation.take();
        self.worker.release(host, &self.config, held.as_deref());
        self.worker.unclaim(host, &self.config, &ready.plan, &ready.facts);
        self.routed |= held.as_deref().is_some_and(Reservation::is_routed);
        if rounds >= ROUNDS {
            let name = held.and_then(|held| self.worker.refuse_shared(host, &self.config, &held));
            let words = format!(
                "the limit {}, which other proxies share, is reached; try again",
                name.unwrap_or_default()
            );
            let error = Error::new(Kind::RateLimited, words).with_code("rate_limit_exceeded");
            return self.refuse(host, &error.with_retry_after(1));
        }
        match self.decide(host, (&headers, &caller), ready.facts, &rest.body) {
            Ok(Decided::Run(ready)) => {
                self.ask(host, Waiting { headers, caller, ready, rest, rounds: rounds + 1 })
            }
            Ok(Decided::Estimate(tokens)) => {
                let body = count::answer(self.client, tokens);
                self.answer(host, &[super::JSON, super::ESTIMATED], &body)
            }
            Err(e) => self.refuse(host, &misdirected::explained(e, self.client, &rest.body)),
        }
    }

    fn start(
        &mut self,
        host: &dyn Host,
        headers: Headers,
        caller: Caller,
        ready: Ready,
        rest: Rest,
    ) -> Step {
        let upload = rest.upload.map(|upload| upload.from(rest.size));
        self.launch(host, headers, caller, ready, upload)
    }
}
