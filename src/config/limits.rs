//! What may be spent, compiled: limits, and the windows they are counted in.
//!
//! A limit is one number of one resource in one window, for each value of its scopes.
//! Whether a call fits is judged in `policy::limits`; what was spent stands in
//! `store::accounts`. Must not: read a clock.

use super::calendar::Calendar;
use super::compiled::{Config, Consumer};
use super::glob;
use serde::Deserialize;

#[derive(Debug)]
pub struct Limit {
    /// In errors, headers, metrics and logs.
    pub name: String,
    /// Under which what was spent is remembered: of its name, resource and window, so that
    /// a changed amount or action goes on with it.
    pub id: u64,
    pub resource: Resource,
    /// Requests, calls, thousandths of tokens, or nanodollars.
    pub amount: u64,
    /// `None`: concurrent calls.
    pub window: Option<Window>,
    /// Of what each call is counted for: index into `Config::scopes`. Limits of the same
    /// scopes share an account.
    pub scopes: usize,
    pub when: When,
    pub exceeded: Exceeded,
    /// Says what it would have done, and lets the call pass.
    pub shadow: bool,
    /// Shared with other proxies.
    pub fleet: Option<Fleet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Requests,
    /// Weighted by kind; a call's need is in thousandths.
    Tokens(Weights),
    Dollars,
    Concurrent,
}

/// What a token of each kind counts, in thousandths. Parts are counted in their wholes
/// first: cached input as input, reasoning as output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    pub input: u32,
    pub cached_input: u32,
    pub cache_write: u32,
    pub output: u32,
    pub reasoning: u32,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// In what stretch of time an amount is counted.
#[derive(Debug)]
pub enum Window {
    /// Refills all the time; a full one is the amount. Nanoseconds.
    Bucket { period: u64 },
    /// Any stretch of so many nanoseconds.
    Rolling { period: u64 },
    /// From one turn of the calendar to the next.
    Calendar(Calendar),
}

/// Of what each value has an account of its own.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Organization,
    Team,
    Consumer,
    Key,
    Model,
    Provider,
}

/// Which calls a limit counts; empty lists ask nothing. Patterns.
#[derive(Debug, Default)]
pub struct When {
    pub consumers: Vec<String>,
    pub teams: Vec<String>,
    pub organizations: Vec<String>,
    /// One of these.
    pub tags: Vec<String>,
    pub models: Vec<String>,
    pub providers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exceeded {
    Refuse,
    /// Runs all the same, with a header, a metric and a word in the log.
    Warn,
    /// Another model answers, as a client would ask for it.
    RouteTo(String),
}

/// How a limit is shared between proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// How much a proxy draws at a time, in the limit's unit.
    pub lease: u64,
    pub when_down: WhenDown,
}

/// The rate limit service: a cluster of Envoy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub cluster: String,
    pub domain: String,
    pub timeout_ms: u32,
}

/// What holds while the rate limit service does not answer.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    /// Calls pass.
    Open,
    /// Calls are refused once the lease is used up.
    Closed,
    /// Each proxy counts alone.
    LocalOnly,
}

/// Most entries of `limits`: each is looked at for each call.
pub const MAX_LIMITS: usize = 64;
/// Most limits that stand at one consumer, team or organization.
pub const MAX_OWN: usize = 8;

// === impl Config ===

impl Config {
    /// Of a call, but for conditions on its model and provider: the common ones, those of
    /// its consumer, team and organization.
    pub fn limits_of<'a>(&'a self, consumer: &'a Consumer) -> impl Iterator<Item = &'a Limit> {
        self.limits_at(consumer).filter_map(|at| self.limits.get(at))
    }

    /// The same, as indexes into `limits`.
    pub fn limits_at<'a>(&'a self, consumer: &'a Consumer) -> impl Iterator<Item = usize> + 'a {
        let team = consumer.team.and_then(|team| self.teams.get(team));
        let organization = team.and_then(|t| self.organizations.get(t.organization?));
        let own = [
            consumer.limits.clone(),
            team.map(|t| t.limits.clone()).unwrap_or_default(),
            organization.map(|o| o.limits.clone()).unwrap_or_default(),
        ];
        let fits = |at: &usize| self.limits.get(*at).is_some_and(|l| self.is_for(l, consumer));
        (0..self.common_limits).filter(fits).chain(own.into_iter().flatten())
    }

    fn is_for(&self, limit: &Limit, consumer: &Consumer) -> bool {
        let (team, organization) = self.belongs(consumer);
        let fits = |patterns: &[String], name: Option<&str>| {
            let one = |name| patterns.iter().any(|p| glob::matches(p, name));
            patterns.is_empty() || name.is_some_and(one)
        };
        let when = &limit.when;
        let tagged = when.tags.is_empty() || when.tags.iter().any(|t| consumer.tags.contains(t));
        tagged
            && fits(&when.consumers, Some(&consumer.name))
            && fits(&when.teams, team)
            && fits(&when.organizations, organization)
    }
}

// === impl Resource ===

impl Resource {
    /// How many of its units a rate limit service counts as one: whole requests, whole
    /// tokens, ten-thousandths of a dollar.
    pub fn per_hit(self) -> u64 {
        match self {
            Resource::Requests | Resource::Concurrent => 1,
            Resource::Tokens(_) => 1_000,
            Resource::Dollars => 100_000,
        }
    }

    /// An amount as a service counts it, rounded up.
    pub fn hits(self, amount: u64) -> u64 {
        amount.div_ceil(self.per_hit())
    }
}

// === impl Weights ===

impl Weights {
    pub const ALL: Self =
        Self { input: 1000, cached_input: 1000, cache_write: 1000, output: 1000, reasoning: 1000 };
}

// === impl Scope ===

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Organization => "organization",
            Scope::Team => "team",
            Scope::Consumer => "consumer",
            Scope::Key => "key",
            Scope::Model => "model",
            Scope::Provider => "provider",
        }
    }
}

// === impl Every ===

impl Every {
    pub fn as_str(self) -> &'static str {
        match self {
            Every::Second => "second",
            Every::Minute => "minute",
            Every::Hour => "hour",
            Every::Day => "day",
            Every::Week => "week",
            Every::Month => "month",
        }
    }

    /// In nanoseconds; a month has 30 days here.
    pub fn nanos(self) -> u64 {
        let seconds = match self {
            Every::Second => 1,
            Every::Minute => 60,
            Every::Hour => 3_600,
            Every::Day => 86_400,
            Every::Week => 604_800,
            Every::Month => 2_592_000,
        };
        seconds * 1_000_000_000
    }
}

// === impl Window ===

impl Window {
    /// What makes it another window, so that what was spent is counted anew. A time zone
    /// does not: what was spent counts until its turn would have ended, and a budget is
    /// not given twice.
    pub fn key(&self) -> (&'static str, u64) {
        match self {
            Window::Bucket { period } => ("bucket", *period),
            Window::Rolling { period } => ("rolling", *period),
            Window::Calendar(calendar) => ("calendar", calendar.every.nanos()),
        }
    }
}
