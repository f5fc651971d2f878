//! What clients say of who serves them, by OpenAI's own package; and refusals by content
//! filters that move on: a status of ours that a real router must retry.

use crate::support::client::{chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_package_brings_its_own_order() {
    let models = "- { name: first, targets: [\"openai/gpt-5!status=503\", anthropic/claude-haiku-4-5] }\n\
                  - { name: second, targets: [gemini/gemini-2.5-flash] }";
    let text = config(models) + "preferences: { header: true, body: true }\n";
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let said = python::run("tests/clients/prefers.py", &[&gateway.url("/v1")], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 13, "{said}");
    // No provider learns what the client prefers.
    for request in gateway.mock.requests() {
        assert_eq!(request.header("x-sluice-route"), None);
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let ours = ["models", "provider", "route"].iter().filter(|m| sent.get(**m).is_some());
        assert_eq!(ours.count(), 0, "{sent}");
    }
    assert_eq!(gateway.used("first", "calls").await, 10, "counted where the call began");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_large_body_loses_its_members_and_is_replayed() {
    let models =
        "- { name: first, targets: [\"openai/gpt-5!status=503\", mistral/mistral-large-latest] }";
    let text = config(models) + "preferences: { body: true }\n";
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let words = "word ".repeat(400_000);
    let mut body = chat("first");
    body["messages"] = json!([{ "role": "user", "content": words }]);
    body["provider"] = json!({ "ignore": ["gemini"] });
    assert_eq!(post(&gateway, &body).await.status, 200);
    let sizes: Vec<_> = gateway.mock.requests().iter().map(|r| r.body.len()).collect();
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|size| *size > 2_000_000), "{sizes:?}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_content_filter_is_left_behind_where_that_is_configured() {
    let file = |classes: &str| {
        format!(
            "providers:\n\
             \x20 azure: {{ kind: azure, resource: mine, keys: [{{ value: sk-azure-of-the-gateway }}] }}\n\
             \x20 openai: {{ kind: openai }}\n\
             models:\n\
             \x20 - {{ name: m, targets: [\"azure/my-gpt!filter=hello\", openai/gpt-5] }}\n{classes}"
        )
    };
    let on = file("defaults: { retry_on: [content_filter] }\n");
    let mut gateway = Gateway::start(Setup { config: Some(on), ..Setup::default() }).await;
    // More often than makes a failing target rest.
    for body in [chat("m"), streamed("m")].iter().cycle().take(12) {
        let reply = post(&gateway, body).await;
        assert_eq!((reply.status, reply.header("x-sluice-provider")), (200, "openai"));
        assert_eq!(reply.header("x-sluice-attempts"), "2");
    }
    gateway.assert_calm().await;
    let off = Setup { config: Some(file("")), ..Setup::default() };
    let mut gateway = Gateway::start(off).await;
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!((reply.error().0, reply.error().2.as_str()), (400, "content_filter"));
    assert_eq!(reply.header("x-sluice-attempts"), "1");
    gateway.assert_calm().await;
}
