//! The configuration as it is written: a strict serde mirror, no decisions.
//!
//! Unknown fields are errors everywhere. `envoy/sluice.schema.json` is generated
//! from these types; a test fails when it is stale.

use super::units::{Bytes, Millis};
use serde::Deserialize;
use std::collections::BTreeMap;

mod admin;
mod catalog;
mod consumer;
mod envoy;
mod fleet;
mod health;
mod identity;
mod keys;
mod limit;
mod model;
mod preferences;
mod retries;
mod rule;
mod shadow;
mod target;
mod when;

pub use admin::Admin;
pub use catalog::{Entry, Unpriced};
pub use consumer::{Consumer, Organization, Permits, Team};
pub use envoy::{Envoy, Fallback};
pub use fleet::{Fleet, Service};
pub use health::{Health, WhenAllRest};
pub use identity::{ClientKey, Identity, Jwt, Pepper, TrustedHeader};
pub use keys::{Key, Keys, Listed};
pub use limit::{FleetLimit, Limit, LimitWhen, OnExceeded, Weights, WindowKind};
pub use model::{Model, Strategy};
pub use preferences::Preferences;
pub use retries::{Budget, MinSpeed, Retries};
pub use rule::Rule;
pub use shadow::Shadow;
pub use target::Target;
pub use when::{Part, Span, When};

/// sluice.yaml
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sluice {
    /// Who can be called, by a name of your choice.
    pub providers: BTreeMap<String, Provider>,
    /// What clients may ask for. The first entry whose name matches wins.
    pub models: Vec<Model>,
    /// How calls are tried that need more than their model says. The first rule that
    /// fits a call is the one.
    #[serde(default)]
    pub rules: Vec<Rule>,
    #[serde(default)]
    pub defaults: Defaults,
    /// What models cost and hold, where the list of `sluice models` does not know it,
    /// or your contract says otherwise. The first entry that matches a target wins.
    #[serde(default)]
    pub catalog: Vec<Entry>,
    /// What becomes of calls whose cost nobody can tell, since their model has no price.
    #[serde(default)]
    pub unpriced: Unpriced,
    /// Who may ask. Without it everybody is the consumer `anonymous`.
    #[serde(default)]
    pub consumers: Option<Vec<Consumer>>,
    /// How consumers are known.
    #[serde(default)]
    pub identity: Identity,
    /// To whom consumers belong.
    #[serde(default)]
    pub teams: Vec<Team>,
    /// To whom teams belong.
    #[serde(default)]
    pub organizations: Vec<Organization>,
    /// Who may spend what, in which time.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// Who sees everybody's usage. Without it each consumer sees its own, and where there
    /// are none everybody sees all.
    #[serde(default)]
    pub admin: Option<Admin>,
    /// Who counts limits for all proxies together.
    #[serde(default)]
    pub fleet: Option<Fleet>,
    /// Serve callers without a known key, as the consumer `anonymous`.
    /// Default: true without `consumers`, false with them.
    #[serde(default)]
    pub allow_anonymous: Option<bool>,
    #[serde(default)]
    pub expose: Expose,
    /// Paths that Sluice leaves to other routes of the same listener; a trailing
    /// `*` matches every path that begins so.
    #[serde(default)]
    pub passthrough_paths: Vec<String>,
    #[serde(default)]
    pub usage: Usage,
    #[serde(default)]
    pub health: Health,
    #[serde(default)]
    pub envoy: Envoy,
    #[serde(default)]
    pub preferences: Preferences,
    #[serde(default)]
    pub retries: Retries,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// A row of the provider table: `sluice providers` lists them.
    pub kind: String,
    /// Base URL, such as http://vllm:8000/v1. Default: the vendor's own.
    #[serde(default)]
    pub url: Option<String>,
    /// The Envoy cluster that leads there. Default: the provider's name.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The region of a cloud, such as us-east-1.
    #[serde(default)]
    pub region: Option<String>,
    /// Google Cloud's project id.
    #[serde(default)]
    pub project: Option<String>,
    /// An account or a workspace, where the address has one.
    #[serde(default)]
    pub account: Option<String>,
    /// Azure's resource name, or the host of a Databricks workspace.
    #[serde(default)]
    pub resource: Option<String>,
    /// The version of the API, where the address has one.
    #[serde(default)]
    pub api_version: Option<String>,
    /// Keys, used in turn, or `none` where Envoy adds the credentials itself.
    /// Default: the vendor's usual environment variable.
    #[serde(default)]
    pub keys: Option<Keys>,
    /// What rules may require of its targets, such as eu or zdr; its region is one
    /// without saying.
    #[serde(default)]
    pub tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// A streamed attempt must show its first token within this time. Default 30s.
    pub first_token_timeout: Millis,
    /// An attempt that is not streamed must be answered within this time. Default 2m.
    pub timeout: Millis,
    /// A stream that has begun is ended when nothing has come for so long, and up to a
    /// quarter more. Default 5m; one that is not below total_timeout is none.
    pub idle_timeout: Millis,
    /// All attempts of a call and the whole stream together. Default 10m.
    pub total_timeout: Millis,
    /// Leave a stream for the next target where its first tokens come slower than this.
    /// Default: any speed will do.
    pub min_speed: Option<MinSpeed>,
    /// The largest request body. Default 32MiB; Envoy's per_connection_buffer_limit_bytes must not be smaller.
    pub max_body: Bytes,
    /// The largest form (audio, images). What is above max_body flows on to the provider
    /// while it comes in, and its part `model` must stand before its files. Default: as
    /// max_body.
    pub max_upload: Option<Bytes>,
    /// What makes the next target be tried. Default: all but content_filter.
    pub retry_on: Vec<RetryClass>,
    /// Refuse with 400 what a provider's dialect cannot carry, instead of leaving it
    /// out and naming it in x-sluice-dropped. Default: false.
    pub strict: bool,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// No connection.
    Connect,
    /// The connection was lost, or a deadline passed, before the first token.
    Reset,
    /// 408, 409, 425, 429.
    Busy,
    /// 5xx, 529 included, and answers that are not the provider's dialect.
    Server,
    /// 401, 402, 403: the provider refused our key.
    Auth,
    /// An error event before the first token of a stream that began with 200.
    Stream,
    /// A content filter refused the request, or withheld all of the answer.
    ContentFilter,
}

/// Which response headers clients see.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Expose {
    /// x-sluice-provider
    pub provider: bool,
    /// x-sluice-model
    pub model: bool,
    /// x-sluice-attempts
    pub attempts: bool,
    /// x-sluice-dropped: request fields the provider's dialect cannot carry
    pub dropped: bool,
    /// x-sluice-capped: the output limit that was set instead of the request's
    pub capped: bool,
    /// x-sluice-cost-usd: what an answer cost, where that is known; of a stream as a
    /// comment behind its last event. Default: false.
    pub cost: bool,
    /// x-sluice-explain, to clients that send `x-sluice-explain: 1`: why the call went
    /// where it went, as JSON. Default: false.
    pub explain: bool,
    /// What limits leave, in OpenAI's and Anthropic's headers. Default: true.
    pub limits: bool,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Rows (consumer x model x provider) kept apart; what comes later is
    /// counted as `other`. Default 512, at most 4096.
    #[serde(deserialize_with = "super::units::whole")]
    pub max_rows: u32,
}

// === impl Defaults ===

impl Default for Defaults {
    fn default() -> Self {
        use RetryClass::{Auth, Busy, Connect, Reset, Server, Stream};
        Self {
            first_token_timeout: Millis(30_000),
            timeout: Millis(120_000),
            idle_timeout: Millis(300_000),
            total_timeout: Millis(600_000),
            min_speed: None,
            max_body: Bytes(32 << 20),
            max_upload: None,
            retry_on: vec![Connect, Reset, Busy, Server, Auth, Stream],
            strict: false,
        }
    }
}

// === impl Expose ===

impl Default for Expose {
    fn default() -> Self {
        Self {
            provider: true,
            model: true,
            attempts: true,
            dropped: true,
            capped: true,
            cost: false,
            explain: false,
            limits: true,
        }
    }
}

// === impl Usage ===

impl Default for Usage {
    fn default() -> Self {
        Self { max_rows: 512 }
    }
}
