//! What consumers may ask, on a real Envoy: what reaches the provider, and what the
//! vendors' own packages make of a 403.

use crate::support::client::{Reply, chat};
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Consumers by their keys: `capped`, `closed`, `embeds`.
fn setup() -> Setup {
    let digest = |key: &str| format!("{:x}", Sha256::digest(key));
    let text = config(
        "- { name: gpt, targets: [\"openai/gpt-5-mini!status=503\", openai/gpt-5] }\n\
         - { name: claude, targets: [anthropic/claude-haiku-4-5] }",
    ) + &format!(
        "organizations: [{{ name: o, max_output_tokens: 2000 }}]\n\
         teams:\n\
         \x20 - {{ name: t, organization: o, max_output_tokens: 3000, force: {{ chat_completions: {{ store: false, temperature: 0 }} }} }}\n\
         \x20 - {{ name: gone, organization: o, disabled: true }}\n\
         consumers:\n\
         \x20 - {{ name: capped, team: t, key_sha256: [{}] }}\n\
         \x20 - {{ name: closed, team: gone, key_sha256: [{}] }}\n\
         \x20 - {{ name: embeds, endpoints: [embeddings], key_sha256: [{}] }}\n",
        digest("capped"),
        digest("closed"),
        digest("embeds")
    );
    Setup { config: Some(text), ..Setup::default() }
}

async fn ask(gateway: &Gateway, key: &str, path: &str, body: &Value) -> Reply {
    let asked = reqwest::Client::new().post(gateway.url(path)).bearer_auth(key).json(body);
    Reply::read(asked.send().await.expect("the gateway answers")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_and_forced_fields_reach_the_provider() {
    let mut gateway = Gateway::start(setup()).await;
    let mut body = chat("gpt");
    body["temperature"] = json!(1.7);
    body["max_completion_tokens"] = json!(90_000);
    let reply = ask(&gateway, "capped", "/v1/chat/completions", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-sluice-capped"), "max_completion_tokens=2000");
    let requests = gateway.mock.requests();
    assert_eq!(requests.len(), 2, "the edited body is replayed to the second target");
    for request in &requests {
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let found = [&sent["max_completion_tokens"], &sent["store"], &sent["temperature"]];
        assert_eq!(found, [&json!(2000), &json!(false), &json!(0)], "{sent}");
    }
    let thinks = json!({ "model": "claude", "max_tokens": 16_000,
        "messages": [{ "role": "user", "content": "hi" }],
        "thinking": { "type": "enabled", "budget_tokens": 10_000 } });
    let reply = ask(&gateway, "capped", "/v1/messages", &thinks).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-sluice-capped"), "max_tokens=2000, thinking.budget_tokens=1024");
    let sent: Value = serde_json::from_slice(&gateway.mock.requests()[2].body).unwrap();
    assert_eq!(sent["thinking"]["budget_tokens"], 1024);
    assert_eq!(sent["store"], Value::Null, "another API's");
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_edited_at_both_ends() {
    let mut gateway = Gateway::start(setup()).await;
    let words = "word ".repeat(400_000);
    let body = format!(
        r#"{{"temperature": 1.70,"messages":[{{"role":"user","content":"{words}"}}],"model":"gpt"}}"#
    );
    let asked = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
    let asked = asked.bearer_auth("capped").header("content-type", "application/json");
    let reply = Reply::read(asked.body(body.clone()).send().await.unwrap()).await;
    assert_eq!(reply.status, 200);
    let wanted = body.replacen("1.70", "0", 1).replacen(
        r#""model":"gpt""#,
        r#""model":"gpt-5","store":false,"max_completion_tokens":2000"#,
        1,
    );
    let sent = String::from_utf8(gateway.mock.requests()[1].body.to_vec()).unwrap();
    assert!(sent == wanted, "{} .. {}", &sent[..60], &sent[sent.len() - 120..]);
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_packages_know_a_refusal() {
    let mut gateway = Gateway::start(setup()).await;
    let said = python::run("tests/clients/permits.py", &[&gateway.url("")], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 4, "{said}");
    assert!(gateway.mock.requests().is_empty(), "nobody was asked");
    gateway.assert_calm().await;
}
