//! `shadow`: a share of a model's calls that another model answers, too, for nobody.

use crate::config::units::decimal;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// Who answers the copies: another entry of models, by a name that clients could ask
    /// for.
    pub model: String,
    /// The share of the calls that are copied, above 0 and up to 100.
    #[serde(deserialize_with = "decimal")]
    pub percent: f64,
}
