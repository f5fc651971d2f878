//! `health`: when a target or a key is left alone.

use crate::config::units::{Millis, whole};
use serde::Deserialize;

/// When targets and keys that fail are left alone, by all workers at once.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Leave failing targets and keys alone for a while. Default: true.
    pub enabled: bool,
    /// Failures in a row after which a target rests; then one call of the live traffic
    /// probes it. Default 5, 1 to 1000.
    #[serde(deserialize_with = "whole")]
    pub failures: u32,
    /// The first rest of a failing target, and of a rate limit whose provider names no
    /// time; doubled with each failure. Default 10s.
    pub cooldown: Millis,
    /// The longest of these. Default 2m.
    pub max_cooldown: Millis,
    /// The rest of a key that was refused (401, 402, 403), or that has no quota left.
    /// Default 10m.
    pub key_cooldown: Millis,
    /// Percent of a limit that a provider's headers tell of: when less is left of it, the
    /// rest is spread over the time until it is whole again. Default 2, at most 50; 0: off.
    #[serde(deserialize_with = "whole")]
    pub pace_below: u32,
    /// What becomes of a call all of whose targets rest. Default: try.
    pub when_all_rest: WhenAllRest,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenAllRest {
    /// The target whose rest ends first is tried all the same.
    Try,
    /// 503 with the earliest `retry-after`.
    Refuse,
}

// === impl Health ===

impl Default for Health {
    fn default() -> Self {
        Self {
            enabled: true,
            failures: 5,
            cooldown: Millis(10_000),
            max_cooldown: Millis(120_000),
            key_cooldown: Millis(600_000),
            pace_below: 2,
            when_all_rest: WhenAllRest::Try,
        }
    }
}
