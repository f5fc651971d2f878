//! Whether the gateway is there, how much of it, and in what; what its decisions are made
//! of, where those may be explained.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::Config;
use crate::exchange::Worker;
use crate::host::Host;
use crate::route::state::State;
use serde_json::json;

/// `GET /sluice/health`.
pub fn page(host: &dyn Host, config: &Config, worker: &Worker, routing: Option<&State>) -> Vec<u8> {
    let release = worker.surroundings.release(host);
    let page = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "envoy": release.map(|(major, minor)| format!("{major}.{minor}")),
        "fallback": config.fallback.mode().as_str(),
        "worker_has_seen_a_body": worker.surroundings.has_seen_a_body(),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": worker.registry.len(),
    });
    let mut page = page.to_string();
    // Not by way of `Value`, which shows an f32 with the digits of an f64.
    if let Some(Ok(routing)) = routing.map(serde_json::to_string) {
        page.pop();
        page.push_str(",\"routing\":");
        page.push_str(&routing);
        page.push('}');
    }
    page.into_bytes()
}
