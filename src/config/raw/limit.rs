//! `limits`: who may spend what, in which time.

use crate::config::limits::{Every, Scope, WhenDown};
use crate::config::units::{decimal, some_decimal};
use serde::Deserialize;
use serde::de::{self, Deserializer};

/// One number of one resource in one window.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Appears in errors, headers, metrics and logs. Default, where it stands at a
    /// consumer, a team or an organization: what it counts.
    #[serde(default)]
    pub name: Option<String>,
    /// Of what each value has the amount to itself: organization, team, consumer, key,
    /// model, provider, or a list of these. Default: all calls share it.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "OneOrMany"))]
    pub per: Vec<Scope>,
    /// Which calls it counts. Default: all.
    #[serde(default)]
    pub when: LimitWhen,
    /// Requests.
    #[serde(default, deserialize_with = "some_decimal")]
    pub requests: Option<f64>,
    /// Tokens, input and output, weighted by `weights`.
    #[serde(default, deserialize_with = "some_decimal")]
    pub tokens: Option<f64>,
    #[serde(default, deserialize_with = "some_decimal")]
    pub input_tokens: Option<f64>,
    #[serde(default, deserialize_with = "some_decimal")]
    pub output_tokens: Option<f64>,
    /// US dollars.
    #[serde(default, deserialize_with = "some_decimal")]
    pub dollars: Option<f64>,
    /// Calls at the same time.
    #[serde(default, deserialize_with = "some_decimal")]
    pub concurrent: Option<f64>,
    /// Within which time; not for `concurrent`.
    #[serde(default)]
    pub every: Option<Every>,
    /// bucket refills all the time, rolling looks back, calendar begins anew with each
    /// minute, day or month. Default: bucket up to an hour, calendar for longer.
    #[serde(default)]
    pub window: Option<WindowKind>,
    /// By whose clocks a calendar's turns begin: an IANA name such as Europe/Berlin, or a
    /// POSIX TZ string. Default: UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// What a token of each kind counts beside 1.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// What becomes of a call that does not fit: refuse, warn, or { route_to: MODEL }.
    /// Default: refuse.
    #[serde(default)]
    pub on_exceeded: OnExceeded,
    /// Only counts and says what it would have done. Default: false.
    #[serde(default)]
    pub shadow: bool,
    /// Shared with all proxies that use the same rate limit service.
    #[serde(default)]
    pub fleet: Option<FleetLimit>,
}

/// Names and patterns of these; all that are given must fit.
#[derive(Debug, Deserialize, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LimitWhen {
    pub consumers: Vec<String>,
    pub teams: Vec<String>,
    pub organizations: Vec<String>,
    /// Tags of consumers.
    pub tags: Vec<String>,
    /// Names clients ask for.
    pub models: Vec<String>,
    pub providers: Vec<String>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    Bucket,
    Rolling,
    Calendar,
}

/// Up to three decimals.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    #[serde(deserialize_with = "decimal")]
    pub input: f64,
    /// Default: as input.
    #[serde(deserialize_with = "some_decimal")]
    pub cached_input: Option<f64>,
    /// Default: as input.
    #[serde(deserialize_with = "some_decimal")]
    pub cache_write: Option<f64>,
    #[serde(deserialize_with = "decimal")]
    pub output: f64,
    /// Default: as output.
    #[serde(deserialize_with = "some_decimal")]
    pub reasoning: Option<f64>,
}

#[derive(Debug, Deserialize, Clone, PartialEq, Eq, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnExceeded {
    #[default]
    Refuse,
    Warn,
    RouteTo(String),
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FleetLimit {
    /// How much a proxy draws at a time, in the limit's own unit.
    #[serde(deserialize_with = "decimal")]
    pub lease: f64,
    /// While the service does not answer. Default: local_only.
    #[serde(default = "local_only")]
    pub when_down: WhenDown,
}

fn local_only() -> WhenDown {
    WhenDown::LocalOnly
}

#[derive(Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(untagged)]
enum OneOrMany {
    One(Scope),
    Many(Vec<Scope>),
}

fn one_or_many<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Scope>, D::Error> {
    let words = "must be organization, team, consumer, key, model, provider, or a list of these";
    match OneOrMany::deserialize(d).map_err(|_| de::Error::custom(words))? {
        OneOrMany::One(scope) => Ok(vec![scope]),
        OneOrMany::Many(scopes) => Ok(scopes),
    }
}

// === impl Weights ===

impl Default for Weights {
    fn default() -> Self {
        Self { input: 1.0, cached_input: None, cache_write: None, output: 1.0, reasoning: None }
    }
}
