//! The end of a call: charge once, whatever the ending was.
//!
//! Runs in the gateway role's `on_log`, which Envoy calls exactly once per stream.
//! What the provider reported is taken as it is; what it did not is estimated from
//! bytes and marked, where bytes are text. Pictures and audio are not: nothing is made
//! up for them, and what such a call cost is not known. Must not: be called from anywhere else.

use super::place::is_connected;
use super::registry::{Answer, Entry, Tried};
use super::{RECORD, Worker};
use crate::config::compiled::SHADOW;
use crate::dialect::{Operation, Usage, estimate};
use crate::error::Kind;
use crate::host::{Host, MetricKind};
use crate::route::health::Event;
use crate::store::usage::{self, Counts, OTHER, Slot};
use crate::telemetry::{self, Record};
use hashbrown::HashMap;
use std::cell::RefCell;

/// Rows of the usage table this worker has used, with their metric handles.
/// Bounded by the combinations the configuration allows, and by `MAX_ROWS`.
#[derive(Default)]
pub struct Rows {
    rows: RefCell<HashMap<String, Row>>,
    /// `sluice.requests` with the outcome "ok", by endpoint: as many as there are.
    good_requests: RefCell<Vec<(&'static str, u32)>>,
}

#[derive(Clone, Copy)]
struct Row {
    slot: Slot,
    tokens: [u32; 6],
    estimated: u32,
    cost: u32,
    unpriced: u32,
    duration: u32,
    first_token: u32,
    /// `sluice.attempts` with the outcome "ok".
    good_attempt: u32,
}

const MAX_ROWS: usize = 8192;

/// Settles a planned call.
pub fn call(worker: &Worker, host: &dyn Host, entry: &Entry) {
    let now = host.now();
    let endpoint = if entry.shadow { SHADOW } else { entry.client.label() };
    let verdict = Verdict::of(host, entry);
    // An attempt that the plan knows nothing of is nobody's.
    let tried = entry.tried.iter().rev().map(|t| t.target);
    let resolve = |target| entry.plan.resolve(&entry.config, target);
    let Some(at) = tried.chain([0]).find_map(resolve) else {
        worker.settle_limits(host, entry, None, None, now);
        return;
    };
    let (team, organization) = entry.config.belongs(&entry.caller.consumer);
    let labels = Labels {
        consumer: entry.caller.name(),
        metric: &entry.caller.consumer.name,
        model: &at.terms.model.name,
        provider: &at.provider.name,
        upstream_model: &at.target.label,
        team: team.unwrap_or_default(),
        organization: organization.unwrap_or_default(),
    };
    if verdict.outcome == Kind::BrokenStream.as_str() && entry.seen.failed.is_none() {
        // The connection was lost in mid-stream: no filter heard of it but this.
        worker.learn(host, entry, at, Event::Failed(None));
    }
    let used = verdict.charged.then(|| verdict.usage.input.saturating_add(verdict.usage.output));
    worker.settle_quotas(host, entry, used, now);
    let duration = millis(now, entry.started);
    let first_token = entry.first_token.map(|t| millis(t, entry.started));
    let counting = entry.client.operation() == Operation::CountTokens;
    let mut smooth = false;
    let charge = match verdict.charged && !counting {
        true => at.charge(&verdict.usage, verdict.counted),
        false => None,
    };
    // What is not charged costs nothing, and that is known.
    let cost = match verdict.charged && !counting {
        true => charge.map(|charge| charge.nano),
        false => Some(0),
    };
    let spent = verdict.charged.then(|| (&verdict.usage, cost.unwrap_or(0)));
    worker.settle_limits(host, entry, spent, Some(at), now);
    if verdict.outcome == "ok" {
        worker.learn_tokens(host, entry, at, now);
    }
    if verdict.charged {
        let counts = Counts {
            calls: 1,
            estimated_calls: u64::from(verdict.estimated),
            unpriced_calls: u64::from(cost.is_none()),
            cost: cost.unwrap_or(0),
            usage: verdict.usage,
        };
        let row = worker.rows.add(worker, host, entry.config.max_usage_rows, &labels, &counts);
        for (handle, n) in row.tokens.iter().zip(telemetry::kinds(&verdict.usage)) {
            if n > 0 {
                host.count(*handle, n);
            }
        }
        if verdict.estimated {
            host.count(row.estimated, 1);
        }
        match cost {
            None => host.count(row.unpriced, 1),
            Some(0) => {}
            Some(nano) => host.count(row.cost, nano),
        }
        // A count's time would pass for a fast answer.
        if !counting {
            host.record(row.duration, duration);
        }
        if let Some(ms) = first_token {
            host.record(row.first_token, ms);
        }
        smooth = verdict.outcome == "ok" && entry.tried.len() == 1;
        if smooth {
            // By far the most frequent case: no names to make, no look-ups.
            host.count(row.good_attempt, 1);
            host.count(worker.rows.good_request(worker, host, endpoint), 1);
        }
    }
    if !smooth {
        attempts(worker, host, entry);
        let outcome = [("endpoint", endpoint), ("outcome", verdict.outcome)];
        worker.meter.count(host, telemetry::REQUESTS, &outcome, 1);
    }
    let limits = entry.reservation.as_deref().map(|r| r.told(&entry.config)).unwrap_or_default();
    let tried = if entry.tried.len() > 1 { providers(entry) } else { Vec::new() };
    let record = Record {
        request_id: &entry.request_id,
        upstream_request_id: entry.upstream_request_id.as_deref().unwrap_or_default(),
        started_ms: entry.started / 1_000_000,
        duration_ms: duration,
        first_token_ms: first_token,
        consumer: labels.consumer,
        team: labels.team,
        organization: labels.organization,
        tags: &entry.caller.consumer.tags,
        key: entry.caller.key.as_deref().unwrap_or_default(),
        endpoint,
        client: entry.client.as_str(),
        model: labels.model,
        provider: labels.provider,
        region: &at.provider.region,
        upstream_model: labels.upstream_model,
        stream: entry.facts.stream,
        attempts: entry.tried.len(),
        tried: &tried,
        usage: verdict.usage,
        estimated: verdict.estimated,
        cost,
        price_version: charge.map(|charge| charge.version),
        service_tier: charge.and_then(|charge| charge.tier),
        limits: &limits,
        outcome: verdict.outcome,
    };
    host.set_property(RECORD, &record.members());
}

/// What a call came to.
struct Verdict {
    outcome: &'static str,
    charged: bool,
    usage: Usage,
    estimated: bool,
    /// All of the tokens are known or estimated: they can be priced.
    counted: bool,
}

struct Labels<'a> {
    consumer: &'a str,
    /// Its label in metrics, which never expire: claims name any number of callers.
    metric: &'a str,
    model: &'a str,
    provider: &'a str,
    upstream_model: &'a str,
    /// Empty: none.
    team: &'a str,
    organization: &'a str,
}

/// Each attempt's provider, and what became of it.
fn providers(entry: &Entry) -> Vec<(&str, &'static str)> {
    let named = |tried: &Tried| {
        let at = entry.plan.resolve(&entry.config, tried.target)?;
        Some((at.provider.name.as_str(), tried.word()))
    };
    entry.tried.iter().filter_map(named).collect()
}

fn attempts(worker: &Worker, host: &dyn Host, entry: &Entry) {
    for (i, tried) in entry.tried.iter().enumerate() {
        let Some(at) = entry.plan.resolve(&entry.config, tried.target) else {
            continue;
        };
        let provider = ("provider", at.provider.name.as_str());
        let outcome = tried.word();
        worker.meter.count(host, telemetry::ATTEMPTS, &[provider, ("outcome", outcome)], 1);
        if i + 1 < entry.tried.len() {
            worker.meter.count(host, telemetry::FALLBACKS, &[provider, ("reason", outcome)], 1);
        }
    }
}

fn millis(now: u64, since: u64) -> u64 {
    now.saturating_sub(since) / 1_000_000
}

// === impl Verdict ===

impl Verdict {
    fn of(host: &dyn Host, entry: &Entry) -> Self {
        let seen = &entry.seen;
        match &entry.answer {
            Answer::Given if seen.complete => Self::charge("ok", entry, true),
            Answer::Given => {
                let outcome = match seen.failed {
                    Some(kind) => kind.as_str(),
                    None if left(host) => "cancelled",
                    None => Kind::BrokenStream.as_str(),
                };
                Self::charge(outcome, entry, true)
            }
            Answer::Refused(refusal) => Self::free(refusal.error.kind.as_str()),
            // The client left while a provider was at work: it will charge for the input. One
            // that had no connection yet has not heard of it.
            Answer::None if entry.is_tried_now() && left(host) && is_connected(host) => {
                Self::charge("cancelled", entry, false)
            }
            Answer::None if left(host) => Self::free("cancelled"),
            Answer::None => Self::free(Kind::Unreachable.as_str()),
        }
    }

    fn charge(outcome: &'static str, entry: &Entry, answered: bool) -> Self {
        if entry.client.operation() == Operation::CountTokens {
            // No vendor charges for it, answered or not.
            return Self { charged: true, ..Self::free(outcome) };
        }
        let seen = &entry.seen;
        let mut usage = seen.usage;
        let (text_in, text_out) = entry.client.operation().texts();
        let (guess_in, guess_out) = (!usage.input_reported, !usage.output_reported);
        if guess_in && text_in {
            let measured = entry.reservation.as_deref().and_then(|held| held.measured);
            let by_bytes = || estimate::of_bytes(entry.facts.body_bytes as u64);
            usage.input = measured.map_or_else(by_bytes, |measured| measured.input);
        }
        if guess_out && text_out && answered {
            usage.output = usage.output.max(estimate::of_bytes(seen.output_bytes));
        }
        let estimated = guess_in && text_in || guess_out && text_out;
        usage = usage.within();
        let counted = (text_in || !guess_in) && (text_out || !guess_out);
        Self { outcome, charged: true, usage, estimated, counted }
    }

    fn free(outcome: &'static str) -> Self {
        Self { outcome, charged: false, usage: Usage::default(), estimated: false, counted: true }
    }
}

/// Did the client end the exchange?
fn left(host: &dyn Host) -> bool {
    host.property(&["response", "code_details"]).is_some_and(|d| {
        d.starts_with(b"downstream") || d.starts_with(b"http1.") || d.starts_with(b"http2.")
    })
}

// === impl Rows ===

impl Rows {
    fn good_request(&self, worker: &Worker, host: &dyn Host, endpoint: &'static str) -> u32 {
        let mut known = self.good_requests.borrow_mut();
        if let Some((_, handle)) = known.iter().find(|(name, _)| *name == endpoint) {
            return *handle;
        }
        let labels = [("endpoint", endpoint), ("outcome", "ok")];
        let handle = worker.meter.handle(host, MetricKind::Counter, telemetry::REQUESTS, &labels);
        known.push((endpoint, handle));
        handle
    }

    fn add(
        &self,
        worker: &Worker,
        host: &dyn Host,
        max_rows: u32,
        labels: &Labels<'_>,
        counts: &Counts,
    ) -> Row {
        let key = labels.key();
        let known = self.rows.borrow().get(&key).copied();
        let slot = usage::add(host, max_rows, &key, known.map(|r| r.slot), counts);
        if slot.is_none() {
            worker.meter.count(host, telemetry::INTERNAL, &[("reason", "usage_lost")], 1);
        }
        if let Some(row) = known {
            return row;
        }
        let slot = slot.unwrap_or(Slot::Other);
        let row = Row::new(worker, host, slot, labels);
        let mut rows = self.rows.borrow_mut();
        if rows.len() < MAX_ROWS {
            rows.insert(key, row);
        }
        row
    }
}

// === impl Row ===

impl Row {
    fn new(worker: &Worker, host: &dyn Host, slot: Slot, labels: &Labels<'_>) -> Self {
        let mut other = OTHER.split('\0');
        let mut label =
            |own| if slot == Slot::Other { other.next().unwrap_or("other") } else { own };
        let consumer = ("consumer", label(labels.metric));
        let model = ("model", label(labels.model));
        let provider = ("provider", label(labels.provider));
        let upstream = ("upstream_model", label(labels.upstream_model));
        let handle =
            |kind, base, labels: &[(&str, &str)]| worker.meter.handle(host, kind, base, labels);
        let counter =
            |base| handle(MetricKind::Counter, base, &[consumer, model, provider, upstream]);
        Self {
            slot,
            tokens: telemetry::TYPES.map(|kind| {
                handle(
                    MetricKind::Counter,
                    telemetry::TOKENS,
                    &[consumer, model, provider, upstream, ("type", kind)],
                )
            }),
            estimated: counter(telemetry::ESTIMATED),
            cost: counter(telemetry::COST),
            unpriced: counter(telemetry::UNPRICED),
            duration: handle(
                MetricKind::Histogram,
                telemetry::DURATION,
                &[model, provider, upstream],
            ),
            first_token: handle(
                MetricKind::Histogram,
                telemetry::FIRST_TOKEN,
                &[model, provider, upstream],
            ),
            good_attempt: handle(
                MetricKind::Counter,
                telemetry::ATTEMPTS,
                &[("provider", labels.provider), ("outcome", "ok")],
            ),
        }
    }
}

// === impl Labels ===

impl Labels<'_> {
    /// As `store::usage` keeps them: four, or six where there is a team.
    fn key(&self) -> String {
        let labels = [
            self.consumer,
            self.model,
            self.provider,
            self.upstream_model,
            self.team,
            self.organization,
        ];
        let used = if self.team.is_empty() { 4 } else { labels.len() };
        let mut key = String::with_capacity(96);
        for (i, label) in labels.iter().take(used).enumerate() {
            if i > 0 {
                key.push('\0');
            }
            key.push_str(&usage::label(label));
        }
        key
    }
}
