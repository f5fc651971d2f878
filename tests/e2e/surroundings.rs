//! Bootstraps that lack something, and an Envoy that is older than they think.

use crate::support::client::{chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, config, envoy};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The two filters' configurations, gateway first.
fn filters(bootstrap: &str, edit: impl Fn(&mut Value, &mut Value)) -> String {
    let mut all: Value = serde_saphyr::from_str(bootstrap).expect("YAML");
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    let http = all.pointer_mut(&format!("{manager}/http_filters")).expect("filters");
    let (first, rest) = http.as_array_mut().expect("a list").split_first_mut().expect("filters");
    let router = rest.last_mut().expect("the router");
    let upstream = &mut router["typed_config"]["upstream_http_filters"];
    edit(&mut first["typed_config"]["config"], upstream);
    all.to_string()
}

async fn start(models: &str, edit: fn(String, &Path) -> String) -> Gateway {
    Gateway::start(Setup { config: Some(config(models)), edit, ..Setup::default() }).await
}

const MODEL: &str = "- { name: m, targets: [openai/x, openai/y] }";
const FLAG: &str = "allow_on_headers_stop_iteration";

#[tokio::test]
async fn a_missing_flag_is_told_after_ten_seconds() {
    let without = |bootstrap: String, _: &Path| {
        filters(&bootstrap, |gateway, _| drop(gateway.as_object_mut().unwrap().remove(FLAG)))
    };
    let mut gateway = start(MODEL, without).await;
    let begun = Instant::now();
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!(reply.error(), (500, "server_error".into(), "internal".into()));
    let took = begun.elapsed();
    assert!((9..20).contains(&took.as_secs()), "{took:?}");
    assert_eq!(post(&gateway, &streamed("m")).await.error().0, 500);
    let log = gateway.log();
    assert_eq!(
        log.matches("is missing in the configuration of sluice.gateway").count(),
        1,
        "{log}"
    );
    assert!(gateway.mock.requests().is_empty());
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_flag_missing_upstream_is_told_too() {
    let without = |bootstrap: String, _: &Path| {
        filters(&bootstrap, |_, upstream| {
            let config = &mut upstream[0]["typed_config"]["config"];
            config.as_object_mut().unwrap().remove(FLAG);
        })
    };
    let mut gateway = start(MODEL, without).await;
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!(reply.error(), (500, "server_error".into(), "internal".into()));
    let log = gateway.log();
    assert_eq!(
        log.matches("is missing in the configuration of sluice.upstream").count(),
        1,
        "{log}"
    );
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_missing_upstream_role_is_told_at_the_first_answer() {
    let without = |bootstrap: String, _: &Path| {
        filters(&bootstrap, |_, upstream| drop(upstream.as_array_mut().unwrap().remove(0)))
    };
    let mut gateway = start(MODEL, without).await;
    for body in [chat("m"), streamed("m")] {
        let reply = post(&gateway, &body).await;
        assert_eq!(reply.error(), (500, "server_error".into(), "internal".into()));
    }
    let log = gateway.log();
    assert_eq!(log.matches("upstream_http_filters").count(), 1, "{log}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn two_vms_are_told_by_the_first_call() {
    let apart = |bootstrap: String, _: &Path| {
        filters(&bootstrap, |_, upstream| {
            upstream[0]["typed_config"]["config"]["vm_config"]["vm_id"] = json!("other");
        })
    };
    let gateway = start(MODEL, apart).await;
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!(reply.error().0, 503);
    let log = gateway.log();
    assert_eq!(log.matches("make their `vm_config` equal").count(), 1, "{log}");
    assert!(gateway.mock.requests().is_empty());
}

/// A bootstrap that says which Envoy reads it: the true one does not contradict.
fn pretend(bootstrap: &str, minor: u64) -> String {
    let mut all: Value = serde_saphyr::from_str(bootstrap).expect("YAML");
    let version = json!({ "version": { "major_number": 1, "minor_number": minor } });
    all["node"] = json!({ "id": "t", "cluster": "t", "user_agent_build_version": version });
    all.to_string()
}

#[tokio::test]
async fn a_bootstrap_for_a_newer_envoy_stays_with_one_provider() {
    let old = |bootstrap: String, _: &Path| pretend(&bootstrap, 38);
    let models =
        "- { name: m, targets: [\"openai/x!status=500\", anthropic/claude-haiku-4-5, openai/y] }";
    let mut gateway = start(models, old).await;
    assert!(gateway.log().contains("render the bootstrap with --for-envoy 1.38"));
    let health = reqwest::get(gateway.url("/sluice/health")).await.unwrap().text().await.unwrap();
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((&health["envoy"], &health["fallback"]), (&json!("1.38"), &json!("none")));
    assert_eq!(health["worker_has_seen_a_body"], json!(false));
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!((reply.status, reply.header("x-sluice-model")), (200, "y"), "{}", reply.text());
    assert_eq!(reply.header("x-sluice-attempts"), "2");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn an_envoy_that_would_crash_is_refused() {
    let gateway = start(MODEL, |bootstrap, _| bootstrap).await;
    let file = gateway.folder.join("old.yaml");
    let now = std::fs::read_to_string(gateway.folder.join("envoy.yaml")).unwrap();
    std::fs::write(&file, pretend(&now, 36)).unwrap();
    let output = Command::new(envoy())
        .arg("-c")
        .arg(&file)
        .args(["--disable-hot-restart", "--mode", "validate", "--log-level", "error"])
        .envs([("OPENAI_API_KEY", "k"), ("ANTHROPIC_API_KEY", "k"), ("GEMINI_API_KEY", "k")])
        .envs([("COHERE_API_KEY", "k"), ("CO_API_KEY", "k"), ("MISTRAL_API_KEY", "k")])
        .envs([("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "k")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("use 1.37 or newer"), "{said}");
}

/// Which provider's key reaches which provider's place: on every release the attempt's
/// own. (Each release with the fallback that it can do.)
#[tokio::test]
async fn attempts_go_where_their_keys_belong() {
    let models = "- { name: m, targets: [\"openai/a!status=500\", \"anthropic/claude-haiku-4-5!status=529\", \"openai/b!status=503\", mistral/good] }\n\
         - { name: w, strategy: weighted, targets: [\"openai/a!status=500\", \"anthropic/claude-haiku-4-5!status=529\", mistral/good] }";
    let far = sluice::cli::mock::Server::start(crate::support::gateway::local(0)).await.unwrap();
    let setup = Setup {
        config: Some(config(models)),
        upstreams: vec![("anthropic".into(), far.addr())],
        ..Setup::default()
    };
    let mut gateway = Gateway::start(setup).await;
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "4"), "{}", reply.text());
    let near: Vec<_> = gateway.mock.requests().iter().map(|r| r.path.clone()).collect();
    assert_eq!(near, ["/v1/chat/completions"; 3]);
    assert_eq!(far.requests().len(), 1);
    assert!(far.requests()[0].path.ends_with("/messages"));
    for _ in 0..30 {
        assert_eq!(post(&gateway, &chat("w")).await.status, 200);
    }
    assert!(far.requests().iter().all(|r| r.path.ends_with("/messages")));
    assert!(gateway.mock.requests().iter().all(|r| r.path.ends_with("/completions")));
    tokio::time::sleep(Duration::from_millis(50)).await;
    gateway.assert_calm().await;
}
