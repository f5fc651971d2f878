//! Requests of chats: what is wrong is named, what is odd is carried soundly.

use super::*;

/// Every pair that rebuilds a chat request.
fn chat_pairs() -> impl Iterator<Item = &'static Translator> {
    TRANSLATORS.iter().filter(|t| t.client == Dialect::OpenAiChat && !t.fields.is_empty())
}

fn chat(messages: Value) -> Value {
    json!({ "model": "m", "messages": messages })
}

fn user(part: Value) -> Value {
    chat(json!([{ "role": "user", "content": [{ "type": "text", "text": "look" }, part] }]))
}

#[test]
fn a_client_is_told_which_field_is_wrong() {
    let image = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
    let wrong = [
        ("messages[0].role", chat(json!([{ "role": "wizard", "content": "x" }]))),
        ("messages[0]", chat(json!([{ "content": "x" }]))),
        ("messages[0].content[1].type", user(json!({ "type": "hologram", "hologram": {} }))),
        ("messages[0].content[1]", user(json!({ "text": "no type" }))),
        ("messages[0].content[1].image_url.url", user(image("ftp://example.com/a.png"))),
        ("messages[0].content[1].image_url.url", user(image("data:image/png,abc"))),
        ("messages[0].content", chat(json!([{ "role": "user", "content": 7 }]))),
        (
            "tools[0]",
            json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "tools": [{ "type": "function" }] }),
        ),
        (
            "tool_choice",
            json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "tool_choice": "required" }),
        ),
    ];
    for pair in chat_pairs() {
        for (param, body) in &wrong {
            let e = translate(pair, body).expect_err(&format!("{} {body}", pair.upstream.as_str()));
            assert_eq!(e.kind.fault(), Fault::Client, "{} {body}", pair.upstream.as_str());
            assert_eq!(e.param.as_deref(), Some(*param), "{} {body}: {e}", pair.upstream.as_str());
        }
    }
}

/// Content of two dialects in one array, and kinds that nobody knows: each client is
/// told where it stands, whoever would have answered.
#[test]
fn what_belongs_to_another_dialect_is_refused_by_its_path() {
    use Dialect::{AnthropicMessages, Gemini, OpenAiChat, OpenAiResponses};
    let messages = |content: Value| json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": content }] });
    let items = |items: Value| json!({ "model": "m", "input": items });
    let said =
        |content: Value| json!({ "model": "m", "input": [{ "role": "user", "content": content }] });
    let gemini = |parts: Value| json!({ "contents": [{ "role": "user", "parts": parts }] });
    let text = json!({ "type": "text", "text": "x" });
    let wrong = [
        (OpenAiChat, "messages[0].content[1]", user(json!("bare"))),
        (
            OpenAiChat,
            "messages[0].content[1].type",
            user(json!({ "type": "tool_result", "tool_use_id": "a", "content": "x" })),
        ),
        (OpenAiChat, "messages[0].content[1]", user(json!({ "inlineData": {} }))),
        (AnthropicMessages, "messages[0].content[1]", messages(json!([text, "bare"]))),
        (
            AnthropicMessages,
            "messages[0].content[1].type",
            messages(
                json!([text, { "type": "image_url", "image_url": { "url": "https://a.b/c.png" } }]),
            ),
        ),
        (
            AnthropicMessages,
            "messages[0].content[1].type",
            messages(json!([text, { "type": "hologram" }])),
        ),
        (AnthropicMessages, "messages[0].content[1]", messages(json!([text, { "text": "x" }]))),
        (OpenAiResponses, "input[0]", items(json!(["bare"]))),
        (OpenAiResponses, "input[0].type", items(json!([{ "type": "hologram" }]))),
        (OpenAiResponses, "input[0].type", items(json!([{ "type": "tool_result" }]))),
        (OpenAiResponses, "input[0].content[1]", said(json!([text, "bare"]))),
        (
            OpenAiResponses,
            "input[0].content[0].type",
            said(json!([{ "type": "image_url", "image_url": { "url": "https://a.b/c.png" } }])),
        ),
        (
            OpenAiResponses,
            "input[0].content[0].type",
            said(json!([{ "type": "tool_use", "id": "a", "name": "f", "input": {} }])),
        ),
        (Gemini, "contents[0].parts[1]", gemini(json!([{ "text": "x" }, "bare"]))),
        (Gemini, "contents[0].parts[1]", gemini(json!([{ "text": "x" }, { "hologram": {} }]))),
        (
            Gemini,
            "contents[0].parts[1]",
            gemini(json!([{ "text": "x" }, { "type": "image_url", "image_url": {} }])),
        ),
    ];
    for (client, param, body) in &wrong {
        for pair in TRANSLATORS.iter().filter(|t| t.client == *client && rebuilds(t)) {
            let at = format!("{} of {}, {body}", client.as_str(), pair.upstream.as_str());
            let e = translate(pair, body).expect_err(&at);
            assert_eq!(e.kind.fault(), Fault::Client, "{at}: {e}");
            let told = e.param.as_deref().unwrap_or_default();
            assert!(told.starts_with(param), "{at}: {told}, not {param}: {e}");
        }
    }
}

/// Rows that write the request anew.
fn rebuilds(pair: &Translator) -> bool {
    !pair.fields.is_empty() && speaks(pair.upstream) != pair.client
}

/// Odd, yet sayable in some dialects: each says it soundly or refuses it by name.
#[test]
fn what_is_odd_is_said_soundly_or_refused_by_name() {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "r" });
    let ask = json!({ "role": "user", "content": "x" });
    let schema = json!({
        "type": "object",
        "properties": { "next": { "$ref": "#/$defs/node" } },
        "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } },
    });
    let tool = |name: String, parameters: &Value| json!({ "type": "function", "function": { "name": name, "parameters": parameters } });
    let many: Vec<_> =
        (0..200).map(|i| tool(format!("tool_{i}"), &json!({ "type": "object" }))).collect();
    let mut deep = json!({ "type": "string" });
    for _ in 0..40 {
        deep = json!({ "type": "array", "items": deep });
    }
    let odd = [
        ("a result without a call", chat(json!([ask, result("call_1")]))),
        (
            "two calls of one id",
            chat(
                json!([ask, { "role": "assistant", "tool_calls": [call("a"), call("a")] }, result("a"), result("a")]),
            ),
        ),
        (
            "a call without a result",
            chat(json!([ask, { "role": "assistant", "tool_calls": [call("a")] }, ask])),
        ),
        (
            "an id of any length and letters",
            chat(
                json!([ask, { "role": "assistant", "tool_calls": [call(&"ü/".repeat(400))] }, result(&"ü/".repeat(400))]),
            ),
        ),
        (
            "a schema that refers to itself",
            json!({ "model": "m", "messages": [ask], "tools": [tool("f".into(), &schema)] }),
        ),
        (
            "a strict answer of such a schema",
            json!({ "model": "m", "messages": [ask], "response_format": { "type": "json_schema", "json_schema": { "name": "n", "strict": true, "schema": schema } } }),
        ),
        ("200 tools", json!({ "model": "m", "messages": [ask], "tools": many })),
        (
            "a deep schema",
            json!({ "model": "m", "messages": [ask], "tools": [tool("f".into(), &json!({ "type": "object", "properties": { "d": deep } }))] }),
        ),
        (
            "base64 that is none",
            user(
                json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,@@@" } }),
            ),
        ),
        ("only instructions", chat(json!([{ "role": "system", "content": "x" }]))),
        ("the assistant last", chat(json!([ask, { "role": "assistant", "content": "so" }]))),
        ("nothing but white space", chat(json!([{ "role": "user", "content": " \n" }]))),
        ("an empty list of parts", chat(json!([{ "role": "user", "content": [] }]))),
    ];
    for pair in chat_pairs() {
        for (what, body) in &odd {
            if let Err(e) = translate(pair, body) {
                let where_ = pair.upstream.as_str();
                assert_eq!(e.kind.fault(), Fault::Client, "{where_} {what}: {e}");
                assert!(e.param.is_some(), "{where_} {what}: {e}");
            }
        }
    }
}

#[test]
fn a_large_image_is_copied_whole() {
    let data = "iVBORw0KGgoA".repeat(20 << 16);
    let url = format!("data:image/png;base64,{data}");
    for pair in chat_pairs() {
        let body = user(json!({ "type": "image_url", "image_url": { "url": url } }));
        let Ok(upstream) = translate(pair, &body) else { continue };
        assert!(holds(&upstream, &data), "{}", pair.upstream.as_str());
    }
}

/// Some string within `value` ends with `text`.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(s) => s.ends_with(text),
        Value::Array(items) => items.iter().any(|v| holds(v, text)),
        Value::Object(members) => members.values().any(|v| holds(v, text)),
        _ => false,
    }
}
