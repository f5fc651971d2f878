//! Anthropic's own package: against the mock's clouds, to know that the mock is
//! honest, and against the gateway, which serves it from all three hosts.

use crate::support::gateway::{Gateway, Setup, local};
use crate::support::python;
use serde_json::Value;
use sluice::cli::mock::Server;

const SCRIPT: &str = "tests/clients/anthropic_clouds.py";

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_for_clouds_take_the_mock_for_them() {
    let mock = Server::start(local(0)).await.unwrap();
    let url = format!("http://{}", mock.addr());
    python::run(SCRIPT, &["mock", &url], &Value::Null).await;
}

const CONFIG: &str = r#"
providers:
  anthropic: { kind: anthropic }
  vertex: { kind: vertex, project: p, region: us-east5, keys: [{ value: token }] }
  bedrock: { kind: bedrock, region: us-east-1, keys: [{ value: token }] }
models:
  - { name: plain, targets: [anthropic/claude-haiku-4-5] }
  - { name: vertex, targets: ["vertex/claude-haiku-4-5@20251001"] }
  - { name: bedrock, targets: [{ target: "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0", api: anthropic-bedrock }] }
  - { name: busy, targets: ["vertex/claude-x!status=429"] }
  - name: fallback
    targets:
      - { target: "bedrock/anthropic.claude-x!status=503", api: anthropic-bedrock }
      - "vertex/claude-x!status=503"
      - anthropic/claude-haiku-4-5
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_client_is_served_by_all_three() {
    let setup = Setup { config: Some(CONFIG.into()), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let url = gateway.url("");
    python::run(SCRIPT, &["gateway", &url, "plain", "vertex", "bedrock"], &Value::Null).await;
    for model in ["plain", "vertex", "bedrock"] {
        assert_eq!(gateway.used(model, "calls").await, 5, "{model}");
        assert_eq!(gateway.used(model, "estimated_calls").await, 0, "{model}");
    }
    gateway.assert_calm().await;
}
