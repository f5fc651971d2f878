//! Whether the gateway is there, and how much of it; what its decisions are made of, where
//! those may be explained.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::Config;
use crate::route::state::State;
use serde_json::json;

/// `GET /sluice/health`.
pub fn page(config: &Config, calls_in_flight: usize, routing: Option<&State>) -> Vec<u8> {
    let mut page = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": calls_in_flight,
    });
    if let (Some(page), Some(routing)) = (page.as_object_mut(), routing) {
        page.insert("routing".to_owned(), json!(routing));
    }
    page.to_string().into_bytes()
}
