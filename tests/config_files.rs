//! The files under `envoy/`: each is what it claims to be, and none is stale.
//!
//! Needs an Envoy >= 1.39 ($ENVOY, `envoy` on the PATH, or .venv/bin/envoy), for
//! `--mode validate` only. The filter itself is not needed: an empty one stands in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

use serde_json::{Value, json};
use sluice::cli::render::{Address, EnvoyOptions, IstioOptions, Source, envoy, istio};
use sluice::cli::{check, run, schema, yaml};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn parse(path: &str) -> Value {
    yaml::parse(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn options(config: &Path) -> EnvoyOptions {
    EnvoyOptions { wasm: Some(empty_filter()), ..EnvoyOptions::new(config.to_owned()) }
}

#[test]
fn the_schema_is_fresh_and_the_example_obeys_it() {
    let text = schema::text().unwrap();
    assert_eq!(
        text,
        read("envoy/sluice.schema.json"),
        "run `sluice schema > envoy/sluice.schema.json`"
    );
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let clouds = validator.validate(&parse("envoy/clouds.yaml")).map_err(|e| e.to_string());
    assert_eq!(clouds, Ok(()));
    let mut example = parse("envoy/sluice.yaml");
    assert!(validator.validate(&example).is_ok(), "{:?}", validator.validate(&example));
    example["models"][0]["target"] = json!("openai/x");
    assert!(!validator.is_valid(&example), "the schema lets unknown fields pass");
}

#[test]
fn the_example_is_taken_by_the_filter_and_shown_to_editors() {
    let text = read("envoy/sluice.yaml");
    let said = check::check(&text, &|_| Some("key".into())).unwrap();
    assert!(said.starts_with("ok (2 providers, 4 models; "), "{said}");
    assert!(text.starts_with("# yaml-language-server: $schema=sluice.schema.json\n"));
    let said = check::check(&read("envoy/clouds.yaml"), &|_| Some("key".into())).unwrap();
    let all = format!("ok (6 providers, 5 models; prices {})", sluice::catalog::VERSION);
    assert_eq!(said, all, "its models have prices");
}

#[test]
fn envoy_takes_what_is_rendered() {
    let example = Path::new("envoy/sluice.yaml");
    let mock = Some("mock:8081".parse().unwrap());
    validate("vendors", &envoy(&options(example)).unwrap());
    validate("mock", &envoy(&EnvoyOptions { mock, ..options(example) }).unwrap());
    validate("clouds", &envoy(&options(Path::new("envoy/clouds.yaml"))).unwrap());
    let servers = scratch("servers.yaml");
    fs::write(&servers, SERVERS).unwrap();
    validate("servers", &envoy(&options(&servers)).unwrap());
    let shadow = scratch("shadow.yaml");
    let model = "{ name: copied, targets: [\"plain/a\"], shadow: { model: x, percent: 5 } }";
    fs::write(&shadow, SERVERS.replace("models:\n", &format!("models:\n  - {model}\n"))).unwrap();
    validate("shadow", &envoy(&options(&shadow)).unwrap());
}

/// What is rendered for older releases, read by this one, which knows it as well.
#[test]
fn envoy_takes_what_is_rendered_for_others() {
    let for_release = |release: &str| {
        let for_envoy = Some(release.parse().unwrap());
        envoy(&EnvoyOptions { for_envoy, ..options(Path::new("envoy/clouds.yaml")) })
    };
    let chains = for_release("1.37").unwrap();
    assert!(chains.contains("cluster_header: x-sluice-target-1"), "{chains}");
    assert!(chains.contains("fallback: chains") && chains.contains("envoy.clusters.composite"));
    let single = for_release("1.38").unwrap();
    assert!(single.contains("fallback: none") && !single.contains("composite"));
    for text in [&chains, &single] {
        assert!(!text.contains("weighted_clusters") && !text.contains("refresh_cluster_on_retry"));
    }
    validate("for-1.37", &chains);
    validate("for-1.38", &single);
    let newest = envoy(&options(Path::new("envoy/clouds.yaml"))).unwrap();
    assert_eq!(for_release("1.39").unwrap(), newest);
    let old = for_release("1.36").unwrap_err().to_string();
    assert!(old.contains("use 1.37 or newer"), "{old}");
}

#[test]
fn envoy_takes_every_way_to_sign_in() {
    let config = scratch("sign-in.yaml");
    fs::write(&config, SIGN_IN).unwrap();
    let mut with = Vec::new();
    // The secret that file.yaml names must be there when Envoy starts.
    let run = scratch("run");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("bearer.yaml"), BEARER).unwrap();
    for committed in files(Path::new("envoy/sign-in")) {
        let text = fs::read_to_string(&committed).unwrap();
        let file = scratch(&committed.file_name().unwrap().to_string_lossy());
        fs::write(&file, text.replace("/run/sluice", run.to_str().unwrap())).unwrap();
        let bootstrap =
            envoy(&EnvoyOptions { with: vec![file.clone()], ..options(&config) }).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(bootstrap.contains(&format!("name: sign-in.{name}")), "{bootstrap}");
        validate(&format!("sign-in-{name}"), &bootstrap);
        with.push(file);
    }
    assert!(with.len() >= 4);
    // Side by side, each behind the upstream role and before the codec.
    let bootstrap = envoy(&EnvoyOptions { with, ..options(&config) }).unwrap();
    let at = |word: &str| bootstrap.find(word).unwrap_or_else(|| panic!("no {word}"));
    assert!(at("name: sluice.upstream") < at("name: sign-in."));
    assert!(at("name: sign-in.") < at("name: envoy.filters.http.upstream_codec"));
    validate("sign-in", &bootstrap);
}

const BEARER: &str = r#"
resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: bearer
    generic_secret: { secret: { inline_string: "token" } }
"#;

const SIGN_IN: &str = r#"
providers:
  azure: { kind: openai-compatible, url: "https://mine.openai.azure.com/openai/v1", keys: none }
models:
  - { name: "*", targets: ["azure/*"] }
"#;

/// Every way a provider's address can be.
const SERVERS: &str = r#"
providers:
  named: { kind: openai-compatible, url: "http://vllm:8000/v1" }
  twin: { kind: openai-compatible, url: "http://vllm:8000/v1", cluster: named }
  plain: { kind: openai-compatible, url: "http://10.0.0.7/v1" }
  six: { kind: openai-compatible, url: "https://[::1]:8443" }
  secure: { kind: anthropic, keys: none }
models:
  - { name: "*", targets: ["named/*", "twin/*", "plain/*", "six/*", "secure/*"] }
"#;

#[test]
fn the_istio_files_are_fresh() {
    let rendered = istio(&IstioOptions::new("envoy/sluice.yaml".into())).unwrap();
    assert_eq!(
        rendered,
        read("envoy/istio/sluice.yaml"),
        "run `sluice render istio > envoy/istio/sluice.yaml`"
    );
}

/// The patches, applied to a bootstrap shaped as Istio shapes a gateway's.
#[test]
fn envoy_takes_the_istio_patches() {
    let mut bootstrap = yaml::parse(GATEWAY).unwrap();
    let rendered = istio(&IstioOptions {
        wasm: empty_filter(),
        ..IstioOptions::new("envoy/sluice.yaml".into())
    });
    let objects: Vec<Value> =
        rendered.unwrap().split("\n---\n").map(|doc| yaml::parse(doc).unwrap()).collect();
    let mut applied = 0;
    for patch in objects.iter().filter_map(|o| o["spec"]["configPatches"].as_array()).flatten() {
        apply(&mut bootstrap, patch);
        applied += 1;
    }
    assert!(applied > 6, "{applied} patches");
    let text = yaml::print(&bootstrap).unwrap();
    for word in [
        "sluice.gateway",
        "sluice.upstream",
        "refresh_cluster_on_retry",
        "include_request_attempt_count",
        "41943040",
        "stats_tags",
        "FILTER_STATE",
    ] {
        assert!(text.contains(word), "no patch brought {word}");
    }
    assert!(!text.contains("cluster: placeholder"), "the route still has its destination");
    // The embedded configuration names the clusters that the ServiceEntries make.
    for object in objects.iter().filter(|o| o["kind"] == "ServiceEntry") {
        let host = object["spec"]["hosts"][0].as_str().unwrap();
        assert!(text.contains(&format!("outbound|443||{host}")), "{host}");
    }
    validate("istio", &text);
}

const GATEWAY: &str = include_str!("support/istio-gateway.yaml");

#[test]
fn istio_patches_for_an_older_envoy_name_their_chains() {
    let rendered = istio(&IstioOptions {
        for_envoy: Some("1.37".parse().unwrap()),
        ..IstioOptions::new("envoy/sluice.yaml".into())
    });
    let rendered = rendered.unwrap();
    assert!(rendered.contains("operation: ADD") && rendered.contains("fallback: chains"));
    assert!(rendered.contains("name: sluice-chain-") && rendered.contains("outbound|443||api."));
    assert!(!rendered.contains("weighted_clusters"), "{rendered}");
}

/// As istiod does it, for this one gateway.
fn apply(bootstrap: &mut Value, patch: &Value) {
    const LISTENER: &str = "/static_resources/listeners/0";
    let manager = format!("{LISTENER}/filter_chains/0/filters/0");
    let filters = format!("{manager}/typed_config/http_filters");
    let host = format!("{manager}/typed_config/route_config/virtual_hosts/0");
    let value = &patch["patch"]["value"];
    let name = |v: &Value| v["name"].as_str().unwrap_or_default().to_owned();
    let mut at = |path: &str| merge(bootstrap.pointer_mut(path).unwrap(), value);
    match (patch["applyTo"].as_str().unwrap(), patch["patch"]["operation"].as_str().unwrap()) {
        ("BOOTSTRAP", "MERGE") => at(""),
        ("LISTENER", "MERGE") => at(LISTENER),
        ("NETWORK_FILTER", "MERGE") => at(&manager),
        ("VIRTUAL_HOST", "MERGE") => at(&host),
        ("HTTP_ROUTE", "MERGE") => {
            let wanted = &patch["match"]["routeConfiguration"]["vhost"]["route"]["name"];
            let route = bootstrap.pointer_mut(&format!("{host}/routes/0")).unwrap();
            assert_eq!(&route["name"], wanted);
            // One of a kind: protobuf's merge replaces the other way to name a cluster.
            route["route"].as_object_mut().unwrap().remove("cluster");
            merge(route, value);
        }
        ("HTTP_FILTER", operation) => {
            let list = bootstrap.pointer_mut(&filters).unwrap().as_array_mut().unwrap();
            let wanted = &patch["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"];
            let at = list.iter().position(|f| &f["name"] == wanted).unwrap();
            match operation {
                "INSERT_BEFORE" => list.insert(at, value.clone()),
                "MERGE" => {
                    assert_eq!(name(&list[at]), name(value));
                    merge(&mut list[at], value);
                }
                other => panic!("{other}"),
            }
        }
        ("CLUSTER", "MERGE") => {
            let at = &patch["match"]["cluster"];
            let wanted =
                format!("outbound|{}||{}", at["portNumber"], at["service"].as_str().unwrap());
            let clusters = bootstrap.pointer_mut("/static_resources/clusters").unwrap();
            let clusters = clusters.as_array_mut().unwrap();
            merge(clusters.iter_mut().find(|c| name(c) == wanted).unwrap(), value);
        }
        other => panic!("{other:?}"),
    }
}

/// Protobuf's merge: objects into each other, lists end to end, the rest replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}

#[test]
fn compose_and_prometheus_agree() {
    let compose = parse("envoy/docker-compose.yaml");
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        for other in service["depends_on"].as_object().into_iter().flat_map(|d| d.keys()) {
            assert!(services.contains_key(other), "{name} depends on {other}");
        }
    }
    let target = parse("envoy/prometheus/prometheus.yml");
    let target: Address = target["scrape_configs"][0]["static_configs"][0]["targets"][0]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(services.contains_key(&target.host));
    let render = services["render"]["command"][0].as_str().unwrap();
    assert!(render.contains(&format!("--admin 0.0.0.0:{}", target.port)), "{render}");
}

/// Files that name files of this repository: those exist.
#[test]
fn named_files_exist() {
    // What a reader is told to make.
    let made = ["my-sluice.yaml", "istio.yaml"];
    let mut seen = 0;
    for file in files(Path::new("envoy")) {
        let text = fs::read_to_string(&file).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._/-".contains(c)));
        for word in words.map(|w| w.trim_matches('.')) {
            let known = ["yaml", "yml", "json", "rs", "md", "lock", "toml"];
            let is_file = word.rsplit_once('.').is_some_and(|(stem, end)| {
                known.contains(&end) && !stem.is_empty() && !stem.starts_with('/')
            });
            let from = file.parent().unwrap();
            if !is_file {
                continue;
            }
            let found = from.join(word).exists()
                || Path::new(word).exists()
                || Path::new("envoy").join(word).exists();
            assert!(
                found || made.contains(&word),
                "{} names {word}, which does not exist",
                file.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] }).collect()
}

#[test]
fn a_source_knows_the_environment_it_needs() {
    let example = Source::read(Path::new("envoy/sluice.yaml")).unwrap();
    assert_eq!(example.env, ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]);
    let clouds = Source::read(Path::new("envoy/clouds.yaml")).unwrap();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(clouds.env.iter().any(|n| n == name), "{name}: {:?}", clouds.env);
    }
    let file = Path::new("x.yaml");
    assert!(Source::parse(file, SERVERS).unwrap().env.is_empty());
    let error = Source::parse(file, "providers: {}\nmodels: []\nx: 1").unwrap_err().to_string();
    assert!(error.starts_with("x.yaml: "), "{error}");
}

fn validate(name: &str, bootstrap: &str) {
    let asked = std::env::var_os("ENVOY").map(PathBuf::from);
    let (envoy, _) = run::binary::find(asked.as_deref()).unwrap();
    let file = scratch(&format!("{name}.yaml"));
    fs::write(&file, bootstrap).unwrap();
    let output = Command::new(envoy)
        .args(["--mode", "validate", "-c"])
        .arg(&file)
        .env("ENTRA_CLIENT_SECRET", "secret")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {said}");
    assert!(!said.contains("Deprecated field"), "{name}: {said}");
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config-files");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// A proxy-wasm module that does nothing: enough for Envoy to load.
fn empty_filter() -> PathBuf {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let file = scratch("empty.wasm");
    ONCE.call_once(|| {
        let text: String = EMPTY.split_whitespace().collect();
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect();
        fs::write(&file, bytes).unwrap();
    });
    file
}

/// (module (memory (export "memory") 1) and the functions proxy_abi_version_0_2_1,
/// malloc, proxy_on_context_create, proxy_on_vm_start and proxy_on_configure: true)
const EMPTY: &str = "
0061736d0100000001140460000060017f017f60027f7f0060027f7f017f03060500010203030503010001077006
066d656d6f727902001770726f78795f6162695f76657273696f6e5f305f325f310000066d616c6c6f6300011770
726f78795f6f6e5f636f6e746578745f63726561746500021170726f78795f6f6e5f766d5f737461727400031270
726f78795f6f6e5f636f6e66696775726500040a170502000b05004180080b02000b040041010b040041010b
";
