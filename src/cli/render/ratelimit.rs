//! `sluice render ratelimit` and `sluice render limitador`: the numbers of limits with
//! `fleet`, as the two rate limit services read them. Only the service knows them; a proxy
//! asks in these units: requests, whole tokens, ten-thousandths of a dollar.
//!
//! <https://github.com/envoyproxy/ratelimit#configuration>,
//! <https://docs.kuadrant.io/latest/limitador/doc/server/configuration/>

use super::{Error, Source};
use crate::cli::yaml;
use crate::config::limits::{Every, Limit, Scope, Window};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct ServiceOptions {
    /// The gateway's configuration.
    #[arg(long, default_value = "envoy/sluice.yaml", value_name = "FILE")]
    pub config: PathBuf,
}

/// Envoy's ratelimit: one file of its configuration folder.
pub(super) fn ratelimit(source: &Source) -> Result<String, Error> {
    let (domain, limits) = shared(source)?;
    let descriptors: Vec<_> = limits
        .iter()
        .map(|shared| {
            let own = json!({ "unit": shared.every.as_str(), "requests_per_unit": shared.hits });
            // The innermost scope has the number; each value of a scope counts by itself.
            let mut inner = None;
            for scope in shared.scopes.iter().rev() {
                let mut level = Map::new();
                level.insert("key".into(), json!(scope.as_str()));
                match inner {
                    None => level.insert("rate_limit".into(), own.clone()),
                    Some(inner) => level.insert("descriptors".into(), json!([inner])),
                };
                inner = Some(Value::Object(level));
            }
            match inner {
                None => json!({ "key": "limit", "value": shared.name, "rate_limit": own }),
                Some(inner) => {
                    json!({ "key": "limit", "value": shared.name, "descriptors": [inner] })
                }
            }
        })
        .collect();
    yaml::print(&json!({ "domain": domain, "descriptors": descriptors })).map_err(Error::Fit)
}

/// Limitador: its file of limits.
pub(super) fn limitador(source: &Source) -> Result<String, Error> {
    let (domain, limits) = shared(source)?;
    let listed: Vec<_> = limits
        .iter()
        .map(|shared| {
            let value = |key: &str| format!("descriptors[0]['{key}']");
            let variables: Vec<_> = shared.scopes.iter().map(|s| value(s.as_str())).collect();
            json!({
                "namespace": domain,
                "name": shared.name,
                "max_value": shared.hits,
                "seconds": shared.every.nanos() / 1_000_000_000,
                "conditions": [format!("{} == '{}'", value("limit"), shared.name)],
                "variables": variables,
            })
        })
        .collect();
    yaml::print(&Value::Array(listed)).map_err(Error::Fit)
}

/// A limit with `fleet`.
struct Shared<'a> {
    name: &'a str,
    hits: u64,
    every: Every,
    scopes: &'a [Scope],
}

fn shared(source: &Source) -> Result<(&str, Vec<Shared<'_>>), Error> {
    let config = &source.config;
    let Some(service) = &config.fleet else {
        return Err(Error::Fit("no limit is shared: there is no `fleet.service`".into()));
    };
    let every = |limit: &Limit| match &limit.window {
        Some(Window::Calendar(calendar)) => Some(calendar.every),
        _ => None,
    };
    let limits = config.limits.iter().filter(|l| l.fleet.is_some()).filter_map(|limit| {
        Some(Shared {
            name: &limit.name,
            hits: limit.resource.hits(limit.amount),
            every: every(limit)?,
            scopes: config.scopes.get(limit.scopes).map_or(&[], Vec::as_slice),
        })
    });
    Ok((&service.domain, limits.collect()))
}
