//! From a whole request to a call that may begin: plans with what all workers know,
//! claims what a plan's first target must have to itself (an errand, a probe, a turn, a
//! place within a limit), notes the decision where it was asked for.

use super::Call;
use crate::config::Provider;
use crate::dialect::Facts;
use crate::error::Error;
use crate::exchange::learned::Lessons;
use crate::host::{Headers, Host, value};
use crate::policy::identity::Caller;
use crate::route::explain::{self, Notes};
use crate::route::quotas;
use crate::route::{self, Moment, Plan, Planned};

/// A call that may begin.
pub(super) struct Ready {
    pub(super) plan: Plan,
    pub(super) facts: Facts,
    /// Unix nanoseconds.
    pub(super) started: u64,
    /// Somebody rests now.
    pub(super) marked: bool,
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
        facts: Facts,
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
        let mut tries = 0;
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
                let json = explain::decision(&self.config, &facts, notes, plan);
                self.explained.replace(Some(json));
            }
            let plan = match planned? {
                Planned::Run(plan) => plan,
                Planned::Estimate(tokens) => return Ok(Decided::Estimate(tokens)),
            };
            // A copy takes no probe and no turn from a real call; what it uses is charged.
            let (first, last) = ((tokens, now), tries >= MAX_TRIES || self.shadow.is_some());
            let errand = |e| self.worker.run_errand(host, e, now);
            let mine = last || plan.errand.is_none_or(errand);
            if mine && self.worker.claims(host, &self.config, (&plan, &table), first, last) {
                let ready = Ready { plan, facts, started: now, marked: !table.is_empty() };
                return Ok(Decided::Run(Box::new(ready)));
            }
            // Another call was faster: it is resting, for this one.
            table = self.worker.table(host, &self.config, (tokens, now));
        }
    }
}
