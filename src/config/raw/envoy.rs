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
    /// The most that a release of Envoy can do; `None`: it must not run the filter.
    ///
    /// Before 1.37 Envoy dies when an upstream filter fails a response whose headers it
    /// held (its changelog of 1.37.0, "router: fixed an upstream HTTP filter issue"; seen
    /// on 1.36.4 with each refusal of a provider). Chains are for 1.37 alone: a composite
    /// cluster of 1.40 passes over members without hosts within one attempt, so that a
    /// call would reach a provider with another one's key (seen); 1.38 could not be tried.
    /// <https://www.envoyproxy.io/docs/envoy/v1.37.0/version_history/v1.37/v1.37.0>
    pub fn of(major: u64, minor: u64) -> Option<Self> {
        match (major, minor) {
            (0, _) | (1, ..37) => None,
            (1, 37) => Some(Self::Chains),
            (1, 38) => Some(Self::None),
            _ => Some(Self::PerCall),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerCall => "per_call",
            Self::Chains => "chains",
            Self::None => "none",
        }
    }
}
