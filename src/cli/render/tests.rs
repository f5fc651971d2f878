//! What is filled in, and what does not fit. Whether Envoy takes the result is
//! the business of tests/config_files.rs.

use super::ratelimit;
use super::{EnvoyOptions, Error, IstioOptions, Source, envoy, istio};
use crate::cli::yaml;
use serde_json::Value;
use std::path::{Path, PathBuf};

const CONFIG: &str = "
defaults: { max_body: 64MiB, total_timeout: 1h }
providers:
  openai: { kind: openai, keys: [{ env: FIRST }, { env: SECOND }] }
  local: { kind: openai-compatible, url: 'http://vllm.models.svc.cluster.local:8000/v1' }
models: [{ name: a, targets: [openai/b, local/c] }]
";

fn source(text: &str) -> Source {
    Source::parse(Path::new("test.yaml"), text).unwrap()
}

fn options() -> EnvoyOptions {
    EnvoyOptions::new("test.yaml".into())
}

fn render(text: &str, options: &EnvoyOptions) -> Result<Value, Error> {
    envoy::render(&source(text), options).map(|text| yaml::parse(&text).unwrap())
}

fn with_base(name: &str, edit: impl Fn(String) -> String) -> (PathBuf, EnvoyOptions) {
    let file = std::env::temp_dir().join(format!("sluice-base-{}-{name}", std::process::id()));
    std::fs::write(&file, edit(super::BASE.to_owned())).unwrap();
    let options = EnvoyOptions { base: Some(file.clone()), ..options() };
    (file, options)
}

fn refused(text: &str, options: &EnvoyOptions) -> String {
    render(text, options).unwrap_err().to_string()
}

fn clusters(bootstrap: &Value) -> Vec<&Value> {
    bootstrap["static_resources"]["clusters"].as_array().unwrap().iter().collect()
}

#[test]
fn the_configuration_and_its_needs_go_in() {
    let bootstrap = render(CONFIG, &options()).unwrap();
    let listener = &bootstrap["static_resources"]["listeners"][0];
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let gateway = &manager["http_filters"][0]["typed_config"]["config"];
    let router = &manager["http_filters"][1]["typed_config"];
    let upstream = &router["upstream_http_filters"][0]["typed_config"]["config"];
    assert_eq!(gateway["vm_config"], upstream["vm_config"], "else there are two VMs");
    let env = &gateway["vm_config"]["environment_variables"]["host_env_keys"];
    assert_eq!(*env, serde_json::json!(["FIRST", "SECOND"]));
    assert_eq!(gateway["configuration"]["value"], source(CONFIG).json);
    assert!(upstream.get("configuration").is_none());
    assert_eq!(listener["per_connection_buffer_limit_bytes"], 80 << 20);
    assert_eq!(manager["stream_idle_timeout"], "3605s");
    for cluster in clusters(&bootstrap) {
        assert_eq!(cluster["per_connection_buffer_limit_bytes"], 80 << 20);
        let breaker = &cluster["circuit_breakers"]["thresholds"][0];
        assert_eq!(breaker["max_retries"], 100_000, "fallback under load needs it");
    }
}

#[test]
fn one_cluster_for_each_place() {
    let bootstrap = render(CONFIG, &options()).unwrap();
    let [local, openai] = clusters(&bootstrap)[..] else { panic!("{bootstrap}") };
    assert_eq!((&local["name"], &openai["name"]), (&"local".into(), &"openai".into()));
    assert!(local.get("transport_socket").is_none());
    let tls = &openai["transport_socket"]["typed_config"];
    assert_eq!(tls["sni"], "api.openai.com");
    let san = &tls["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"][0];
    assert_eq!(san["matcher"]["exact"], "api.openai.com");

    let here = EnvoyOptions { mock: Some("127.0.0.1:8081".parse().unwrap()), ..options() };
    let moved = EnvoyOptions { upstreams: vec![("openai".into(), "x:1".parse().unwrap())], ..here };
    let bootstrap = render(CONFIG, &moved).unwrap();
    let endpoints: Vec<_> = clusters(&bootstrap)
        .iter()
        .map(|c| c["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"].to_string())
        .collect();
    assert!(endpoints[0].contains("8081") && endpoints[1].contains("\"x\""), "{endpoints:?}");
    assert!(clusters(&bootstrap).iter().all(|c| c.get("transport_socket").is_none()));
}

#[test]
fn addresses_are_filled_in() {
    let config = "
providers:
  vertex: { kind: vertex, project: p-1, region: europe-west1, keys: none }
  everywhere: { kind: vertex, project: p-1, keys: none }
  bedrock: { kind: bedrock, region: eu-central-1 }
  cloudflare: { kind: cloudflare, account: abc123 }
  databricks: { kind: databricks, resource: dbc-1.cloud.databricks.com }
  vllm: { kind: vllm }
models: [{ name: a, targets: [vertex/b, everywhere/b, bedrock/b, cloudflare/b, databricks/b, vllm/b] }]
";
    let source = source(config);
    for name in ["AWS_BEARER_TOKEN_BEDROCK", "CLOUDFLARE_API_TOKEN", "DATABRICKS_TOKEN"] {
        assert!(source.env.iter().any(|n| n == name), "{name}");
    }
    assert!(!source.env.iter().any(|n| n.contains("VERTEX") || n.is_empty()), "{:?}", source.env);
    let bootstrap = render(config, &options()).unwrap();
    let address = |name: &str| {
        let found = clusters(&bootstrap).into_iter().find(|c| c["name"] == name).unwrap();
        let endpoint = &found["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let address = &endpoint["address"]["socket_address"];
        let sni = &found["transport_socket"]["typed_config"]["sni"];
        assert!(sni.is_null() || sni == &address["address"], "{sni}");
        format!("{}:{}", address["address"].as_str().unwrap(), address["port_value"])
    };
    for (name, at) in [
        ("vertex", "europe-west1-aiplatform.googleapis.com:443"),
        ("everywhere", "aiplatform.googleapis.com:443"),
        ("bedrock", "bedrock-runtime.eu-central-1.amazonaws.com:443"),
        ("cloudflare", "api.cloudflare.com:443"),
        ("databricks", "dbc-1.cloud.databricks.com:443"),
        ("vllm", "localhost:8000"),
    ] {
        assert_eq!(address(name), at);
    }
    let paths: Vec<_> = source.config.providers.iter().map(|p| p.paths[0][0].of("m")).collect();
    for path in [
        "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/m:rawPredict",
        "/model/m/converse",
        "/client/v4/accounts/abc123/ai/v1/chat/completions",
        "/serving-endpoints/chat/completions",
        "/v1/chat/completions",
    ] {
        assert!(paths.iter().any(|p| p == path), "{path} in {paths:?}");
    }
    let missing = config.replace("account: abc123", "");
    let e = Source::parse(Path::new("test.yaml"), &missing).unwrap_err().to_string();
    assert!(e.contains("providers.cloudflare.account"), "{e}");
}

#[test]
fn copies_have_a_way_in_of_their_own_where_a_model_has_a_shadow() {
    let plain = render(CONFIG, &options()).unwrap();
    let text = plain.to_string();
    assert!(!text.contains("mirror") && !text.contains("internal"), "{text}");
    let shadowed = CONFIG.replace(
        "models: [",
        "models: [{ name: t, targets: [local/c], shadow: { model: a, percent: 1 } }, ",
    );
    // A filter of the operator's between, and TLS: neither is for copies.
    let guard = "- { name: guard, typed_config: { \"@type\": x } }\n                  \
                 - name: envoy.filters.http.router\n";
    let (file, options) = with_base("shadow", |base| {
        let base = base.replace("- name: envoy.filters.http.router\n", guard);
        base.replace(
            "        - filters:\n",
            "        - transport_socket: { name: tls }\n          filters:\n",
        )
    });
    let bootstrap = render(&shadowed, &options).unwrap();
    std::fs::remove_file(file).unwrap();
    let [outer, inner] = &bootstrap["static_resources"]["listeners"].as_array().unwrap()[..] else {
        panic!("{bootstrap}")
    };
    let manager =
        |listener: &Value| listener["filter_chains"][0]["filters"][0]["typed_config"].clone();
    let route = |listener: &Value| {
        manager(listener)["route_config"]["virtual_hosts"][0]["routes"][0]["route"].clone()
    };
    let policy = &route(outer)["request_mirror_policies"][0];
    assert_eq!(policy["cluster_header"], "x-sluice-shadow");
    assert!(route(inner).get("request_mirror_policies").is_none(), "no copies of copies");
    assert!(inner.get("address").is_none() && inner["internal_listener"].is_object());
    assert!(inner["filter_chains"][0].get("transport_socket").is_none());
    let (outer, inner) = (manager(outer), manager(inner));
    assert_eq!(outer["http_filters"].as_array().unwrap().len(), 3);
    let [role, router] = &inner["http_filters"].as_array().unwrap()[..] else { panic!("{inner}") };
    assert_eq!(*router, outer["http_filters"][2]);
    let (role, real) =
        (&role["typed_config"]["config"], &outer["http_filters"][0]["typed_config"]["config"]);
    assert_eq!(
        (&role["root_id"], &real["root_id"]),
        (&"sluice.shadow".into(), &"sluice.gateway".into())
    );
    assert_eq!(role["vm_config"], real["vm_config"], "else there are two VMs");
    assert_eq!(role["configuration"], real["configuration"]);
    let names: Vec<_> = clusters(&bootstrap).iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names.last().unwrap(), "sluice-shadow");
    let error = istio::render(&source(&shadowed), &IstioOptions::new("test.yaml".into()));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("models[0].shadow"), "{error}");
}

#[test]
fn an_operators_cluster_stays() {
    let own = "\n  clusters:\n    - { name: openai, connect_timeout: 9s }\n";
    let (file, options) = with_base("own", |base| base.replace("\n  clusters:\n", own));
    let bootstrap = render(CONFIG, &options).unwrap();
    std::fs::remove_file(file).unwrap();
    let found = clusters(&bootstrap);
    assert_eq!(found.len(), 2);
    assert!(found.iter().any(|c| c["connect_timeout"] == "9s"), "{found:?}");
}

#[test]
fn says_what_does_not_fit() {
    let shared = CONFIG.replace("kind: openai,", "kind: openai, cluster: local,");
    assert!(refused(&shared, &options()).contains("two providers share the cluster local"));
    let unknown =
        EnvoyOptions { upstreams: vec![("x".into(), "y:1".parse().unwrap())], ..options() };
    assert!(refused(CONFIG, &unknown).contains("no such provider"));
    for (name, part, words) in [
        ("gateway", "root_id: sluice.gateway", "root_id sluice.gateway"),
        ("upstream", "root_id: sluice.upstream", "root_id sluice.upstream"),
        ("template", "name: sluice-provider", "no cluster sluice-provider"),
        ("syntax", "admin:", "line "),
    ] {
        let (file, options) = with_base(name, |base| base.replacen(part, "x: [", 1));
        let (file2, renamed) =
            with_base(&format!("{name}2"), |base| base.replacen(part, "x: y", 1));
        let said =
            if name == "syntax" { refused(CONFIG, &options) } else { refused(CONFIG, &renamed) };
        assert!(said.contains(words), "{said}");
        std::fs::remove_file(file).unwrap();
        std::fs::remove_file(file2).unwrap();
    }
}

#[test]
fn istio_names_its_clusters_itself() {
    let options = IstioOptions::new("test.yaml".into());
    let text = istio::render(&source(CONFIG), &options).unwrap();
    assert!(text.contains("outbound|8000||vllm.models.svc.cluster.local"));
    assert_eq!(text.matches("kind: ServiceEntry").count(), 1, "a cluster's service needs none");
    let address = CONFIG.replace("vllm.models.svc.cluster.local", "10.0.0.7");
    let error = istio::render(&source(&address), &options).unwrap_err().to_string();
    assert!(error.contains("providers.local.url"), "{error}");
}

#[test]
fn services_read_the_numbers_in_their_units() {
    let shared = "fleet: { service: { cluster: rls } }\nlimits:\n\
        - { name: calls, requests: 100, every: minute, fleet: { lease: 10 } }\n\
        - { name: local, requests: 9, every: minute }\n\
        - { name: spend, per: [consumer, model], dollars: 2.5, every: day, fleet: { lease: 0.1 } }\n";
    let shared = source(&format!("{CONFIG}\n{shared}"));
    let text = ratelimit::ratelimit(&shared).unwrap();
    let read = crate::cli::yaml::parse(&text).unwrap();
    let expected = serde_json::json!({ "domain": "sluice", "descriptors": [
        { "key": "limit", "value": "calls",
          "rate_limit": { "unit": "minute", "requests_per_unit": 100 } },
        { "key": "limit", "value": "spend", "descriptors": [{ "key": "consumer", "descriptors": [
            { "key": "model", "rate_limit": { "unit": "day", "requests_per_unit": 25_000 } }] }] },
    ] });
    assert_eq!(read, expected, "{text}");
    let text = ratelimit::limitador(&shared).unwrap();
    let read = crate::cli::yaml::parse(&text).unwrap();
    assert_eq!(read.as_array().unwrap().len(), 2);
    let spend = serde_json::json!({ "namespace": "sluice", "name": "spend", "max_value": 25_000,
        "seconds": 86_400, "conditions": ["descriptors[0]['limit'] == 'spend'"],
        "variables": ["descriptors[0]['consumer']", "descriptors[0]['model']"] });
    assert_eq!(read[1], spend, "{text}");
    let none = ratelimit::limitador(&source(CONFIG)).unwrap_err().to_string();
    assert!(none.contains("fleet.service"), "{none}");
}
