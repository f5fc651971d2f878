//! The cost of a stream, said in its last line: what a real Envoy sends, and what the
//! vendors' own packages make of it.

use crate::support::client::post;
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::{Value, json};

const MODELS: [(&str, &str); 5] = [
    ("gpt-5-mini", "openai"),
    ("claude-haiku-4-5", "anthropic"),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock"),
    ("command-a-03-2025", "cohere"),
    ("gemini-2.5-flash", "gemini"),
];

async fn start() -> Gateway {
    let line =
        |(name, of): &(&str, &str)| format!("- {{ name: \"{name}\", targets: [\"{of}/*\"] }}");
    let lines: Vec<String> = MODELS.iter().map(line).collect();
    let config = Some(config(&lines.join("\n")) + "expose: { cost: true }\n");
    Gateway::start(Setup { config, ..Setup::default() }).await
}

#[tokio::test]
async fn a_stream_ends_with_its_cost() {
    let mut gateway = start().await;
    for (name, _) in MODELS {
        let messages = json!([{ "role": "user", "content": "hello there" }]);
        let mut body = json!({ "model": name, "messages": messages, "stream": true });
        let reply = post(&gateway, &body).await;
        let text = reply.text();
        let (events, last) = text.split_once("data: [DONE]\n\n").unwrap();
        assert!(!events.contains("x-sluice-cost"), "{text}");
        let usd = last.strip_prefix(": x-sluice-cost-usd ").and_then(|l| l.strip_suffix("\n\n"));
        assert!(usd.is_some_and(|usd| usd.parse::<f64>().unwrap() > 0.0), "{name}: {last:?}");
        body["stream"] = json!(false);
        let whole = post(&gateway, &body).await;
        assert_eq!(Some(whole.header("x-sluice-cost-usd")), usd, "{name}");
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_package_passes_over_it() {
    let mut gateway = start().await;
    let url = gateway.url("");
    let mut arguments = vec![url.as_str()];
    arguments.extend(MODELS.iter().map(|(name, _)| *name));
    let said = python::run("tests/clients/costs.py", &arguments, &Value::Null).await;
    let held = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(held, 4 * MODELS.len() + 1, "{said}");
    gateway.assert_calm().await;
}
