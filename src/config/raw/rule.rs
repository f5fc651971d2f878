//! A rule: which calls it is for, and how these are tried.

use super::{MinSpeed, RetryClass, Strategy, Target, When};
use crate::config::units::Millis;
use serde::Deserialize;

/// What it leaves out is the model's, or the defaults'.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Appears in explanations and logs.
    pub name: String,
    /// Which calls; without it all.
    #[serde(default)]
    pub when: When,
    /// Instead of the model's.
    #[serde(default)]
    pub targets: Option<Vec<Target>>,
    /// In which order the targets are tried. Default: as the model says; order for
    /// targets of the rule's own.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    /// As of a model.
    #[serde(default)]
    pub by: Option<String>,
    /// Tags without which no target is tried, such as [eu].
    #[serde(default)]
    pub require: Vec<String>,
    /// Instead of the targets' own.
    #[serde(default)]
    pub first_token_timeout: Option<Millis>,
    /// Instead of the targets' own.
    #[serde(default)]
    pub timeout: Option<Millis>,
    /// Instead of defaults.idle_timeout.
    #[serde(default)]
    pub idle_timeout: Option<Millis>,
    /// Instead of defaults.min_speed.
    #[serde(default)]
    pub min_speed: Option<MinSpeed>,
    /// Instead of defaults.total_timeout.
    #[serde(default)]
    pub total_timeout: Option<Millis>,
    /// Instead of defaults.retry_on.
    #[serde(default)]
    pub retry_on: Option<Vec<RetryClass>>,
}
