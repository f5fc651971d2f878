//! Whether the gateway is there, and how much of it; what its decisions are made of, where
//! those may be explained.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::Config;
use crate::route::state::State;
use serde_json::json;

/// `GET /sluice/health`.
pub fn page(config: &Config, calls_in_flight: usize, routing: Option<&State>) -> Vec<u8> {
    let page = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": calls_in_flight,
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
