//! One try of one target: what it knows, what it sends, what it leaves behind in
//! the registry entry.

use super::credential;
use super::headers::{is_for_clients, request_id};
use super::rewrite;
use crate::catalog::price;
use crate::config::raw::RetryClass;
use crate::config::{Config, Secret};
use crate::dialect::{
    Body, Dialect, Form, Progress, Reply, Request, UpstreamError, Usage, misdirected,
};
use crate::error::{Error, Fault, Kind};
use crate::exchange::deadlines::{Late, Watch};
use crate::exchange::place;
use crate::exchange::registry::{
    Answer, CAPPED, Entry, Outcome, Refusal, Seen, Shared, Tried, announced,
};
use crate::exchange::spending;
use crate::host::{Headers, Host, Side, text, value};
use crate::provider;
use crate::route::priced::Charge;
use crate::route::{Choice, Plan, Resolved};
use crate::wire::json;
use std::cell::Cell;
use std::rc::Rc;

/// At Bedrock its flags stand in the body.
const BETAS: &str = "anthropic-beta";

/// What an attempt knows of itself.
pub(super) struct Try {
    pub(super) entry: Shared,
    config: Rc<Config>,
    /// Index into the plan, and into the entry's `tried`.
    pub(super) index: usize,
    pub(super) reply: Reply,
    dropped: String,
    /// What the attempt before this one came to.
    before: Option<Refusal>,
    /// Unix nanoseconds.
    pub(super) began: u64,
    /// When this target's time is up, Unix nanoseconds.
    pub(super) due: u64,
    /// Set where that is earlier than Envoy's per-try timeout.
    pub(super) watch: Option<Rc<Watch>>,
}

// === impl Try ===

impl Try {
    /// `attempt`: Envoy's count, from 1; without it, our own.
    pub(super) fn begin(
        host: &dyn Host,
        entry: Shared,
        attempt: Option<usize>,
        context: u32,
    ) -> Self {
        let mut e = entry.borrow_mut();
        // The first attempt follows its call at once, but where that may have waited for a
        // draw: spares asking for the time.
        let at_once = e.tried.is_empty() && e.config.fleet.is_none();
        let now = if at_once { e.started } else { host.now() };
        let index = attempt.map_or(e.tried.len(), |a| a.saturating_sub(1));
        let before = match std::mem::replace(&mut e.answer, Answer::None) {
            Answer::Refused(refusal) => Some(refusal),
            Answer::None | Answer::Given => e.tried.last().and_then(Tried::silence),
        };
        e.seen = Seen::default();
        let began = now.saturating_sub(e.started) / 1_000_000;
        e.tried.push(Tried { target: index, began, outcome: None, told: None });
        let config = Rc::clone(&e.config);
        let (per_try, flows) = (e.plan.per_try_ms, e.flows);
        let own = e
            .plan
            .resolve(&config, index)
            .map_or(per_try, |at| at.terms.deadline_ms(at.target, e.facts.stream));
        let due = now + own * 1_000_000;
        drop(e);
        // How long an upload takes is the client's affair.
        let watched = own < per_try && !flows;
        let watch = watched.then(|| {
            let (held, late) = (Cell::new(false), Cell::new(false));
            let (entry, what) = (Rc::clone(&entry), Late::FirstToken);
            Rc::new(Watch { entry, due, context, held, what, late })
        });
        let (reply, dropped) = (Reply::default(), String::new());
        Self { entry, config, index, reply, dropped, before, began: now, due, watch }
    }

    /// The worker's tick has failed this attempt.
    pub(super) fn is_late(&self) -> bool {
        self.watch.as_ref().is_some_and(|w| w.late.get())
    }

    /// The call has ended, or is being answered now: what this attempt still meets is
    /// nobody's fault. (Envoy may end an attempt within the callback that answers.)
    pub(super) fn is_settled(&self) -> bool {
        self.entry.try_borrow().map_or(true, |entry| entry.settled)
    }

    /// Envoy has taken this attempt to another provider.
    pub(super) fn is_misrouted(&self, host: &dyn Host) -> bool {
        let entry = self.entry.borrow();
        let Some(cluster) = place::misrouted(host, &entry, self.index) else { return false };
        let wanted = entry.plan.resolve(&self.config, self.index);
        let wanted = wanted.map_or("", |at| at.provider.cluster.as_str());
        log::error!(
            "an attempt for cluster {wanted} was brought to {cluster} and stopped: the route needs \
             `refresh_cluster_on_retry` and must have no `hedge_policy`"
        );
        true
    }

    pub(super) fn at(&self) -> Option<Resolved<'_>> {
        let entry = self.entry.borrow();
        entry.plan.resolve(&self.config, self.index)
    }

    pub(super) fn client(&self) -> Dialect {
        self.entry.borrow().client
    }

    /// The longest silence of a stream that has begun; `None`: the total timeout comes
    /// before it.
    pub(super) fn idle_ms(&self) -> Option<u64> {
        let terms = self.at()?.terms;
        Some(terms.idle_ms()).filter(|idle| *idle < terms.total_ms())
    }

    /// The ids of all that a plan names.
    pub(super) fn others(&self, plan: &Plan) -> Vec<u64> {
        let own = |choice: &Choice| self.config.targets.get(choice.target).map(|t| t.id);
        plan.targets.iter().filter(|choice| !choice.spare).filter_map(own).collect()
    }

    pub(super) fn reply_is_stream(&self) -> bool {
        self.entry.borrow().facts.stream
    }

    /// The rest of the request may flow once so many bytes of it have come: all that
    /// must be changed is among them.
    pub(super) fn flows_from(&self, size: usize) -> bool {
        let entry = self.entry.borrow();
        entry.flows && size >= entry.facts.model_span.end
    }

    /// Translates the request and hands it to Envoy. `end`: Envoy holds all of it.
    pub(super) fn send(&mut self, host: &dyn Host, size: usize, end: bool) -> Result<(), Error> {
        let bug = || Error::new(Kind::Internal, "the plan has no such target");
        let (reply, dropped) = {
            let entry = self.entry.borrow();
            let at = entry.plan.resolve(&self.config, self.index).ok_or_else(bug)?;
            let facts = &entry.facts;
            let model = entry.plan.model_name(&self.config, self.index).ok_or_else(bug)?;
            let (traits, quirks) = (at.known.traits, at.provider.kind.quirks);
            let key = at.key;
            let signs = credential::signs(key);
            let read = match at.translator.reads {
                Some(reads) if !signs => reads(facts, quirks),
                _ => size,
            };
            let body = if read == 0 { Vec::new() } else { host.body(Side::Request, read) };
            let betas = &*betas(&entry.headers);
            let request = Request { body: &body, facts, model, traits, quirks, betas };
            let made = (at.translator.request)(&request)
                .and_then(|made| made.allow(entry.plan.strict))
                .map_err(|e| misdirected::explained(e, facts.client, &body))?;
            let (sent, length) = match made.body {
                Body::Whole(new) => {
                    host.replace_body(Side::Request, size, &new);
                    let length = new.len();
                    (new, length)
                }
                Body::Spliced(splices) if splices.is_empty() => (body, size),
                Body::Spliced(splices) if splices.iter().any(|s| s.range.end > body.len()) => {
                    (Vec::new(), rewrite::in_place(host, size, &splices))
                }
                Body::Spliced(splices) => {
                    let new = json::splice(&body, &splices);
                    host.replace_body(Side::Request, body.len(), &new);
                    let length = size + new.len() - body.len();
                    (new, length)
                }
            };
            // What has not come yet stays as it is.
            let rest =
                if end { Some(0) } else { announced(&entry.headers).map(|n| n - n.min(size)) };
            self.address(host, &entry, (at, model), key, &sent, rest.map(|rest| length + rest));
            let reply = Reply {
                model: model.to_owned(),
                created: entry.started / 1_000_000_000,
                include_usage: facts.include_usage,
                early_usage: false,
                json_tool: made.json_tool,
                base64: made.base64,
                inputs: facts.inputs,
                told_input: None,
                echo: made.echo,
                opaque: false,
                quirks,
            };
            (reply, made.dropped.join(", "))
        };
        self.reply = reply;
        self.dropped = dropped;
        Ok(())
    }

    /// The provider's address, credentials and headers, all in one call.
    /// `sent`: the whole body, where `key` signs it.
    fn address(
        &self,
        host: &dyn Host,
        entry: &Entry,
        (at, model): (Resolved<'_>, &str),
        key: Option<&Secret>,
        sent: &[u8],
        length: Option<usize>,
    ) {
        let length = length.map(|n| n.to_string());
        // A form's boundary is the client's own.
        let form = Some("content-type").filter(|_| entry.client.form() == Form::Multipart);
        let type_ = form.and_then(|name| value(&entry.headers, name));
        let stream = entry.facts.stream;
        let [whole, streamed] = at.paths;
        let path = if stream { streamed } else { whole }.of(model);
        let scheme = if at.provider.url.tls { "https" } else { "http" };
        let mut headers: Vec<(&str, &[u8])> = vec![
            (":method", b"POST"),
            (":scheme", scheme.as_bytes()),
            (":authority", at.provider.url.authority.as_bytes()),
            (":path", path.as_bytes()),
            ("content-type", type_.unwrap_or(b"application/json")),
        ];
        headers.extend(length.as_deref().map(|n| ("content-length", n.as_bytes())));
        let answers = at.surface.dialect.stream_type();
        let own_accept = stream && answers != Dialect::OpenAiChat.stream_type();
        if own_accept {
            headers.push(("accept", answers.as_bytes()));
        }
        let forwarded = entry
            .headers
            .iter()
            .filter(|(name, _)| provider::forwards(name) && !(own_accept && name == "accept"))
            .filter(|(name, _)| name != BETAS || !at.surface.dialect.is_bedrock());
        headers.extend(forwarded.map(|(n, v)| (n.as_str(), v.as_slice())));
        headers.extend(at.provider.kind.headers.iter().map(|(n, v)| (*n, v.as_bytes())));
        let now = if credential::signs(key) { host.now() / 1_000_000_000 } else { 0 };
        let sent = credential::Sent { path: &path, body: sent, now };
        let credentials = credential::headers(at.provider, key, &sent);
        headers.extend(credentials.iter().map(|(n, v)| (*n, v.as_bytes())));
        // Envoy keeps one header map for all attempts: what the router reads to pick
        // the next target must outlive this one.
        let rest = entry.plan.orders(&self.config, self.index + 1);
        headers.extend(rest.iter().map(|(n, v)| (*n, v.as_bytes())));
        host.set_headers(Side::Request, &headers);
    }

    pub(super) fn understand(&self, status: u16, body: &[u8]) -> UpstreamError {
        match self.at() {
            Some(at) => (at.translator.error)(status, body),
            None => UpstreamError {
                error: Error::new(Kind::of_provider_status(status), "the provider failed")
                    .with_status(status),
                verbatim: false,
            },
        }
    }

    /// May a failure inside a 200 stream be hidden from the client by another try?
    pub(super) fn may_hide(&self, error: &Error) -> bool {
        error.kind.fault() == Fault::Client
            || self.at().is_some_and(|at| at.terms.retry().classes.contains(&RetryClass::Stream))
    }

    /// Does the call go on to another target where a content filter refuses it?
    pub(super) fn leaves_filters(&self) -> bool {
        let entry = self.entry.borrow();
        let own = entry.plan.targets.get(self.index).map(|choice| choice.target);
        // Another key is no other filter.
        let mut behind = entry.plan.targets.iter().skip(self.index + 1);
        let is_last = !behind.any(|choice| Some(choice.target) != own);
        drop(entry);
        let leaves =
            |at: Resolved<'_>| at.terms.retry().classes.contains(&RetryClass::ContentFilter);
        !is_last && self.at().is_some_and(leaves)
    }

    /// Lets the answer go to the client. `whole`: its length and usage, where it is not
    /// streamed.
    pub(super) fn release(&self, host: &dyn Host, from: &Headers, whole: Option<(usize, &Usage)>) {
        let mut entry = self.entry.borrow_mut();
        entry.answer = Answer::Given;
        let attempts = entry.tried.len().to_string();
        if let Some(tried) = entry.tried.last_mut() {
            tried.outcome = Some(Outcome::Good);
        }
        entry.tell(host, self.index, Some(from));
        entry.upstream_request_id = request_id(from).map(str::to_owned);
        let length = whole.map(|(l, _)| l.to_string());
        let at = entry.plan.resolve(&self.config, self.index);
        let cost = at.zip(whole).and_then(|(at, (_, usage))| self.cost(at, usage)).map(price::usd);
        let held = entry.reservation.as_deref();
        let limits = held.map(|held| held.headers(host, &entry)).unwrap_or_default();
        let mut remove: Vec<&str> = Vec::new();
        let mut add: Vec<(&str, &str)> = Vec::with_capacity(5 + limits.len());
        remove.extend(from.iter().map(|(n, _)| n.as_str()).filter(|n| !is_for_clients(n)));
        if limits.iter().any(|(name, _)| spending::is_theirs(name)) {
            remove.extend(from.iter().map(|(n, _)| n.as_str()).filter(|n| spending::is_theirs(n)));
        }
        // Envoy frames a body without a length; only an exact one may stay.
        if !self.reply.opaque && text(from, "content-length") != length.as_deref() {
            remove.push("content-length");
            add.extend(length.as_deref().map(|l| ("content-length", l)));
        }
        let expose = self.config.expose;
        if let Some(at) = at {
            let type_ = entry.client.stream_type();
            if length.is_none() && at.surface.dialect.stream_type() != type_ {
                remove.push("content-type");
                add.push(("content-type", type_));
            }
            if expose.provider {
                add.push(("x-sluice-provider", &at.provider.name));
            }
            let model = entry.plan.model_name(&self.config, self.index);
            let model = model.filter(|m| expose.model && m.is_ascii());
            add.extend(model.map(|m| ("x-sluice-model", m)));
        }
        if expose.attempts {
            add.push(("x-sluice-attempts", &attempts));
        }
        if expose.dropped && !self.dropped.is_empty() {
            add.push(("x-sluice-dropped", &self.dropped));
        }
        add.extend(limits.iter());
        add.extend(cost.as_deref().map(|usd| ("x-sluice-cost-usd", usd)));
        add.extend(entry.capped.as_deref().map(|told| (CAPPED, told)));
        let explanation = entry.explanation();
        add.extend(explanation.as_deref().map(|json| ("x-sluice-explain", json)));
        host.edit_headers(Side::Response, &remove, &add);
    }

    /// What the client is told that it cost: what `settle` will charge, so nothing
    /// where that will be estimated, or charged by prices of another tier.
    fn cost(&self, at: Resolved<'_>, usage: &Usage) -> Option<u64> {
        let counted = usage.input_reported && usage.output_reported;
        if !self.config.expose.cost || !(counted || usage.cost.is_some()) {
            return None;
        }
        at.charge(usage, counted).filter(Charge::is_exact).map(|charge| charge.nano)
    }

    /// The same of a stream that has come to its end, as its last line: a comment, which
    /// readers of events pass over. It stands behind the client's own last event, where
    /// nobody reads on who would take it for one.
    /// <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>
    pub(super) fn farewell(&self, progress: &Progress) -> Option<String> {
        let complete = progress.complete && progress.failed.is_none();
        if !self.config.expose.cost || !complete || self.reply.opaque {
            return None;
        }
        let entry = self.entry.borrow();
        if !entry.client.takes_comments() {
            return None;
        }
        let at = entry.plan.resolve(&self.config, self.index)?;
        let cost = self.cost(at, &progress.usage)?;
        Some(format!(": x-sluice-cost-usd {}\n\n", price::usd(cost)))
    }

    pub(super) fn note(&self, progress: &Progress) {
        self.entry.borrow_mut().seen = Seen {
            usage: progress.usage,
            output_bytes: progress.output_bytes,
            complete: progress.complete,
            failed: progress.failed.as_ref().map(|e| e.kind),
        };
    }

    pub(super) fn fail(&self, refusal: Refusal) {
        let mut entry = self.entry.borrow_mut();
        if let Some(tried) = entry.tried.last_mut() {
            tried.outcome = Some(Outcome::Failed(refusal.error.kind));
        }
        entry.answer = Answer::Refused(refusal);
    }

    /// The request cannot be said in this target's dialect. What the client hears:
    /// that, or why the target that could take its request did not answer.
    pub(super) fn unsayable(&mut self, error: Error) -> Refusal {
        let own = Refusal::new(error);
        let kind = own.error.kind;
        let said = self.before.take().unwrap_or(own);
        self.fail(said.clone());
        if let Some(tried) = self.entry.borrow_mut().tried.last_mut() {
            tried.outcome = Some(Outcome::Failed(kind));
        }
        said
    }

    /// This target failed, whatever its key: the router must try others first.
    pub(super) fn defer_spares(&self, host: &dyn Host) {
        let entry = self.entry.try_borrow_mut();
        if entry.is_ok_and(|mut entry| entry.plan.defer_spares(self.index)) {
            self.reorder(host);
        }
    }

    /// The prompt is too long for this target: is another one's window larger? It is
    /// the next one then.
    pub(super) fn prefers_larger(&self, host: &dyn Host) -> bool {
        let larger = self.entry.borrow_mut().plan.prefer_larger(&self.config, self.index);
        if larger {
            self.reorder(host);
        }
        larger
    }

    /// Tells the router what the rest of the plan is now.
    fn reorder(&self, host: &dyn Host) {
        for (name, cluster) in self.entry.borrow().plan.orders(&self.config, self.index + 1) {
            host.set_header(Side::Request, name, cluster);
        }
    }

    /// It has ended without an answer.
    pub(super) fn tell(&self, host: &dyn Host) {
        if let Ok(mut entry) = self.entry.try_borrow_mut() {
            entry.tell(host, self.index, None);
        }
    }

    /// Ended without a word from the provider; whose turn it was is known by place.
    pub(super) fn abandoned(&self, kind: Kind) {
        let Ok(mut entry) = self.entry.try_borrow_mut() else { return };
        let index = self.index;
        let this = entry.tried.iter_mut().rev().find(|t| t.target == index && t.outcome.is_none());
        if let Some(tried) = this {
            tried.outcome = Some(Outcome::Failed(kind));
        }
    }
}

/// All flags of all headers of this name.
fn betas(headers: &Headers) -> String {
    let values = headers.iter().filter(|(name, _)| name == BETAS);
    let values: Vec<_> = values.filter_map(|(_, v)| std::str::from_utf8(v).ok()).collect();
    values.join(",")
}
