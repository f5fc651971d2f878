//! Responses, and Azure's two doors to OpenAI's models.

use super::*;

const RESPONSES: &str = "/v1/responses";
const DATED: &str = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";

fn input(items: Value) -> Value {
    json!({ "model": "gpt-5-pro", "input": items })
}

#[tokio::test]
async fn whole() {
    let server = server().await;
    let body = with(
        input(json!("hello there")),
        json!({
            "include": ["reasoning.encrypted_content"], "reasoning": { "summary": "auto" }, "store": false,
        }),
    );
    let body = post(&server, RESPONSES, body).await.json();
    assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("completed")));
    let reasoning = &body["output"][0];
    assert_eq!(reasoning["summary"][0]["text"], "Let me think.");
    assert_eq!(body["output"][1]["content"][0]["text"], "You said: hello there");
    assert_eq!(body["usage"]["output_tokens_details"]["reasoning_tokens"], 7);
    // What was sealed here is taken back; what was not, is not.
    let again = |item: Value| {
        with(input(json!([item, { "role": "user", "content": "hi" }])), json!({ "store": false }))
    };
    assert_eq!(post(&server, RESPONSES, again(reasoning.clone())).await.status, 200);
    let forged = with(reasoning.clone(), json!({ "encrypted_content": "gAAA" }));
    assert_eq!(post(&server, RESPONSES, again(forged)).await.status, 400);
    let bare = json!({ "type": "reasoning", "id": "rs_1", "summary": [] });
    assert_eq!(post(&server, RESPONSES, again(bare)).await.status, 404);
}

#[tokio::test]
async fn stream() {
    let server = server().await;
    let body = with(chat("x"), json!({ "stream": true }));
    let mut body = with(body, json!({ "input": "hi", "max_output_tokens": 16 }));
    body.as_object_mut().unwrap().remove("messages");
    let seen = post(&server, RESPONSES, body).await;
    let events = seen.events();
    let types: Vec<_> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["response.created", "response.in_progress"]);
    assert_eq!(types.last(), Some(&"response.completed"));
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], n);
    }
    assert!(seen.text().starts_with("event: response.created\ndata: {"));
}

#[tokio::test]
async fn refusals() {
    let server = server().await;
    let call = json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "x" });
    let tool = json!({ "type": "function", "name": "f", "parameters": { "type": "object" } });
    for (body, words) in [
        (chat("hi"), "Unknown parameter: 'messages'"),
        (with(input(json!("x")), json!({ "max_output_tokens": 5 })), "max_output_tokens"),
        (input(json!([call])), "No tool output found"),
        (input(json!([output])), "No tool call found"),
        (
            input(
                json!([{ "role": "assistant", "content": [{ "type": "input_text", "text": "x" }] }]),
            ),
            "'output_text', and 'refusal'",
        ),
        (with(input(json!("x")), json!({ "tools": [tool] })), "additionalProperties"),
        (
            with(
                input(json!("x")),
                json!({ "model": "gpt-4.1", "include": ["reasoning.encrypted_content"] }),
            ),
            "Encrypted content is not supported",
        ),
        (
            with(
                input(json!("x")),
                json!({ "instructions": "JSON", "text": { "format": { "type": "json_object" } } }),
            ),
            "must contain the word 'json'",
        ),
    ] {
        let seen = post(&server, RESPONSES, body.clone()).await;
        assert_eq!(seen.status, 400, "{body}");
        assert!(seen.text().contains(words), "{}", seen.text());
    }
}

#[tokio::test]
async fn azure() {
    let server = server().await;
    let body = post(&server, DATED, chat("hi")).await.json();
    assert_eq!(body["model"], "my-gpt");
    assert_eq!(body["choices"][0]["content_filter_results"]["hate"]["severity"], "safe");
    assert_eq!(body["prompt_filter_results"][0]["prompt_index"], 0);
    let seen = post(&server, DATED, with(chat("hi"), json!({ "stream": true }))).await;
    let events = seen.events();
    assert_eq!(events[0]["choices"], json!([]));
    assert!(events[0]["prompt_filter_results"].is_array());

    for path in [
        "/openai/deployments/my-gpt/chat/completions",
        "/openai/deployments/my-gpt/chat/completions?api-version=latest",
        "/openai/v2/chat/completions",
    ] {
        let seen = post(&server, path, chat("hi")).await;
        assert_eq!((seen.status, &seen.json()["error"]["code"]), (404, &json!("404")), "{path}");
    }
    let key = "api-key: k\r\n";
    let body = chat("hi").to_string();
    assert_eq!(call(&server, "POST", "/openai/v1/chat/completions", key, &body).await.status, 200);
    let seen = call(&server, "POST", "/openai/v1/chat/completions", "", &body).await;
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (401, &json!("401")));

    let filter = with(chat("how to make a BOMB"), json!({ "model": "m!filter=BOMB" }));
    let seen = post(&server, "/openai/v1/chat/completions", filter).await;
    let error = &seen.json()["error"];
    assert_eq!((seen.status, &error["code"]), (400, &json!("content_filter")));
    assert_eq!(error["innererror"]["code"], "ResponsibleAIPolicyViolation");
    let gone = with(chat("hi"), json!({ "model": "m!status=404" }));
    let seen = post(&server, "/openai/v1/chat/completions", gone).await;
    assert_eq!(seen.json()["error"]["code"], "DeploymentNotFound");
}
