//! Counting with the vendors' own packages, and the lists of models: who counts, who
//! sees what.

use crate::support::client::Reply;
use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const COUNTING: &str = r#"
providers:
  openai: { kind: openai }
  anthropic: { kind: anthropic }
  gemini: { kind: gemini }
  vertex: { kind: vertex, project: p, region: us-east5 }
  bedrock: { kind: bedrock, region: us-east-1 }
  mistral: { kind: mistral }
  azure: { kind: azure, resource: r }
  cohere: { kind: cohere }
models:
  - { name: claude, targets: [anthropic/claude-sonnet-4-5] }
  - { name: gpt, targets: [openai/gpt-5-mini] }
  - { name: gemini, targets: [gemini/gemini-3-flash-preview] }
  - { name: vertex, targets: [vertex/gemini-2.5-flash] }
  - { name: vertex-claude, targets: ["vertex/claude-sonnet-4-5@20250929"] }
  - { name: bedrock, targets: ["bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"] }
  - { name: mistral, targets: [mistral/mistral-large-latest, anthropic/claude-sonnet-4-5] }
  - { name: cohere, targets: [cohere/command-a-03-2025] }
  - { name: same-maker, targets: [azure/gpt-5-mini, openai/gpt-5-mini] }
  - { name: fallback, targets: ["anthropic/claude-sonnet-4-5!status=529", gemini/gemini-3-flash-preview] }
  - { name: down, targets: ["anthropic/claude-sonnet-4-5!status=529"] }
"#;

async fn count(gateway: &Gateway, body: Value) -> Reply {
    let client = reqwest::Client::new().post(gateway.url("/v1/messages/count_tokens"));
    Reply::read(client.json(&body).send().await.expect("the gateway answers")).await
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "hello there" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_provider_counts_or_the_gateway_estimates() {
    let setup = Setup { config: Some(COUNTING.to_owned()), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let url = gateway.url("");
    let counted = ["claude", "gpt", "gemini", "vertex", "vertex-claude", "bedrock", "same-maker"];
    let mut arguments = vec![url.as_str()];
    arguments.extend(counted);
    arguments.extend(["--", "mistral", "cohere"]);
    let said = python::run("tests/clients/count_tokens.py", &arguments, &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 12, "{said}");
    for row in gateway.usage().await {
        assert_eq!(row["input_tokens"], 0, "{row}");
        assert_eq!(row["output_tokens"], 0, "{row}");
        assert_eq!(row["estimated_calls"], 0, "{row}");
        assert_eq!(row["unpriced_calls"], 0, "{row}");
        assert_eq!(row["cost_usd"].as_f64(), Some(0.0), "{row}");
        assert_ne!(row["model"], "mistral", "nobody was asked: {row}");
    }
    // Eight a model, and twelve by the vendors' own clients.
    let good = "wasmcustom.sluice.requests;endpoint=count_tokens;outcome=ok";
    assert_eq!(gateway.stat(good).await, 9 * 8 + 12);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn counts_fall_back_and_fail_as_calls_do() {
    let setup = Setup { config: Some(COUNTING.to_owned()), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let reply = count(&gateway, hello("fallback")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "2"), "{}", reply.text());
    // "user" and the text, at Google.
    assert_eq!(reply.json(), json!({ "input_tokens": 15 }));
    let reply = count(&gateway, hello("down")).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (529, &json!("overloaded_error")));
    let chat = json!({ "model": "mistral", "messages": [{ "role": "developer", "content": "x" }] });
    for (body, status, word) in [
        (chat, 400, "/v1/chat/completions"),
        (json!({ "messages": [] }), 400, "model"),
        (json!({ "model": "gpt" }), 400, "messages"),
        (hello("nobody"), 404, "nobody"),
    ] {
        let reply = count(&gateway, body).await;
        assert_eq!((reply.status, &reply.json()["type"]), (status, &json!("error")));
        assert!(reply.text().contains(word), "{}", reply.text());
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_consumer_sees_its_own_models() {
    let digest = |key: &str| {
        Sha256::digest(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let config = format!(
        r#"
providers: {{ openai: {{ kind: openai }}, anthropic: {{ kind: anthropic }} }}
models:
  - {{ name: claude, targets: [anthropic/claude-sonnet-4-5] }}
  - {{ name: fast, targets: [openai/gpt-5-mini] }}
  - {{ name: fast-secret, targets: [openai/gpt-5-mini] }}
  - {{ name: "gpt-*", targets: ["openai/*"] }}
consumers:
  - {{ name: all, key_sha256: [{}] }}
  - {{ name: some, key_sha256: [{}], models: [claude, fast, "gpt-5*"] }}
"#,
        digest("key-of-all"),
        digest("key-of-some"),
    );
    let setup = Setup { config: Some(config), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let url = gateway.url("");
    for arguments in [
        ["key-of-all", "claude", "fast", "fast-secret", "--", "nobody"].as_slice(),
        &["key-of-some", "claude", "fast", "--", "fast-secret", "gpt-4.1", "nobody"],
    ] {
        let arguments = [&[url.as_str()], arguments].concat();
        let said = python::run("tests/clients/models.py", &arguments, &Value::Null).await;
        assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 3, "{said}");
    }
    // What a glob takes is judged by the name asked for.
    for (key, model, status) in [
        ("key-of-some", "gpt-5-mini", 200),
        ("key-of-some", "gpt-4.1", 404),
        ("key-of-all", "gpt-4.1", 200),
    ] {
        let request = reqwest::Client::new().get(gateway.url(&format!("/v1/models/{model}")));
        let reply = Reply::read(request.bearer_auth(key).send().await.unwrap()).await;
        assert_eq!(reply.status, status, "{key} {model}");
    }
    gateway.assert_calm().await;
}
