//! The Envoy bootstrap: the base with sluice.yaml filled in.
//!
//! Finds its places by what they are (a filter by its `root_id`, the template by
//! its name), not by where they stand, so that an operator's own base with more
//! listeners, filters and clusters renders as well. A cluster that the base
//! defines under a provider's cluster name is the operator's and stays as it is.

use super::addition::Addition;
use super::tree::{each_object, list_at, object_at, raise};
use super::{Address, BASE, Error, Release, Source, cluster, release, shadow};
use crate::cli::yaml;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct EnvoyOptions {
    /// The gateway's configuration.
    #[arg(long, default_value = "envoy/sluice.yaml", value_name = "FILE")]
    pub config: PathBuf,
    /// The bootstrap to fill in [default: the built-in envoy/envoy.yaml].
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,
    /// Filters, access logs, clusters and secrets to add, such as envoy/sign-in/aws.yaml or
    /// envoy/ledger/file.yaml.
    #[arg(long, value_name = "FILE")]
    pub with: Vec<PathBuf>,
    /// Where Envoy finds the filter [default: as in the base].
    #[arg(long, value_name = "FILE")]
    pub wasm: Option<PathBuf>,
    /// Where clients connect [default: as in the base, 127.0.0.1:8080].
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<Address>,
    /// Envoy's own console [default: as in the base, 127.0.0.1:9901].
    #[arg(long, value_name = "HOST:PORT")]
    pub admin: Option<Address>,
    /// Send this provider's calls to another address, over plain http.
    #[arg(long = "upstream", value_name = "PROVIDER=HOST:PORT", value_parser = upstream)]
    pub upstreams: Vec<(String, Address)>,
    /// Send every provider's calls to `sluice mock`, over plain http.
    #[arg(long, value_name = "HOST:PORT")]
    pub mock: Option<Address>,
    /// The Envoy that will read it, if older than 1.39: see the README, "Which Envoy".
    #[arg(long, value_name = "RELEASE")]
    pub for_envoy: Option<Release>,
}

pub(super) const GATEWAY: &str = "sluice.gateway";
pub(super) const UPSTREAM: &str = "sluice.upstream";
pub(super) const SHADOW: &str = "sluice.shadow";
const ROLES: [&str; 2] = [GATEWAY, UPSTREAM];

pub(super) fn render(source: &Source, options: &EnvoyOptions) -> Result<String, Error> {
    let text = yaml::print(&document(source, options)?).map_err(Error::Fit)?;
    Ok(format!("# Rendered by `sluice render envoy`: edit the sources, not this.\n{text}"))
}

pub(super) fn document(source: &Source, options: &EnvoyOptions) -> Result<Value, Error> {
    let mut base = read_base(options)?;
    if let Some(admin) = &options.admin {
        object_at(&mut base, "/admin")?.insert("address".into(), admin.socket_address());
    }
    for file in &options.with {
        Addition::read(file)?.add_to(&mut base)?;
    }
    for role in ROLES {
        if fill_filters(&mut base, role, source, options) == 0 {
            return Err(Error::Fit(format!("the base has no wasm filter with root_id {role}")));
        }
    }
    listeners(&mut base, source, options)?;
    cluster::fill(list_at(&mut base, "/static_resources/clusters")?, source, options)?;
    shadow::add(&mut base, source)?;
    release::fit(&mut base, source)?;
    Ok(base)
}

/// What Envoy must be able to hold of one body: a quarter above `max_body`, so
/// that the filter refuses first, and a translated body has room to grow.
pub(super) fn buffer_bytes(source: &Source) -> u64 {
    let max_body = u64::try_from(source.config.max_body).unwrap_or(u64::MAX / 2);
    max_body.saturating_add((max_body / 4).max(1 << 20)).min(u64::from(u32::MAX))
}

fn read_base(options: &EnvoyOptions) -> Result<Value, Error> {
    let (file, text) = match &options.base {
        None => ("envoy/envoy.yaml".into(), BASE.to_owned()),
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => (file.clone(), text),
            Err(error) => return Err(Error::Read { file: file.clone(), error }),
        },
    };
    yaml::parse(&text).map_err(|error| Error::Syntax { file, error })
}

/// Fills every filter of this role; says how many there were.
fn fill_filters(base: &mut Value, role: &str, source: &Source, options: &EnvoyOptions) -> usize {
    let configuration = json!({
        "@type": "type.googleapis.com/google.protobuf.Struct",
        "value": source.json,
    });
    let mut found = 0;
    each_object(base, &mut |filter| {
        if filter.get("root_id").is_none_or(|id| id != role) {
            return;
        }
        found += 1;
        // The upstream role needs none: each call brings its own.
        if role == GATEWAY {
            filter.insert("configuration".into(), configuration.clone());
        }
        if let Some(Value::Object(vm)) = filter.get_mut("vm_config") {
            let env = vm.entry("environment_variables").or_insert_with(|| json!({}));
            if let Value::Object(env) = env {
                env.insert("host_env_keys".into(), json!(source.env));
            }
            if let Some(wasm) = &options.wasm {
                vm.insert("code".into(), json!({ "local": { "filename": wasm } }));
            }
        }
    });
    found
}

fn listeners(base: &mut Value, source: &Source, options: &EnvoyOptions) -> Result<(), Error> {
    let mut found = 0;
    for listener in list_at(base, "/static_resources/listeners")? {
        if !has_gateway(listener) {
            continue;
        }
        found += 1;
        // It must not end what total_timeout still allows.
        let wanted = source.config.longest_total_ms().div_ceil(1000) + 5;
        each_object(listener, &mut |manager| {
            let written = manager.get("stream_idle_timeout").and_then(seconds);
            // 0s is "never", which is enough.
            let enough = written.is_some_and(|s| s == 0 || s >= wanted);
            if manager.contains_key("http_filters") && !enough {
                manager.insert("stream_idle_timeout".into(), json!(format!("{wanted}s")));
            }
        });
        let Some(listener) = listener.as_object_mut() else { continue };
        raise(listener, "per_connection_buffer_limit_bytes", buffer_bytes(source));
        if let Some(listen) = &options.listen {
            listener.insert("address".into(), listen.socket_address());
        }
    }
    match found {
        0 => Err(Error::Fit("the base has no listener with the gateway filter".into())),
        2.. if options.listen.is_some() => Err(Error::Fit(
            "the base has several listeners with the gateway filter: --listen cannot say which"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// The whole seconds of Envoy's `605s`; `None` for anything finer.
fn seconds(duration: &Value) -> Option<u64> {
    duration.as_str()?.strip_suffix('s')?.parse().ok()
}

pub(super) fn has_gateway(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.get("root_id").is_some_and(|id| id == GATEWAY) || map.values().any(has_gateway)
        }
        Value::Array(list) => list.iter().any(has_gateway),
        _ => false,
    }
}

fn upstream(text: &str) -> Result<(String, Address), String> {
    let (provider, at) = text.split_once('=').ok_or("must be PROVIDER=HOST:PORT")?;
    Ok((
        provider.to_owned(),
        at.parse().map_err(|e: <Address as std::str::FromStr>::Err| e.to_owned())?,
    ))
}

// === impl EnvoyOptions ===

impl EnvoyOptions {
    /// All as in the built-in base: the real providers.
    pub fn new(config: PathBuf) -> Self {
        let upstreams = Vec::new();
        let with = Vec::new();
        Self {
            config,
            base: None,
            with,
            wasm: None,
            listen: None,
            admin: None,
            upstreams,
            mock: None,
            for_envoy: None,
        }
    }
}
