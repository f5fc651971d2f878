//! `envoy`: what the Envoy around the filter can do.

use serde::Deserialize;

/// Written by `sluice render --for-envoy`; by hand only with a bootstrap of your own.
#[derive(Debug, Default, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Envoy {
    /// How the route takes a call to its next target. Default: per_call.
    pub fallback: Fallback,
}

#[derive(Debug, Default, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Each call in its own order, by `refresh_cluster_on_retry`: Envoy 1.39 or newer.
    #[default]
    PerCall,
    /// In orders that the bootstrap has as composite clusters: Envoy 1.37.
    Chains,
    /// All attempts at one cluster, that of the first target.
    None,
}

// === impl Fallback ===

impl Fallback {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerCall => "per_call",
            Self::Chains => "chains",
            Self::None => "none",
        }
    }
}
