//! One Envoy cluster for every place a provider's calls go to.

use super::envoy::{EnvoyOptions, buffer_bytes};
use super::tree::{object_at, raise};
use super::{Address, Error, Source};
use crate::config::Provider;
use serde_json::{Map, Value, json};

/// The cluster of the base that is cloned for each provider.
const TEMPLATE: &str = "sluice-provider";
const HTTP_OPTIONS: &str =
    "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const TLS: &str = "/transport_socket/typed_config";

/// Puts the providers' clusters where the template stands.
pub(super) fn fill(
    clusters: &mut Vec<Value>,
    source: &Source,
    options: &EnvoyOptions,
) -> Result<(), Error> {
    for (name, _) in &options.upstreams {
        if !source.config.providers.iter().any(|p| p.name == *name) {
            return Err(Error::Fit(format!("--upstream {name}: there is no such provider")));
        }
    }
    let named = |c: &Value, name: &str| c.get("name").is_some_and(|n| n == name);
    let at = clusters
        .iter()
        .position(|c| named(c, TEMPLATE))
        .ok_or_else(|| Error::Fit(format!("the base has no cluster {TEMPLATE} to clone")))?;
    let template = clusters.remove(at);
    let mut places: Vec<(&str, Place)> = Vec::new();
    for provider in &source.config.providers {
        if clusters.iter().any(|c| named(c, &provider.cluster)) {
            continue;
        }
        let place = Place::of(provider, options);
        match places.iter().find(|(cluster, _)| *cluster == provider.cluster) {
            Some((_, other)) if *other == place => {}
            Some((cluster, other)) => {
                return Err(Error::Fit(format!(
                    "two providers share the cluster {cluster}, but one is at {} and {} at {}",
                    other.address, provider.name, place.address
                )));
            }
            None => places.push((&provider.cluster, place)),
        }
    }
    let clones = places.iter().map(|(name, place)| place.cluster(name, &template, source));
    let clones = clones.collect::<Result<Vec<_>, _>>()?;
    clusters.splice(at..at, clones);
    Ok(())
}

/// Where a provider's calls go.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    address: Address,
    tls: bool,
}

// === impl Place ===

impl Place {
    fn of(provider: &Provider, options: &EnvoyOptions) -> Self {
        let own = options.upstreams.iter().rev().find(|(name, _)| *name == provider.name);
        match own.map(|(_, address)| address).or(options.mock.as_ref()) {
            Some(address) => Self { address: address.clone(), tls: false },
            None => {
                let url = &provider.url;
                let address = Address { host: url.host.clone(), port: url.port };
                Self { address, tls: url.tls }
            }
        }
    }

    fn cluster(&self, name: &str, template: &Value, source: &Source) -> Result<Value, Error> {
        let mut cluster = template.clone();
        let top = object_at(&mut cluster, "")?;
        top.insert("name".into(), json!(name));
        raise(top, "per_connection_buffer_limit_bytes", buffer_bytes(source));
        let endpoint = json!({ "endpoint": { "address": self.address.socket_address() } });
        top.insert(
            "load_assignment".into(),
            json!({ "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] }),
        );
        if self.address.is_ip() {
            for key in ["cluster_type", "dns_lookup_family", "respect_dns_ttl"] {
                top.remove(key);
            }
            top.insert("type".into(), json!("STATIC"));
        }
        match self.tls {
            true => self.name_the_server(object_at(&mut cluster, TLS)?)?,
            false => self.speak_plainly(&mut cluster)?,
        }
        Ok(cluster)
    }

    /// SNI, and whose certificate it must be.
    fn name_the_server(&self, tls: &mut Map<String, Value>) -> Result<(), Error> {
        let san_type = match self.address.is_ip() {
            true => {
                tls.remove("sni");
                "IP_ADDRESS"
            }
            false => {
                tls.insert("sni".into(), json!(self.address.host));
                "DNS"
            }
        };
        let context = tls.get_mut("common_tls_context");
        let validation = context
            .and_then(|c| c.get_mut("validation_context"))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| Error::Fit(format!("{TEMPLATE} has no validation_context")))?;
        let matcher = json!({ "exact": self.address.host });
        validation.insert(
            "match_typed_subject_alt_names".into(),
            json!([{ "san_type": san_type, "matcher": matcher }]),
        );
        Ok(())
    }

    /// No TLS, hence no ALPN to agree on HTTP/2. Names of several addresses are
    /// replicas to balance.
    fn speak_plainly(&self, cluster: &mut Value) -> Result<(), Error> {
        object_at(cluster, "")?.remove("transport_socket");
        if let Some(Value::Object(dns)) = cluster.pointer_mut("/cluster_type/typed_config") {
            dns.remove("all_addresses_in_single_endpoint");
            dns.insert("dns_lookup_family".into(), json!("V4_PREFERRED"));
        }
        let http = object_at(cluster, HTTP_OPTIONS)?;
        http.remove("auto_config");
        http.insert("explicit_http_config".into(), json!({ "http_protocol_options": {} }));
        Ok(())
    }
}
