//! The gateway role: one client request, from its headers to its settling.
//!
//! `Phase` owns what each stage needs, so no stage can read what it does not
//! have. Host calls on the good path: all headers, the body, the plan's headers one
//! by one, one property; nothing on the way back (`answer`) but where it must speak.
//! Must not: translate, know a provider's wire, or speak for a provider that answered
//! well.

use super::endpoints::{self, Endpoint};
use super::registry::{Answer, Entry, Id, Seen, Shared};
use super::{CALL_ID, RECORD, Step, Worker, settle};
use crate::config::{Config, Provider};
use crate::dialect::{Addressed, Dialect, Facts};
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, Side, text, value};
use crate::policy::identity;
use crate::route::{self, Moment, Plan};
use crate::store::health::Table;
use crate::telemetry;
use std::rc::Rc;

mod answer;

pub struct Call {
    worker: Rc<Worker>,
    config: Rc<Config>,
    /// The metric label.
    endpoint: &'static str,
    /// What the client speaks; until its path tells, the hub's dialect.
    client: Dialect,
    phase: Phase,
}

enum Phase {
    Fresh,
    /// The request body is being collected.
    Collecting {
        headers: Headers,
        consumer: String,
        /// What the path said.
        addressed: Option<Addressed>,
    },
    /// Envoy runs the plan.
    Planned {
        id: Id,
        entry: Shared,
    },
    /// Answered by us without a plan.
    Replied {
        outcome: &'static str,
    },
    /// Another route's business.
    Through,
    Settled,
}

const JSON: (&str, &str) = ("content-type", "application/json");

// === impl Call ===

impl Call {
    pub fn new(worker: Rc<Worker>, config: Rc<Config>) -> Self {
        let client = Dialect::OpenAiChat;
        Self { worker, config, endpoint: "unknown", client, phase: Phase::Fresh }
    }

    pub fn request_headers(&mut self, host: &dyn Host, end: bool) -> Step {
        let mut headers = host.headers(Side::Request);
        let reserved: Vec<_> = headers.extract_if(.., |(name, _)| is_reserved(name)).collect();
        if !reserved.is_empty() {
            let names: Vec<_> = reserved.iter().map(|(name, _)| name.as_str()).collect();
            host.edit_headers(Side::Request, &names, &[]);
        }
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
        if !matches!(self.phase, Phase::Collecting { .. }) {
            return Step::Continue;
        }
        if size > self.config.max_body {
            let e = too_large(&self.config);
            return self.refuse(host, &e);
        }
        if !end {
            return Step::Pause;
        }
        self.body_complete(host, size)
    }

    /// Trailers end a body as well as its last byte does.
    pub fn request_trailers(&mut self, host: &dyn Host) -> Step {
        match self.phase {
            Phase::Collecting { .. } => self.body_complete(host, self.config.max_body),
            _ => Step::Continue,
        }
    }

    /// Once, at the end of the stream, however it ended.
    pub fn log(&mut self, host: &dyn Host) {
        match std::mem::replace(&mut self.phase, Phase::Settled) {
            Phase::Planned { id, entry } => {
                self.worker.registry.remove(id);
                entry.borrow_mut().settled = true;
                settle::call(&self.worker, host, &entry.borrow());
            }
            Phase::Replied { outcome } => self.settle_local(host, outcome),
            Phase::Collecting { .. } => self.settle_local(host, "cancelled"),
            Phase::Fresh | Phase::Through | Phase::Settled => {}
        }
    }

    fn open(&mut self, host: &dyn Host, headers: Headers, end: bool) -> Result<Step, Error> {
        let method = text(&headers, ":method").unwrap_or_default();
        let path = text(&headers, ":path").unwrap_or_default();
        self.client = endpoints::client(path);
        let endpoint = endpoints::endpoint(method, path)?;
        self.endpoint = endpoint.as_str();
        if endpoint == Endpoint::Health {
            let body = endpoints::health(&self.config, self.worker.registry.len());
            return Ok(self.answer(host, &body));
        }
        let consumer = identity::identify(&self.config, &headers)?;
        let body = match endpoint {
            Endpoint::Call(_, addressed) => {
                self.check_body_headers(&headers)?;
                if end {
                    return Err(Error::new(
                        Kind::InvalidRequest,
                        "the request body is empty; send JSON",
                    ));
                }
                let consumer = consumer.to_owned();
                self.phase = Phase::Collecting { headers, consumer, addressed };
                return Ok(Step::Pause);
            }
            Endpoint::Models => endpoints::models(&self.config),
            Endpoint::Model(id) => endpoints::one_model(&self.config, &id)?,
            Endpoint::Usage => endpoints::usage(&self.config, host, consumer),
            Endpoint::Health => endpoints::health(&self.config, self.worker.registry.len()),
        };
        Ok(self.answer(host, &body))
    }

    fn check_body_headers(&self, headers: &Headers) -> Result<(), Error> {
        let encoding = text(headers, "content-encoding").unwrap_or("identity");
        if !encoding.eq_ignore_ascii_case("identity") {
            return Err(Error::new(
                Kind::UnsupportedMedia,
                "compressed request bodies are not taken; send the JSON without content-encoding",
            ));
        }
        if let Some(type_) = text(headers, "content-type") {
            let essence = type_.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if essence != "application/json" && !essence.ends_with("+json") {
                return Err(Error::new(
                    Kind::UnsupportedMedia,
                    "the content-type must be application/json",
                ));
            }
        }
        let length = text(headers, "content-length").and_then(|l| l.parse::<usize>().ok());
        if length.is_some_and(|l| l > self.config.max_body) {
            return Err(too_large(&self.config));
        }
        Ok(())
    }

    fn body_complete(&mut self, host: &dyn Host, size: usize) -> Step {
        let Phase::Collecting { headers, consumer, addressed } =
            std::mem::replace(&mut self.phase, Phase::Fresh)
        else {
            return Step::Continue;
        };
        let body = host.body(Side::Request, size);
        let now = host.now();
        let table = self.worker.table(host, &self.config);
        let marked = !table.is_empty();
        let planned = Facts::of(self.client, &body, addressed)
            .and_then(|facts| Ok((self.plan(host, (&facts, &body, &headers), table, now)?, facts)));
        let (plan, facts) = match planned {
            Ok(planned) => planned,
            Err(e) => return self.refuse(host, &e),
        };
        let entry = Entry {
            config: Rc::clone(&self.config),
            client: self.client,
            request_id: text(&headers, "x-request-id").unwrap_or_default().to_owned(),
            plan,
            facts,
            headers,
            consumer,
            started: now,
            tried: Vec::new(),
            answer: Answer::None,
            seen: Seen::default(),
            first_token: None,
            marked,
            settled: false,
        };
        self.launch(host, entry)
    }

    /// The plan; if it begins with a probe, one that this call may make.
    fn plan(
        &self,
        host: &dyn Host,
        (facts, body, headers): (&Facts, &[u8], &Headers),
        mut table: Table,
        now: u64,
    ) -> Result<Plan, Error> {
        let header = |name: &str| value(headers, name).map(<[u8]>::to_vec);
        let chance = self.worker.registry.chance();
        let turn = |provider: &Provider| self.worker.next_key_turn(&provider.name);
        loop {
            let moment = Moment { now, table: &table, turn: &turn, header: &header, chance };
            let plan = route::plan(&self.config, facts, body, moment)?;
            match plan.probe {
                // Another call was faster: it is resting, for this one.
                Some(target) if !self.worker.claim(host, &self.config, target, now) => {
                    table = self.worker.table(host, &self.config);
                }
                _ => return Ok(plan),
            }
        }
    }

    /// Writes the plan for Envoy and enters the call for its attempts.
    fn launch(&mut self, host: &dyn Host, entry: Entry) -> Step {
        let Some((id, entry)) = self.worker.registry.enter(entry) else {
            let e = Error::new(Kind::Unavailable, "too many calls in flight; try again");
            return self.refuse(host, &e);
        };
        host.set_property(CALL_ID, &self.worker.registry.wire(id));
        orders(host, &self.config, &entry.borrow());
        self.phase = Phase::Planned { id, entry };
        Step::Continue
    }

    fn refuse(&mut self, host: &dyn Host, error: &Error) -> Step {
        let body = self.client.error_body(error);
        let after = error.retry_after.map(|seconds| seconds.to_string());
        let mut headers = vec![JSON];
        headers.extend(after.as_deref().map(|seconds| ("retry-after", seconds)));
        host.reply(error.status(), &headers, &body);
        self.phase = Phase::Replied { outcome: error.kind.as_str() };
        Step::Pause
    }

    fn answer(&mut self, host: &dyn Host, body: &[u8]) -> Step {
        host.reply(200, &[JSON], body);
        self.phase = Phase::Replied { outcome: "ok" };
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
    let total = config.total_timeout_ms.to_string();
    let mut orders = entry.plan.orders(config, 0);
    orders.push(("x-envoy-upstream-rq-timeout-ms", &total));
    orders.push(("x-envoy-upstream-rq-per-try-timeout-ms", &per_try));
    if entry.plan.targets.len() > 1 {
        orders.push(("x-envoy-max-retries", &retries));
        orders.push(("x-envoy-retry-on", &config.retry_on));
        orders.push(("x-envoy-retriable-status-codes", &config.retry_codes));
    }
    host.edit_headers(Side::Request, &[], &orders);
}

fn too_large(config: &Config) -> Error {
    let max = config.max_body;
    Error::new(
        Kind::TooLarge,
        format!("the request body is larger than {max} bytes (defaults.max_body)"),
    )
}
