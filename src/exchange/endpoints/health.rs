//! Whether the gateway is there, how much of it, and in what.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::Config;
use crate::exchange::Worker;
use crate::host::Host;
use serde_json::json;

/// `GET /sluice/health`.
pub fn page(host: &dyn Host, config: &Config, worker: &Worker) -> Vec<u8> {
    let release = worker.surroundings.release(host);
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "envoy": release.map(|(major, minor)| format!("{major}.{minor}")),
        "fallback": config.fallback.mode().as_str(),
        "worker_has_seen_a_body": worker.surroundings.has_seen_a_body(),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": worker.registry.len(),
    })
    .to_string()
    .into_bytes()
}
