//! Sluice: an LLM gateway as one proxy-wasm filter for stock Envoy and Istio.
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod dialect;
pub mod error;
pub mod wire;
