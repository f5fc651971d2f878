//! OpenAI's older completions with the real `openai` package through Envoy: byte for
//! byte where the model has them, else as a chat.

use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::Value;

/// Models by name, and whose they are.
const MODELS: [(&str, &str); 7] = [
    ("gpt-3.5-turbo-instruct", "openai"),
    ("gpt-5-mini", "openai"),
    ("claude-haiku-4-5", "anthropic"),
    ("gemini-3-flash-preview", "gemini"),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock"),
    ("command-a-reasoning-08-2025", "cohere"),
    ("mistral-large-latest", "mistral"),
];

/// As many as the script has.
const FLOWS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn older_completions_reach_every_vendor() {
    let lines: Vec<String> = MODELS
        .iter()
        .map(|(name, of)| format!("- {{ name: \"{name}*\", targets: [\"{of}/*\"] }}"))
        .collect();
    let text = config(&lines.join("\n"));
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let url = gateway.url("/v1");
    let mut arguments = vec![url.as_str()];
    arguments.extend(MODELS.iter().map(|(name, _)| *name));
    let said = python::run("tests/clients/completions.py", &arguments, &Value::Null).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, FLOWS * MODELS.len(), "{said}");
    let paths: Vec<String> = gateway.mock.requests().into_iter().map(|r| r.path).collect();
    assert!(paths.iter().any(|p| p.ends_with("/v1/completions")), "{paths:?}");
    gateway.assert_calm().await;
}
