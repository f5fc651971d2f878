//! Every metric and every access-log field, in one place.
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

use crate::catalog::price;
use crate::dialect::Usage;
use crate::host::{Host, MetricKind};
use crate::wire::json;
use hashbrown::HashMap;
use std::cell::RefCell;

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

/// What the access log says of a call: the filter state `wasm.sluice`. The members
/// of a JSON object without its braces: the log's format has those, so that its
/// line is JSON also where there is no filter state.
#[derive(Debug, Default)]
pub struct Record<'a> {
    pub request_id: &'a str,
    pub consumer: &'a str,
    pub model: &'a str,
    pub provider: &'a str,
    pub upstream_model: &'a str,
    pub stream: bool,
    pub attempts: usize,
    pub usage: Usage,
    pub estimated: bool,
    /// Nanodollars; `None`: unpriced.
    pub cost: Option<u64>,
    pub first_token_ms: Option<u64>,
    pub error: Option<&'a str>,
    /// Limits that it passed and what they said, as `NAME: warned`.
    pub limits: String,
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

// === impl Record ===

impl Record<'_> {
    pub fn members(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(384);
        for (i, (key, text)) in [
            ("request_id", self.request_id),
            ("consumer", self.consumer),
            ("model", self.model),
            ("provider", self.provider),
            ("upstream_model", self.upstream_model),
        ]
        .iter()
        .enumerate()
        {
            if i > 0 {
                out.push(b',');
            }
            json::push_text(&mut out, key);
            out.push(b':');
            json::push_text(&mut out, text);
        }
        let mut flag = |key: &str, value: bool| {
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(if value { b"true" } else { b"false" });
        };
        flag(",\"stream\":", self.stream);
        flag(",\"estimated\":", self.estimated);
        let mut number = |key: &str, value: u64| {
            out.extend_from_slice(key.as_bytes());
            json::push_number(&mut out, value);
        };
        number(",\"attempts\":", self.attempts as u64);
        number(",\"input_tokens\":", self.usage.input);
        number(",\"output_tokens\":", self.usage.output);
        number(",\"cached_input_tokens\":", self.usage.cached_input);
        number(",\"cache_write_tokens\":", self.usage.cache_write);
        number(",\"cache_write_1h_tokens\":", self.usage.cache_write_1h);
        number(",\"reasoning_tokens\":", self.usage.reasoning);
        out.extend_from_slice(b",\"cost_usd\":");
        match self.cost {
            Some(nano) => out.extend_from_slice(price::usd(nano).as_bytes()),
            None => out.extend_from_slice(b"null,\"unpriced\":true"),
        }
        out.extend_from_slice(b",\"ttft_ms\":");
        match self.first_token_ms {
            Some(ms) => json::push_number(&mut out, ms),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"error\":");
        match self.error {
            Some(kind) => json::push_text(&mut out, kind),
            None => out.extend_from_slice(b"null"),
        }
        if !self.limits.is_empty() {
            out.extend_from_slice(b",\"limits\":");
            json::push_text(&mut out, &self.limits);
        }
        out
    }
}

/// The same for a request that was answered without a plan. Of its path the query stays
/// out: clients of Google's put keys there.
pub fn local_record(request_id: &str, path: &str, outcome: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    let path = path.split('?').next().unwrap_or_default();
    let shown: String = path.chars().take(MAX_PATH).collect();
    for (key, text) in
        [("\"request_id\":", request_id), (",\"path\":", &shown), (",\"error\":", outcome)]
    {
        out.extend_from_slice(key.as_bytes());
        if text == "ok" {
            out.extend_from_slice(b"null");
        } else {
            json::push_text(&mut out, text);
        }
    }
    out
}

/// Longest path that is logged, in characters.
const MAX_PATH: usize = 256;

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

    #[test]
    fn records_are_json() {
        let record = Record { model: "a\"b", first_token_ms: Some(7), ..Default::default() };
        let object = |members: Vec<u8>| format!("{{{}}}", String::from_utf8(members).unwrap());
        let read: serde_json::Value = serde_json::from_str(&object(record.members())).unwrap();
        assert_eq!((read["model"].as_str(), read["ttft_ms"].as_u64()), (Some("a\"b"), Some(7)));
        assert_eq!((read["cost_usd"].is_null(), read["unpriced"].as_bool()), (true, Some(true)));
        let priced = Record { cost: Some(1_250_000), ..record };
        let read: serde_json::Value = serde_json::from_str(&object(priced.members())).unwrap();
        assert_eq!((read["cost_usd"].as_f64(), read.get("unpriced")), (Some(0.00125), None));
        let local = object(local_record("1\"", "/x\"y?key=secret", "ok"));
        let read: serde_json::Value = serde_json::from_str(&local).unwrap();
        assert_eq!((read["path"].as_str(), read["error"].is_null()), (Some("/x\"y"), true));
    }
}
