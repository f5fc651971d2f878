//! What `--with` adds to the bootstrap: sign-in flows, identities, ledgers, or anything of
//! the kind.
//!
//! A file of lists: `http_filters_before` run in front of sluice.gateway, `http_filters`
//! behind it, once per call;
//! `upstream_http_filters` behind sluice.upstream, once per attempt, so that they
//! see the request that the provider will see; `access_logs` stand behind those of each
//! connection manager that has a gateway; `clusters` and `secrets` stand
//! beside the others. Upstream filters go into the router's chain, the one whose
//! filters Envoy builds when its clusters exist. `transport_socket` is how the listener of
//! sluice.gateway is spoken to, such as by TLS with client certificates.

use super::tree::{each_object, list_at};
use super::{Error, envoy};
use crate::cli::yaml;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::Path;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Addition {
    http_filters_before: Vec<Value>,
    pub(super) http_filters: Vec<Value>,
    upstream_http_filters: Vec<Value>,
    access_logs: Vec<Value>,
    pub(super) clusters: Vec<Value>,
    pub(super) secrets: Vec<Value>,
    /// Of each filter chain with sluice.gateway.
    transport_socket: Option<Value>,
    /// Where the bootstrap has none: Envoy wants a name to read secrets from files.
    node: Option<Value>,
}

// === impl Addition ===

impl Addition {
    pub(super) fn read(file: &Path) -> Result<Self, Error> {
        let owned = || file.to_owned();
        let text =
            std::fs::read_to_string(file).map_err(|error| Error::Read { file: owned(), error })?;
        let value = yaml::parse(&text).map_err(|error| Error::Syntax { file: owned(), error })?;
        serde_json::from_value(value)
            .map_err(|error| Error::Fit(format!("{}: {error}", file.display())))
    }

    pub(super) fn add_to(&self, base: &mut Value) -> Result<(), Error> {
        insert(base, ("http_filters", Place::Before), envoy::GATEWAY, &self.http_filters_before);
        insert(base, ("http_filters", Place::Behind), envoy::GATEWAY, &self.http_filters);
        let upstream = ("upstream_http_filters", Place::Behind);
        insert(base, upstream, envoy::UPSTREAM, &self.upstream_http_filters);
        if let Some(socket) = &self.transport_socket {
            for listener in list_at(base, "/static_resources/listeners")? {
                each_object(listener, &mut |chain| {
                    if chain.get("filters").is_some_and(envoy::has_gateway) {
                        chain.insert("transport_socket".into(), socket.clone());
                    }
                });
            }
        }
        self.log(base);
        list_at(base, "/static_resources/clusters")?.extend(self.clusters.iter().cloned());
        if !self.secrets.is_empty() {
            if let Some(Value::Object(resources)) = base.get_mut("static_resources") {
                resources.entry("secrets").or_insert_with(|| json!([]));
            }
            list_at(base, "/static_resources/secrets")?.extend(self.secrets.iter().cloned());
        }
        if let (Some(node), Some(top)) = (&self.node, base.as_object_mut()) {
            top.entry("node").or_insert_with(|| node.clone());
        }
        Ok(())
    }

    fn log(&self, base: &mut Value) {
        if self.access_logs.is_empty() {
            return;
        }
        each_object(base, &mut |object| {
            let filters = object.get("http_filters").and_then(Value::as_array);
            if filters.is_none_or(|filters| !filters.iter().any(|f| is(f, envoy::GATEWAY))) {
                return;
            }
            let logs = object.entry("access_log").or_insert_with(|| json!([]));
            if let Value::Array(logs) = logs {
                logs.extend(self.access_logs.iter().cloned());
            }
        });
    }
}

fn is(filter: &Value, role: &str) -> bool {
    filter.pointer("/typed_config/config/root_id").is_some_and(|id| id == role)
}

enum Place {
    Before,
    Behind,
}

/// Puts `new` beside the filter of this role, in every list of this name that has it.
fn insert(base: &mut Value, (list, place): (&str, Place), role: &str, new: &[Value]) {
    each_object(base, &mut |object: &mut Map<String, Value>| {
        let Some(Value::Array(filters)) = object.get_mut(list) else { return };
        // The last one, router or codec, must stay the last.
        if let Some(role) = filters.iter().position(|filter| is(filter, role)) {
            let at = match place {
                Place::Before => role,
                Place::Behind => (filters.len() - 1).max(role + 1),
            };
            filters.splice(at..at, new.iter().cloned());
        }
    });
}
