//! What an attempt shows of its target's speed, and that it is in flight: where the
//! call's strategy asks for that. Others have no gauge, and pay nothing.
//!
//! Host calls: `fastest`, a read and a write at a stream's first token and at its end,
//! at a whole answer, or at a failure; `least_busy`, a write when the attempt begins, the
//! time and a write when it is done. Must not: blame a target for what the request had
//! wrong, or take a client that left for an answer.

use super::{Attempt, Try};
use crate::config::raw::Strategy;
use crate::dialect::{Operation, Progress, Usage, estimate};
use crate::error::{Error, Kind};
use crate::exchange::Worker;
use crate::host::Host;
use crate::route::speed::{self, Sample};
use crate::store::speed as store;

pub(super) enum Gauge {
    Speed(Speed),
    /// The target.
    Load(u64),
}

pub(super) struct Speed {
    target: u64,
    /// Where the call might have gone as well.
    others: Vec<u64>,
    /// Unix nanoseconds.
    began: u64,
    first: Option<u64>,
    deadline_ms: u64,
    is_chat: bool,
    /// Its time to first token is known, or its failure.
    told: bool,
}

// === impl Gauge ===

impl Gauge {
    /// For an attempt that begins.
    pub(super) fn of(this: &Try, worker: &Worker, host: &dyn Host) -> Option<Self> {
        let at = this.at()?;
        // A copy is nobody's measure.
        if this.entry.borrow().shadow {
            return None;
        }
        match at.terms.strategy() {
            Strategy::LeastBusy => {
                worker.load.begin(host, at.target.id, this.began);
                Some(Self::Load(at.target.id))
            }
            Strategy::Fastest => {
                let entry = this.entry.borrow();
                let operation = entry.client.operation();
                // A count says nothing of answers, an upload's time is its client's.
                if operation == Operation::CountTokens || entry.flows {
                    return None;
                }
                let others = match entry.tried.len() {
                    1 => this.others(&entry.plan),
                    _ => Vec::new(),
                };
                Some(Self::Speed(Speed {
                    target: at.target.id,
                    others,
                    began: this.began,
                    first: None,
                    deadline_ms: at.terms.deadline_ms(at.target, entry.facts.stream),
                    is_chat: operation == Operation::Chat,
                    told: false,
                }))
            }
            _ => None,
        }
    }
}

// === impl Speed ===

impl Speed {
    fn tell(&mut self, host: &dyn Host, sample: Sample, now: u64) {
        let others = std::mem::take(&mut self.others);
        store::update(host, |speeds| {
            let news = speed::record(speeds, self.target, sample, now);
            if !others.is_empty() {
                speed::pass(speeds, self.target, others.iter().copied());
            }
            news
        });
        self.told = true;
    }

    fn waited(&self, now: u64) -> f32 {
        millis(self.began, now)
    }
}

// === impl Attempt ===

impl Attempt {
    /// The first token has come.
    pub(super) fn gauge_first(&mut self, host: &dyn Host, now: u64) {
        let Some(Gauge::Speed(speed)) = &mut self.gauge else { return };
        speed.first = Some(now);
        speed.tell(host, Sample::First(speed.waited(now)), now);
    }

    /// A stream has come to its end.
    pub(super) fn gauge_end(&mut self, host: &dyn Host, progress: &Progress) {
        let Some(Gauge::Speed(speed)) = &mut self.gauge else { return };
        let Some(first) = speed.first.take().filter(|_| progress.complete) else { return };
        let tokens = match progress.usage.output_reported {
            true => progress.usage.output,
            false => estimate::of_bytes(progress.output_bytes),
        };
        let now = host.now();
        speed.tell(host, Sample::Rest(tokens, millis(first, now)), now);
    }

    /// A whole answer has come.
    pub(super) fn gauge_whole(&mut self, host: &dyn Host, usage: &Usage) {
        let Some(Gauge::Speed(speed)) = &mut self.gauge else { return };
        let now = host.now();
        let tokens = if speed.is_chat { usage.output } else { 0 };
        speed.tell(host, Sample::Whole(tokens, speed.waited(now)), now);
    }

    /// It has failed.
    pub(super) fn gauge_failed(&mut self, host: &dyn Host, error: &Error) {
        let Some(Gauge::Speed(speed)) = &mut self.gauge else { return };
        let blamed = matches!(
            error.kind,
            Kind::ProviderAuth
                | Kind::Busy
                | Kind::ProviderFault
                | Kind::BadAnswer
                | Kind::BrokenStream
                | Kind::Unreachable
                | Kind::Timeout
        );
        if blamed {
            speed.tell(host, Sample::Failed(speed.deadline_ms as f32), host.now());
        }
        speed.told = true;
    }

    /// It is over. `unheard`: the provider never answered, whoever is to blame; of those
    /// whose client has left, only how long they took is known.
    pub(super) fn gauge_done(&mut self, host: &dyn Host, unheard: Option<bool>) {
        match self.gauge.take() {
            Some(Gauge::Load(target)) => self.worker.load.end(host, target, host.now()),
            Some(Gauge::Speed(mut speed)) if !speed.told => {
                let now = host.now();
                match unheard {
                    Some(true) => {
                        speed.tell(host, Sample::AtLeast(speed.waited(now)), now);
                    }
                    Some(false) => {
                        speed.tell(host, Sample::Failed(speed.deadline_ms as f32), now);
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }
}

fn millis(from: u64, to: u64) -> f32 {
    (to.saturating_sub(from) / 1_000) as f32 / 1_000.0
}
