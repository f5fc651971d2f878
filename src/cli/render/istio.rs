//! The Istio objects: what the bootstrap says, said in Istio's ways.
//!
//! Istio writes the bootstrap itself, so the pieces of `envoy/envoy.yaml` that
//! carry Sluice become patches (EnvoyFilter), and the providers' clusters become
//! ServiceEntries with DestinationRules, from which Istio makes clusters named
//! `outbound|443||api.openai.com`: those names go into the embedded sluice.yaml.
//! Nothing is written twice: every patch's value is cut out of the filled base.
//!
//! Rejected: WasmPlugin, which knows no upstream filters; half of Sluice is one.

use super::envoy::{self, EnvoyOptions};
use super::{Error, Release, Source};
use crate::cli::yaml;
use crate::config::Provider;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct IstioOptions {
    /// The gateway's configuration.
    #[arg(long, default_value = "envoy/sluice.yaml", value_name = "FILE")]
    pub config: PathBuf,
    /// Where the gateway's proxy finds the filter.
    #[arg(long, default_value = "/etc/sluice/sluice.wasm", value_name = "FILE")]
    pub wasm: PathBuf,
    /// The namespace of the gateway workload and of all objects.
    #[arg(long, default_value = "sluice")]
    pub namespace: String,
    /// The label `istio` of the gateway workload, which should serve nothing else.
    #[arg(long, default_value = "sluice-gateway")]
    pub workload: String,
    /// The host name clients use.
    #[arg(long, default_value = "*")]
    pub host: String,
    /// The Envoy of the gateway's proxy, if older than 1.39: see the README, "Which Envoy".
    #[arg(long, value_name = "RELEASE")]
    pub for_envoy: Option<Release>,
}

/// The VirtualService's route, by which the patch finds it.
const ROUTE: &str = "sluice";
const ROUTER: &str = "envoy.filters.http.router";
const MANAGER: &str = "envoy.filters.network.http_connection_manager";

pub(super) fn render(source: &Source, options: &IstioOptions) -> Result<String, Error> {
    if let Some(i) = source.config.models.iter().position(|m| m.shadow.is_some()) {
        let words = "needs an internal listener, which Istio gives no place; leave it out";
        return Err(Error::Fit(format!("models[{i}].shadow: {words}")));
    }
    let (source, external) = with_istio_clusters(source, options)?;
    let filled = envoy::document(
        &source,
        &EnvoyOptions {
            wasm: Some(options.wasm.clone()),
            ..EnvoyOptions::new(options.config.clone())
        },
    )?;
    let mut objects = entrance(options, &source);
    for place in &external {
        objects.extend(place.objects(options));
    }
    objects.push(envoy_filter(&filled, &external, options)?);
    let mut out = "# Rendered by `sluice render istio`: edit the sources, not this.\n".to_owned();
    for (i, object) in objects.iter().enumerate() {
        out += if i == 0 { "" } else { "---\n" };
        out += &yaml::print(object).map_err(Error::Fit)?;
    }
    Ok(out)
}

/// A host outside Kubernetes.
#[derive(Debug, PartialEq, Eq)]
struct External {
    host: String,
    port: u16,
    tls: bool,
}

/// sluice.yaml with Istio's cluster names, and the hosts Istio must be told of.
/// A provider with a `cluster` of its own is the operator's business.
fn with_istio_clusters(
    source: &Source,
    options: &IstioOptions,
) -> Result<(Source, Vec<External>), Error> {
    let mut json = source.json.clone();
    let mut external = Vec::new();
    for provider in &source.config.providers {
        let Some(Value::Object(written)) =
            json.pointer_mut("/providers").and_then(|p| p.get_mut(&provider.name))
        else {
            continue;
        };
        if written.contains_key("cluster") {
            continue;
        }
        let Provider { url, .. } = provider;
        if url.host.parse::<IpAddr>().is_ok() {
            return Err(Error::Fit(format!(
                "providers.{}.url: Istio names services, not addresses; use a host name, or set `cluster`",
                provider.name
            )));
        }
        written.insert("cluster".into(), json!(format!("outbound|{}||{}", url.port, url.host)));
        let place = External { host: url.host.clone(), port: url.port, tls: url.tls };
        if !url.host.ends_with(".svc.cluster.local") && !external.contains(&place) {
            external.push(place);
        }
    }
    Ok((Source::of_json(options.config.clone(), json)?, external))
}

/// The door: a plain one, TLS is the operator's choice. The route's destination is
/// replaced by the patch; Istio wants one that exists.
fn entrance(options: &IstioOptions, source: &Source) -> Vec<Value> {
    let any = source.config.providers.first();
    let (host, port) = any.map_or(("", 0), |p| (p.url.host.as_str(), p.url.port));
    let gateway = object(
        "networking.istio.io/v1",
        "Gateway",
        "sluice",
        options,
        json!({
            "selector": { "istio": options.workload },
            "servers": [{ "hosts": [options.host], "port": { "name": "http", "number": 80, "protocol": "HTTP" } }],
        }),
    );
    let service = object(
        "networking.istio.io/v1",
        "VirtualService",
        "sluice",
        options,
        json!({
            "exportTo": ["."],
            "gateways": ["sluice"],
            "hosts": [options.host],
            "http": [{
                "name": ROUTE,
                "retries": { "attempts": 0 },
                "route": [{ "destination": { "host": host, "port": { "number": port } } }],
            }],
        }),
    );
    vec![gateway, service]
}

fn envoy_filter(
    filled: &Value,
    external: &[External],
    options: &IstioOptions,
) -> Result<Value, Error> {
    let listener = cut(filled, "/static_resources/listeners/0")?;
    let manager = cut(listener, "/filter_chains/0/filters/0/typed_config")?;
    let filters = cut(manager, "/http_filters")?.as_array().map_or(&[][..], Vec::as_slice);
    let named = |name: &str| {
        let found = filters.iter().find(|f| f.get("name").is_some_and(|n| n == name));
        found.ok_or_else(|| Error::Fit(format!("the base has no http filter {name}")))
    };
    let router = cut(named(ROUTER)?, "/typed_config")?;
    let at_manager = json!({ "listener": { "filterChain": { "filter": { "name": MANAGER } } } });
    let at_router = json!({
        "listener": { "filterChain": { "filter": { "name": MANAGER, "subFilter": { "name": ROUTER } } } }
    });
    let limit = json!({ "per_connection_buffer_limit_bytes": cut(listener, "/per_connection_buffer_limit_bytes")? });
    let mut patches = vec![
        patch("HTTP_FILTER", &at_router, "INSERT_BEFORE", named(envoy::GATEWAY)?.clone()),
        patch(
            "HTTP_FILTER",
            &at_router,
            "MERGE",
            json!({
                "name": ROUTER,
                "typed_config": {
                    "@type": cut(router, "/@type")?,
                    "suppress_envoy_headers": cut(router, "/suppress_envoy_headers")?,
                    "upstream_http_filters": cut(router, "/upstream_http_filters")?,
                },
            }),
        ),
        patch(
            "NETWORK_FILTER",
            &at_manager,
            "MERGE",
            json!({
                "name": MANAGER,
                "typed_config": {
                    "@type": cut(manager, "/@type")?,
                    "access_log": [cut(manager, "/access_log/0")?],
                    "always_set_request_id_in_response": true,
                    "stream_idle_timeout": cut(manager, "/stream_idle_timeout")?,
                },
            }),
        ),
        patch(
            "VIRTUAL_HOST",
            &json!({}),
            "MERGE",
            json!({ "include_request_attempt_count": true }),
        ),
        patch(
            "HTTP_ROUTE",
            &json!({ "routeConfiguration": { "vhost": { "route": { "name": ROUTE } } } }),
            "MERGE",
            json!({ "route": cut(manager, "/route_config/virtual_hosts/0/routes/0/route")? }),
        ),
        patch("LISTENER", &json!({}), "MERGE", limit.clone()),
    ];
    for place in external {
        let at = json!({ "cluster": { "portNumber": place.port, "service": place.host } });
        patches.push(patch("CLUSTER", &at, "MERGE", limit.clone()));
    }
    let clusters = cut(filled, "/static_resources/clusters")?.as_array();
    let is_chain = |c: &&Value| c.get("lb_policy").is_some_and(|p| p == "CLUSTER_PROVIDED");
    for chain in clusters.into_iter().flatten().filter(is_chain) {
        patches.push(patch("CLUSTER", &json!({}), "ADD", chain.clone()));
    }
    patches.push(json!({
        "applyTo": "BOOTSTRAP",
        "patch": { "operation": "MERGE", "value": { "stats_config": cut(filled, "/stats_config")? } },
    }));
    let spec = json!({
        "configPatches": patches,
        "workloadSelector": { "labels": { "istio": options.workload } },
    });
    Ok(object("networking.istio.io/v1alpha3", "EnvoyFilter", "sluice", options, spec))
}

fn patch(apply_to: &str, at: &Value, operation: &str, value: Value) -> Value {
    let mut at = at.clone();
    if let Some(at) = at.as_object_mut() {
        at.insert("context".into(), json!("GATEWAY"));
    }
    json!({ "applyTo": apply_to, "match": at, "patch": { "operation": operation, "value": value } })
}

fn object(version: &str, kind: &str, name: &str, options: &IstioOptions, spec: Value) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": { "name": name, "namespace": options.namespace },
        "spec": spec,
    })
}

fn cut<'a>(value: &'a Value, path: &str) -> Result<&'a Value, Error> {
    value.pointer(path).ok_or_else(|| Error::Fit(format!("the base lacks {path}")))
}

// === impl IstioOptions ===

impl IstioOptions {
    /// The names that the files under envoy/istio/ use.
    pub fn new(config: PathBuf) -> Self {
        let (namespace, workload) = ("sluice".to_owned(), "sluice-gateway".to_owned());
        Self {
            config,
            wasm: "/etc/sluice/sluice.wasm".into(),
            namespace,
            workload,
            host: "*".into(),
            for_envoy: None,
        }
    }
}

// === impl External ===

impl External {
    fn objects(&self, options: &IstioOptions) -> [Value; 2] {
        let Self { host, port, tls } = self;
        let entry = object(
            "networking.istio.io/v1",
            "ServiceEntry",
            host,
            options,
            json!({
                "exportTo": ["."],
                "hosts": [host],
                "location": "MESH_EXTERNAL",
                // HTTP, because that is what the filter hands over; TLS is added below.
                "ports": [{ "name": "http", "number": port, "protocol": "HTTP" }],
                "resolution": "DNS",
            }),
        );
        let mut policy = json!({
            "connectionPool": {
                "http": {
                    "http1MaxPendingRequests": 100_000,
                    "http2MaxRequests": 100_000,
                    "idleTimeout": "300s",
                    "maxRetries": 100_000,
                },
                "tcp": {
                    "connectTimeout": "2s",
                    "maxConnections": 100_000,
                    "tcpKeepalive": { "interval": "10s", "probes": 3, "time": "60s" },
                },
            },
        });
        if let (true, Some(policy)) = (tls, policy.as_object_mut()) {
            let tls = json!({
                "caCertificates": "system", "mode": "SIMPLE", "sni": host, "subjectAltNames": [host],
            });
            policy.insert("tls".into(), tls);
        }
        let spec = json!({ "exportTo": ["."], "host": host, "trafficPolicy": policy });
        [entry, object("networking.istio.io/v1", "DestinationRule", host, options, spec)]
    }
}
