//! Sluice: an LLM gateway as one proxy-wasm filter for stock Envoy and Istio.
//!
//! Modules stand in the order of their layers; each may import from those above
//! it, never from those below:
//!
//! ```text
//! error                      what went wrong, whose fault, retry or not
//! wire                       bytes <-> frames (JSON and form spans, SSE, AWS events), no vendor
//! dialect                    the API languages and their translations
//! provider  catalog          who can be called; what is known of models
//! config                     sluice.yaml, strict, compiled
//! store                      counters and accounts in Envoy shared data
//! host                       trait Host: the only door out
//! policy  route  telemetry   who may ask, and spend; the plan; metrics and log fields
//! exchange                   a call (gateway role) and its attempts (upstream role)
//! wasm                       proxy_wasm contexts and `impl Host` (wasm32 only)
//! cli                        the native command line (not wasm32)
//! ```
//!
//! The life of a call:
//!
//! ```text
//! client ──► Call::request_headers   strip, identify, hold
//!            Call::request_body      parse once, plan, reserve, claim, write x-sluice-target-N
//!            └─ Envoy's router runs the plan, one attempt after the other:
//!                 Attempt::request_body      translate, address, sign
//!                 Attempt::response_headers  hold
//!                 Attempt::response_body     first content? release : fail -> router retries
//! client ◄── Call::response_headers  nothing, or the error in the client's dialect
//!            Call::response_body     the last words of a stream that went silent
//!            Call::log               settle: charge once, release
//! ```

pub mod error;
pub mod wire;
pub mod dialect;
pub mod provider;
pub mod catalog;
pub mod config;
pub mod store;
pub mod host;
pub mod policy;
pub mod route;
pub mod telemetry;
pub mod exchange;

#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
