//! Where copies of calls go: a second way in, from Envoy to itself.
//!
//! Only where a model has a shadow. Each route that leads to Sluice's targets gets a
//! mirror policy whose cluster a header names (no header, no copy). The cluster leads to
//! an internal listener, which is the gateway's own but for the filters between it and
//! the router, those being about clients: there are none.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/other_features/internal_listener>

use super::envoy::{GATEWAY, SHADOW, buffer_bytes, has_gateway};
use super::tree::{each_object, list_at, object_at};
use super::{Error, Source};
use crate::config::compiled::{SHADOW_CLUSTER, SHADOW_HEADER};
use serde_json::{Value, json};

const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/// `base` has its gateways filled already.
pub(super) fn add(base: &mut Value, source: &Source) -> Result<(), Error> {
    if source.config.models.iter().all(|m| m.shadow.is_none()) {
        return Ok(());
    }
    let listeners = list_at(base, "/static_resources/listeners")?;
    let gateway = listeners.iter().find(|l| has_gateway(l));
    let gateway = gateway.ok_or_else(|| Error::Fit("the base has no gateway to shadow".into()))?;
    let inner = internal(gateway.clone())?;
    for listener in listeners.iter_mut().filter(|l| has_gateway(l)) {
        mirror(listener);
    }
    listeners.push(inner);
    list_at(base, "/static_resources/clusters")?.push(cluster(source));
    let top = object_at(base, "")?;
    let extensions = top.entry("bootstrap_extensions").or_insert_with(|| json!([]));
    if let Value::Array(extensions) = extensions {
        extensions.push(json!({
            "name": "envoy.bootstrap.internal_listener",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            },
        }));
    }
    Ok(())
}

/// The gateway's listener, for nobody but Envoy itself.
fn internal(mut listener: Value) -> Result<Value, Error> {
    let top = object_at(&mut listener, "")?;
    top.retain(|key, _| {
        matches!(key.as_str(), "filter_chains" | "per_connection_buffer_limit_bytes")
    });
    top.insert("name".into(), json!(SHADOW_CLUSTER));
    top.insert("internal_listener".into(), json!({}));
    let chains = list_at(&mut listener, "/filter_chains")?;
    chains.retain(has_gateway);
    chains.truncate(1);
    for chain in chains {
        object_at(chain, "")?.retain(|key, _| key == "filters");
    }
    each_object(&mut listener, &mut |object| {
        if let Some(Value::Array(filters)) = object.get_mut("http_filters") {
            filters.retain(|f| {
                has_gateway(f) || f.pointer("/typed_config/@type") == Some(&json!(ROUTER))
            });
            object.insert("stat_prefix".into(), json!(SHADOW_CLUSTER));
            // By which a copy's log line finds its call's.
            object.insert("preserve_external_request_id".into(), json!(true));
        }
        if object.get("root_id").is_some_and(|id| id == GATEWAY) {
            object.insert("root_id".into(), json!(SHADOW));
            object.insert("name".into(), json!(SHADOW));
        }
    });
    Ok(listener)
}

/// Gives every route to Sluice's targets the policy.
fn mirror(listener: &mut Value) {
    each_object(listener, &mut |route| {
        let picks = route.get("weighted_clusters").and_then(|w| w.get("header_name"));
        if picks.is_some_and(|name| name == "x-sluice-pick") {
            route.insert(
                "request_mirror_policies".into(),
                json!([{ "cluster_header": SHADOW_HEADER, "disable_shadow_host_suffix_append": true }]),
            );
        }
    });
}

fn cluster(source: &Source) -> Value {
    let address = json!({ "envoy_internal_address": { "server_listener_name": SHADOW_CLUSTER } });
    let endpoint = json!({ "endpoint": { "address": address } });
    json!({
        "name": SHADOW_CLUSTER,
        "type": "STATIC",
        "per_connection_buffer_limit_bytes": buffer_bytes(source),
        "circuit_breakers": { "thresholds": [{
            "max_connections": MAX, "max_pending_requests": MAX, "max_requests": MAX, "max_retries": 0,
        }] },
        "load_assignment": { "cluster_name": SHADOW_CLUSTER, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    })
}

/// Copies at once: what is beyond is not copied. Bodies are buffered, and trials must not
/// take the memory of real calls.
const MAX: u32 = 1024;
