//! A conversation in the client's own words moves between models of other makers and
//! the vendor of those words, which refuses what it did not sign itself.

use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::Value;

const MODELS: &str = r#"
  - { name: reasoner, targets: [{ target: openai/gpt-5-mini, api: openai-responses }] }
  - { name: plain, targets: [{ target: openai/gpt-5-mini, api: openai-chat }] }
  - { name: gemini, targets: [gemini/gemini-3-flash-preview] }
  - { name: claude, targets: [anthropic/claude-haiku-4-5] }
  - { name: bedrock, targets: ["bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"] }
  - { name: cohere, targets: [cohere/command-a-reasoning-08-2025] }
"#;

/// Steps of the script: each pair of 5, of 4 and of 4 models.
const STEPS: usize = 25 + 16 + 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_moves_on_to_the_vendor_of_its_words() {
    let setup = Setup { config: Some(config(MODELS)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let said = python::run("tests/clients/moving.py", &[&gateway.url("")], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), STEPS, "{said}");
    let asked = gateway.mock.requests();
    for end in ["/v1/messages", "/invoke", "/v1/responses", ":generateContent"] {
        assert!(asked.iter().any(|r| r.path.ends_with(end)), "{end}");
    }
    gateway.assert_calm().await;
}
