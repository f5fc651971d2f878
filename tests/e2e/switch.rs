//! A conversation that Claude and Gemini began goes on at providers that refuse what
//! those left in it, each as strict as its vendor: called first, and as the fallback.

use crate::support::client::post;
use crate::support::gateway::{Gateway, Setup};
use serde_json::{Value, json};
use std::path::Path;

const KINDS: [&str; 8] =
    ["openai", "mistral", "deepseek", "groq", "cerebras", "moonshot", "fireworks", "databricks"];

fn begun(case: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openai-chat-openai-chat");
    let text = std::fs::read_to_string(folder.join(case).join("request.json")).expect("a case");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_conversation_goes_on_at_strict_providers() {
    let provider = |kind: &&str| match *kind {
        "databricks" => format!("{kind}: {{ kind: {kind}, resource: dbc-1.cloud.databricks.com }}"),
        kind => format!("{kind}: {{ kind: {kind} }}"),
    };
    let providers: Vec<_> = KINDS.iter().map(provider).collect();
    let model = |kind: &&str| {
        format!(
            "- {{ name: {kind}, targets: [{kind}/m] }}\n\
             - {{ name: to-{kind}, targets: [\"openai/x!status=503\", {kind}/m] }}"
        )
    };
    let models: Vec<_> = KINDS.iter().map(model).collect();
    let config =
        format!("providers: {{ {} }}\nmodels:\n{}\n", providers.join(", "), models.join("\n"));
    let mut gateway = Gateway::start(Setup { config: Some(config), ..Setup::default() }).await;
    for kind in KINDS {
        for case in ["switch-claude-to-openai", "switch-gemini-to-openai"] {
            for name in [kind.to_owned(), format!("to-{kind}")] {
                let mut body = begun(case);
                body["model"] = json!(name);
                let reply = post(&gateway, &body).await;
                assert_eq!(reply.status, 200, "{name} {case}: {}", reply.text());
                let lost = reply.header("x-sluice-dropped");
                let signed = ["messages.thinking_blocks", "messages.extra_content"];
                assert!(signed.iter().any(|s| lost.contains(s)), "{name} {case}: {lost}");
            }
        }
    }
    gateway.assert_calm().await;
}
