//! `retries` and `min_speed`: how often a call is tried, and what is too slow.

use crate::config::units::{Millis, whole};
use serde::Deserialize;

/// How often calls are tried. A first attempt is always made.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// Most attempts of a call. Default 8, 1 to 8.
    #[serde(deserialize_with = "whole")]
    pub attempts: u32,
    /// No further attempt begins later than this after its call. Default: total_timeout
    /// alone decides.
    pub elapsed: Option<Millis>,
    /// What share of the traffic further attempts may be, counted over all workers.
    /// Default: any.
    pub budget: Option<Budget>,
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Further attempts per hundred calls. Default 20, 0 to 100.
    #[serde(deserialize_with = "whole")]
    pub percent: u32,
    /// So many a second on top of that, so that rare calls are always tried again.
    /// Default 10, 1 to 10000.
    #[serde(deserialize_with = "whole")]
    pub min_per_second: u32,
}

/// The slowest a stream may begin; a slower one is left for the next target.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MinSpeed {
    /// After the first token. 1 to 1000.
    #[serde(deserialize_with = "whole")]
    pub tokens_per_second: u32,
    /// It is judged over so many, by estimate, and they reach the client together.
    /// 1 to 1000.
    #[serde(deserialize_with = "whole")]
    pub first_tokens: u32,
}

// === impl Retries ===

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 8, elapsed: None, budget: None }
    }
}

// === impl Budget ===

impl Default for Budget {
    fn default() -> Self {
        Self { percent: 20, min_per_second: 10 }
    }
}
