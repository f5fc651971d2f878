//! What a call is expected to use, before anybody has counted; and what it teaches of
//! that when a provider has.
//!
//! Its input is measured (`dialect::estimate::measure`) and weighed by what is known of the
//! plan's first model (`store::tokens`); its output is the client's limit, else what 95 of
//! 100 answers of that model do not exceed. Asked for only where a limit counts tokens or
//! dollars: one read then, and at the end of the call one read and one compare-and-set;
//! once the model is known well all of that for one call in `RARELY`. Nothing is learned of calls that
//! hold pictures or files, nor of what the provider did not report.
//!
//! Must not: be taken for a count.

use super::Worker;
use super::registry::Entry;
use super::spending::MOST;
use crate::config::Config;
use crate::config::limits::Resource;
use crate::dialect::estimate::factors::Factors;
use crate::dialect::estimate::measure::Measure;
use crate::dialect::estimate::pictures::Sight;
use crate::dialect::estimate::text::Parts;
use crate::dialect::{Facts, Operation, Usage};
use crate::host::{Host, MetricKind};
use crate::policy::identity::Caller;
use crate::route::{Plan, Resolved, strategy};
use crate::store::tokens::{self, Learned};
use crate::telemetry;
use std::cell::Cell;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    pub usage: Usage,
    pub measured: Option<Measured>,
}

/// The text of a call, for what will be learned of it.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    parts: Parts,
    /// Tokens of input, all told.
    pub input: u64,
    /// Something but text is in it.
    mixed: bool,
    /// The model is known well.
    steady: bool,
}

/// Calls of models that are known well, to learn from some of them, and to read anew what
/// is known for some of them.
#[derive(Default)]
pub struct Sampling {
    passed: Cell<u32>,
    /// The last model that was read, how often that was used, and what is known of it.
    last: Cell<Option<(u64, u32, Learned)>>,
}

/// After so many lessons a model is known well.
const WELL: u32 = 500;
const RARELY: u32 = 16;

// === impl Worker ===

impl Worker {
    /// Tokens of a request and of its answer. `body`: empty where it flows on.
    pub(super) fn expects(
        &self,
        host: &dyn Host,
        (config, caller): (&Config, &Caller),
        plan: &Plan,
        (facts, body): (&Facts, &[u8]),
    ) -> Expected {
        let operation = facts.client.operation();
        let counts = config
            .limits_of(&caller.consumer)
            .any(|limit| matches!(limit.resource, Resource::Tokens(_) | Resource::Dollars));
        let at = plan.resolve(config, 0).filter(|_| counts && operation != Operation::CountTokens);
        let Some((at, name)) = at.zip(plan.model_name(config, 0)) else {
            return Expected { usage: strategy::expected(facts), measured: None };
        };
        let learned = self.sampling.read(host, id(at, name));
        let mut usage = strategy::expected(facts);
        let measured = (!body.is_empty()).then(|| {
            let measure = Measure::of(body, &|| Sight::of(at.known.traits.maker, name));
            let factors = learned.map_or(Factors::NONE, |l| l.factors);
            usage.input = measure.tokens(&factors);
            let Measure { parts, mixed, .. } = measure;
            let steady = learned.is_some_and(|l| l.calls >= WELL);
            Measured { parts, input: usage.input, mixed, steady }
        });
        let (reads_text, answers_in_text) = operation.texts();
        if measured.is_none() && !reads_text {
            // Of a form with sound or pictures: nobody knows.
            usage.input = 0;
        }
        usage.output = match (facts.max_tokens, learned.and_then(|l| l.outputs.p95())) {
            _ if !answers_in_text => 0,
            // What a client writes here may be any number.
            (Some(max), _) => max.saturating_mul(facts.n).min(MOST),
            (None, Some(p95)) => p95.saturating_mul(facts.n).min(MOST),
            (None, None) => {
                let most = u64::from(at.known.traits.max_output_tokens);
                usage.output.min(most).saturating_mul(facts.n).min(MOST)
            }
        };
        Expected { usage, measured }
    }

    /// The call was answered by `at`, and so much was reported.
    pub(super) fn learn_tokens(&self, host: &dyn Host, entry: &Entry, at: Resolved<'_>, now: u64) {
        let held = entry.reservation.as_deref();
        let Some(measured) = held.and_then(|held| held.measured) else { return };
        let usage = entry.seen.usage;
        let target = entry.tried.last().map_or(0, |tried| tried.target);
        let Some(name) = entry.plan.model_name(&entry.config, target) else { return };
        if measured.steady && !self.sampling.now() {
            return;
        }
        if usage.input_reported && usage.input > 0 {
            self.tell_error(host, at, measured.input, usage.input);
        }
        let input = usage.input_reported && !measured.mixed;
        let output = usage.output_reported && entry.facts.max_tokens.is_none();
        if !input && !output {
            return;
        }
        tokens::update(host, id(at, name), now, |learned: &mut Learned| {
            let mut news = input && learned.factors.learn(&measured.parts, usage.input);
            if output {
                learned.outputs.add(usage.output / entry.facts.n.max(1));
                news = true;
            }
            learned.calls = learned.calls.saturating_add(u32::from(news));
            news
        });
    }

    fn tell_error(&self, host: &dyn Host, at: Resolved<'_>, guess: u64, truth: u64) {
        let off = (guess.abs_diff(truth) as f64 * 100.0 / truth as f64).min(10_000.0);
        let labels = [
            ("provider", at.provider.name.as_str()),
            ("upstream_model", at.target.label.as_str()),
            ("reason", if guess < truth { "under" } else { "over" }),
        ];
        let kind = MetricKind::Histogram;
        let handle = self.meter.handle(host, kind, telemetry::ESTIMATE_ERROR, &labels);
        host.record(handle, off as u64);
    }
}

/// Of a model: what its provider's kind calls so.
fn id(at: Resolved<'_>, name: &str) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), xxh3_64_with_seed(at.provider.kind.name.as_bytes(), 0))
}

// === impl Sampling ===

impl Sampling {
    /// What is known of a model; of one that is known well, as of some calls ago.
    fn read(&self, host: &dyn Host, id: u64) -> Option<Learned> {
        if let Some((last, used, learned)) = self.last.get()
            && (last, learned.calls >= WELL) == (id, true)
            && used < RARELY
        {
            self.last.set(Some((id, used + 1, learned)));
            return Some(learned);
        }
        let learned = tokens::read(host, id);
        self.last.set(learned.map(|learned| (id, 0, learned)));
        learned
    }

    /// Is it this one's turn?
    fn now(&self) -> bool {
        let passed = self.passed.get().wrapping_add(1);
        self.passed.set(passed);
        passed.is_multiple_of(RARELY)
    }
}
