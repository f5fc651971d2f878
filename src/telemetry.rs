//! Every metric, in one place; what the access log says of a call is in `record`.
//!
//! Envoy's wasm metrics have no labels, so labels stand in the name,
//! `base;key=value;key=value`, and `stats_tags` in `envoy/envoy.yaml` take them out
//! again. Metrics never expire: `Meter` bounds the names of a worker, and whatever
//! comes later is counted under the label `other`. Must not: put a prompt, a key,
//! or anything a client made up into a label or a field (model names are the
//! configuration's, not the client's).
//!
//! Names follow OpenTelemetry's GenAI conventions where they have one:
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/>.
//! Durations are histograms in milliseconds, Envoy's custom.

use crate::dialect::Usage;
use crate::host::{Host, MetricKind};
use hashbrown::HashMap;
use std::cell::RefCell;

pub use record::{Record, local_record};

mod record;

/// Labels `endpoint`, `outcome` ("ok", "cancelled", or an error kind). One per request.
pub const REQUESTS: &str = "sluice.requests";
/// Labels `provider`, `outcome`. One per attempt.
pub const ATTEMPTS: &str = "sluice.attempts";
/// Labels `provider`, `reason`. One per attempt that was followed by another.
pub const FALLBACKS: &str = "sluice.fallbacks";
/// Calls that were not tried again because `retries` did not allow it; label `reason`.
pub const STOPPED: &str = "sluice.retries_stopped";
/// Targets and keys that began to rest; labels `provider`, `reason`.
pub const RESTS: &str = "sluice.rests";
/// Calls that a limit did not simply let pass; labels `limit` (its name), `decision`
/// (refused, warned, shadowed, routed, diverted).
pub const LIMITS: &str = "sluice.limit_decisions";
/// What the rate limit service said; labels `limit`, `event` (drawn, over, down, and lost
/// where nobody waited for the answer any more).
pub const FLEET: &str = "sluice.fleet";
/// Our own bugs and lost state; label `reason`. Alert on any.
pub const INTERNAL: &str = "sluice.internal_errors";
/// Labels `consumer`, `model`, `provider`, `upstream_model`, `type`.
pub const TOKENS: &str = "gen_ai.client.token.usage";
/// Calls whose tokens are estimated. Labels as `TOKENS` without `type`.
pub const ESTIMATED: &str = "sluice.estimated_calls";
/// How far the estimate of input was off, in percent of what the provider reported, where
/// one was made. Labels `provider`, `upstream_model`, `reason` ("over", "under").
pub const ESTIMATE_ERROR: &str = "sluice.estimate_error_percent";
/// What calls cost, in nanodollars (10^-9 USD). Labels as `TOKENS` without `type`.
pub const COST: &str = "sluice.cost_nanodollars";
/// Calls whose cost is not known, and not in `COST`. Labels as `TOKENS` without `type`.
pub const UNPRICED: &str = "sluice.unpriced_calls";
/// Milliseconds. Labels `model`, `provider`, `upstream_model`.
pub const DURATION: &str = "gen_ai.client.operation.duration";
/// Milliseconds. Labels `model`, `provider`, `upstream_model`.
pub const FIRST_TOKEN: &str = "gen_ai.server.time_to_first_token";

/// Most metric names of one worker.
pub const MAX_METRICS: usize = 16_384;

/// The token kinds, as the label `type` and in the order of `kinds`.
pub const TYPES: [&str; 6] =
    ["input", "output", "cached_input", "cache_write", "cache_write_1h", "reasoning"];

pub fn kinds(usage: &Usage) -> [u64; 6] {
    let u = usage;
    [u.input, u.output, u.cached_input, u.cache_write, u.cache_write_1h, u.reasoning]
}

/// Metric handles by name; one per worker.
#[derive(Default)]
pub struct Meter {
    handles: RefCell<HashMap<String, u32>>,
}

/// `base` with labels; values lose what a stat name or a tag cannot carry.
pub fn name(base: &str, labels: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(base.len() + labels.len() * 24);
    out.push_str(base);
    for (key, value) in labels {
        out.push(';');
        out.push_str(key);
        out.push('=');
        out.extend(value.chars().map(|c| match c {
            c if c.is_ascii_alphanumeric() || "._/:@+-*".contains(c) => c,
            _ => '_',
        }));
    }
    out
}

// === impl Meter ===

impl Meter {
    pub fn count(&self, host: &dyn Host, base: &str, labels: &[(&str, &str)], n: u64) {
        if n > 0 {
            host.count(self.handle(host, MetricKind::Counter, base, labels), n);
        }
    }

    pub fn handle(
        &self,
        host: &dyn Host,
        kind: MetricKind,
        base: &str,
        labels: &[(&str, &str)],
    ) -> u32 {
        let full = name(base, labels);
        let mut handles = self.handles.borrow_mut();
        if let Some(handle) = handles.get(&full) {
            return *handle;
        }
        let full = if handles.len() < MAX_METRICS {
            full
        } else {
            let others: Vec<_> = labels.iter().map(|(key, _)| (*key, "other")).collect();
            name(base, &others)
        };
        *handles.entry(full).or_insert_with_key(|name| host.metric(kind, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_names() {
        assert_eq!(
            name(TOKENS, &[("model", "a;b=c d\u{fc}"), ("type", "input")]),
            "gen_ai.client.token.usage;model=a_b_c_d_;type=input"
        );
    }
}
