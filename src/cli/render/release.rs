//! `--for-envoy 1.37`: what the bootstrap may ask of the Envoy that will read it.

use super::tree::{each_object, list_at};
use super::{Error, Source};
use crate::config::chains::Chain;
use crate::config::compiled::Fallback;
use crate::config::raw;
use serde_json::{Map, Value, json};
use std::str::FromStr;

/// A minor release of Envoy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    pub major: u32,
    pub minor: u32,
}

/// The route's parts that older releases do not know.
const CLUSTERS: &str = "weighted_clusters";
const REFRESH: &str = "refresh_cluster_on_retry";
const FIRST: &str = "x-sluice-target-1";

/// Makes `base`, whose clusters are filled in, one that this fallback can do with.
pub(super) fn fit(base: &mut Value, source: &Source) -> Result<(), Error> {
    if matches!(source.config.fallback, Fallback::PerCall) {
        return Ok(());
    }
    let mut routes = 0;
    each_object(base, &mut |object| routes += usize::from(simplify(object)));
    if routes == 0 {
        return Err(Error::Fit(format!("the base has no route with {CLUSTERS} by {FIRST}")));
    }
    if let Fallback::Chains(chains) = &source.config.fallback {
        let clusters = list_at(base, "/static_resources/clusters")?;
        let like = clusters.first().cloned().unwrap_or_default();
        clusters.extend(chains.iter().map(|chain| composite(chain, &like)));
    }
    Ok(())
}

/// A route by the plan's headers, by its first one alone.
fn simplify(route: &mut Map<String, Value>) -> bool {
    let ours = route.get(CLUSTERS).and_then(|w| w.pointer("/clusters/0/cluster_header"));
    if ours.is_none_or(|header| header != FIRST) {
        return false;
    }
    route.remove(CLUSTERS);
    route.insert("cluster_header".into(), json!(FIRST));
    if let Some(Value::Object(policy)) = route.get_mut("retry_policy") {
        policy.remove(REFRESH);
    }
    true
}

/// Its limits are those of the providers' clusters: the router counts retries at the
/// cluster that the route names.
fn composite(chain: &Chain, like: &Value) -> Value {
    let members: Vec<_> = chain.clusters.iter().map(|name| json!({ "name": name })).collect();
    let mut cluster = json!({
        "name": chain.name,
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.composite",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.clusters.composite.v3.ClusterConfig",
                "clusters": members,
            },
        },
    });
    for key in ["connect_timeout", "circuit_breakers", "per_connection_buffer_limit_bytes"] {
        if let Some(value) = like.get(key) {
            cluster[key] = value.clone();
        }
    }
    cluster
}

// === impl Release ===

impl Release {
    /// The most that it can do.
    pub fn fallback(self) -> Result<raw::Fallback, Error> {
        let Self { major, minor } = self;
        raw::Fallback::of(u64::from(major), u64::from(minor)).ok_or_else(|| {
            Error::Fit(format!("Envoy {major}.{minor} cannot run Sluice; use 1.37 or newer"))
        })
    }
}

impl FromStr for Release {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err("must be a release of Envoy, such as 1.37"),
        }
    }
}
