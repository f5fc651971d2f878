//! The compiled configuration: what the rest of the crate reads.
//!
//! Immutable and shared by all calls of a VM. Must not: be built anywhere but in
//! `compile`, or show a key through `Debug`.

use super::chains::Chains;
use super::glob;
use super::identity::Identity;
use super::index::Index;
use super::limits::{Limit, Scope, Service};
use super::permits::Permits;
use super::raw::{self, RetryClass, Strategy};
use super::url::Url;
use crate::catalog::{self, Abilities, Known, Price};
use crate::dialect::Dialect;
use crate::provider::{Kind, Path};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

#[derive(Debug)]
pub struct Config {
    pub providers: Vec<Provider>,
    pub models: Vec<Model>,
    /// The first that fits a call decides how it is tried.
    pub rules: Vec<Rule>,
    /// By which that one is found.
    pub index: Index,
    /// Of all models and rules, which know their own by place.
    pub targets: Vec<Target>,
    /// How they are known.
    pub identity: Identity,
    /// Digests of the keys that see what belongs to everybody; empty: no such keys.
    pub admin_keys: Vec<[u8; 32]>,
    pub consumers: Vec<Rc<Consumer>>,
    pub teams: Vec<Team>,
    pub organizations: Vec<Organization>,
    /// Those of `limits`, then the own ones of consumers, teams and organizations.
    pub limits: Vec<Limit>,
    /// How many of them are those of `limits`.
    pub common_limits: usize,
    /// Who counts those with `fleet`.
    pub fleet: Option<Service>,
    /// The scopes of limits, each set once.
    pub scopes: Vec<Vec<Scope>>,
    /// Whoever has no key, where that is allowed.
    pub anonymous: Rc<Consumer>,
    /// Whose the copies are.
    pub shadow: Rc<Consumer>,
    pub allow_anonymous: bool,
    pub max_body: usize,
    /// Of a form; at least `max_body`.
    pub max_upload: usize,
    /// Refuse a call rather than leave out what its target cannot carry.
    pub strict: bool,
    pub total_timeout_ms: u64,
    /// Between two tokens of a stream.
    pub idle_ms: u64,
    pub min_speed: Option<MinSpeed>,
    pub expose: raw::Expose,
    pub retry: Retry,
    pub passthrough: Vec<Passthrough>,
    pub max_usage_rows: u32,
    pub health: HealthRules,
    pub retry_limits: RetryLimits,
    pub fallback: Fallback,
    /// Some key has a quota of its own.
    pub has_quotas: bool,
    pub preferences: raw::Preferences,
    pub unpriced: Unpriced,
}

/// What becomes of calls whose model has no price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unpriced {
    Deny,
    #[default]
    Flag,
    /// They are charged so.
    Estimate(Price),
}

/// How the router takes a call to its next target.
#[derive(Debug)]
pub enum Fallback {
    PerCall,
    Chains(Chains),
    /// Of one cluster alone.
    None,
}

#[derive(Debug)]
pub struct Provider {
    pub name: String,
    pub kind: &'static Kind,
    pub cluster: String,
    pub url: Url,
    /// For each of the kind's surfaces: the whole path of a call, and of a streamed one.
    pub paths: Vec<[Path; 2]>,
    /// Where its address has one.
    pub region: String,
    /// Empty: Envoy adds the credentials.
    pub keys: Vec<Secret>,
    /// Under which each is remembered when it is refused.
    pub key_ids: Vec<u64>,
    /// How much of its calls each may take.
    pub shares: Vec<Share>,
    /// What the operator says of its models; the first that matches wins.
    pub catalog: Vec<Entry>,
    /// Which prices these are, together with the list's.
    pub price_version: String,
}

/// How much of its provider's calls a key may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Beside the others; 0: only behind them.
    pub weight: u32,
    pub quota: Quota,
}

/// What the operator knows of a key's quota, a minute; 0: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    pub requests: u32,
    /// Input and output.
    pub tokens: u32,
}

/// What the operator says of a provider's models.
#[derive(Debug)]
pub struct Entry {
    /// With `*` for any run of characters.
    pub pattern: String,
    /// Instead of what the catalog says.
    pub like: Option<Known>,
    pub price: Option<Price>,
    pub context: Option<u32>,
    pub max_output: Option<u32>,
    pub abilities: Option<Abilities>,
}

#[derive(Debug)]
pub struct Model {
    /// As configured; the label in usage and metrics.
    pub name: String,
    pub is_glob: bool,
    pub strategy: Strategy,
    /// The request header that decides, in lower case.
    pub by: Option<String>,
    /// Of `Config::targets`.
    pub targets: Range<usize>,
    pub shadow: Option<Shadow>,
}

/// A share of a model's calls that another model answers, too.
#[derive(Debug)]
pub struct Shadow {
    /// As a client would ask for it.
    pub model: String,
    /// Calls whose hash is not above this.
    pub up_to: u64,
}

/// How calls are tried that its conditions fit; these stand in `Config::index`.
#[derive(Debug)]
pub struct Rule {
    pub name: String,
    /// Of `Config::targets`; `None`: the model's.
    pub targets: Option<Range<usize>>,
    /// `None`: the model's, and its `by`.
    pub strategy: Option<Strategy>,
    /// The request header that decides, in lower case.
    pub by: Option<String>,
    /// Tags without which no target is tried.
    pub require: Vec<String>,
    /// Instead of the targets' own.
    pub first_token_ms: Option<u64>,
    pub timeout_ms: Option<u64>,
    pub total_timeout_ms: Option<u64>,
    pub idle_ms: Option<u64>,
    pub min_speed: Option<MinSpeed>,
    pub retry: Option<Retry>,
}

/// What makes the router try the next target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// `x-envoy-retry-on`.
    pub on: String,
    /// `x-envoy-retriable-status-codes`.
    pub codes: String,
    pub classes: Vec<RetryClass>,
}

#[derive(Debug)]
pub struct Target {
    /// Index into `Config::providers`.
    pub provider: usize,
    /// The provider's name of the model; `None`: the name the client asked for.
    pub model: Option<String>,
    /// As configured: the model part of the label in usage and metrics.
    pub label: String,
    /// Under which it is remembered when it fails.
    pub id: u64,
    pub first_token_ms: u64,
    pub timeout_ms: u64,
    /// The dialect to speak where the provider has several; `None`: its first.
    pub api: Option<Dialect>,
    /// Its share under strategies that know shares.
    pub weight: u32,
    /// What rules may require of it: its provider's tags and region, and its own.
    pub tags: Vec<String>,
    /// What is known of the model; `None`: that depends on the name asked for.
    pub known: Option<Known>,
}

/// When targets and keys are left alone; times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthRules {
    pub enabled: bool,
    /// Failures in a row that open a target's circuit; at least 1.
    pub failures: u16,
    /// The first rest of a circuit, or of a rate limit that nobody timed; doubled each
    /// time.
    pub cooldown: u64,
    pub max_cooldown: u64,
    /// The rest of a refused key.
    pub key_cooldown: u64,
    /// Refuse a call all of whose targets rest, rather than try one.
    pub refuse: bool,
    /// Percent of a provider's limit below which what is left is made to last; 0: never.
    pub pace_below: u32,
}

/// How fast a stream must begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinSpeed {
    pub tokens: u64,
    /// From the first token to the last of these, milliseconds.
    pub within_ms: u64,
}

/// How often a call is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// 1 to `MAX_TARGETS`.
    pub attempts: usize,
    /// Nanoseconds after the call.
    pub elapsed: Option<u64>,
    pub budget: Option<RetryBudget>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    /// Further attempts per hundred calls.
    pub percent: u32,
    /// On top of that, whatever the calls.
    pub min_per_second: u32,
}

#[derive(Debug, Default)]
pub struct Consumer {
    pub name: String,
    /// Of `Config::teams`.
    pub team: Option<usize>,
    pub tags: Vec<String>,
    /// What it may ask; shared with those who may the same.
    pub permits: Rc<Permits>,
    /// Its own, of `Config::limits`.
    pub limits: Range<usize>,
}

#[derive(Debug)]
pub struct Team {
    pub name: String,
    /// Its own, of `Config::limits`.
    pub limits: Range<usize>,
    /// Of `Config::organizations`.
    pub organization: Option<usize>,
}

#[derive(Debug)]
pub struct Organization {
    pub name: String,
    /// Its own, of `Config::limits`.
    pub limits: Range<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Passthrough {
    Exact(String),
    Prefix(String),
}

/// A provider's key. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// Sent as it is, in one header.
    Text(String),
    /// A token for `authorization: Bearer`, whatever header the provider's keys go into.
    Bearer(String),
    /// Never sent: it signs.
    Aws(AwsKey),
}

/// AWS credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsKey {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// The status by which an attempt tells the router of a stream that failed before its
/// content: one no provider answers with, so that the retry class `stream` is its own.
pub const STREAM_FAILED: u16 = 598;
/// The status by which an attempt tells the router that the prompt is too long for its
/// target, and not for the next.
pub const TOO_LONG: u16 = 597;
/// The status by which an attempt tells the router that a content filter refused, where
/// that is a retry class.
pub const FILTERED: u16 = 596;
/// Most targets of a model: Envoy's route names that many clusters.
pub const MAX_TARGETS: usize = 8;
pub const MAX_MODELS: usize = 4096;
pub const MAX_RULES: usize = 1024;
pub const MAX_CONSUMERS: usize = 100_000;
/// Most teams, and most organizations.
pub const MAX_TEAMS: usize = 10_000;
pub const ANONYMOUS: &str = "anonymous";
/// The consumer of copies.
pub const SHADOW: &str = "shadow";
/// The header that names the cluster of a copy: without it Envoy copies nothing.
pub const SHADOW_HEADER: &str = "x-sluice-shadow";
/// Envoy's cluster for copies, and the listener it leads to.
pub const SHADOW_CLUSTER: &str = "sluice-shadow";

// === impl Fallback ===

impl Fallback {
    /// As it is written.
    pub fn mode(&self) -> raw::Fallback {
        match self {
            Self::PerCall => raw::Fallback::PerCall,
            Self::Chains(_) => raw::Fallback::Chains,
            Self::None => raw::Fallback::None,
        }
    }
}

// === impl Config ===

impl Config {
    /// The first entry that matches the name a client asked for.
    pub fn model(&self, asked: &str) -> Option<(usize, &Model)> {
        self.models
            .iter()
            .enumerate()
            .find(|(_, m)| if m.is_glob { glob::matches(&m.name, asked) } else { m.name == asked })
    }

    /// The Envoy cluster of a target.
    pub fn cluster(&self, target: usize) -> Option<&str> {
        let target = self.targets.get(target)?;
        self.providers.get(target.provider).map(|p| p.cluster.as_str())
    }

    /// Of any call, in milliseconds.
    pub fn longest_total_ms(&self) -> u64 {
        let rules = self.rules.iter().filter_map(|r| r.total_timeout_ms);
        rules.fold(self.total_timeout_ms, u64::max)
    }

    /// Those of a model or a rule.
    pub fn targets(&self, own: &Range<usize>) -> &[Target] {
        self.targets.get(own.clone()).unwrap_or_default()
    }

    /// The names of a consumer's team and organization.
    pub fn belongs(&self, consumer: &Consumer) -> (Option<&str>, Option<&str>) {
        let team = consumer.team.and_then(|team| self.teams.get(team));
        let organization = team.and_then(|team| self.organizations.get(team.organization?));
        (team.map(|t| t.name.as_str()), organization.map(|o| o.name.as_str()))
    }

    pub fn passes_through(&self, path: &str) -> bool {
        self.passthrough.iter().any(|p| match p {
            Passthrough::Exact(exact) => path == exact,
            Passthrough::Prefix(prefix) => path.starts_with(prefix),
        })
    }
}

// === impl Consumer ===

impl Consumer {
    /// What it may not use does not exist for it.
    pub fn may_use(&self, asked: &str) -> bool {
        self.permits.may_use(asked)
    }
}

// === impl Provider ===

impl Provider {
    /// What is known of the model it calls `name`.
    pub fn known(&self, name: &str) -> Known {
        let listed = || catalog::known(self.kind.name, &self.region, name);
        let Some(entry) = self.catalog.iter().find(|e| glob::matches(&e.pattern, name)) else {
            return listed();
        };
        let mut known = entry.like.unwrap_or_else(listed);
        known.price = entry.price.or(known.price);
        known.own_price = entry.price.is_some() || entry.like.is_some();
        known.context = entry.context.or(known.context);
        known.traits.max_output_tokens = entry.max_output.unwrap_or(known.traits.max_output_tokens);
        if let Some(abilities) = entry.abilities {
            known.abilities = abilities;
            known.lacks = Abilities::ASKED.without(abilities);
        }
        known
    }
}

// === impl Quota ===

impl Quota {
    pub fn any(self) -> bool {
        self.requests > 0 || self.tokens > 0
    }
}

// === impl Secret ===

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
