//! Streams stay streams, whatever the provider's framing, and break honestly.

use crate::support::client::{Reply, post, streamed};
use crate::support::gateway::with_models;
use serde_json::Value;
use std::time::{Duration, Instant};

const TARGETS: [&str; 2] = ["openai/gpt", "anthropic/claude-haiku-4-5"];

/// Ways to write the same stream, in the mock's fault words.
const FRAMINGS: &[&str] = &[
    "tokens=5",
    "crlf",
    "no-space",
    "comments",
    "multiline",
    "cut-bytes=1",
    "cut-bytes=7",
    "crlf;cut-bytes=3",
    "no-done",
];

#[tokio::test]
async fn every_framing_means_the_same() {
    let text = "text=Gr%C3%BC%C3%9Fe%20%F0%9F%98%80%20%E4%BD%A0%E5%A5%BD";
    for target in TARGETS {
        let models: Vec<String> = FRAMINGS
            .iter()
            .enumerate()
            .map(|(i, f)| format!("- {{ name: m{i}, targets: [\"{target}!{f};{text}\"] }}"))
            .collect();
        let mut gateway = with_models(&models.join("\n")).await;
        for (i, framing) in FRAMINGS.iter().enumerate().skip(1) {
            let reply = post(&gateway, &streamed(&format!("m{i}"))).await;
            assert_eq!(reply.status, 200, "{target} {framing}: {}", reply.text());
            let reply = Reply {
                body: reply.text().replace("\r\n", "\n").replace("data:{", "data: {").into(),
                ..reply
            };
            let joined: Vec<Value> = events(&reply);
            let content: String = joined
                .iter()
                .filter_map(|c| c["choices"][0]["delta"]["content"].as_str())
                .collect();
            assert_eq!(content, "Gr\u{fc}\u{df}e \u{1f600} \u{4f60}\u{597d}", "{target} {framing}");
            assert_eq!(reply.text().matches("[DONE]").count(), 1, "{target} {framing}");
            assert!(!reply.text().contains("\"error\""), "{target} {framing}: {}", reply.text());
            assert!(
                joined.iter().all(|c| c["choices"] != serde_json::json!([])),
                "usage chunk left in"
            );
        }
        gateway.assert_calm().await;
    }
}

#[tokio::test]
async fn tokens_arrive_as_they_are_made() {
    let gateway = with_models(
        "- { name: openai, targets: [\"openai/gpt!tokens=4;token-ms=300\"] }\n\
         - { name: anthropic, targets: [\"anthropic/claude-haiku-4-5!tokens=4;token-ms=300\"] }",
    )
    .await;
    for model in ["openai", "anthropic"] {
        let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
        let begun = Instant::now();
        let mut response = request.json(&streamed(model)).send().await.unwrap();
        let mut arrivals = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            if String::from_utf8_lossy(&chunk).contains("\"content\":\"") {
                arrivals.push(begun.elapsed());
            }
        }
        assert!(arrivals.len() >= 4, "{model}: {arrivals:?}");
        assert!(
            arrivals[arrivals.len() - 1] - arrivals[0] > Duration::from_millis(500),
            "{model}: {arrivals:?}"
        );
    }
}

#[tokio::test]
async fn a_failure_after_the_first_token_is_an_error_event() {
    for target in TARGETS {
        let gateway = with_models(&format!(
            "- {{ name: error, targets: [\"{target}!tokens=9;error-after=3\", openai/never] }}\n\
             - {{ name: end, targets: [\"{target}!tokens=9;end-after=3\", openai/never] }}\n\
             - {{ name: cut, targets: [\"{target}!tokens=9;token-ms=30;cut-after=3\", openai/never] }}"
        ))
        .await;
        for model in ["error", "end"] {
            let reply = post(&gateway, &streamed(model)).await;
            assert_eq!((reply.status, reply.broken), (200, false), "{target} {model}");
            assert_eq!(
                reply.content(),
                "w0 w1 w2 ".trim_end(),
                "{target} {model}: {}",
                reply.text()
            );
            let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
            assert!(last["error"]["message"].is_string(), "{target} {model}: {last}");
            assert!(!reply.text().contains("[DONE]"), "{target} {model}");
        }
        // A lost connection: Envoy resets the client's stream and lets no filter
        // speak, so there is no event; there is no false [DONE] either.
        let reply = post(&gateway, &streamed("cut")).await;
        assert!(reply.broken && !reply.text().contains("[DONE]"), "{target}: {}", reply.text());
        let records = gateway.records(3).await;
        for record in &records {
            assert_eq!(record["llm"]["estimated"], true, "{record}");
            assert!(record["llm"]["output_tokens"].as_u64() > Some(0), "{record}");
            assert!(record["llm"]["error"].is_string(), "{record}");
        }
        assert!(gateway.mock.requests().iter().all(|r| r.model != "never"));
    }
}

#[tokio::test]
async fn the_usage_chunk_only_for_those_who_ask() {
    let gateway = with_models(
        "- { name: openai, targets: [openai/gpt] }\n- { name: anthropic, targets: [anthropic/claude-haiku-4-5] }",
    )
    .await;
    for model in ["openai", "anthropic"] {
        let mut body = streamed(model);
        let without = post(&gateway, &body).await;
        assert!(!without.text().contains("prompt_tokens\""), "{}", without.text());
        body["stream_options"] = serde_json::json!({ "include_usage": true });
        let with = post(&gateway, &body).await;
        let usage: Vec<Value> =
            events(&with).into_iter().filter(|c| c["usage"].is_object()).collect();
        assert_eq!(usage.len(), 1);
        assert_eq!(usage[0]["choices"], serde_json::json!([]));
        assert!(usage[0]["usage"]["completion_tokens"].as_u64() > Some(0));
        // Both were counted from the provider's numbers.
        assert_eq!(gateway.used(model, "calls").await, 2);
        assert_eq!(gateway.used(model, "estimated_calls").await, 0);
    }
    let asked = String::from_utf8(gateway.mock.requests()[0].body.to_vec()).unwrap();
    assert!(asked.contains("\"stream_options\":{\"include_usage\":true}"), "{asked}");
}

/// The JSON events, `data:` lines joined.
fn events(reply: &Reply) -> Vec<Value> {
    let joined = reply.text().replace("\ndata: ", "\n").replace("\ndata:", "\n");
    joined
        .split("\n\n")
        .filter_map(|e| serde_json::from_str(e.trim_start_matches("data:").trim()).ok())
        .collect()
}
