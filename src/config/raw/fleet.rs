//! `fleet`: who counts for all proxies together.

use crate::config::units::Millis;
use serde::Deserialize;

/// Limits with `fleet` are counted by a rate limit service for all proxies that use it.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    pub service: Service,
}

/// A server of envoy.service.ratelimit.v3, such as Envoy's ratelimit or Limitador.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The Envoy cluster that leads there; it speaks HTTP/2.
    pub cluster: String,
    /// Under which the service keeps our limits. Default: sluice.
    #[serde(default = "domain")]
    pub domain: String,
    /// How long a call waits for an answer at most, where it must. Default: 200ms.
    #[serde(default = "timeout")]
    pub timeout: Millis,
}

fn domain() -> String {
    "sluice".to_owned()
}

fn timeout() -> Millis {
    Millis(200)
}
