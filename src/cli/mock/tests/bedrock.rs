//! Bedrock's Converse.

use serde_json::{Value, json};

use super::{Seen, call, post, server, with};
use crate::wire::eventstream::{Broken, Decoder};

const CLAUDE: &str = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0";
const NOVA: &str = "/model/us.amazon.nova-2-lite-v1%3A0";
const LLAMA: &str = "/model/us.meta.llama3-3-70b-instruct-v1%3A0";

fn ask(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": text}]}]})
}

fn weather() -> Value {
    json!({"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": {
        "type": "object", "properties": {"city": {"type": "string"}},
    }}}}]})
}

async fn whole(model: &str, body: Value) -> Seen {
    post(&server().await, &format!("{model}/converse"), body).await
}

/// Types and payloads of a stream's messages, and how it ended.
async fn stream(model: &str, body: Value) -> (Vec<(String, Value)>, Result<(), Broken>) {
    let seen = post(&server().await, &format!("{model}/converse-stream"), body).await;
    assert_eq!(seen.header("content-type"), Some("application/vnd.amazon.eventstream"));
    let mut messages = Vec::new();
    let mut decoder = Decoder::new(1 << 20);
    let fed = decoder.feed(&seen.body, |m| {
        let type_ = m.text(":event-type").or(m.text(":exception-type")).unwrap().to_owned();
        messages.push((type_, serde_json::from_slice(m.payload).unwrap()));
    });
    (messages, fed.and_then(|()| decoder.finish()))
}

#[tokio::test]
async fn answers_whole() {
    let answer = whole(CLAUDE, ask("hello there")).await.json();
    assert_eq!(answer["output"]["message"]["content"][0]["text"], "You said: hello there");
    assert_eq!(answer["stopReason"], "end_turn");
    assert_eq!(
        (&answer["usage"]["inputTokens"], &answer["usage"]["outputTokens"]),
        (&json!(3), &json!(4))
    );
    let called = whole(NOVA, with(ask("weather?"), json!({"toolConfig": weather()}))).await.json();
    assert_eq!(called["stopReason"], "tool_use");
    assert_eq!(called["output"]["message"]["content"][0]["toolUse"]["name"], "get_weather");
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "additionalProperties": false});
    let format = json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {
        "jsonSchema": {"schema": schema.to_string(), "name": "x"},
    }}}});
    let answer = whole(CLAUDE, with(ask("hi"), format)).await.json();
    assert_eq!(answer["output"]["message"]["content"][0]["text"], r#"{"ok":true}"#);
}

#[tokio::test]
async fn answers_as_a_stream() {
    let more = json!({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}});
    let (messages, end) = stream(CLAUDE, with(ask("hello there"), more)).await;
    assert_eq!(end, Ok(()));
    let texts = messages.iter().filter_map(|(_, m)| m["delta"]["text"].as_str());
    assert_eq!(texts.collect::<String>(), "You said: hello there");
    assert!(
        messages.iter().any(|(_, m)| m["delta"]["reasoningContent"]["signature"] == "sig-mock")
    );
    let types: Vec<_> = messages.iter().map(|(type_, _)| type_.as_str()).collect();
    assert_eq!(types[0], "messageStart");
    assert_eq!(types[types.len() - 2..], ["messageStop", "metadata"]);
    assert_eq!(messages.last().unwrap().1["usage"]["outputTokens"], 4);
}

#[tokio::test]
async fn breaks_on_demand() {
    let broken = |fault: &str| format!("/model/m%21tokens%3D9%3B{}", fault.replace('=', "%3D"));
    let (messages, end) = stream(&broken("error-after=2"), ask("x")).await;
    assert_eq!((end, messages.last().unwrap().0.as_str()), (Ok(()), "serviceUnavailableException"));
    let (messages, end) = stream(&broken("bad-crc-after=2"), ask("x")).await;
    assert_eq!((end, messages.len()), (Err(Broken::MessageChecksum), 3));
    let (messages, _) = stream(&broken("error-first%3Bcode=throttlingException"), ask("x")).await;
    assert_eq!(messages[0].0, "throttlingException");
    let seen = whole("/model/m%21status%3D429", ask("x")).await;
    assert_eq!((seen.status, seen.header("x-amzn-errortype")), (429, Some("throttlingexception")));
}

#[tokio::test]
async fn refuses_what_converse_refuses() {
    let turn = |role: &str, blocks: Value| json!({"role": role, "content": blocks});
    let text = || json!([{"text": "x"}]);
    let uses = || json!([{"toolUse": {"toolUseId": "t", "name": "get_weather", "input": {}}}]);
    let result = |id: &str| json!([{"toolResult": {"toolUseId": id, "content": [{"text": "y"}]}}]);
    let document =
        || json!({"document": {"format": "pdf", "name": "a", "source": {"bytes": "JVBE"}}});
    let talk = |turns: Vec<Value>| json!({"messages": turns, "toolConfig": weather()});
    for (model, body, words) in [
        (CLAUDE, json!({"messages": []}), "must start with a user message"),
        (CLAUDE, talk(vec![turn("assistant", text())]), "must start with a user message"),
        (CLAUDE, talk(vec![turn("user", text()), turn("user", text())]), "must alternate"),
        (CLAUDE, talk(vec![turn("user", json!([]))]), "is empty"),
        (CLAUDE, talk(vec![turn("user", json!([{"text": " "}]))]), "is blank"),
        (CLAUDE, talk(vec![turn("user", json!([document()]))]), "A text block must be included"),
        (
            CLAUDE,
            talk(vec![turn("user", json!([document(), document(), {"text": "x"}]))]),
            "duplicate document names",
        ),
        (
            CLAUDE,
            talk(vec![turn("user", text()), turn("assistant", uses()), turn("user", text())]),
            "Expected toolResult",
        ),
        (
            CLAUDE,
            talk(vec![turn("user", text()), turn("assistant", uses()), turn("user", result("u"))]),
            "Expected toolResult",
        ),
        (CLAUDE, talk(vec![turn("user", result("t"))]), "exceeds the number of toolUse"),
        (
            CLAUDE,
            json!({"messages": [turn("user", text()), turn("assistant", uses()), turn("user", result("t"))]}),
            "toolConfig field must be defined",
        ),
        (CLAUDE, with(ask("x"), json!({"temperature": 1})), "extraneous key [temperature]"),
        (
            CLAUDE,
            with(ask("x"), json!({"inferenceConfig": {"temperature": 1.5}})),
            "less than or equal to 1",
        ),
        (
            CLAUDE,
            with(ask("x"), json!({"toolConfig": {"tools": []}})),
            "greater than or equal to 1",
        ),
        (
            LLAMA,
            with(
                ask("x"),
                json!({"toolConfig": with(weather(), json!({"toolChoice": {"tool": {"name": "get_weather"}}}))}),
            ),
            "toolChoice.tool",
        ),
        (
            NOVA,
            talk(vec![
                turn("user", text()),
                turn(
                    "assistant",
                    json!([{"reasoningContent": {"reasoningText": {"text": "x", "signature": "sig-mock"}}}]),
                ),
                turn("user", text()),
            ]),
            "doesn't support the reasoningContent",
        ),
        (
            CLAUDE,
            talk(vec![
                turn("user", text()),
                turn(
                    "assistant",
                    json!([{"reasoningContent": {"reasoningText": {"text": "x", "signature": "forged"}}}]),
                ),
                turn("user", text()),
            ]),
            "Invalid `signature`",
        ),
        (
            CLAUDE,
            talk(vec![turn(
                "user",
                json!([{"image": {"format": "png", "source": {"bytes": "no!"}}}]),
            )]),
            "base64",
        ),
        (
            NOVA,
            with(
                ask("x"),
                json!({"inferenceConfig": {"maxTokens": 5}, "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}}),
            ),
            "maxTokens cannot be used",
        ),
    ] {
        let seen = whole(model, body).await;
        assert_eq!(seen.status, 400, "{words}: {}", seen.text());
        assert!(seen.text().contains(words), "{words}: {}", seen.text());
        assert!(seen.header("x-amzn-errortype").is_some());
    }
}

#[tokio::test]
async fn asks_who_calls() {
    let server = server().await;
    let path = format!("{CLAUDE}/converse");
    let body = ask("x").to_string();
    for headers in
        ["", "authorization: Bearer \r\n", "authorization: AWS4-HMAC-SHA256 Credential=x\r\n"]
    {
        let seen = call(&server, "POST", &path, headers, &body).await;
        assert_eq!(seen.status, 403, "{headers}");
    }
}
