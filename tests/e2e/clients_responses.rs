//! The `openai` package's `responses` in front of providers that do not speak it:
//! all it does with OpenAI itself, and an agent of ten turns with parallel calls.

use crate::support::client::Reply;
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::{Value, json};

/// Models and their targets.
const BEHIND: [(&str, &str); 6] = [
    ("by-chat", "{ target: openai/gpt-5-mini, api: openai-chat }"),
    ("by-anthropic", "anthropic/claude-haiku-4-5"),
    ("by-gemini", "gemini/gemini-3-flash-preview"),
    ("by-bedrock", "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("by-cohere", "cohere/command-a-reasoning-08-2025"),
    ("by-mistral", "mistral/mistral-large-latest"),
];

/// Those that show no reasoning.
const THOUGHTLESS: [&str; 2] = ["by-chat", "by-mistral"];

/// As many as the script has.
const FLOWS: usize = 14;

async fn gateway() -> Gateway {
    let mut models = Vec::new();
    for (name, target) in BEHIND {
        models.push(format!("  - {{ name: {name}, targets: [{}] }}", quoted(target, "")));
        let failing = quoted(target, "!tokens=9;error-after=3");
        models.push(format!("  - {{ name: {name}-broken, targets: [{failing}] }}"));
    }
    let text = config(&models.join("\n"));
    Gateway::start(Setup { config: Some(text), ..Setup::default() }).await
}

fn quoted(target: &str, faults: &str) -> String {
    match target.strip_prefix("{ target: ") {
        Some(rest) => rest
            .split_once(',')
            .map(|(name, rest)| format!("{{ target: \"{name}{faults}\",{rest}"))
            .unwrap_or_default(),
        None => format!("\"{target}{faults}\""),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_ten_turns_works_with_every_provider() {
    let mut gateway = gateway().await;
    let given =
        BEHIND.map(|(model, _)| json!({ "model": model, "thinks": !THOUGHTLESS.contains(&model) }));
    let script = "tests/clients/responses_agent.py";
    let said = python::run(script, &[&gateway.url("/v1")], &json!(given)).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, 10 * BEHIND.len(), "{said}");
    for (model, _) in BEHIND {
        assert!(gateway.used(model, "output_tokens").await > 0);
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responses_client_is_content_with_every_provider() {
    let mut gateway = gateway().await;
    let given = BEHIND.map(|(model, _)| {
        json!({ "model": model, "failing": format!("{model}-broken"), "openai": false,
                "reasons": !THOUGHTLESS.contains(&model) })
    });
    let script = "tests/clients/responses.py";
    let said = python::run(script, &[&gateway.url("/v1")], &json!(given)).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, FLOWS * BEHIND.len(), "{said}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn what_needs_a_kept_answer_is_refused() {
    let mut gateway = gateway().await;
    let body = json!({ "model": "by-anthropic", "input": "x", "previous_response_id": "resp_1" });
    let client = reqwest::Client::new();
    let request = client.post(gateway.url("/v1/responses")).body(body.to_string());
    let request = request.header("content-type", "application/json");
    let reply = Reply::read(request.send().await.expect("the gateway answers")).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["param"], Value::from("previous_response_id"));
    let url = gateway.url("/v1/responses/resp_1");
    for request in [client.get(&url), client.delete(&url)] {
        let reply = Reply::read(request.send().await.expect("the gateway answers")).await;
        assert_eq!(reply.status, 404, "{}", reply.text());
        assert!(reply.text().contains("no responses are kept"), "{}", reply.text());
    }
    gateway.assert_calm().await;
}
