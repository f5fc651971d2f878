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
  - { name: mistral, targets: [mistral/mistral-large-latest] }
  - { name: claude, targets: [anthropic/claude-haiku-4-5] }
"#;

/// As many as the script has.
const FLOWS: usize = 9;

#[tokio::test(flavor = "multi_thread")]
async fn agents_on_messages_reach_every_provider() {
    let setup = Setup { config: Some(config(MODELS)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let url = gateway.url("");
    let models = ["gpt", "responses", "gemini", "claude-converse", "cohere", "mistral", "claude"];
    let mut arguments = vec![url.as_str()];
    arguments.extend(models);
    let said = python::run("tests/clients/messages.py", &arguments, &Value::Null).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, FLOWS * models.len(), "{said}");
    for model in models {
        assert_eq!(gateway.used(model, "estimated_calls").await, 0, "{model}");
    }
    gateway.assert_calm().await;
}
