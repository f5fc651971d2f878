//! Token counters.

use serde_json::{Value, json};

use super::{Seen, post, server};

const VERTEX: &str = "/v1/projects/p/locations/l/publishers";

async fn count(path: &str, body: &Value) -> Seen {
    post(&server().await, path, body.clone()).await
}

fn messages() -> Value {
    json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "four"}]})
}

#[tokio::test]
async fn each_in_its_own_words() {
    let contents = json!([{"role": "user", "parts": [{"text": "four"}]}]);
    let within = json!({"generateContentRequest": {"model": "models/m", "contents": contents}});
    let converse = json!({"messages": [{"role": "user", "content": [{"text": "four"}]}]});
    for (path, body, name, want) in [
        ("/v1/messages/count_tokens", messages(), "input_tokens", 8),
        (
            &format!("{VERTEX}/anthropic/models/count-tokens:rawPredict"),
            messages(),
            "input_tokens",
            8,
        ),
        ("/v1beta/models/m:countTokens", json!({"contents": contents}), "totalTokens", 8),
        ("/v1beta/models/m:countTokens", within, "totalTokens", 8),
        (
            &format!("{VERTEX}/google/models/m:countTokens"),
            json!({"contents": contents, "systemInstruction": {"parts": [{"text": "six"}]}}),
            "totalTokens",
            11,
        ),
        (
            "/model/anthropic.claude-sonnet-4-5-v1:0/count-tokens",
            json!({"input": {"converse": converse}}),
            "inputTokens",
            8,
        ),
        (
            "/v1/responses/input_tokens",
            json!({"model": "gpt-5-mini", "input": "four"}),
            "input_tokens",
            4,
        ),
    ] {
        let seen = count(path, &body).await;
        assert_eq!((seen.status, &seen.json()[name]), (200, &json!(want)), "{path}: {seen:?}");
    }
}

#[tokio::test]
async fn refuses_what_has_no_tokens() {
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let contents = json!([{"role": "user", "parts": [{"text": "four"}]}]);
    let converse = json!({"messages": [{"role": "user", "content": [{"text": "four"}]}]});
    let inference = with(converse.clone(), "inferenceConfig", json!({"maxTokens": 9}));
    let nameless = json!({"generateContentRequest": {"contents": contents}});
    let both = json!({"contents": contents, "generateContentRequest":
        {"model": "models/m", "contents": contents}});
    let responses = json!({"model": "gpt-5-mini", "input": "four", "max_output_tokens": 99});
    let claude = format!("{VERTEX}/anthropic/models/count-tokens:rawPredict");
    let flash = format!("{VERTEX}/google/models/m:countTokens");
    for (path, body, word) in [
        ("/v1/messages/count_tokens", with(messages(), "max_tokens", json!(9)), "max_tokens"),
        ("/v1/messages/count_tokens", with(messages(), "messages", json!([])), "messages"),
        (&claude, with(messages(), "cache_control", json!({"type": "ephemeral"})), "cache_control"),
        ("/v1beta/models/m:countTokens", nameless, "model is not specified"),
        ("/v1beta/models/m:countTokens", both, "cannot be set"),
        (&flash, json!({"contents": contents, "toolConfig": {}}), "toolConfig"),
        (
            "/model/us.anthropic.claude-sonnet-4-5-v1:0/count-tokens",
            json!({"input": {"converse": converse}}),
            "doesn't support counting",
        ),
        (
            "/model/anthropic.claude-sonnet-4-5-v1:0/count-tokens",
            json!({"input": {"converse": inference}}),
            "inferenceConfig",
        ),
        ("/v1/responses/input_tokens", responses, "max_output_tokens"),
    ] {
        let seen = count(path, &body).await;
        assert!(seen.status == 400 && seen.text().contains(word), "{path}: {seen:?}");
    }
}
