//! Whether the gateway is there, and how much of it.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::Config;
use serde_json::json;

/// `GET /sluice/health`.
pub fn page(config: &Config, calls_in_flight: usize) -> Vec<u8> {
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": calls_in_flight,
    })
    .to_string()
    .into_bytes()
}
