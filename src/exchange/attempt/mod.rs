//! The upstream role: one try of one target.
//!
//! Sends the provider its own words, holds the response headers until the answer
//! has shown its first content, turns hidden failures into statuses the router
//! retries, and passes the translated answer on, chunk by chunk. The error a
//! client sees is written by the gateway role (`call`), in one place; here it is
//! only understood. Must not: read the configuration of its own plugin (all it
//! needs is in the registry), or answer the client but for a lost registry entry:
//! Envoy does not retry local replies of this chain.

use super::deadlines;
use super::health;
use super::idle::Live;
use super::place;
use super::registry::{Entry, Refusal, Seen};
use super::surroundings::{Role, Wait};
use super::{CALL_ID, Step, Worker};
use crate::dialect::{Dialect, Shape, StreamTranslator, withheld};
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, Side, text};
use crate::route::health::Event;
use crate::telemetry;
use gauge::Gauge;
use headers::{is_for_envoy, shape};
use std::rc::Rc;
use target::Try;

mod credential;
mod failure;
mod gauge;
mod headers;
mod pace;
mod rewrite;
mod stream;
mod target;

pub struct Attempt {
    worker: Rc<Worker>,
    /// Ours among the VM's contexts, for deadlines.
    context: u32,
    /// What it shows of its target, where the strategy wants to know.
    gauge: Option<Gauge>,
    /// While it is not sure that a body will come.
    wait: Option<Rc<Wait>>,
    phase: Phase,
}

enum Phase {
    Fresh,
    /// The request is being collected; so many bytes of its body have come.
    Sending(Try, usize),
    /// The provider is at work.
    Waiting(Try),
    /// A whole answer, or an error's body, is being collected.
    Whole {
        this: Try,
        headers: Headers,
        status: u16,
    },
    /// A stream without content yet: nothing has left for the client.
    Held {
        this: Try,
        headers: Headers,
        stream: Box<dyn StreamTranslator>,
        out: Vec<u8>,
    },
    /// A stream on its way to the client.
    Live {
        this: Try,
        stream: Rc<Live>,
    },
    /// Decided; what still comes is dropped.
    Over,
    /// No call of ours.
    Through,
}

/// Envoy's timers count from the last turn of its event loop, so they may fire
/// this much before our clock says so. Nanoseconds.
const EARLY: u64 = 20_000_000;
/// What went in, where a body does not say: of Bedrock's `InvokeModel`.
const TOLD_INPUT: &str = "x-amzn-bedrock-input-token-count";
/// Most bytes of an error's body that are read.
const MAX_ERROR: usize = 64 << 10;

/// Envoy's count of this attempt, from 1. The first of a plan with one target
/// needs not be asked for.
fn attempt_number(host: &dyn Host, entry: &Entry) -> Option<usize> {
    if entry.tried.is_empty() && entry.plan.targets.len() == 1 {
        return Some(1);
    }
    let count = host.header(Side::Request, "x-envoy-attempt-count")?;
    std::str::from_utf8(&count).ok()?.parse().ok()
}

// === impl Attempt ===

impl Attempt {
    pub fn new(worker: Rc<Worker>, context: u32) -> Self {
        Self { worker, context, gauge: None, wait: None, phase: Phase::Fresh }
    }

    pub fn request_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let Some(id) = host.property(&[CALL_ID]) else {
            self.phase = Phase::Through;
            return Step::Continue;
        };
        let Some(entry) = self.worker.registry.find(&id) else {
            self.worker.surroundings.lost();
            return self.lost(host, "registry");
        };
        self.worker.surroundings.met();
        let client = entry.borrow().client;
        let stopped = self.worker.stop_retry(host, &mut entry.borrow_mut());
        if let Some(refusal) = stopped {
            return self.reply(host, client, &refusal.error);
        }
        self.wait = self.worker.wait_for_body(host, self.context, (client, Some(&entry)));
        let attempt = attempt_number(host, &entry.borrow());
        let this = Try::begin(host, entry, attempt, self.context);
        if end || this.at().is_none() {
            return self.lost(host, "plan");
        }
        if this.index > 0 && this.is_misrouted(host) {
            return self.misrouted(host, &this);
        }
        self.gauge = Gauge::of(&this, &self.worker, host);
        // The first was charged with the plan.
        if this.index > 0
            && let Some(at) = this.at()
        {
            self.worker.charge(host, &this.entry.borrow(), at);
        }
        if this.index > 0 {
            self.worker.shift(host, &mut this.entry.borrow_mut(), this.index);
        }
        self.phase = Phase::Sending(this, 0);
        Step::Pause
    }

    pub fn request_body(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        self.worker.surroundings.saw_body(Role::Upstream);
        self.wait = None;
        let Phase::Sending(this, held) = &mut self.phase else { return Step::Continue };
        *held = size;
        if end || this.flows_from(size) { self.send(host, end) } else { Step::Pause }
    }

    /// Trailers end a body as well as its last byte does.
    pub fn request_trailers(&mut self, host: &dyn Host) -> Step {
        match self.phase {
            Phase::Sending(..) => self.send(host, true),
            _ => Step::Continue,
        }
    }

    pub fn response_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let mut this = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Waiting(this) => this,
            other => {
                self.phase = other;
                return Step::Continue;
            }
        };
        let mut headers = host.headers(Side::Response);
        if headers.iter().any(|(name, _)| is_for_envoy(name)) {
            let remove: Vec<_> = headers.extract_if(.., |(name, _)| is_for_envoy(name)).collect();
            let remove: Vec<_> = remove.iter().map(|(name, _)| name.as_str()).collect();
            host.edit_headers(Side::Response, &remove, &[]);
        }
        if let Some(watch) = &this.watch {
            if host.now() >= watch.due {
                return self.give_up(host, this, &headers, deadlines::timeout(), None);
            }
            watch.held.set(true);
        }
        let status = text(&headers, ":status").and_then(|s| s.parse().ok()).unwrap_or(0);
        let Some(dialect) = this.at().map(|at| at.surface.dialect) else {
            return self.lost(host, "plan");
        };
        let shape = match status {
            400..=599 if end => Err(this.understand(status, &[]).error),
            400..=599 => Ok(Shape::Whole),
            _ => shape(status, &headers, dialect, this.reply_is_stream(), end),
        };
        match shape {
            Err(error) => return self.give_up(host, this, &headers, error, None),
            Ok(Shape::Whole) => {
                self.phase = Phase::Whole { this, headers, status };
                return Step::Pause;
            }
            Ok(shape) => this.reply.opaque = shape == Shape::Opaque,
        }
        let Some(stream) = this.at().map(|at| (at.translator.stream)(&this.reply)) else {
            return self.lost(host, "plan");
        };
        self.phase = Phase::Held { this, headers, stream, out: Vec::new() };
        Step::Pause
    }

    pub fn response_body(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Whole { this, .. } | Phase::Held { this, .. } if this.is_late() => {
                self.drop_body(host, size)
            }
            Phase::Whole { this, headers, status } => {
                if !end && (status < 400 || size < MAX_ERROR) {
                    self.phase = Phase::Whole { this, headers, status };
                    return Step::Pause;
                }
                self.whole(host, this, &headers, status, size)
            }
            Phase::Held { this, headers, stream, out } => {
                self.held(host, (this, headers, stream, out), size, end)
            }
            Phase::Live { this, stream } => self.live(host, this, stream, size, end),
            Phase::Over => self.drop_body(host, size),
            other => {
                self.phase = other;
                Step::Continue
            }
        }
    }

    /// No provider of today sends trailers; what was collected is judged with them.
    pub fn response_trailers(&mut self, host: &dyn Host) -> Step {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Whole { this, headers, status } => {
                self.whole(host, this, &headers, status, usize::MAX)
            }
            Phase::Held { this, headers, mut stream, mut out } => {
                stream.finish(&mut out);
                let failed = stream.progress().failed.clone();
                let error = failed.unwrap_or_else(|| {
                    Error::new(Kind::BadAnswer, "the provider's stream has no body")
                });
                self.hide(host, this, &headers, error)
            }
            Phase::Live { this, stream: live } => {
                self.worker.deadlines.idle.forget(&live);
                if let Some(mut stream) = live.moves() {
                    stream.finish(&mut Vec::new());
                    this.note(stream.progress());
                }
                Step::Continue
            }
            other => {
                self.phase = other;
                Step::Continue
            }
        }
    }

    /// The stream is gone, whatever the reason.
    pub fn done(&mut self, host: &dyn Host) {
        let mut unheard = None;
        match &self.phase {
            Phase::Sending(this, _)
            | Phase::Waiting(this)
            | Phase::Whole { this, .. }
            | Phase::Held { this, .. } => {
                self.forget_deadline(this);
                let now = host.now();
                let late = now + EARLY >= this.due && place::is_connected(host);
                let kind = if late { Kind::Timeout } else { Kind::Unreachable };
                this.abandoned(kind);
                // When the client has left, its call was settled before this.
                unheard = Some(this.is_settled());
                if !this.is_settled() {
                    this.tell(host);
                }
                if !this.is_settled() {
                    this.defer_spares(host);
                }
                // The tick has told of what it failed.
                if !this.is_settled() && !this.is_late() {
                    self.learn(host, this, Event::Failed(None));
                }
            }
            Phase::Live { stream, .. } => self.worker.deadlines.idle.forget(stream),
            Phase::Fresh | Phase::Over | Phase::Through => {}
        }
        self.gauge_done(host, unheard);
        self.phase = Phase::Over;
    }

    /// The whole request has come, or so much of it that the rest may flow: on to the
    /// provider, in its own words.
    fn send(&mut self, host: &dyn Host, end: bool) -> Step {
        let Phase::Sending(mut this, size) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Step::Continue;
        };
        match this.send(host, size, end) {
            Ok(()) => {
                if let Some(watch) = &this.watch {
                    self.worker.deadlines.watch(host, watch);
                }
                self.phase = Phase::Waiting(this);
                Step::Continue
            }
            Err(error) => {
                let error = this.unsayable(error).error;
                let client = this.entry.borrow().client;
                self.reply(host, client, &error)
            }
        }
    }

    fn whole(
        &mut self,
        host: &dyn Host,
        mut this: Try,
        headers: &Headers,
        status: u16,
        size: usize,
    ) -> Step {
        let body = host.body(Side::Response, size);
        if status >= 400 {
            let understood = this.understand(status, &body);
            let verbatim = understood.verbatim.then_some(body);
            return self.give_up(host, this, headers, understood.error, verbatim);
        }
        this.reply.told_input = text(headers, TOLD_INPUT).and_then(|n| n.parse().ok());
        let Some(at) = this.at() else { return self.lost(host, "plan") };
        match (at.translator.response)(&body, &this.reply) {
            Ok(_) if this.leaves_filters() && withheld::whole(at.surface.dialect, &body) => {
                self.give_up(host, this, headers, withheld::error(), None)
            }
            Ok(answer) => {
                let length = answer.body.as_ref().map_or(body.len(), Vec::len);
                if let Some(new) = &answer.body {
                    host.replace_body(Side::Response, body.len(), new);
                }
                this.release(host, headers, Some((length, &answer.usage)));
                self.learn_good(host, &this, headers);
                self.gauge_whole(host, &answer.usage);
                let seen = Seen {
                    usage: answer.usage,
                    output_bytes: length as u64,
                    complete: true,
                    failed: None,
                };
                this.entry.borrow_mut().seen = seen;
                self.forget_deadline(&this);
                Step::Continue
            }
            Err(error) => self.give_up(host, this, headers, error, None),
        }
    }

    /// Our state is gone: a VM reload, or a bug.
    fn lost(&mut self, host: &dyn Host, reason: &'static str) -> Step {
        self.worker.meter.count(host, telemetry::INTERNAL, &[("reason", reason)], 1);
        let error = Error::new(Kind::Unavailable, "the gateway lost this call; try again");
        self.reply(host, Dialect::OpenAiChat, &error)
    }

    /// Ends the call: the router does not retry what this chain says.
    fn reply(&mut self, host: &dyn Host, client: Dialect, error: &Error) -> Step {
        let body = client.error_body(error);
        host.reply(error.status(), &[("content-type", "application/json")], &body);
        self.phase = Phase::Over;
        Step::Pause
    }

    /// What was made for one provider must not go to another: the call ends here.
    fn misrouted(&mut self, host: &dyn Host, this: &Try) -> Step {
        self.worker.meter.count(host, telemetry::INTERNAL, &[("reason", "route")], 1);
        let words = "the gateway's route does not follow its plan; its log says more";
        let error = Error::new(Kind::Internal, words);
        this.fail(Refusal::new(error.clone()));
        self.reply(host, this.client(), &error)
    }

    /// A failed stream's rest, or a refusal's: the gateway role has spoken.
    fn drop_body(&self, host: &dyn Host, size: usize) -> Step {
        if size > 0 {
            host.replace_body(Side::Response, size, b"");
        }
        Step::Continue
    }

    /// Tells all workers how this attempt went.
    fn learn(&self, host: &dyn Host, this: &Try, event: Event) {
        let entry = this.entry.borrow();
        if let Some(at) = entry.plan.resolve(&entry.config, this.index) {
            self.worker.learn(host, &entry, at, event);
        }
    }

    fn learn_good(&self, host: &dyn Host, this: &Try, headers: &Headers) {
        let event = health::event_of_good(host, &this.entry.borrow(), headers);
        self.learn(host, this, event.unwrap_or(Event::Good));
    }

    fn forget_deadline(&self, this: &Try) {
        if let Some(watch) = &this.watch {
            self.worker.deadlines.forget(watch);
        }
    }
}
