//! Anthropic's own package at providers that do not speak Messages: coding agents on
//! any model.

use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::Value;

const MODELS: &str = r#"
  - { name: gpt, targets: [{ target: openai/gpt-5-mini, api: openai-chat }] }
  - { name: responses, targets: [{ target: openai/gpt-5-mini, api: openai-responses }] }
  - { name: gemini, targets: [gemini/gemini-3-flash-preview] }
  - name: claude-converse
    targets:
      - target: bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0
        api: bedrock-converse
  - { name: cohere, targets: [cohere/command-a-reasoning-08-2025] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn agents_on_messages_reach_every_provider() {
    let setup = Setup { config: Some(config(MODELS)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let url = gateway.url("");
    let models = ["gpt", "responses", "gemini", "claude-converse", "cohere"];
    let mut arguments = vec![url.as_str()];
    arguments.extend(models);
    let said = python::run("tests/clients/messages.py", &arguments, &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 25, "{said}");
    for model in models {
        assert_eq!(gateway.used(model, "estimated_calls").await, 0, "{model}");
    }
    gateway.assert_calm().await;
}
