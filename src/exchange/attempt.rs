//! The upstream role: one try of one target.
//!
//! Sends the provider its own words, holds the response headers until the answer
//! has shown its first content, turns hidden failures into statuses the router
//! retries, and passes the translated answer on, chunk by chunk. The error a
//! client sees is written by the gateway role (`call`), in one place; here it is
//! only understood. Must not: read the configuration of its own plugin (all it
//! needs is in the registry), or answer the client but for a lost registry entry:
//! Envoy does not retry local replies of this chain.

use super::deadlines::{self, Watch};
use super::registry::{Answer, Outcome, Refusal, Seen, Shared, Tried};
use super::{CALL_ID, Step, Worker};
use crate::config::Config;
use crate::config::raw::RetryClass;
use crate::dialect::{Body, Feed, Progress, Reply, Request, StreamTranslator};
use crate::error::{Error, Fault, Kind};
use crate::host::{Headers, Host, Side, text, value};
use crate::provider;
use crate::route::Resolved;
use crate::telemetry;
use crate::wire::json;
use std::cell::Cell;
use std::rc::Rc;

pub struct Attempt {
    worker: Rc<Worker>,
    /// Ours among the VM's contexts, for deadlines.
    context: u32,
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
        stream: Box<dyn StreamTranslator>,
    },
    /// Decided; what still comes is dropped.
    Over,
    /// No call of ours.
    Through,
}

/// What an attempt knows of itself.
struct Try {
    entry: Shared,
    config: Rc<Config>,
    /// Index into the plan, and into the entry's `tried`.
    index: usize,
    reply: Reply,
    dropped: String,
    /// When this target's time is up, Unix nanoseconds.
    due: u64,
    /// Set where that is earlier than Envoy's per-try timeout.
    watch: Option<Rc<Watch>>,
}

/// Most bytes held back while waiting for content; then the stream is let go.
const MAX_HELD: usize = 256 << 10;
/// How much earlier than by our clock Envoy's per-try timeout may fire: it goes by
/// its event loop's clock, which is behind.
const EARLY_NS: u64 = 25_000_000;
/// Most bytes of an error's body that are read.
const MAX_ERROR: usize = 64 << 10;

// === impl Attempt ===

impl Attempt {
    pub fn new(worker: Rc<Worker>, context: u32) -> Self {
        Self { worker, context, phase: Phase::Fresh }
    }

    pub fn request_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let Some(id) = host.property(&[CALL_ID]) else {
            self.phase = Phase::Through;
            return Step::Continue;
        };
        let Some(entry) = self.worker.registry.find(&id) else {
            return self.lost(host, "registry");
        };
        let attempt = host.header(Side::Request, "x-envoy-attempt-count");
        let attempt = attempt.and_then(|a| std::str::from_utf8(&a).ok()?.parse::<usize>().ok());
        let this = Try::begin(entry, attempt, host.now(), self.context);
        if end || this.at().is_none() {
            return self.lost(host, "plan");
        }
        self.phase = Phase::Sending(this, 0);
        Step::Pause
    }

    pub fn request_body(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        let Phase::Sending(_, held) = &mut self.phase else { return Step::Continue };
        *held = size;
        if end { self.send(host) } else { Step::Pause }
    }

    /// Trailers end a body as well as its last byte does.
    pub fn request_trailers(&mut self, host: &dyn Host) -> Step {
        match self.phase {
            Phase::Sending(..) => self.send(host),
            _ => Step::Continue,
        }
    }

    pub fn response_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let this = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Waiting(this) => this,
            other => {
                self.phase = other;
                return Step::Continue;
            }
        };
        let mut headers = host.headers(Side::Response);
        if headers.iter().any(|(name, _)| is_for_envoy(name)) {
            headers.retain(|(name, _)| !is_for_envoy(name));
            let rest: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
            host.set_headers(Side::Response, &rest);
        }
        if let Some(watch) = &this.watch {
            if host.now() >= watch.due {
                return self.give_up(host, this, &headers, deadlines::timeout(), None);
            }
            watch.held.set(true);
        }
        let status = text(&headers, ":status").and_then(|s| s.parse().ok()).unwrap_or(0);
        let problem = match status {
            400.. if end => Some(this.understand(status, &[]).error),
            400.. => None,
            _ => unreadable(status, &headers, this.reply_is_stream(), end),
        };
        if let Some(error) = problem {
            return self.give_up(host, this, &headers, error, None);
        }
        if status >= 400 || !this.reply_is_stream() {
            self.phase = Phase::Whole { this, headers, status };
            return Step::Pause;
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
                self.give_up(host, this, &headers, error, None)
            }
            Phase::Live { this, mut stream } => {
                stream.finish(&mut Vec::new());
                this.note(stream.progress());
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
        match &self.phase {
            Phase::Sending(this, _)
            | Phase::Waiting(this)
            | Phase::Whole { this, .. }
            | Phase::Held { this, .. } => {
                self.forget_deadline(this);
                let is_timeout = host.now() + EARLY_NS >= this.due;
                let kind = if is_timeout { Kind::Timeout } else { Kind::Unreachable };
                this.abandoned(kind);
            }
            Phase::Fresh | Phase::Live { .. } | Phase::Over | Phase::Through => {}
        }
        self.phase = Phase::Over;
    }

    /// The whole request has come: on to the provider, in its own words.
    fn send(&mut self, host: &dyn Host) -> Step {
        let Phase::Sending(mut this, size) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Step::Continue;
        };
        match this.send(host, size) {
            Ok(()) => {
                if let Some(watch) = &this.watch {
                    self.worker.deadlines.watch(host, watch);
                }
                self.phase = Phase::Waiting(this);
                Step::Continue
            }
            // The request itself cannot be said in this dialect: the client's to mend.
            Err(error) => {
                let body = this.entry.borrow().client.error_body(&error);
                let status = error.status();
                this.fail(Refusal { error, verbatim: None, retry_after: None });
                host.reply(status, &[("content-type", "application/json")], &body);
                Step::Pause
            }
        }
    }

    fn whole(
        &mut self,
        host: &dyn Host,
        this: Try,
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
        let Some(at) = this.at() else { return self.lost(host, "plan") };
        match (at.translator.response)(&body, &this.reply) {
            Ok(answer) => {
                let length = answer.body.as_ref().map_or(body.len(), Vec::len);
                if let Some(new) = &answer.body {
                    host.replace_body(Side::Response, body.len(), new);
                }
                this.release(host, headers, Some(length));
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

    fn held(
        &mut self,
        host: &dyn Host,
        (this, headers, mut stream, mut out): (Try, Headers, Box<dyn StreamTranslator>, Vec<u8>),
        size: usize,
        end: bool,
    ) -> Step {
        let chunk = host.body(Side::Response, size);
        if stream.feed(&chunk, &mut out) == Feed::Same {
            out.extend_from_slice(&chunk);
        }
        if end {
            stream.finish(&mut out);
        }
        let progress = stream.progress();
        if let Some(error) = &progress.failed
            && !progress.started
            && this.may_hide(error)
        {
            let error = error.clone();
            return self.give_up(host, this, &headers, error, None);
        }
        if progress.started || progress.failed.is_some() || end || out.len() > MAX_HELD {
            self.forget_deadline(&this);
            host.replace_body(Side::Response, size, &out);
            this.release(host, &headers, None);
            this.entry.borrow_mut().first_token = Some(host.now());
            this.note(progress);
            self.phase = if end { Phase::Over } else { Phase::Live { this, stream } };
            return Step::Continue;
        }
        host.replace_body(Side::Response, size, b"");
        self.phase = Phase::Held { this, headers, stream, out };
        Step::Pause
    }

    fn live(
        &mut self,
        host: &dyn Host,
        this: Try,
        mut stream: Box<dyn StreamTranslator>,
        size: usize,
        end: bool,
    ) -> Step {
        let chunk = host.body(Side::Response, size);
        let mut out = Vec::new();
        let mut fed = stream.feed(&chunk, &mut out);
        if end {
            if fed == Feed::Same {
                out.extend_from_slice(&chunk);
            }
            fed = Feed::Changed;
            stream.finish(&mut out);
        }
        if fed == Feed::Changed && out != chunk {
            host.replace_body(Side::Response, size, &out);
        }
        this.note(stream.progress());
        self.phase = if end { Phase::Over } else { Phase::Live { this, stream } };
        Step::Continue
    }

    /// This attempt has failed. Sets the status that makes the router go on, if
    /// somebody is left to try and the class is one to retry; else the gateway
    /// role tells the client.
    fn give_up(
        &mut self,
        host: &dyn Host,
        this: Try,
        headers: &Headers,
        error: Error,
        verbatim: Option<Vec<u8>>,
    ) -> Step {
        self.forget_deadline(&this);
        if error.kind == Kind::ProviderAuth
            && let Some(at) = this.at()
        {
            let status = text(headers, ":status").and_then(|s| s.parse().ok()).unwrap_or(0);
            self.worker.warn_of_key(&at.provider.name, status);
        }
        let status = match (error.kind, text(headers, ":status")) {
            // The router must see 401 or 403 to tell this class from the others.
            (Kind::ProviderAuth, Some(status @ ("401" | "403"))) => status.to_owned(),
            _ => error.status().to_string(),
        };
        if text(headers, ":status") != Some(&status) {
            host.set_header(Side::Response, ":status", &status);
        }
        let retry_after = text(headers, "retry-after").map(str::to_owned);
        this.fail(Refusal { error, verbatim, retry_after });
        Step::Continue
    }

    /// Our state is gone: a VM reload, or a bug.
    fn lost(&mut self, host: &dyn Host, reason: &'static str) -> Step {
        self.worker.meter.count(host, telemetry::INTERNAL, &[("reason", reason)], 1);
        let error = Error::new(Kind::Unavailable, "the gateway lost this call; try again");
        let body = crate::dialect::Dialect::OpenAiChat.error_body(&error);
        host.reply(error.status(), &[("content-type", "application/json")], &body);
        self.phase = Phase::Over;
        Step::Pause
    }

    /// A failed stream's rest, or a refusal's: the gateway role has spoken.
    fn drop_body(&self, host: &dyn Host, size: usize) -> Step {
        if size > 0 {
            host.replace_body(Side::Response, size, b"");
        }
        Step::Continue
    }

    fn forget_deadline(&self, this: &Try) {
        if let Some(watch) = &this.watch {
            self.worker.deadlines.forget(watch);
        }
    }
}

// === impl Try ===

impl Try {
    /// `attempt`: Envoy's count, from 1; without it, our own.
    fn begin(entry: Shared, attempt: Option<usize>, now: u64, context: u32) -> Self {
        let mut e = entry.borrow_mut();
        let index = attempt.map_or(e.tried.len(), |a| a.saturating_sub(1));
        e.answer = Answer::None;
        e.tried.push(Tried { target: index, started: now, outcome: None });
        let config = Rc::clone(&e.config);
        let per_try = e.plan.per_try_ms;
        let own = e
            .plan
            .resolve(&config, e.client, index)
            .map_or(per_try, |at| at.target.deadline_ms(e.facts.stream));
        let due = now + own * 1_000_000;
        drop(e);
        let watch = (own < per_try).then(|| {
            let (held, late) = (Cell::new(false), Cell::new(false));
            Rc::new(Watch { entry: Rc::clone(&entry), due, context, held, late })
        });
        Self { entry, config, index, reply: Reply::default(), dropped: String::new(), due, watch }
    }

    /// The worker's tick has failed this attempt.
    fn is_late(&self) -> bool {
        self.watch.as_ref().is_some_and(|w| w.late.get())
    }

    fn at(&self) -> Option<Resolved<'_>> {
        let entry = self.entry.borrow();
        entry.plan.resolve(&self.config, entry.client, self.index)
    }

    fn reply_is_stream(&self) -> bool {
        self.entry.borrow().facts.stream
    }

    /// Translates the request and hands it to Envoy.
    fn send(&mut self, host: &dyn Host, size: usize) -> Result<(), Error> {
        let bug = || Error::new(Kind::Internal, "the plan has no such target");
        let (reply, dropped) = {
            let entry = self.entry.borrow();
            let at = entry.plan.resolve(&self.config, entry.client, self.index).ok_or_else(bug)?;
            let facts = &entry.facts;
            let model = at.target.model.as_deref().unwrap_or(&facts.model);
            let read = at.translator.reads.map_or(size, |reads| reads(facts));
            let body = host.body(Side::Request, read);
            let request = Request { body: &body, facts, model, traits: at.target.traits };
            let made = (at.translator.request)(&request)?;
            let length = match &made.body {
                Body::Whole(new) => {
                    host.replace_body(Side::Request, size, new);
                    new.len()
                }
                Body::Spliced(splices) => {
                    let new = json::splice(&body, splices);
                    host.replace_body(Side::Request, body.len(), &new);
                    size + new.len() - body.len()
                }
            };
            self.address(host, &entry.headers, at, entry.key_turn, length);
            let reply = Reply {
                model: model.to_owned(),
                created: entry.started / 1_000_000_000,
                include_usage: facts.include_usage,
                json_tool: made.json_tool,
            };
            (reply, made.dropped.join(", "))
        };
        self.reply = reply;
        self.dropped = dropped;
        Ok(())
    }

    /// The provider's address, credentials and headers, all in one call.
    fn address(
        &self,
        host: &dyn Host,
        client: &Headers,
        at: Resolved<'_>,
        key_turn: usize,
        length: usize,
    ) {
        let length = length.to_string();
        let scheme = if at.provider.url.tls { "https" } else { "http" };
        let mut headers: Vec<(&str, &[u8])> = vec![
            (":method", b"POST"),
            (":scheme", scheme.as_bytes()),
            (":authority", at.provider.url.authority.as_bytes()),
            (":path", at.provider.chat_path.as_bytes()),
            ("content-type", b"application/json"),
            ("content-length", length.as_bytes()),
        ];
        let forwarded = client.iter().filter(|(name, _)| provider::forwards(name));
        headers.extend(forwarded.map(|(n, v)| (n.as_str(), v.as_slice())));
        headers.extend(at.provider.kind.headers.iter().map(|(n, v)| (*n, v.as_bytes())));
        let key = match at.provider.keys.len() {
            0 => None,
            n => at.provider.keys.get((key_turn + self.index) % n),
        };
        let credential = key.map(|k| at.provider.kind.auth.header(k.reveal()));
        if let Some((name, value)) = &credential {
            headers.push((name, value.as_bytes()));
        }
        // Envoy keeps one header map for all attempts: what the router reads to pick
        // the next target must outlive this one.
        let entry = self.entry.borrow();
        let rest = entry.plan.orders(&self.config, entry.client, self.index + 1);
        headers.extend(rest.iter().map(|(n, v)| (*n, v.as_bytes())));
        host.set_headers(Side::Request, &headers);
    }

    fn understand(&self, status: u16, body: &[u8]) -> crate::dialect::UpstreamError {
        match self.at() {
            Some(at) => (at.translator.error)(status, body),
            None => crate::dialect::UpstreamError {
                error: Error::new(Kind::of_provider_status(status), "the provider failed")
                    .with_status(status),
                verbatim: false,
            },
        }
    }

    /// May a failure inside a 200 stream be hidden from the client by another try?
    fn may_hide(&self, error: &Error) -> bool {
        error.kind.fault() == Fault::Client
            || self.config.retry_classes.contains(&RetryClass::Stream)
    }

    /// Lets the answer go to the client. `length`: of a whole body.
    fn release(&self, host: &dyn Host, from: &Headers, length: Option<usize>) {
        let mut entry = self.entry.borrow_mut();
        entry.answer = Answer::Given;
        let attempts = entry.tried.len().to_string();
        if let Some(tried) = entry.tried.last_mut() {
            tried.outcome = Some(Outcome::Good);
        }
        let length = length.map(|l| l.to_string());
        let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(from.len() + 5);
        headers.extend(
            from.iter().filter(|(n, _)| is_for_clients(n)).map(|(n, v)| (n.as_str(), v.as_slice())),
        );
        if let Some(length) = &length {
            headers.push(("content-length", length.as_bytes()));
        }
        let expose = self.config.expose;
        if let Some(at) = entry.plan.resolve(&self.config, entry.client, self.index) {
            if expose.provider {
                headers.push(("x-sluice-provider", at.provider.name.as_bytes()));
            }
            let model = at.target.model.as_deref().unwrap_or(&entry.facts.model);
            if expose.model && model.is_ascii() {
                headers.push(("x-sluice-model", model.as_bytes()));
            }
        }
        if expose.attempts {
            headers.push(("x-sluice-attempts", attempts.as_bytes()));
        }
        if expose.dropped && !self.dropped.is_empty() {
            headers.push(("x-sluice-dropped", self.dropped.as_bytes()));
        }
        host.set_headers(Side::Response, &headers);
    }

    fn note(&self, progress: &Progress) {
        self.entry.borrow_mut().seen = Seen {
            usage: progress.usage,
            output_bytes: progress.output_bytes,
            complete: progress.complete,
            failed: progress.failed.as_ref().map(|e| e.kind),
        };
    }

    fn fail(&self, refusal: Refusal) {
        let mut entry = self.entry.borrow_mut();
        if let Some(tried) = entry.tried.last_mut() {
            tried.outcome = Some(Outcome::Failed(refusal.error.kind));
        }
        entry.answer = Answer::Refused(refusal);
    }

    /// Ended without a word from the provider; whose turn it was is known by place.
    fn abandoned(&self, kind: Kind) {
        let Ok(mut entry) = self.entry.try_borrow_mut() else { return };
        let index = self.index;
        let this = entry.tried.iter_mut().rev().find(|t| t.target == index && t.outcome.is_none());
        if let Some(tried) = this {
            tried.outcome = Some(Outcome::Failed(kind));
        }
    }
}

/// Why a success cannot be read, if it cannot.
fn unreadable(status: u16, headers: &Headers, stream: bool, end: bool) -> Option<Error> {
    let bad = |message: String| Some(Error::new(Kind::BadAnswer, message));
    if status != 200 || end {
        return bad(format!("the provider answered HTTP {status} without an answer"));
    }
    let encoding = text(headers, "content-encoding").unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return bad("the provider compressed its answer though nobody asked".into());
    }
    let type_ = value(headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    let wanted: &[u8] = if stream { b"text/event-stream" } else { b"application/json" };
    if !type_.starts_with(wanted) {
        let kind = if stream { "an event stream" } else { "JSON" };
        return bad(format!("the provider's answer is not {kind}"));
    }
    None
}

/// What a provider's own Envoy would tell ours: not to retry, not to ask this host
/// again. Those are decided here.
fn is_for_envoy(name: &str) -> bool {
    matches!(name, "x-envoy-ratelimited" | "x-envoy-immediate-health-check-fail")
}

/// Response headers of a provider that clients may see. Framing is Envoy's, the
/// account's identity is the operator's, cookies would be set for our own host.
fn is_for_clients(name: &str) -> bool {
    !matches!(
        name,
        "alt-svc"
            | "anthropic-organization-id"
            | "connection"
            | "content-length"
            | "keep-alive"
            | "openai-organization"
            | "openai-project"
            | "server"
            | "set-cookie"
            | "strict-transport-security"
            | "transfer-encoding"
            | "upgrade"
    ) && !name.starts_with("x-sluice-")
        && !name.starts_with("x-envoy-")
}
