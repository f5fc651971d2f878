//! The OpenAI half: answers, streams, refusals.

use super::*;

#[tokio::test]
async fn whole() {
    let server = server().await;
    let seen = post(&server, CHAT, chat("hello there")).await;
    assert_eq!((seen.status, seen.complete), (200, true));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-request-id"), Some("req_mock"));
    let body = seen.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "gpt-5-mini");
    let choice = &body["choices"][0];
    assert_eq!(choice["message"]["content"], "You said: hello there");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 3);
    assert_eq!(body["usage"]["completion_tokens"], 4);
    assert_eq!(body["usage"]["total_tokens"], 7);
    let again = post(&server, CHAT, chat("hello there")).await;
    assert_eq!(again.body, seen.body);
}

#[tokio::test]
async fn variants() {
    let server = server().await;
    let body = with(
        chat("hi"),
        json!({"n": 2, "reasoning_effort": "low", "max_tokens": 2}),
    );
    let body = post(&server, CHAT, body).await.json();
    assert_eq!(body["choices"][1]["index"], 1);
    assert_eq!(body["choices"][1]["finish_reason"], "length");
    assert_eq!(body["choices"][1]["message"]["content"], "You said:");
    let usage = &body["usage"];
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 7);
    assert_eq!(usage["completion_tokens"], 11);

    let format = json!({"response_format": {"type": "json_schema", "json_schema": {
        "name": "x", "schema": {"properties": {"a": {"type": "string"}}}}}});
    let body = post(&server, CHAT, with(chat("hi"), format)).await.json();
    assert_eq!(body["choices"][0]["message"]["content"], r#"{"a":"Paris"}"#);
}

#[tokio::test]
async fn stream() {
    let server = server().await;
    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    let seen = post(&server, CHAT, with(chat("hi"), options)).await;
    assert!(seen.complete);
    assert_eq!(
        seen.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let events = seen.events();
    let deltas: Vec<_> = events.iter().map(|e| &e["choices"][0]["delta"]).collect();
    assert_eq!(
        *deltas[0],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    assert_eq!(*deltas[1], json!({"content": "You"}));
    assert_eq!(*deltas[2], json!({"content": " said:"}));
    assert_eq!(*deltas[3], json!({"content": " hi"}));
    assert_eq!(*deltas[4], json!({}));
    assert_eq!(events[3]["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(events[4]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[4].get("usage"), Some(&Value::Null));
    assert_eq!(events[5]["choices"], json!([]));
    assert_eq!(events[5]["usage"]["completion_tokens"], 3);
    assert_eq!(events[6], "[DONE]");
    assert_eq!(events.len(), 7);

    let seen = post(&server, CHAT, with(chat("hi"), json!({"stream": true}))).await;
    assert!(!seen.text().contains("usage"));
    assert_eq!(seen.events().len(), 6);
}

#[tokio::test]
async fn tools_there_and_back() {
    let server = server().await;
    let tools = json!({"tools": [{"type": "function", "function": {"name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]});
    let ask = with(chat("weather in both"), tools);
    let body = post(&server, CHAT, ask.clone()).await.json();
    let choice = &body["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["function"]["arguments"], r#"{"city":"Paris"}"#);
    assert_ne!(calls[0]["id"], calls[1]["id"]);

    let streamed = post(&server, CHAT, with(ask.clone(), json!({"stream": true}))).await;
    let mut arguments = [String::new(), String::new()];
    for event in streamed.events() {
        let call = &event["choices"][0]["delta"]["tool_calls"][0];
        if let Some(index) = call["index"].as_u64() {
            arguments[index as usize] += call["function"]["arguments"].as_str().unwrap();
        }
    }
    assert_eq!(arguments, [r#"{"city":"Paris"}"#; 2]);

    let mut back = ask;
    let messages = back["messages"].as_array_mut().unwrap();
    messages.push(choice["message"].clone());
    for (call, content) in calls.iter().zip(["sun", "rain"]) {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": content}));
    }
    let body = post(&server, CHAT, back).await.json();
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "Tool said: sun; rain"
    );
}

#[tokio::test]
async fn refuses() {
    let server = server().await;
    let user = json!({"role": "user", "content": "x"});
    let calls = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let table = [
        (json!([]), "JSON body"),
        (json!({"messages": [user]}), "must provide a model"),
        (
            json!({"model": 1, "messages": [user]}),
            "Invalid type for 'model'",
        ),
        (
            json!({"model": "m"}),
            "Missing required parameter: 'messages'",
        ),
        (
            json!({"model": "m", "messages": "x"}),
            "expected an array of objects, but got a string",
        ),
        (json!({"model": "m", "messages": []}), "empty array"),
        (
            json!({"model": "m", "messages": [{"role": "bot", "content": "x"}]}),
            "Invalid value: 'bot'",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user"}]}),
            "got null",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "video"}]}]}),
            "'video'",
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}),
            "must be a response to a preceeding message",
        ),
        (
            json!({"model": "m", "messages": [user, calls, user]}),
            "did not have response messages: c1",
        ),
        (
            with(chat("x"), json!({"temperature": 3})),
            "Expected a value <= 2",
        ),
        (with(chat("x"), json!({"n": 0})), "Expected a value >= 1"),
        (
            with(chat("x"), json!({"stream": "yes"})),
            "expected a boolean",
        ),
        (
            with(chat("x"), json!({"stream_options": {}})),
            "only allowed when 'stream'",
        ),
        (
            with(
                chat("x"),
                json!({"max_tokens": 1, "max_completion_tokens": 1}),
            ),
            "same time",
        ),
        (
            with(chat("x"), json!({"tool_choice": "auto"})),
            "only allowed when 'tools'",
        ),
        (
            with(chat("x"), json!({"reasoning_effort": "much"})),
            "'much'",
        ),
        (with(chat("x"), json!({"stop": [1]})), "'stop'"),
        (
            with(
                chat("x"),
                json!({"response_format": {"type": "json_object"}}),
            ),
            "the word 'json'",
        ),
    ];
    for (body, message) in table {
        let seen = post(&server, CHAT, body.clone()).await;
        let error = &seen.json()["error"];
        assert_eq!(seen.status, 400, "{body}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{body}: {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    let seen = call(&server, "POST", CHAT, "", &chat("x").to_string()).await;
    assert_eq!(seen.status, 401);
}
