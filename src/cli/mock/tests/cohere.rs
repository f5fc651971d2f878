//! The Cohere half: chats, streams, embeddings, ranks, refusals.

use super::*;

const COHERE: &str = "/v2/chat";

fn ask(text: &str) -> Value {
    json!({"model": "command-a-03-2025", "messages": [{"role": "user", "content": text}]})
}

fn tools() -> Value {
    json!({"tools": [{"type": "function", "function": {"name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]})
}

#[tokio::test]
async fn whole() {
    let server = server().await;
    let seen = post(&server, COHERE, ask("hello there")).await;
    assert_eq!((seen.status, seen.complete), (200, true));
    let body = seen.json();
    assert_eq!(body["finish_reason"], "COMPLETE");
    assert_eq!(
        body["message"],
        json!({"role": "assistant", "content": [{"type": "text", "text": "You said: hello there"}]})
    );
    assert_eq!(body["usage"]["billed_units"]["input_tokens"], 3);
    assert_eq!(body["usage"]["tokens"]["input_tokens"], 103);
    assert_eq!(post(&server, COHERE, ask("hello there")).await.body, seen.body);
}

#[tokio::test]
async fn variants() {
    let server = server().await;
    for (more, finish, text) in [
        (json!({"max_tokens": 2}), "MAX_TOKENS", "You said:"),
        (json!({"stop_sequences": ["hi"]}), "STOP_SEQUENCE", "You said: "),
        (json!({"response_format": {"type": "json_object"}}), "COMPLETE", r#"{"ok":true}"#),
        (
            json!({"response_format": {"type": "json_object", "json_schema":
                {"type": "object", "properties": {"a": {"type": "string"}}}}}),
            "COMPLETE",
            r#"{"a":"Paris"}"#,
        ),
    ] {
        let body = post(&server, COHERE, with(ask("hi"), more)).await.json();
        assert_eq!(body["finish_reason"], finish);
        assert_eq!(body["message"]["content"][0]["text"], text);
    }
    let thinks = with(ask("hi"), json!({"thinking": {"type": "enabled", "token_budget": 100}}));
    let body = post(&server, COHERE, thinks).await.json();
    assert_eq!(body["message"]["content"][0]["thinking"], "Let me think.");
    let body = post(&server, COHERE, with(ask("hi"), json!({"logprobs": true}))).await.json();
    assert_eq!(body["logprobs"][0]["text"], "You");
}

#[tokio::test]
async fn stream() {
    let server = server().await;
    let seen = post(&server, COHERE, with(ask("hi"), json!({"stream": true}))).await;
    assert!(seen.complete && seen.text().starts_with("event: message-start\ndata: {"));
    let types: Vec<_> = seen.events().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(
        types,
        [
            "message-start",
            "content-start",
            "content-delta",
            "content-delta",
            "content-delta",
            "content-end",
            "message-end"
        ]
    );
    let events = seen.events();
    assert_eq!(events[3]["delta"]["message"]["content"]["text"], " said:");
    assert_eq!(events[6]["delta"]["finish_reason"], "COMPLETE");
    assert_eq!(events[6]["delta"]["usage"]["tokens"]["output_tokens"], 3);

    let mut broken = with(ask("hi"), json!({"stream": true}));
    broken["model"] = json!("command-a-03-2025!error-after=1");
    let events = post(&server, COHERE, broken).await.events();
    assert_eq!(events.last().unwrap()["delta"]["finish_reason"], "ERROR");
}

#[tokio::test]
async fn tools_there_and_back() {
    let server = server().await;
    let asked = with(ask("weather in both"), tools());
    let body = post(&server, COHERE, asked.clone()).await.json();
    assert_eq!(body["finish_reason"], "TOOL_CALL");
    assert_eq!(body["message"]["tool_plan"], "I will use weather.");
    let calls = body["message"]["tool_calls"].as_array().unwrap().clone();
    assert_eq!((calls.len(), &calls[0]["type"]), (2, &json!("function")));
    assert_eq!(calls[0]["function"]["arguments"], r#"{"city":"Paris"}"#);
    assert_ne!(calls[0]["id"], calls[1]["id"]);

    let streamed = post(&server, COHERE, with(asked.clone(), json!({"stream": true}))).await;
    let mut arguments = [String::new(), String::new()];
    let mut plan = String::new();
    for event in streamed.events() {
        let message = &event["delta"]["message"];
        plan += message["tool_plan"].as_str().unwrap_or_default();
        if event["type"] == "tool-call-delta" {
            arguments[event["index"].as_u64().unwrap() as usize] +=
                message["tool_calls"]["function"]["arguments"].as_str().unwrap();
        }
    }
    assert_eq!(arguments, [r#"{"city":"Paris"}"#; 2]);
    assert_eq!(plan, "I will use weather.");

    let mut back = asked;
    let messages = back["messages"].as_array_mut().unwrap();
    messages.push(body["message"].clone());
    for (call, content) in calls.iter().zip(["sun", "rain"]) {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": content}));
    }
    let body = post(&server, COHERE, back).await.json();
    assert_eq!(body["message"]["content"][0]["text"], "Tool said: sun; rain");
}

#[tokio::test]
async fn refuses() {
    let server = server().await;
    let calls = json!({"role": "assistant", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let user = json!({"role": "user", "content": "x"});
    let talk = |messages: Value| json!({"model": "m", "messages": messages});
    let format = json!({"response_format": {"type": "json_object"}});
    for (body, message) in [
        (json!({"messages": [user]}), "a model parameter is required"),
        (talk(json!([])), "at least 1 token"),
        (talk(json!([{"role": "bot", "content": "x"}])), "Invalid role in messages at index 0"),
        (talk(json!([user, {"role": "system", "content": "x"}])), "must be the first"),
        (talk(json!([{"role": "user", "content": ""}])), "must not be empty"),
        (talk(json!([{"role": "user", "content": [{"type": "file"}]}])), "type 'file'"),
        (talk(json!([user, calls, user])), "'c1' has no tool message"),
        (talk(json!([{"role": "tool", "tool_call_id": "c1", "content": "x"}])), "no tool call"),
        (with(ask("x"), json!({"temperature": 1.2})), "between 0 and 1 inclusive"),
        (with(ask("x"), json!({"p": 1})), "between 0.01 and 0.99"),
        (with(ask("x"), json!({"stop_sequences": ["1", "2", "3", "4", "5", "6"]})), "at most 5"),
        (
            with(ask("x"), json!({"frequency_penalty": 0.5, "presence_penalty": 0.5})),
            "cannot specify both",
        ),
        (with(ask("x"), json!({"tool_choice": "REQUIRED"})), "needs tools"),
        (with(ask("x"), json!({"tool_choice": "auto"})), "one of REQUIRED, NONE"),
        (with(with(ask("x"), tools()), format), "not supported with tools"),
        (with(with(ask("x"), tools()), json!({"strict_tools": true})), "required parameter"),
        (with(ask("x"), json!({"thinking": {"type": "enabled", "token_budget": 0}})), "at least 1"),
    ] {
        let seen = post(&server, COHERE, body.clone()).await;
        let error = seen.json();
        assert_eq!(seen.status, 400, "{body}");
        assert!(error["message"].as_str().unwrap().contains(message), "{body}: {error}");
    }
    let seen = post(&server, COHERE, with(ask("x"), json!({"top_p": 0.5}))).await;
    assert_eq!(seen.status, 422);
    let seen = call(&server, "POST", COHERE, "", &ask("x").to_string()).await;
    assert_eq!((seen.status, seen.json()["message"].clone()), (401, json!("no api key supplied")));
}

#[tokio::test]
async fn embeds() {
    let server = server().await;
    let body = json!({"model": "embed-v4.0", "input_type": "search_document",
        "texts": ["one", "two"], "embedding_types": ["float", "base64", "ubinary"],
        "output_dimension": 256});
    let body = post(&server, "/v2/embed", body).await.json();
    assert_eq!(body["embeddings"]["float"][1].as_array().unwrap().len(), 256);
    // 256 floats of 4 bytes.
    assert_eq!(body["embeddings"]["base64"][0].as_str().unwrap().len(), 1024_usize.div_ceil(3) * 4);
    assert_eq!(body["embeddings"]["ubinary"][0].as_array().unwrap().len(), 32);
    assert_eq!(body["meta"]["billed_units"]["input_tokens"], 2);
    for (body, message) in [
        (json!({"model": "m", "texts": ["x"]}), "valid input_type"),
        (json!({"model": "m", "input_type": "search_query"}), "exactly one of"),
        (
            json!({"model": "m", "input_type": "search_query", "texts": vec!["x"; 97]}),
            "received 97",
        ),
        (
            json!({"model": "m", "input_type": "search_query", "texts": ["x"], "output_dimension": 7}),
            "one of 256",
        ),
    ] {
        let seen = post(&server, "/v2/embed", body).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text().contains(message), "{}", seen.text());
    }
}

#[tokio::test]
async fn ranks() {
    let server = server().await;
    let body = json!({"model": "rerank-v3.5", "query": "capital of France",
        "documents": ["bread", "Paris is the capital of France"], "top_n": 1});
    let body = post(&server, "/v2/rerank", body).await.json();
    assert_eq!(body["results"].as_array().unwrap().len(), 1);
    assert_eq!(body["results"][0]["index"], 1);
    assert_eq!(body["meta"]["billed_units"], json!({"search_units": 1}));
    let body = json!({"model": "m", "query": "x", "documents": []});
    assert!(post(&server, "/v2/rerank", body).await.text().contains("must not be empty"));
    let body = json!({"model": "m!status=429", "query": "x", "documents": ["x"]});
    assert_eq!(post(&server, "/v2/rerank", body).await.status, 429);
}
