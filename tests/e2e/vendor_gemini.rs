//! The real `google-genai` package: against the mock, which must be content with what
//! it sends and be understood by it, and through Envoy, which must change nothing.

use crate::support::gateway::{self, Gateway, Setup};
use crate::support::python;
use serde_json::Value;
use sluice::cli::mock::Server;

/// As many as the script has.
const FLOWS: usize = 10;

async fn run(url: &str) {
    let said = python::run("tests/clients/gemini.py", &[url], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), FLOWS, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_takes_the_mock_for_google() {
    let mock = Server::start(([127, 0, 0, 1], 0).into()).await.expect("a port");
    run(&format!("http://{}", mock.addr())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_is_content_behind_the_gateway() {
    let text = gateway::config("- { name: \"gemini-*\", targets: [\"gemini/*\"] }");
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    run(&gateway.url("")).await;
    gateway.assert_calm().await;
}
