//! The gateway role: one client request, from its headers to its settling.
//!
//! `Phase` owns what each stage needs, so no stage can read what it does not
//! have. Host calls on the good path: all headers, the body, the time, one read of
//! shared data (who rests), the plan's headers one by one, one property; more only where
//! the configuration asks for it (`identify`, `permits`, `spending`, `waiting`, `learned`, `quotas`, `wishes`,
//! `shadow`); nothing on the
//! way back (`answer`) but where it must speak.
//! Must not: translate, know a provider's wire, or speak for a provider that answered
//! well.

use super::endpoints::{self, Endpoint, models};
use super::registry::{Answer, Entry, Id, Seen, Shared, announced};
use super::spending::Told;
use super::spending::draws::Drawing;
use super::surroundings::{Role, Wait};
use super::{CALL_ID, RECORD, Step, Worker, settle, spending};
use crate::config::Config;
use crate::dialect::{Addressed, Dialect, Facts, Form, count, misdirected};
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, Side, text};
use crate::policy::admin;
use crate::policy::identity::Caller;
use crate::telemetry;
use decide::{Decided, Ready};
use std::cell::RefCell;
use std::rc::Rc;
use upload::Upload;
use waiting::{Rest, Waiting};
use wishes::Wishes;

mod answer;
mod decide;
mod identify;
mod permits;
mod shadow;
mod upload;
mod waiting;
mod wishes;

pub struct Call {
    worker: Rc<Worker>,
    config: Rc<Config>,
    /// The metric label.
    endpoint: &'static str,
    /// What the client speaks; until its path tells, the hub's dialect.
    client: Dialect,
    /// The client may know why, and asked.
    explains: bool,
    /// The decision, where it was asked for.
    explained: RefCell<Option<String>>,
    /// Headers of a refusal, where a limit refuses.
    told: RefCell<Told>,
    /// A limit has sent it to another model, before it was decided anew.
    routed: bool,
    /// Ours among the VM's contexts.
    context: u32,
    /// While it is not sure that a body will come.
    wait: Option<Rc<Wait>>,
    /// What the client says of who serves it.
    wishes: Wishes,
    /// What its output was limited to, where the client may know it.
    capped: Option<String>,
    /// This is a copy, for the model of that name.
    shadow: Option<String>,
    /// What the rate limit service was asked for it.
    draws: Vec<Drawing>,
    phase: Phase,
}

enum Phase {
    Fresh,
    /// The request body is being collected.
    Collecting {
        headers: Headers,
        caller: Caller,
        /// What the path said.
        addressed: Option<Addressed>,
        /// Where the body is a form.
        upload: Option<Upload>,
    },
    /// Its part of what all proxies share is being drawn.
    Waiting(Box<Waiting>),
    /// Envoy runs the plan.
    Planned {
        id: Id,
        entry: Shared,
        /// The request is still coming in.
        upload: Option<Upload>,
    },
    /// We have spoken in the middle of a request that was flowing on.
    Stopped {
        id: Id,
        entry: Shared,
    },
    /// Answered by us without a plan.
    Replied {
        outcome: &'static str,
        /// What we have refused it with.
        error: Option<Error>,
    },
    /// Another route's business.
    Through,
    Settled,
}

const EXPLAIN: &str = "x-sluice-explain";
const JSON: (&str, &str) = ("content-type", "application/json");
/// Beside a count that nobody made.
const ESTIMATED: (&str, &str) = ("x-sluice-estimated", "true");

// === impl Call ===

impl Call {
    pub fn new(worker: Rc<Worker>, config: Rc<Config>, context: u32) -> Self {
        let client = Dialect::OpenAiChat;
        let (endpoint, phase) = ("unknown", Phase::Fresh);
        Self {
            worker,
            config,
            endpoint,
            client,
            explains: false,
            explained: RefCell::default(),
            told: RefCell::default(),
            routed: false,
            context,
            wait: None,
            wishes: Wishes::default(),
            capped: None,
            shadow: None,
            draws: Vec::new(),
            phase,
        }
    }

    pub fn request_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let mut headers = host.headers(Side::Request);
        let reserved: Vec<_> = headers.extract_if(.., |(name, _)| is_reserved(name)).collect();
        if !reserved.is_empty() {
            self.explains = self.config.expose.explain && text(&reserved, EXPLAIN) == Some("1");
            self.note_wishes(&reserved);
            let names: Vec<_> = reserved.iter().map(|(name, _)| name.as_str()).collect();
            host.edit_headers(Side::Request, &names, &[]);
            self.take_shadow(&reserved);
        }
        self.keep_trusted(host, &mut headers);
        let path = text(&headers, ":path").unwrap_or_default();
        if self.config.passes_through(path.split('?').next().unwrap_or_default()) {
            self.phase = Phase::Through;
            return Step::Continue;
        }
        match self.open(host, headers, end) {
            Ok(step) => step,
            Err(e) => self.refuse(host, &e),
        }
    }

    pub fn request_body(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        self.worker.surroundings.saw_body(Role::Gateway);
        self.wait = None;
        match &mut self.phase {
            Phase::Planned { upload: Some(_), .. } => return self.flow(host, size, end),
            Phase::Waiting(_) => return self.form_waits(host, size, end),
            Phase::Collecting { .. } => {}
            _ => return Step::Continue,
        }
        if size > self.max_body() {
            return self.refuse(host, &self.too_large());
        }
        let read = match &mut self.phase {
            Phase::Collecting { upload: Some(upload), .. } => upload.read(host, size),
            _ => Ok(()),
        };
        let step = match (read, end) {
            (Ok(()), false) => self.form_part(host, size),
            (Ok(()), true) => Ok(self.body_complete(host, size)),
            (Err(e), _) => Err(e),
        };
        step.unwrap_or_else(|e| self.refuse(host, &e))
    }

    /// Trailers end a body as well as its last byte does.
    pub fn request_trailers(&mut self, host: &dyn Host) -> Step {
        match self.phase {
            Phase::Collecting { .. } => self.body_complete(host, self.config.max_body),
            Phase::Waiting(_) => self.form_waits(host, self.held(), true),
            _ => self.flowed(host),
        }
    }

    /// Once, at the end of the stream, however it ended.
    pub fn log(&mut self, host: &dyn Host) {
        self.abandon(host);
        self.worker.forget(host, &self.config, &mut self.draws);
        match std::mem::replace(&mut self.phase, Phase::Settled) {
            Phase::Planned { id, entry, .. } | Phase::Stopped { id, entry } => {
                self.worker.registry.remove(id);
                entry.borrow_mut().settled = true;
                settle::call(&self.worker, host, &entry.borrow());
            }
            Phase::Replied { outcome, .. } => self.settle_local(host, outcome),
            Phase::Collecting { .. } | Phase::Waiting(_) => self.settle_local(host, "cancelled"),
            Phase::Fresh | Phase::Through | Phase::Settled => {}
        }
    }

    fn open(&mut self, host: &dyn Host, headers: Headers, end: bool) -> Result<Step, Error> {
        let method = text(&headers, ":method").unwrap_or_default();
        let path = text(&headers, ":path").unwrap_or_default();
        self.client = endpoints::client(path, &headers);
        let endpoint = endpoints::endpoint(method, path)?;
        if self.shadow.is_none() {
            self.endpoint = endpoint.as_str();
        }
        let body = match &endpoint {
            Endpoint::Call(_, addressed) => {
                let caller = self.caller(host, &headers, &endpoint)?;
                let upload = self.check_body_headers(&headers)?;
                if end {
                    let what = if upload.is_some() { "a form" } else { "JSON" };
                    return Err(Error::new(
                        Kind::InvalidRequest,
                        format!("the request body is empty; send {what}"),
                    ));
                }
                self.wait = self.worker.wait_for_body(host, self.context, (self.client, None));
                let addressed = addressed.clone();
                self.phase = Phase::Collecting { headers, caller, addressed, upload };
                return Ok(Step::Pause);
            }
            Endpoint::Models => {
                let caller = self.caller(host, &headers, &endpoint)?;
                let query = path.split_once('?').map_or("", |(_, query)| query);
                models::list(&self.config, &caller.consumer, self.client, query)?
            }
            Endpoint::Model(id) => {
                let caller = self.caller(host, &headers, &endpoint)?;
                models::one(&self.config, &caller.consumer, self.client, id)?
            }
            Endpoint::Usage => return self.usage_page(host, &headers),
            Endpoint::Limits => {
                let caller = self.caller(host, &headers, &endpoint)?;
                spending::page::page(host, &self.config, &caller)
            }
            Endpoint::Health => self.health_page(host, &headers),
        };
        Ok(self.answer(host, &[JSON], &body))
    }

    /// Who asks, if it may.
    fn caller(
        &mut self,
        host: &dyn Host,
        headers: &Headers,
        endpoint: &Endpoint,
    ) -> Result<Caller, Error> {
        let caller = match self.shadow {
            Some(_) => Caller::of(&self.config.shadow),
            None => self.identify(host, headers)?,
        };
        self.admit(&caller.consumer.permits, endpoint)?;
        Ok(caller)
    }

    fn usage_page(&mut self, host: &dyn Host, headers: &Headers) -> Result<Step, Error> {
        let config = Rc::clone(&self.config);
        let caller = || self.caller(host, headers, &Endpoint::Usage);
        let sees = admin::sees(&config, headers, caller)?;
        let query = text(headers, ":path").and_then(|path| path.split_once('?'));
        let asked = (query.map_or("", |(_, q)| q), text(headers, "accept").unwrap_or_default());
        let page = endpoints::usage::page(&self.config, host, &sees, asked)?;
        Ok(self.answer(host, &[("content-type", page.content_type)], &page.body))
    }

    /// Names of targets are for those who may use all of them, and for admin keys.
    fn health_page(&self, host: &dyn Host, headers: &Headers) -> Vec<u8> {
        let is_known = || {
            let caller = self.identify(host, headers);
            caller.is_ok_and(|c| c.consumer.permits.sees_all())
        };
        let may =
            admin::is_admin(&self.config, headers) || self.config.expose.explain && is_known();
        let routing = may.then(|| self.worker.state(host, &self.config));
        endpoints::health::page(host, &self.config, &self.worker, routing.as_ref())
    }

    /// For a form, what reads it.
    fn check_body_headers(&self, headers: &Headers) -> Result<Option<Upload>, Error> {
        let encoding = text(headers, "content-encoding").unwrap_or("identity");
        if !encoding.eq_ignore_ascii_case("identity") {
            return Err(Error::new(
                Kind::UnsupportedMedia,
                "compressed request bodies are not taken; send it without content-encoding",
            ));
        }
        let type_ = text(headers, "content-type");
        let essence = type_.map(|t| t.split(';').next().unwrap_or_default().trim());
        let essence = essence.map(str::to_ascii_lowercase);
        let (fits, wanted) = match (self.client.form(), essence.as_deref()) {
            (Form::Json, Some(e)) => {
                (e == "application/json" || e.ends_with("+json"), "application/json")
            }
            (Form::Json, None) => (true, ""),
            (Form::Multipart, e) => (e == Some("multipart/form-data"), "multipart/form-data"),
        };
        if !fits {
            return Err(Error::new(
                Kind::UnsupportedMedia,
                format!("the content-type must be {wanted}"),
            ));
        }
        let upload = match self.client.form() {
            Form::Json => None,
            Form::Multipart => Some(Upload::open(type_.unwrap_or_default())?),
        };
        match announced(headers) {
            Some(length) if length > self.max_body() => Err(self.too_large()),
            _ => Ok(upload),
        }
    }

    /// Most bytes of this call's body.
    fn max_body(&self) -> usize {
        match self.client.form() {
            Form::Json => self.config.max_body,
            Form::Multipart => self.config.max_upload,
        }
    }

    /// What is said of more.
    fn too_large(&self) -> Error {
        match self.client.form() {
            Form::Json => too_large(&self.config),
            Form::Multipart => too_large_upload(&self.config),
        }
    }

    fn body_complete(&mut self, host: &dyn Host, size: usize) -> Step {
        let Phase::Collecting { headers, caller, addressed, upload } =
            std::mem::replace(&mut self.phase, Phase::Fresh)
        else {
            return Step::Continue;
        };
        let mut body = Vec::new();
        let facts = match upload {
            Some(upload) => upload.facts(self.client),
            None => {
                body = host.body(Side::Request, size);
                let who = (&headers, &*caller.consumer);
                self.take_wishes(host, who, addressed.is_some(), &mut body)
                    .and_then(|()| self.hold_to(host, (&headers, &who.1.permits), &mut body))
                    .and_then(|()| Facts::of(self.client, &body, addressed))
            }
        };
        let facts = facts.and_then(|facts| self.recast(facts));
        match facts.and_then(|facts| self.decide(host, (&headers, &caller), facts, &body)) {
            Ok(Decided::Run(ready)) => {
                let rest = Rest { body, upload: None, size };
                self.begin(host, (headers, caller), ready, rest)
            }
            Ok(Decided::Estimate(tokens)) => {
                self.answer(host, &[JSON, ESTIMATED], &count::answer(self.client, tokens))
            }
            Err(e) => self.refuse(host, &misdirected::explained(e, self.client, &body)),
        }
    }

    /// Writes the plan for Envoy and enters the call for its attempts. `upload`: the
    /// request goes on from here while it comes in.
    fn launch(
        &mut self,
        host: &dyn Host,
        headers: Headers,
        caller: Caller,
        ready: Ready,
        upload: Option<Upload>,
    ) -> Step {
        let Ready { plan, facts, started, marked, reservation } = ready;
        let entry = Entry {
            config: Rc::clone(&self.config),
            client: self.client,
            request_id: text(&headers, "x-request-id").unwrap_or_default().to_owned(),
            upstream_request_id: None,
            plan,
            facts,
            headers,
            caller,
            started,
            tried: Vec::new(),
            answer: Answer::None,
            seen: Seen::default(),
            first_token: None,
            marked,
            settled: false,
            explained: self.explained.take(),
            capped: self.capped.take(),
            flows: upload.is_some(),
            last_words: None,
            stopped: None,
            shadow: self.shadow.is_some(),
            reservation,
        };
        let entered = self.worker.registry.enter(entry).map_err(|entry| {
            self.worker.release(host, &self.config, entry.reservation.as_deref());
            self.worker.unclaim(host, &self.config, &entry.plan, &entry.facts);
        });
        let Ok((id, entry)) = entered else {
            let e = Error::new(Kind::Unavailable, "too many calls in flight; try again");
            return self.refuse(host, &e);
        };
        if self.shadow.is_none() {
            self.worker.count_call(&self.config);
        }
        host.set_property(CALL_ID, &self.worker.registry.wire(id));
        orders(host, &self.config, &entry.borrow());
        self.cast_shadow(host, &entry.borrow());
        self.phase = Phase::Planned { id, entry, upload };
        Step::Continue
    }

    fn refuse(&mut self, host: &dyn Host, error: &Error) -> Step {
        let body = self.client.error_body(error);
        let after = error.retry_after.map(|seconds| seconds.to_string());
        let mut headers = vec![JSON];
        headers.extend(after.as_deref().map(|seconds| ("retry-after", seconds)));
        let explained = self.explained.take();
        headers.extend(explained.as_deref().map(|json| (EXPLAIN, json)));
        let told = self.told.take();
        headers.extend(told.iter());
        host.reply(error.status(), &headers, &body);
        let outcome = error.kind.as_str();
        self.phase = Phase::Replied { outcome, error: Some(error.clone()) };
        Step::Pause
    }

    fn answer(&mut self, host: &dyn Host, headers: &[(&str, &str)], body: &[u8]) -> Step {
        host.reply(200, headers, body);
        self.phase = Phase::Replied { outcome: "ok", error: None };
        Step::Pause
    }

    /// The end of a request without a plan.
    fn settle_local(&self, host: &dyn Host, outcome: &str) {
        let labels = [("endpoint", self.endpoint), ("outcome", outcome)];
        self.worker.meter.count(host, telemetry::REQUESTS, &labels, 1);
        let header = |name| host.header(Side::Request, name).unwrap_or_default();
        let (id, path) = (header("x-request-id"), header(":path"));
        let (id, path) = (String::from_utf8_lossy(&id), String::from_utf8_lossy(&path));
        host.set_property(RECORD, &telemetry::local_record(&id, &path, outcome));
    }
}

/// Headers only we and Envoy may set. The two exceptions are Envoy's own: its
/// connection manager has replaced whatever a client sent, and nothing obeys them.
fn is_reserved(name: &str) -> bool {
    name.starts_with("x-sluice-")
        || name.starts_with("x-envoy-")
            && !matches!(name, "x-envoy-external-address" | "x-envoy-internal")
}

/// The plan in the words Envoy's router obeys; see `envoy/envoy.yaml`.
fn orders(host: &dyn Host, config: &Config, entry: &Entry) {
    let retries = (entry.plan.targets.len().saturating_sub(1)).to_string();
    let per_try = entry.plan.per_try_ms.to_string();
    let Some(terms) = entry.plan.terms(config) else { return };
    let total = terms.total_ms().to_string();
    let mut orders = entry.plan.orders(config, 0);
    orders.push(("x-envoy-upstream-rq-timeout-ms", &total));
    orders.push(("x-envoy-upstream-rq-per-try-timeout-ms", &per_try));
    if entry.plan.targets.len() > 1 {
        orders.push(("x-envoy-max-retries", &retries));
        orders.push(("x-envoy-retry-on", &terms.retry().on));
        orders.push(("x-envoy-retriable-status-codes", &terms.retry().codes));
    }
    host.edit_headers(Side::Request, &[], &orders);
}

fn too_large(config: &Config) -> Error {
    larger_than(config.max_body, "defaults.max_body")
}

fn too_large_upload(config: &Config) -> Error {
    match config.max_upload == config.max_body {
        true => too_large(config),
        false => larger_than(config.max_upload, "defaults.max_upload"),
    }
}

fn larger_than(max: usize, setting: &str) -> Error {
    let words = format!("the request body is larger than {max} bytes ({setting})");
    Error::new(Kind::TooLarge, words)
}
