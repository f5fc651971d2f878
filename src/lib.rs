//! Sluice: an LLM gateway as one proxy-wasm filter for stock Envoy and Istio.
pub mod error;
pub mod wire;
pub mod dialect;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
