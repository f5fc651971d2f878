//! The real `google-genai` package through Envoy, to models that do not speak Gemini.

use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::Value;

/// Models by name, and whose they are.
const MODELS: [(&str, &str); 5] = [
    ("gpt-5-mini", "openai"),
    ("claude-haiku-4-5", "anthropic"),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock"),
    ("command-a-03-2025", "cohere"),
    ("mistral-large-latest", "mistral"),
];

/// As many as the script has.
const FLOWS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn the_google_package_reaches_every_vendor() {
    let lines: Vec<String> = MODELS
        .iter()
        .map(|(name, of)| format!("- {{ name: \"{name}*\", targets: [\"{of}/*\"] }}"))
        .collect();
    let text = config(&lines.join("\n"));
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let url = gateway.url("");
    let mut arguments = vec![url.as_str()];
    arguments.extend(MODELS.iter().map(|(name, _)| *name));
    let said = python::run("tests/clients/gemini_hub.py", &arguments, &Value::Null).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, FLOWS * MODELS.len(), "{said}");
    gateway.assert_calm().await;
}
