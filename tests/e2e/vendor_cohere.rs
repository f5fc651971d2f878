//! Cohere, with the vendor's own package: against the mock, which must be one of its
//! kind, and through the gateway, which passes its dialect on.

use crate::support::client::Reply;
use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Value, json};
use sluice::cli::mock::Server;

const SCRIPT: &str = "tests/clients/cohere_sdk.py";

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_is_a_cohere() {
    let mock = Server::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let models = json!({
        "chat": "command-a-03-2025",
        "embed": "embed-v4.0",
        "rerank": "rerank-v3.5",
        "busy": "command-a-03-2025!status=429",
        "broken": "command-a-03-2025!error-after=2",
    });
    let said = python::run(SCRIPT, &[&format!("http://{}", mock.addr())], &models).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 9, "{said}");
}

async fn gateway() -> Gateway {
    let config = json!({
        "providers": { "cohere": { "kind": "cohere" } },
        "models": [
            { "name": "chat", "targets": ["cohere/command-a-03-2025"] },
            { "name": "embed", "targets": ["cohere/embed-v4.0"] },
            { "name": "rerank", "targets": ["cohere/rerank-v3.5"] },
            { "name": "busy", "targets": ["cohere/command-a-03-2025!status=429"] },
            { "name": "broken", "targets": ["cohere/command-a-03-2025!error-after=2"] },
        ],
    });
    Gateway::start(Setup { config: Some(config.to_string()), ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_does_not_notice_the_gateway() {
    let mut gateway = gateway().await;
    let models = json!({ "chat": "chat", "embed": "embed", "rerank": "rerank", "busy": "busy",
        "broken": "broken" });
    let said = python::run(SCRIPT, &[&gateway.url("")], &models).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 9, "{said}");
    let seen = gateway.mock.requests();
    let chat = seen.iter().find(|r| r.path == "/v2/chat").unwrap();
    assert_eq!(chat.header("authorization"), Some("Bearer sk-cohere-of-the-gateway"));
    assert_eq!(chat.header("host"), Some("api.cohere.com"));
    // Cohere's tokens, its own instructions included; a rerank's are estimated.
    assert!(gateway.used("chat", "input_tokens").await > 100);
    assert_eq!(gateway.used("chat", "estimated_calls").await, 0);
    assert_eq!(gateway.used("embed", "input_tokens").await, 2);
    assert_eq!(gateway.used("rerank", "estimated_calls").await, 1);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn refusals_come_in_coheres_shape() {
    let gateway = gateway().await;
    let post = |path: &str, body: Value| {
        let request = reqwest::Client::new().post(gateway.url(path)).json(&body);
        async { Reply::read(request.send().await.unwrap()).await }
    };
    let messages = json!([{ "role": "user", "content": "x" }]);
    let reply = post("/v2/chat", json!({ "model": "nope", "messages": messages })).await;
    assert_eq!(reply.status, 404);
    assert!(reply.json()["message"].is_string() && reply.json().get("error").is_none());
    let reply = post("/v2/rerank", json!({ "model": "rerank", "query": "x" })).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["message"], "documents: you must provide documents");
}
