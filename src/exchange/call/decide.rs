//! From a whole request to a call that may begin: plans with what all workers know,
//! claims what a plan's first target must have to itself (an errand, a probe, a turn, a
//! place within a quota), reserves what it may spend, once, notes the decision where it was
//! asked for.

use super::Call;
use crate::config::Provider;
use crate::dialect::Facts;
use crate::error::{Error, Kind};
use crate::exchange::learned::Lessons;
use crate::exchange::spending::refusal::Refused;
use crate::exchange::spending::{Decision, Request, Reservation};
use crate::host::{Headers, Host, value};
use crate::policy::identity::Caller;
use crate::route::explain::{self, Notes};
use crate::route::quotas;
use crate::route::{self, Moment, Plan, Planned};
use crate::wire::json;

/// A call that may begin.
pub(super) struct Ready {
    pub(super) plan: Plan,
    pub(super) facts: Facts,
    /// Unix nanoseconds.
    pub(super) started: u64,
    /// Somebody rests now.
    pub(super) marked: bool,
    /// What it holds of its limits.
    pub(super) reservation: Option<Box<Reservation>>,
}

pub(super) enum Decided {
    Run(Box<Ready>),
    Estimate(u64),
}

/// Most plans made for a call whose places others take.
const MAX_TRIES: usize = 4;

// === impl Call ===

impl Call {
    /// Plans; a plan that begins with a probe is one that this call may make.
    pub(super) fn decide(
        &self,
        host: &dyn Host,
        (headers, caller): (&Headers, &Caller),
        mut facts: Facts,
        body: &[u8],
    ) -> Result<Decided, Error> {
        let now = host.now();
        // Where keys have limits of their own.
        let tokens = if self.config.has_quotas { quotas::need(&facts) } else { None };
        let mut table = self.worker.table(host, &self.config, (tokens, now));
        let header = |name: &str| value(headers, name).map(<[u8]>::to_vec);
        let chance = self.worker.registry.chance();
        let turn = |provider: &Provider| match self.shadow {
            None => self.worker.next_key_turn(&provider.name),
            // A copy takes nobody's turn.
            Some(_) => (chance >> 32) as usize,
        };
        let prefers = self.wishes(&caller.consumer)?;
        let (mut tries, mut held, mut reserved) = (0, None, false);
        // By whom it was sent to another model.
        let mut routed: Option<Box<Refused>> = None;
        loop {
            tries += 1;
            let learned = Lessons::new(&self.worker, host, now);
            let notes = self.explains.then(Notes::default);
            let moment = Moment {
                now,
                table: &table,
                turn: &turn,
                header: &header,
                chance,
                learned: &learned,
                notes: notes.as_ref(),
                prefers: prefers.as_ref(),
            };
            let planned = route::plan(&self.config, &caller.consumer, (&facts, body), moment);
            if let Some(notes) = &notes {
                let plan = match &planned {
                    Ok(Planned::Run(plan)) => Ok(plan),
                    Ok(Planned::Estimate(_)) => Err(None),
                    Err(e) => Err(Some(e)),
                };
                let mut json = explain::decision(&self.config, &facts, notes, plan);
                if let Some(by) = &routed {
                    self.explain_routed(&mut json, by.limit, &facts.model);
                }
                self.explained.replace(Some(json));
            }
            let mut plan = match planned {
                Ok(Planned::Run(plan)) => plan,
                other => {
                    self.worker.release(host, &self.config, held.as_deref());
                    return match (other, routed) {
                        // The other model is not there for it.
                        (Err(_), Some(by)) => Err(self.refused(host, *by)),
                        (Err(e), None) => Err(e),
                        (Ok(Planned::Estimate(tokens)), _) => Ok(Decided::Estimate(tokens)),
                        (Ok(Planned::Run(_)), _) => {
                            Err(Error::new(Kind::Internal, "a plan was lost"))
                        }
                    };
                }
            };
            // Copies count against nothing.
            if self.shadow.is_none() && !self.config.limits.is_empty() {
                let limit = routed.as_ref().map(|by| by.limit);
                let config = &*self.config;
                let request = Request { config, caller, facts: &facts, body, routed: limit, now };
                if reserved {
                    self.worker.renew(host, &request, held.as_deref_mut(), &mut plan);
                } else {
                    match self.worker.reserve(host, &request, &mut plan) {
                        Ok(reservation) => held = reservation,
                        Err(mut by) => match (by.route_to.take(), &routed) {
                            (Some(model), None) if !self.routed => {
                                facts.model = model;
                                routed = Some(by);
                                continue;
                            }
                            _ => return Err(self.refused(host, *by)),
                        },
                    }
                    reserved = true;
                }
            }
            // A copy takes no probe and no turn from a real call; what it uses is charged.
            let (first, last) = ((tokens, now), tries >= MAX_TRIES || self.shadow.is_some());
            let errand = |e| self.worker.run_errand(host, e, now);
            let mine = last || plan.errand.is_none_or(errand);
            if mine && self.worker.claims(host, &self.config, (&plan, &table), first, last) {
                let marked = !table.is_empty();
                let ready = Ready { plan, facts, started: now, marked, reservation: held };
                return Ok(Decided::Run(Box::new(ready)));
            }
            // Another call was faster: it is resting, for this one.
            table = self.worker.table(host, &self.config, (tokens, now));
        }
    }

    /// A limit refuses.
    fn refused(&self, host: &dyn Host, by: Refused) -> Error {
        self.worker.tell(host, &self.config, &[(by.limit, Decision::Refused)]);
        self.told.replace(by.headers);
        by.error
    }

    fn explain_routed(&self, json: &mut String, limit: usize, model: &str) {
        let Some(limit) = self.config.limits.get(limit).filter(|_| json.pop().is_some()) else {
            return;
        };
        let mut more = br#","routed_by_limit":"#.to_vec();
        json::push_text(&mut more, &limit.name);
        more.extend_from_slice(br#","routed_to":"#);
        json::push_text(&mut more, model);
        more.push(b'}');
        json.push_str(&String::from_utf8_lossy(&more));
    }
}
