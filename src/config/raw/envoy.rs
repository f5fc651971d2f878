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
    /// The most that a release of Envoy can do.
    pub fn of(major: u64, minor: u64) -> Self {
        match (major, minor) {
            (1, ..37 | 38) | (0, _) => Self::None,
            (1, 37) => Self::Chains,
            _ => Self::PerCall,
        }
    }

    /// Chains belong to the releases that know nothing better: a composite cluster of
    /// 1.40 passes over members without hosts, so that a call would reach a provider with
    /// another one's key (seen on 1.40.0; 1.38 could not be tried).
    pub fn fits(self, major: u64, minor: u64) -> bool {
        matches!(self, Self::None) || self == Self::of(major, minor)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerCall => "per_call",
            Self::Chains => "chains",
            Self::None => "none",
        }
    }
}
