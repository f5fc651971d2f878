//! `admin`: who may read what belongs to everybody.

use serde::Deserialize;

/// Keys that read all of /sluice/usage and /sluice/health, and make no calls.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Their SHA-256 digests, as of consumers' keys.
    pub key_sha256: Vec<String>,
}
