//! Sluice: an LLM gateway as one proxy-wasm filter for stock Envoy and Istio.
pub mod catalog;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod config;
pub mod dialect;
pub mod error;
pub mod provider;
pub mod wire;
