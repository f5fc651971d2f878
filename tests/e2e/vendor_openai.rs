//! The `openai` package for Responses and for Azure: against the mocks, so that they
//! are honest, and against Envoy.

use crate::support::client::{chat, post, streamed};
use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Value, json};
use sluice::cli::mock::Server;

const CONFIG: &str = r#"
providers:
  openai: { kind: openai }
  key: { kind: azure, resource: mine, keys: [{ value: sk-azure-of-the-gateway }] }
  token: { kind: azure, resource: mine, keys: [{ bearer_env: OPENAI_API_KEY }] }
  dated: { kind: azure-deployments, resource: mine, keys: [{ value: sk-azure-of-the-gateway }] }
models:
  - { name: direct, targets: [openai/gpt-5-pro] }
  - { name: direct-broken, targets: ["openai/gpt-5-pro!tokens=9;error-after=3"] }
  - { name: by-responses, targets: [{ target: openai/gpt-5-pro, api: openai-responses }] }
  - { name: fallen-back, targets: [{ target: "openai/x!error-first", api: openai-responses }, dated/my-gpt] }
  - { name: key, targets: [key/my-gpt] }
  - { name: token, targets: [token/my-gpt] }
  - { name: dated, targets: [dated/my gpt] }
  - { name: filtered, targets: ["dated/my-gpt!filter=hello", key/my-gpt] }
  - { name: busy, targets: ["dated/my-gpt!status=429;retry-after=7"] }
"#;

async fn mock() -> Server {
    Server::start(crate::support::gateway::local(0)).await.expect("the mock starts")
}

async fn gateway() -> Gateway {
    Gateway::start(Setup { config: Some(CONFIG.to_owned()), ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_of_azure_is_what_its_client_expects() {
    let mock = mock().await;
    let address = format!("http://{}", mock.addr());
    python::run("tests/clients/azure.py", &[&address], &Value::Null).await;
    let paths: Vec<_> = mock.requests().into_iter().map(|r| r.path).collect();
    let dated = "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21";
    assert!(paths.iter().any(|p| p == dated), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_of_responses_is_what_its_client_expects() {
    let mock = mock().await;
    let models = json!([{ "model": "gpt-5-pro", "failing": "gpt-5-pro!tokens=9;error-after=3" }]);
    let address = format!("http://{}/v1", mock.addr());
    python::run("tests/clients/responses.py", &[&address], &models).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responses_client_is_content_with_envoy() {
    let mut gateway = gateway().await;
    let models = json!([{ "model": "direct", "failing": "direct-broken" }]);
    python::run("tests/clients/responses.py", &[&gateway.url("/v1")], &models).await;
    let sent = gateway.mock.requests();
    let mut bodies = sent.iter().map(|r| String::from_utf8_lossy(&r.body));
    assert!(bodies.any(|b| b.contains(r#""previous_response_id": "resp_"#)
        || b.contains(r#""previous_response_id":"resp_"#)));
    assert!(gateway.used("direct", "output_tokens").await > 0);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_chat_client_reaches_responses() {
    let mut gateway = gateway().await;
    let reply = post(&gateway, &chat("by-responses")).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "You said: hello there");
    let reply = post(&gateway, &streamed("by-responses")).await;
    assert_eq!(reply.content(), "You said: hello there");
    let sent: Value = serde_json::from_slice(&gateway.mock.requests()[0].body).unwrap();
    assert_eq!((&sent["store"], &sent["model"]), (&json!(false), &json!("gpt-5-pro")));
    assert_eq!(gateway.mock.requests()[0].path, "/v1/responses");
    let reply = post(&gateway, &streamed("fallen-back")).await;
    assert_eq!(reply.content(), "You said: hello there");
    assert_eq!(reply.header("x-sluice-provider"), "dated");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn azure_gets_its_keys_and_keeps_its_words() {
    let mut gateway = gateway().await;
    for (model, path, header, value) in [
        ("key", "/openai/v1/chat/completions", "api-key", "sk-azure-of-the-gateway"),
        (
            "token",
            "/openai/v1/chat/completions",
            "authorization",
            "Bearer sk-openai-of-the-gateway",
        ),
        (
            "dated",
            "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
            "api-key",
            "sk-azure-of-the-gateway",
        ),
    ] {
        let reply = post(&gateway, &chat(model)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let found = &reply.json()["choices"][0]["content_filter_results"]["hate"]["severity"];
        assert_eq!(found, "safe", "{model}");
        let request = gateway.mock.requests().pop().unwrap();
        assert_eq!((request.path.as_str(), request.header(header)), (path, Some(value)));
        let other = if header == "api-key" { "authorization" } else { "api-key" };
        assert_eq!(request.header(other), None, "{model}");
        let reply = post(&gateway, &streamed(model)).await;
        assert_eq!(reply.content(), "You said: hello there");
        assert!(reply.text().contains("prompt_filter_results"), "{}", reply.text());
    }
    // The client's own fault: nobody else is asked, and Azure's reasons pass.
    let reply = post(&gateway, &chat("filtered")).await;
    let error = &reply.json()["error"];
    assert_eq!((reply.status, &error["code"]), (400, &json!("content_filter")));
    assert_eq!(error["innererror"]["content_filter_result"]["violence"]["filtered"], true);
    let reply = post(&gateway, &chat("busy")).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "7"));
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
    gateway.assert_calm().await;
}
