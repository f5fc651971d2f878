//! A conversation outlives the providers it began with: fallback inside one
//! streamed, tool-using conversation, so that every provider reads what every
//! other one said: tool calls, their ids, thoughts and signatures.

use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::json;

/// Each fails in turn, and the next one takes the conversation over.
const ORDER: [(&str, &str); 5] = [
    ("openai", "gpt-5-mini"),
    ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("gemini", "gemini-3-flash-preview"),
    ("anthropic", "claude-haiku-4-5"),
    ("cohere", "command-a-reasoning-08-2025"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_conversation_with_tools_goes_from_provider_to_provider() {
    let targets: Vec<String> = ORDER.iter().map(|(p, m)| format!("\"{p}/{m}\"")).collect();
    let text = config(&format!("- {{ name: relay, targets: [{}] }}", targets.join(", ")));
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let mock = format!("http://{}", gateway.mock.addr());
    let arguments = [gateway.url("/v1"), mock];
    let arguments = arguments.each_ref().map(String::as_str);
    let said = python::run("tests/e2e/relay.py", &arguments, &json!(ORDER)).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), 2 * ORDER.len(), "{said}");
    gateway.assert_calm().await;
}
