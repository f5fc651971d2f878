//! Requests of one dialect on the path of another: a 400 in the path's own shape that
//! says what the request looks like and where it belongs.

use crate::support::client::Reply;
use crate::support::gateway::with_models;
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_of_another_dialect_is_told_its_path() {
    let mut gateway = with_models("- { name: m, targets: [openai/gpt-5-mini] }\n- { name: c, targets: [anthropic/claude-haiku-4-5] }").await;
    let turn = json!([{ "role": "user", "content": "x" }]);
    let chat = |model: &str| json!({ "model": model, "messages": [{ "role": "system", "content": "x" }, turn[0].clone()], "max_completion_tokens": 9 });
    let tools = json!([{ "name": "f", "input_schema": { "type": "object" } }]);
    let messages = |model: &str| json!({ "model": model, "max_tokens": 9, "system": "x", "tools": tools, "messages": turn });
    let responses = |model: &str| json!({ "model": model, "instructions": "x", "input": "x" });
    let gemini = json!({ "model": "m", "contents": [{ "parts": [{ "text": "x" }] }] });
    let embed = json!({ "model": "m", "input": ["x"] });
    let prompt = json!({ "model": "m", "prompt": "x" });
    let rerank = json!({ "model": "m", "query": "x", "documents": ["x"] });
    let generate = "/v1beta/models/m:generateContent";
    for (path, body, right) in [
        ("/v1/messages", chat("m"), "/v1/chat/completions"),
        ("/v1/messages", responses("c"), "/v1/responses"),
        ("/v1/messages", gemini.clone(), "/v1beta/models/{model}:generateContent"),
        ("/v1/chat/completions", responses("m"), "/v1/responses"),
        ("/v1/chat/completions", messages("c"), "/v1/messages"),
        ("/v1/chat/completions", gemini, "/v1beta/models/{model}:generateContent"),
        ("/v1/chat/completions", embed.clone(), "/v1/embeddings"),
        ("/v1/chat/completions", prompt, "/v1/completions"),
        ("/v1/chat/completions", rerank, "/v2/rerank"),
        ("/v1/responses", chat("c"), "/v1/chat/completions"),
        ("/v1/responses", messages("m"), "/v1/messages"),
        ("/v1/completions", chat("c"), "/v1/chat/completions"),
        ("/v1/embeddings", chat("m"), "/v1/chat/completions"),
        (generate, chat("m"), "/v1/chat/completions"),
        (generate, messages("m"), "/v1/messages"),
    ] {
        let client = reqwest::Client::new();
        let request = client.post(gateway.url(path)).body(body.to_string());
        let request = request.header("content-type", "application/json");
        let reply = Reply::read(request.send().await.expect("the gateway answers")).await;
        let text = reply.text();
        assert_eq!(reply.status, 400, "{path} {body}: {text}");
        assert!(text.contains(right), "{path} {body}: {text}");
        let error = &reply.json()["error"];
        let shape = match path {
            "/v1/messages" => reply.json()["type"] == "error" && error["type"].is_string(),
            _ if path == generate => error["status"] == "INVALID_ARGUMENT",
            _ => error["type"] == "invalid_request_error" && error.get("param").is_some(),
        };
        assert!(shape, "{path}: {text}");
    }
    assert_eq!(gateway.mock.requests().len(), 0, "nobody was asked in vain");
    // What both take is nobody's mistake.
    let both: Value = json!({ "model": "c", "max_tokens": 99, "messages": turn });
    for path in ["/v1/messages", "/v1/chat/completions"] {
        let client = reqwest::Client::new();
        let request = client.post(gateway.url(path)).body(both.to_string());
        let request = request.header("content-type", "application/json");
        let request = request.header("anthropic-version", "2023-06-01");
        let reply = Reply::read(request.send().await.expect("the gateway answers")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    gateway.assert_calm().await;
}
