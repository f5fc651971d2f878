//! The Anthropic half: answers, streams, refusals.

use super::*;

#[tokio::test]
async fn whole() {
    let server = server().await;
    let seen = post(&server, MESSAGES, message("hello there")).await;
    assert_eq!((seen.status, seen.complete), (200, true));
    assert_eq!(seen.header("request-id"), Some("req_mock"));
    let body = seen.json();
    assert_eq!(body["type"], "message");
    assert_eq!(
        body["content"],
        json!([{"type": "text", "text": "You said: hello there"}])
    );
    assert_eq!(body["stop_reason"], "end_turn");
    assert_eq!(body["usage"]["input_tokens"], 3);
    assert_eq!(body["usage"]["output_tokens"], 4);
    assert_eq!(body["usage"]["cache_read_input_tokens"], 0);
}

#[tokio::test]
async fn variants() {
    let server = server().await;
    let more = json!({
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "stop_sequences": ["there"],
        "system": [{"type": "text", "text": "Be good.", "cache_control": {"type": "ephemeral"}}],
    });
    let body = post(&server, MESSAGES, with(message("hello there"), more))
        .await
        .json();
    let thought = json!({"type": "thinking", "thinking": "Let me think.", "signature": "sig-mock"});
    assert_eq!(body["content"][0], thought);
    assert_eq!(body["content"][1]["text"], "You said: hello ");
    assert_eq!(body["stop_reason"], "stop_sequence");
    assert_eq!(body["stop_sequence"], "there");
    assert_eq!(body["usage"]["cache_creation_input_tokens"], 10);
    assert_eq!(body["usage"]["cache_read_input_tokens"], 5);

    let format = json!({"output_config": {"format": {"type": "json_schema", "schema": {
        "type": "object", "additionalProperties": false, "properties": {"n": {"type": "integer"}}}}}});
    let body = post(&server, MESSAGES, with(message("hi"), format))
        .await
        .json();
    assert_eq!(body["content"][0]["text"], r#"{"n":1}"#);

    let body = post(
        &server,
        MESSAGES,
        with(message("hi"), json!({"max_tokens": 1})),
    )
    .await
    .json();
    assert_eq!(
        (&body["stop_reason"], &body["content"][0]["text"]),
        (&json!("max_tokens"), &json!("You"))
    );
}

#[tokio::test]
async fn stream() {
    let server = server().await;
    let more = json!({"stream": true, "thinking": {"type": "adaptive"}});
    let seen = post(&server, MESSAGES, with(message("hi"), more)).await;
    assert!(seen.complete);
    let events = seen.events();
    let names: Vec<_> = seen
        .text()
        .lines()
        .filter_map(|l| l.strip_prefix("event: "))
        .collect();
    let types: Vec<_> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(names, types);
    let (start, delta, stop) = (
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    );
    assert_eq!(
        types,
        [
            "message_start",
            "ping",
            start,
            delta,
            delta,
            delta,
            delta,
            stop,
            start,
            delta,
            delta,
            delta,
            stop,
            "message_delta",
            "message_stop",
        ]
    );
    let head = &events[0]["message"];
    assert_eq!(
        (&head["content"], &head["stop_reason"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(head["usage"]["input_tokens"], 1);
    assert_eq!(
        events[3]["delta"],
        json!({"type": "thinking_delta", "thinking": "Let"})
    );
    assert_eq!(
        events[6]["delta"],
        json!({"type": "signature_delta", "signature": "sig-mock"})
    );
    assert_eq!(events[8]["index"], 1);
    assert_eq!(
        events[9]["delta"],
        json!({"type": "text_delta", "text": "You"})
    );
    assert_eq!(events[13]["delta"]["stop_reason"], "end_turn");
    assert_eq!(events[13]["usage"], json!({"output_tokens": 3}));
}

#[tokio::test]
async fn tools_there_and_back() {
    let server = server().await;
    let tools = json!({"tools": [{"name": "weather", "input_schema": {
        "type": "object", "properties": {"city": {"type": "string"}}}}]});
    let ask = with(message("weather in both"), tools);
    let body = post(&server, MESSAGES, ask.clone()).await.json();
    assert_eq!(body["stop_reason"], "tool_use");
    let uses = body["content"].as_array().unwrap();
    assert_eq!(uses.len(), 2);
    assert_eq!(uses[1]["input"], json!({"city": "Paris"}));

    let streamed = post(
        &server,
        MESSAGES,
        with(ask.clone(), json!({"stream": true})),
    )
    .await;
    let mut inputs = [String::new(), String::new()];
    for event in streamed.events() {
        if let Some(part) = event["delta"]["partial_json"].as_str() {
            inputs[event["index"].as_u64().unwrap() as usize] += part;
        }
    }
    assert_eq!(inputs, [r#"{"city":"Paris"}"#; 2]);

    let mut back = ask;
    let messages = back["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": uses}));
    messages.push(json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": uses[0]["id"], "content": "sun"},
        {"type": "tool_result", "tool_use_id": uses[1]["id"],
            "content": [{"type": "text", "text": "rain"}]},
    ]}));
    let body = post(&server, MESSAGES, back).await.json();
    assert_eq!(body["content"][0]["text"], "Tool said: sun; rain");
}

#[tokio::test]
async fn refuses() {
    let server = server().await;
    let talk = |messages: Value| with(message("x"), json!({"messages": messages}));
    let more = |more: Value| with(message("x"), more);
    let user = json!({"role": "user", "content": "x"});
    let uses = json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let result = |id: &str| {
        json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": id, "content": "y"}]})
    };
    let thought = |signature: &str| {
        json!({"role": "assistant", "content": [
        {"type": "thinking", "thinking": "x", "signature": signature}, {"type": "text", "text": "y"}]})
    };
    let table = [
        (
            json!({"model": "m", "messages": [user]}),
            "max_tokens: Field required",
        ),
        (
            json!({"max_tokens": 1, "messages": [user]}),
            "model: Field required",
        ),
        (
            json!({"model": "m", "max_tokens": 1}),
            "messages: Field required",
        ),
        (talk(json!([])), "at least one message is required"),
        (
            talk(json!([{"role": "system", "content": "x"}])),
            "Unexpected role \"system\"",
        ),
        (
            talk(json!([{"role": "assistant", "content": "x"}])),
            "first message must use the \"user\" role",
        ),
        (
            talk(json!([{"role": "user", "content": ""}])),
            "non-empty content",
        ),
        (
            talk(json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])),
            "must be non-empty",
        ),
        (
            talk(json!([{"role": "user", "content": "x", "name": "n"}])),
            "messages.0.name: Extra inputs",
        ),
        (
            talk(json!([user, {"role": "assistant", "content": "x "}])),
            "trailing whitespace",
        ),
        (talk(json!([result("t1")])), "unexpected `tool_use_id`"),
        (
            talk(json!([user, uses, result("t2")])),
            "messages.2.content.0: unexpected `tool_use_id`",
        ),
        (
            talk(json!([user, uses, user])),
            "messages.1: `tool_use` ids were found without",
        ),
        (
            talk(json!([user, uses])),
            "found without `tool_result` blocks",
        ),
        (
            talk(json!([user, thought("sig-other"), user])),
            "messages.1.content.0: Invalid `signature`",
        ),
        (
            more(json!({"temperature": 1.5})),
            "temperature: range: 0..1",
        ),
        (more(json!({"n": 2})), "n: Extra inputs are not permitted"),
        (
            more(json!({"thinking": {"type": "enabled", "budget_tokens": 1}})),
            "greater than or equal to 1024",
        ),
        (
            more(json!({"thinking": {"type": "enabled", "budget_tokens": 4096}})),
            "must be greater than",
        ),
        (
            more(json!({"thinking": {"type": "adaptive"}, "temperature": 0})),
            "only be set to 1",
        ),
        (
            more(json!({"tool_choice": {"type": "auto"}})),
            "only be specified while providing tools",
        ),
        (
            more(json!({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]})),
            "match pattern",
        ),
        (
            more(json!({"tools": [{"name": "f"}]})),
            "tools.0.custom.input_schema: Field required",
        ),
        (
            more(
                json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
            ),
            "'additionalProperties'",
        ),
    ];
    for (body, message) in table {
        let seen = post(&server, MESSAGES, body.clone()).await;
        let json = seen.json();
        assert_eq!(seen.status, 400, "{body}");
        let text = json["error"]["message"].as_str().unwrap();
        assert!(text.contains(message), "{body}: {text}");
        assert_eq!(json["error"]["type"], "invalid_request_error");
        assert_eq!(json["type"], "error");
    }
    let good = talk(json!([user, thought("sig-mock"), user, uses, result("t1")]));
    assert_eq!(post(&server, MESSAGES, good).await.status, 200);
    let seen = call(&server, "POST", MESSAGES, "", &message("x").to_string()).await;
    assert_eq!(
        (seen.status, seen.json()["error"]["type"].as_str()),
        (401, Some("authentication_error"))
    );
}
