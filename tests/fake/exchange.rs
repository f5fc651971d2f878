//! One client request on its way through both filter chains and the router.
//!
//! `Exchange::step` does the next thing that would happen by itself: another piece
//! of the client's request, the next attempt, the next act of the provider's
//! script. Time, hang-ups and the VM's end come from outside (`envoy`). The router
//! is Envoy's as far as the core relies on it: it reads its orders once, takes them
//! out of the headers, picks attempt N's cluster from header N, and asks nobody
//! when it gives up.
//!
//! Order of endings, as seen on a real Envoy: after a hang-up or a local reply the
//! gateway role's log comes before the attempt's end.

use super::envoy::Vm;
use super::host::{Asked, Context, Local, Process, Stream, shown};
use super::provider::{Act, Request, Script};
use super::router::Router;
use super::seen::{Client, Ending, Received};
use sluice::exchange::attempt::Attempt;
use sluice::exchange::call::Call;
use sluice::exchange::{RECORD, Step};
use sluice::host::{Headers, text};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

pub struct Exchange {
    pub client: Client,
    /// What reached providers, in order.
    pub received: Vec<Received>,
    /// Targets in the plan, as the router was told.
    pub planned: usize,
    /// The VM of this request is gone.
    pub orphan: bool,
    spoken: bool,
    /// All of the request has come and is held.
    came: bool,
    /// A provider was at work when the client left.
    pub left_at_work: bool,
    pub(super) root: u32,
    process: Rc<Process>,
    stream: Rc<Stream>,
    gateway: Rc<Context>,
    call: Call,
    request: VecDeque<Part>,
    body: Vec<u8>,
    trailers: bool,
    router: Router,
    phase: Phase,
    scripts: Vec<Script>,
    /// Bytes per piece of a replayed body; 0: all at once.
    piece: usize,
    /// The cluster of attempts that nobody ordered.
    stray: Option<String>,
    /// The cluster of all attempts, whatever was ordered.
    pinned: Option<String>,
    /// A cluster without a host.
    empty: Option<String>,
    /// There is no filter in the upstream chain.
    pub unfiltered: bool,
    /// Pausing in the headers' callback stops the body's: a flag is missing.
    pub deaf: bool,
}

enum Part {
    Headers(bool),
    Body(Vec<u8>, bool),
    Trailers,
}

enum Phase {
    /// The client's request is coming in.
    Sending,
    /// The next attempt begins then.
    Backoff(u64),
    Trying(Box<Try>),
    Ended,
}

struct Try {
    attempt: Attempt,
    context: Rc<Context>,
    cluster: String,
    /// What of the request is still to be sent.
    request: VecDeque<Part>,
    script: Script,
    /// What of the request's body has gone on to the provider.
    sent: Vec<u8>,
    /// Its filter has seen the request.
    begun: bool,
    /// Its response headers have passed the upstream chain.
    released: bool,
    per_try_due: Option<u64>,
    orphan: bool,
}

const BACK_OFF: u64 = 1_000_000;
/// Envoy's timers go by its event loop's clock, which is behind: they fire early.
const EARLY: u64 = 3_000_000;

// === impl Exchange ===

impl Exchange {
    pub(super) fn new(
        process: &Rc<Process>,
        root: u32,
        call: impl FnOnce(u32) -> Call,
        request: Request,
        scripts: Vec<Script>,
    ) -> Self {
        let stream = Rc::new(Stream::default());
        *stream.request.borrow_mut() = request.headers;
        let mut parts = VecDeque::new();
        parts.push_back(Part::Headers(request.body.is_empty()));
        let last = request.body.len().saturating_sub(1);
        for (i, piece) in request.body.into_iter().enumerate() {
            parts.push_back(Part::Body(piece, i == last && !request.trailers));
        }
        if request.trailers {
            parts.push_back(Part::Trailers);
        }
        let gateway = process.context(&stream, root);
        Self {
            client: Client::default(),
            received: Vec::new(),
            planned: 0,
            orphan: false,
            spoken: false,
            came: false,
            left_at_work: false,
            root,
            process: Rc::clone(process),
            call: call(gateway.id),
            gateway,
            stream,
            request: parts,
            body: Vec::new(),
            trailers: request.trailers,
            router: Router::default(),
            phase: Phase::Sending,
            scripts,
            piece: request.replay_piece,
            stray: None,
            pinned: None,
            empty: None,
            unfiltered: false,
            deaf: false,
        }
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    pub fn is_between_attempts(&self) -> bool {
        matches!(self.phase, Phase::Backoff(_)) && self.router.attempts > 0
    }

    /// The client's request headers have come.
    pub fn has_spoken(&self) -> bool {
        self.spoken
    }

    /// What the router was told in this `x-envoy-` header, or whom to send a copy.
    pub fn ordered(&self, name: &str) -> &str {
        self.router.order(name)
    }

    /// The access log's record, if this was a call with a plan.
    pub fn record(&self) -> Option<serde_json::Value> {
        let state = self.stream.state.borrow();
        let text = String::from_utf8_lossy(state.get(RECORD)?).into_owned();
        let record: serde_json::Value = serde_json::from_str(&format!("{{{text}}}")).unwrap();
        record["model"].is_string().then_some(record)
    }

    /// Does the next thing; false: nothing happens before some time has passed.
    pub fn step(&mut self, vm: &Vm) -> bool {
        if self.orphan && !matches!(self.phase, Phase::Backoff(_) | Phase::Ended) {
            self.fail_stream();
            return true;
        }
        match &mut self.phase {
            Phase::Sending if self.deaf && self.spoken => return false,
            Phase::Sending => match self.request.pop_front() {
                Some(part) => self.client_sends(part),
                None => return false,
            },
            Phase::Backoff(due) if *due <= self.process.now.get() => self.begin_attempt(vm),
            Phase::Trying(this) => {
                if let Some(part) = this.request.pop_front() {
                    self.router_sends(part);
                } else if let Some(act) = this.script.pop_front() {
                    self.provider_acts(act);
                } else {
                    return false;
                }
            }
            Phase::Backoff(_) | Phase::Ended => return false,
        }
        true
    }

    /// The client goes away.
    pub fn hang_up(&mut self) {
        if self.has_ended() {
            return;
        }
        let at_work = matches!(&self.phase, Phase::Trying(this) if this.begun);
        self.left_at_work = at_work && !self.orphan;
        self.end(Ending::Left, "downstream_remote_disconnect");
    }

    /// The route retries more often than it was told, at `cluster`.
    pub fn allow_retries(&mut self, more: usize, cluster: &str) {
        self.router.retries += more;
        self.router.on.push("gateway-error".into());
        self.stray = Some(cluster.to_owned());
    }

    /// Envoy knows no address for this cluster.
    pub fn empty(&mut self, cluster: &str) {
        self.empty = Some(cluster.to_owned());
    }

    /// A route without `refresh_cluster_on_retry`, or with hedging.
    pub fn pin(&mut self, cluster: &str) {
        self.pinned = Some(cluster.to_owned());
    }

    /// Envoy answers by itself.
    pub fn local_reply(&mut self, status: u16, details: &str) {
        *self.stream.details.borrow_mut() = details.to_owned();
        let local = Local {
            headers: vec![
                (":status".into(), status.to_string().into_bytes()),
                ("content-type".into(), b"text/plain".to_vec()),
            ],
            body: details.as_bytes().to_vec(),
        };
        self.reply_through_chain(local);
    }

    pub(super) fn next_timer(&self) -> Option<u64> {
        if let Phase::Sending = &self.phase {
            let grpc = self.process.grpc.borrow();
            return grpc.iter().filter(|a| a.context == self.gateway.id).map(|a| a.due).min();
        }
        match &self.phase {
            Phase::Backoff(due) => Some(*due),
            Phase::Trying(this) => this.per_try_due.into_iter().chain(self.router.total_due).min(),
            _ => None,
        }
    }

    pub(super) fn fire_timers(&mut self) {
        let now = self.process.now.get();
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        let own = |a: &mut Asked| a.context == self.gateway.id && a.due <= now;
        let late: Vec<_> = self.process.grpc.borrow_mut().extract_if(.., own).collect();
        for asked in late {
            self.grpc_answered(&asked, None);
        }
        let Phase::Trying(this) = &self.phase else { return };
        if self.orphan {
            return;
        }
        if due(self.router.total_due) {
            if self.client.headers.is_empty() {
                self.end_attempt();
                self.local_reply(504, "response_timeout");
            } else {
                self.end_attempt();
                self.end(Ending::Broken, "response_timeout");
            }
        } else if due(this.per_try_due) {
            self.end_attempt();
            if !self.router.retries_reset(false) {
                self.local_reply(504, "upstream_per_try_timeout");
            } else {
                self.phase = Phase::Backoff(now + BACK_OFF);
            }
        }
    }

    /// `fail_held` let this context's response go. True: it was one of ours.
    pub(super) fn resume(&mut self, context: u32) -> bool {
        match &mut self.phase {
            Phase::Trying(this) if this.context.id == context => {
                this.context.held.set(false);
                self.release(false);
                true
            }
            _ => false,
        }
    }

    /// `wake` resumed this context's response, which flowed. True: it was one of ours.
    pub(super) fn wake(&mut self, context: u32) -> bool {
        let own = self.flows(context);
        if own {
            self.pass_to_client(Vec::new());
        }
        own
    }

    /// `cut` reset this context's stream. True: it was one of ours.
    pub(super) fn cut(&mut self, context: u32) -> bool {
        let own = self.flows(context);
        if own {
            self.end(Ending::Broken, "via_upstream");
        }
        own
    }

    fn flows(&self, context: u32) -> bool {
        matches!(&self.phase, Phase::Trying(this) if this.context.id == context && this.released)
    }

    /// `reply_in` has answered this context. True: it was one of ours.
    pub(super) fn replied(&mut self, context: u32) -> bool {
        let attempt = match &self.phase {
            Phase::Trying(this) => Some(&this.context),
            _ => None,
        };
        let all = attempt.into_iter().chain([&self.gateway]);
        let Some(local) = all.filter(|c| c.id == context).find_map(|c| c.reply.take()) else {
            return false;
        };
        *self.stream.details.borrow_mut() = "direct_response".into();
        self.reply_through_chain(local);
        true
    }

    /// The VM has died: no callback of its contexts runs any more.
    pub(super) fn orphan(&mut self) {
        if !self.has_ended() {
            self.orphan = true;
            if let Phase::Trying(this) = &mut self.phase {
                this.orphan = true;
            }
        }
    }

    // --- request ---

    fn client_sends(&mut self, part: Part) {
        self.spoken = true;
        let gateway = Rc::clone(&self.gateway);
        let (step, end) = match part {
            Part::Headers(end) => (self.call.request_headers(&*gateway, end), end),
            Part::Body(bytes, end) => {
                let mut body = gateway.request_body.borrow_mut().take().unwrap_or_default();
                body.extend_from_slice(&bytes);
                let size = body.len();
                *gateway.request_body.borrow_mut() = Some(body);
                (self.call.request_body(&*gateway, size, end), end)
            }
            Part::Trailers => (self.call.request_trailers(&*gateway), true),
        };
        if let Some(local) = gateway.reply.take() {
            *self.stream.details.borrow_mut() = "direct_response".into();
            return self.reply_through_chain(local);
        }
        if step == Step::Continue {
            self.body.extend(gateway.request_body.borrow_mut().take().unwrap_or_default());
        }
        match (step, end) {
            (Step::Continue, true) => self.whole(),
            // It waits for an answer of a service.
            (Step::Pause, true) if self.asks() => self.came = true,
            // Held without a word and nothing more to come: the route timeout's business.
            (Step::Pause, true) => self.process.refused.borrow_mut().push("a stuck request".into()),
            _ => {}
        }
    }

    /// The client's request has come and may go on.
    fn whole(&mut self) {
        self.router = Router::ordered(&mut self.stream.request.borrow_mut());
        self.planned = self.router.retries + 1;
        let now = self.process.now.get();
        self.router.total_due = self.router.total_due.map(|ms| now + ms * 1_000_000);
        self.phase = Phase::Backoff(now);
    }

    fn asks(&self) -> bool {
        self.process.grpc.borrow().iter().any(|asked| asked.context == self.gateway.id)
    }

    /// A service has answered this context, or will not. True: it was ours.
    pub(super) fn grpc_answered(&mut self, asked: &Asked, answer: Option<&[u8]>) -> bool {
        if asked.context != self.gateway.id || self.has_ended() || self.orphan {
            return false;
        }
        let gateway = Rc::clone(&self.gateway);
        self.call.grpc_answer(&*gateway, asked.token, answer);
        if let Some(local) = gateway.reply.take() {
            *self.stream.details.borrow_mut() = "direct_response".into();
            self.reply_through_chain(local);
            return true;
        }
        let resumed =
            self.process.continued.borrow_mut().extract_if(.., |c| *c == gateway.id).count();
        if resumed > 0 {
            self.body.extend(gateway.request_body.borrow_mut().take().unwrap_or_default());
            if std::mem::take(&mut self.came) {
                self.whole();
            }
        }
        true
    }

    fn begin_attempt(&mut self, vm: &Vm) {
        self.router.attempts += 1;
        let number = self.router.attempts;
        let cluster = {
            let mut headers = self.stream.request.borrow_mut();
            headers.retain(|(n, _)| n != "x-envoy-attempt-count");
            headers.push(("x-envoy-attempt-count".into(), number.to_string().into_bytes()));
            let named = text(&headers, &format!("x-sluice-target-{number}")).map(str::to_owned);
            named.filter(|_| text(&headers, "x-sluice-pick") == Some("0"))
        };
        // A route of its own, where the request is none of ours.
        let through = !self.stream.state.borrow().contains_key(sluice::exchange::CALL_ID);
        let stray = if through { Some("other-route".into()) } else { self.stray.clone() };
        let Some(cluster) = cluster.or(stray) else {
            if number <= self.planned {
                self.process.refused.borrow_mut().push("a planned attempt has no cluster".into());
            }
            return self.local_reply(503, "no_healthy_upstream");
        };
        let cluster = self.pinned.clone().unwrap_or(cluster);
        if self.empty.as_ref() == Some(&cluster) {
            return self.local_reply(503, "no_healthy_upstream");
        }
        *self.stream.cluster.borrow_mut() = cluster.clone();
        self.stream.connected.set(true);
        let bodiless = self.body.is_empty() && !self.trailers;
        let mut request: VecDeque<_> = [Part::Headers(bodiless)].into();
        let size = if self.piece == 0 { self.body.len().max(1) } else { self.piece };
        let pieces = self.body.chunks(size).count();
        for (i, piece) in self.body.chunks(size).enumerate() {
            request.push_back(Part::Body(piece.to_vec(), i + 1 == pieces && !self.trailers));
        }
        if self.trailers {
            request.push_back(Part::Trailers);
        }
        let root = if self.orphan { vm.root } else { self.root };
        let context = self.process.context(&self.stream, root);
        self.phase = Phase::Trying(Box::new(Try {
            attempt: Attempt::new(Rc::clone(&vm.worker), context.id),
            context,
            cluster,
            request,
            script: self.scripts.get(number - 1).cloned().unwrap_or_default(),
            sent: Vec::new(),
            begun: false,
            released: false,
            per_try_due: None,
            orphan: false,
        }));
        if self.orphan {
            // A new VM runs the attempt; the call's own filter is dead.
            if let Phase::Trying(this) = &mut self.phase {
                let context = Rc::clone(&this.context);
                this.attempt.request_headers(&*context, false);
                if let Some(local) = context.reply.take() {
                    self.client = Client { headers: local.headers, body: local.body, ending: None };
                    self.end(Ending::Complete, "");
                }
            }
        }
    }

    fn router_sends(&mut self, part: Part) {
        let Phase::Trying(this) = &mut self.phase else { return };
        this.begun = true;
        let context = Rc::clone(&this.context);
        let (step, end) = match part {
            // The router hands it on as it is.
            Part::Headers(end) | Part::Body(_, end) if self.unfiltered => (Step::Continue, end),
            Part::Headers(end) => (this.attempt.request_headers(&*context, end), end),
            Part::Body(bytes, end) => {
                let mut body = context.request_body.borrow_mut().take().unwrap_or_default();
                body.extend_from_slice(&bytes);
                let size = body.len();
                *context.request_body.borrow_mut() = Some(body);
                (this.attempt.request_body(&*context, size, end), end)
            }
            Part::Trailers => (this.attempt.request_trailers(&*context), true),
        };
        if let Some(local) = context.reply.take() {
            *self.stream.details.borrow_mut() = "upstream_filter".into();
            return self.reply_through_chain(local);
        }
        if step == Step::Continue {
            this.sent.extend(context.request_body.borrow_mut().take().unwrap_or_default());
        }
        if end && step == Step::Continue {
            if self.router.per_try_ms > 0 {
                let now = self.process.now.get();
                this.per_try_due = Some(now + self.router.per_try_ms * 1_000_000 - EARLY);
            }
            self.received.push(Received {
                attempt: self.router.attempts,
                cluster: this.cluster.clone(),
                headers: self.stream.request.borrow().clone(),
                body: std::mem::take(&mut this.sent),
            });
        }
    }

    // --- response ---

    fn provider_acts(&mut self, act: Act) {
        let Phase::Trying(this) = &mut self.phase else { return };
        let context = Rc::clone(&this.context);
        let (step, end) = match act {
            Act::Headers(status, headers, end) => {
                let mut all: Headers = vec![(":status".into(), status.to_string().into_bytes())];
                all.extend(headers.into_iter().map(|(n, v)| (n, v.into_bytes())));
                *context.response.borrow_mut() = all;
                let step = match self.unfiltered {
                    true => Step::Continue,
                    false => this.attempt.response_headers(&*context, end),
                };
                context.held.set(step == Step::Pause);
                (step, end)
            }
            Act::Body(bytes, end) => {
                let mut body = context.response_body.borrow_mut().take().unwrap_or_default();
                body.extend_from_slice(&bytes);
                let size = body.len();
                *context.response_body.borrow_mut() = Some(body);
                match self.unfiltered {
                    true => (Step::Continue, end),
                    false => (this.attempt.response_body(&*context, size, end), end),
                }
            }
            Act::Trailers => (this.attempt.response_trailers(&*context), true),
            Act::Reset => return self.upstream_reset(false),
            Act::Connecting => {
                // Its time begins with a connection.
                this.per_try_due = None;
                return self.stream.connected.set(false);
            }
            Act::ConnectFailure => {
                self.stream.connected.set(false);
                return self.upstream_reset(true);
            }
        };
        if context.reply.take().is_some() {
            self.process.refused.borrow_mut().push("a reply to a response".into());
        }
        if step == Step::Continue {
            context.held.set(false);
            self.release(end);
        }
    }

    /// What the attempt holds goes on to the router, and from there to the client.
    fn release(&mut self, end: bool) {
        let Phase::Trying(this) = &mut self.phase else { return };
        let context = Rc::clone(&this.context);
        if !this.released {
            this.released = true;
            this.per_try_due = None;
            let headers = context.response.borrow().clone();
            if self.router.retries_response(&headers) {
                self.end_attempt();
                self.phase = Phase::Backoff(self.process.now.get() + BACK_OFF);
                return;
            }
            *self.stream.details.borrow_mut() = "via_upstream".into();
            *self.gateway.response.borrow_mut() = headers;
            let gateway = Rc::clone(&self.gateway);
            self.call.response_headers(&*gateway);
            if let Some(local) = gateway.reply.take() {
                // Sent past the filters; the provider's answer is dropped.
                self.client = Client { headers: local.headers, body: local.body, ending: None };
                return self.end(Ending::Complete, "direct_response");
            }
            self.client.headers = self.gateway.response.borrow().clone();
        }
        let body = context.response_body.borrow_mut().take().unwrap_or_default();
        self.pass_to_client(body);
        if end {
            self.end_attempt();
            self.end(Ending::Complete, "via_upstream");
        }
    }

    /// Through the gateway role's body callback.
    fn pass_to_client(&mut self, body: Vec<u8>) {
        *self.gateway.response_body.borrow_mut() = Some(body);
        let gateway = Rc::clone(&self.gateway);
        if !self.orphan && self.call.response_body(&*gateway) == Step::Pause {
            self.process.refused.borrow_mut().push("an answer was held back".into());
        }
        self.client.body.extend(gateway.response_body.borrow_mut().take().unwrap_or_default());
    }

    fn upstream_reset(&mut self, connecting: bool) {
        self.end_attempt();
        if !self.client.headers.is_empty() {
            self.end(Ending::Broken, "upstream_reset_after_response_started");
        } else if self.router.retries_reset(connecting) {
            self.phase = Phase::Backoff(self.process.now.get() + BACK_OFF);
        } else {
            self.local_reply(503, "upstream_reset_before_response_started");
        }
    }

    /// A local reply passes the gateway role on its way out.
    fn reply_through_chain(&mut self, local: Local) {
        let gateway = Rc::clone(&self.gateway);
        *gateway.response.borrow_mut() = local.headers.clone();
        self.client = Client { headers: local.headers, body: local.body, ending: None };
        if !self.orphan {
            self.call.response_headers(&*gateway);
            if let Some(direct) = gateway.reply.take() {
                self.client = Client { headers: direct.headers, body: direct.body, ending: None };
            }
        }
        let details = self.stream.details.borrow().clone();
        self.end(Ending::Complete, &details);
    }

    fn end_attempt(&mut self) {
        if let Phase::Trying(mut this) = std::mem::replace(&mut self.phase, Phase::Sending)
            && !this.orphan
        {
            this.attempt.done(&*this.context);
        }
    }

    fn end(&mut self, ending: Ending, details: &str) {
        *self.stream.details.borrow_mut() = details.to_owned();
        if !self.orphan {
            let gateway = Rc::clone(&self.gateway);
            self.call.log(&*gateway);
        }
        // Envoy cancels what a context asked that is gone.
        self.process.grpc.borrow_mut().retain(|asked| asked.context != self.gateway.id);
        self.end_attempt();
        self.phase = Phase::Ended;
        self.client.ending = Some(ending);
    }

    /// A callback of a dead VM: Envoy fails closed.
    fn fail_stream(&mut self) {
        if self.client.headers.is_empty() {
            self.client.headers = vec![(":status".into(), b"503".to_vec())];
            self.end(Ending::Complete, "wasm_fail_stream");
        } else {
            self.end(Ending::Broken, "wasm_fail_stream");
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("ending", &self.client.ending)
            .field("headers", &shown(&self.client.headers))
            .field("body", &String::from_utf8_lossy(&self.client.body))
            .field("received", &self.received)
            .field("planned", &self.planned)
            .field("orphan", &self.orphan)
            .field("left_at_work", &self.left_at_work)
            .field("details", &self.stream.details)
            .field("record", &self.record())
            .finish_non_exhaustive()
    }
}
