//! From what is written to what is meant: names resolved, defaults applied,
//! everything that can be wrong found now, and all of it at once.

use super::Problem;
use super::chains;
use super::compiled::{
    ANONYMOUS, Config, Consumer, FILTERED, Fallback, Passthrough, Retry, SHADOW, STREAM_FAILED,
    TOO_LONG,
};
use super::raw::{self, RetryClass};
use super::units::Bytes;
use std::rc::Rc;

mod admin;
mod catalog;
mod consumers;
mod fleet;
mod health;
mod identity;
mod keys;
mod limits;
mod models;
mod permits;
mod providers;
mod retries;
mod rules;
mod shadow;
mod targets;
mod when;

pub fn compile(
    raw: &raw::Sluice,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Problem>> {
    let mut problems = Problems(Vec::new());
    let mut providers = providers::compile(raw, env, &mut problems);
    catalog::compile(raw, &mut providers, &mut problems);
    let unpriced = catalog::unpriced(raw.unpriced, &mut problems);
    let mut targets = Vec::new();
    let models = models::compile((raw, &providers), &mut targets, &mut problems);
    let (rules, index) = rules::compile((raw, &providers), &models, &mut targets, &mut problems);
    let mut limits = limits::Limits::default();
    limits.common(raw, &mut problems);
    let common_limits = limits.all.len();
    let fleet = fleet::service(raw, &mut problems);
    let mut known = identity::Known::new(raw, env, &mut problems);
    let who = consumers::compile((raw, &targets), (&mut limits, &mut known), &mut problems);
    let identity = known.finish(&mut problems);
    let admin_keys = admin::compile(raw, &identity.keys, &mut problems);
    let d = &raw.defaults;
    for (path, millis) in [("first_token_timeout", d.first_token_timeout), ("timeout", d.timeout)] {
        if millis > d.total_timeout {
            problems.add(
                format!("defaults.{path}"),
                "is longer than defaults.total_timeout; raise that or lower this",
            );
        }
    }
    if d.max_upload.is_some_and(|max| max < d.max_body) {
        problems.add(
            "defaults.max_upload",
            "is smaller than defaults.max_body; raise it or leave it out",
        );
    }
    if !(1..=4096).contains(&raw.usage.max_rows) {
        problems.add("usage.max_rows", "must be 1 to 4096");
    }
    let passthrough = passthrough(raw, &mut problems);
    let min_speed = retries::min_speed("defaults", d.min_speed, &mut problems);
    let retry_limits = retries::compile(raw, &mut problems);
    let health = health::compile(&raw.health, &mut problems);
    let fallback = match raw.envoy.fallback {
        raw::Fallback::PerCall => Fallback::PerCall,
        raw::Fallback::Chains => {
            Fallback::Chains(chains::of((&providers, &targets, &models, &rules)))
        }
        raw::Fallback::None => Fallback::None,
    };
    let has_quotas = keys::limited(&providers, &mut problems);
    let config = Config {
        providers,
        models,
        rules,
        index,
        targets,
        identity,
        admin_keys,
        allow_anonymous: raw.allow_anonymous.unwrap_or(raw.consumers.is_none()),
        consumers: who.consumers,
        teams: who.teams,
        organizations: who.organizations,
        limits: limits.all,
        common_limits,
        fleet,
        scopes: limits.scopes,
        anonymous: Rc::new(Consumer {
            name: ANONYMOUS.to_owned(),
            permits: permits::with_preferences(raw.preferences.anonymous),
            ..Consumer::default()
        }),
        shadow: Rc::new(Consumer {
            name: SHADOW.to_owned(),
            permits: permits::with_preferences(false),
            ..Consumer::default()
        }),
        strict: d.strict,
        max_body: bytes(d.max_body),
        max_upload: bytes(d.max_upload.unwrap_or(d.max_body)),
        total_timeout_ms: d.total_timeout.0,
        min_speed,
        idle_ms: d.idle_timeout.0,
        expose: raw.expose,
        retry: retry(&d.retry_on),
        passthrough,
        max_usage_rows: raw.usage.max_rows,
        health,
        retry_limits,
        fallback,
        has_quotas,
        preferences: raw.preferences,
        unpriced,
    };
    if problems.0.is_empty() { Ok(config) } else { Err(problems.0) }
}

fn bytes(size: Bytes) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

struct Problems(Vec<Problem>);

fn passthrough(raw: &raw::Sluice, problems: &mut Problems) -> Vec<Passthrough> {
    let mut compiled = Vec::with_capacity(raw.passthrough_paths.len());
    for (i, path) in raw.passthrough_paths.iter().enumerate() {
        if !path.starts_with('/') || path == "/*" {
            problems.add(format!("passthrough_paths[{i}]"), "must begin with / and not be /*");
        }
        compiled.push(match path.strip_suffix('*') {
            Some(prefix) => Passthrough::Prefix(prefix.to_owned()),
            None => Passthrough::Exact(path.clone()),
        });
    }
    compiled
}

/// Envoy's `x-envoy-retry-on` and `x-envoy-retriable-status-codes` for the classes.
/// `reset` and `5xx` overlap in Envoy (5xx includes resets), so 5xx is only used
/// where both are wanted; else the statuses are listed one by one.
fn retry(classes: &[RetryClass]) -> Retry {
    let has = |c: RetryClass| classes.contains(&c);
    let mut on = vec!["retriable-status-codes"];
    let mut codes: Vec<String> = Vec::new();
    let mut add = |listed: &[u16]| codes.extend(listed.iter().map(u16::to_string));
    // Whatever the classes: a larger window is no second try of the same thing.
    add(&[TOO_LONG]);
    if has(RetryClass::Connect) {
        on.push("connect-failure");
    }
    if has(RetryClass::Reset) {
        on.push("reset");
    }
    if has(RetryClass::Busy) {
        add(&[408, 409, 425, 429]);
    }
    if has(RetryClass::Auth) {
        add(&[401, 402, 403]);
    }
    if has(RetryClass::Server) {
        if has(RetryClass::Reset) && has(RetryClass::Connect) {
            on.push("5xx");
        } else {
            let ours = [STREAM_FAILED, TOO_LONG, FILTERED];
            add(&(500..600).filter(|s| !ours.contains(s)).collect::<Vec<_>>());
        }
    }
    if has(RetryClass::Stream) {
        add(&[STREAM_FAILED]);
    }
    if has(RetryClass::ContentFilter) {
        add(&[FILTERED]);
    }
    Retry { on: on.join(","), codes: codes.join(","), classes: classes.to_vec() }
}

fn is_label(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

// === impl Problems ===

impl Problems {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(path, message));
    }
}
