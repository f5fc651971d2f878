//! Envoy's router, as far as the core relies on it: when it tries again.
//!
//! It reads its orders once and takes them out of the headers. The route's own
//! retry policy is the one of `envoy/envoy.yaml`; headers only add to it.

use sluice::host::{Headers, text};

#[derive(Default)]
pub(super) struct Router {
    /// As they came.
    orders: Vec<(String, String)>,
    pub(super) attempts: usize,
    pub(super) retries: usize,
    pub(super) on: Vec<String>,
    codes: Vec<String>,
    pub(super) per_try_ms: u64,
    pub(super) total_due: Option<u64>,
}

/// The route's own rules stand in here: headers only add to them.
const BOOTSTRAP: &str = include_str!("../../envoy/envoy.yaml");

// === impl Router ===

impl Router {
    /// Reads the orders and takes them out, as Envoy does; each has one effect.
    pub(super) fn ordered(headers: &mut Headers) -> Self {
        let mut orders = Vec::new();
        let mut take = |name: &str| {
            let value = text(headers, name).map(str::to_owned);
            headers.retain(|(n, _)| n != name);
            orders.extend(value.clone().map(|value| (name.to_owned(), value)));
            value.unwrap_or_default()
        };
        let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut on = list(take("x-envoy-retry-on"));
        let route = BOOTSTRAP.lines().find_map(|l| l.trim().strip_prefix("retry_on: "));
        on.extend(route.map(str::to_owned));
        let retries = take("x-envoy-max-retries").parse().unwrap_or(0);
        let codes = list(take("x-envoy-retriable-status-codes"));
        let per_try_ms = take("x-envoy-upstream-rq-per-try-timeout-ms").parse().unwrap_or(0);
        let total_due = take("x-envoy-upstream-rq-timeout-ms").parse().ok();
        // The mirror policy's, which leaves it where it stands.
        let mirror = text(headers, "x-sluice-shadow").map(str::to_owned);
        orders.extend(mirror.map(|cluster| ("x-sluice-shadow".to_owned(), cluster)));
        Self { orders, attempts: 0, retries, on, codes, per_try_ms, total_due }
    }

    /// Empty where nothing was ordered.
    pub(super) fn order(&self, name: &str) -> &str {
        let found = self.orders.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(super) fn retries_response(&mut self, headers: &Headers) -> bool {
        let status = text(headers, ":status").unwrap_or_default();
        // What another Envoy limited is not tried again (seen on 1.40.0).
        let limited = text(headers, "x-envoy-ratelimited").is_some();
        let wanted = (self.has("5xx") && status.starts_with('5'))
            || (self.has("gateway-error") && matches!(status, "502" | "503" | "504"))
            || (self.has("retriable-status-codes") && self.codes.iter().any(|c| c == status));
        wanted && !limited && self.spend()
    }

    pub(super) fn retries_reset(&mut self, connecting: bool) -> bool {
        let wanted = self.has("5xx")
            || self.has("gateway-error")
            || self.has("reset")
            || (connecting && self.has("connect-failure"));
        wanted && self.spend()
    }

    fn has(&self, rule: &str) -> bool {
        self.on.iter().any(|on| on == rule)
    }

    fn spend(&mut self) -> bool {
        let left = self.retries > 0;
        self.retries = self.retries.saturating_sub(1);
        left
    }
}
