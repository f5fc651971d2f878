//! Of each client's dialect, what it asks for in its own words.

use super::Asks;
use crate::dialect::{Addressed, Dialect, Facts, Operation, TRANSLATORS};
use serde_json::{Value, json};

fn asks(client: Dialect, body: &Value) -> Asks {
    let body = body.to_string().into_bytes();
    let addressed = Addressed { model: "m".into(), stream: false };
    let addressed = body.windows(7).all(|w| w != b"\"model\"").then_some(addressed);
    let facts = Facts::of(client, &body, addressed).unwrap();
    Asks::of(&facts, &body)
}

/// In one letter each: tools, images, files, audio, schema; then the effort.
fn shown(asks: &Asks) -> String {
    let Asks { tools, images, files, audio, schema, effort } = asks;
    let flags = [("t", tools), ("i", images), ("f", files), ("a", audio), ("s", schema)];
    let letters = flags.iter().filter(|(_, is)| **is).map(|(letter, _)| *letter);
    letters.chain(effort.as_deref().map(|_| ":")).chain(effort.as_deref()).collect()
}

/// A request that asks nothing, and what makes it ask.
fn cases(client: Dialect) -> (Value, Vec<(Value, &'static str)>) {
    match client {
        Dialect::OpenAiChat => {
            let says = |part: Value| json!({ "messages": [{ "role": "user", "content": [part] }] });
            let cases = vec![
                (json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }), "t"),
                (json!({ "tools": [] }), ""),
                (json!({ "tools": null }), ""),
                (json!({ "functions": [{ "name": "f" }] }), "t"),
                (says(json!({ "type": "image_url", "image_url": { "url": "https://x/y" } })), "i"),
                (says(json!({ "type": "file", "file": { "file_id": "f" } })), "f"),
                (says(json!({ "type": "input_audio", "input_audio": {} })), "a"),
                (says(json!({ "type": "text", "text": "{\"type\":\"image_url\"}" })), ""),
                (
                    json!({ "messages": [{ "role": "tool", "tool_call_id": "1",
                        "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }] }),
                    "i",
                ),
                (json!({ "response_format": { "type": "json_schema", "json_schema": {} } }), "s"),
                (json!({ "response_format": { "type": "json_object" } }), ""),
                (json!({ "reasoning_effort": "xhigh" }), ":xhigh"),
                (json!({ "reasoning_effort": null }), ""),
            ];
            (json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] }), cases)
        }
        Dialect::OpenAiResponses | Dialect::OpenAiInputTokens => {
            let says = |part: Value| json!({ "input": [{ "role": "user", "content": [part] }] });
            let format = json!({ "type": "json_schema", "name": "n", "schema": {} });
            let cases = vec![
                (json!({ "tools": [{ "type": "function", "name": "f" }] }), "t"),
                (says(json!({ "type": "input_image", "image_url": "https://x/y" })), "i"),
                (says(json!({ "type": "input_file", "file_id": "f" })), "f"),
                (
                    json!({ "input": [{ "type": "function_call_output", "call_id": "1",
                        "output": [{ "type": "input_image", "image_url": "x" }] }] }),
                    "i",
                ),
                (json!({ "text": { "format": format } }), "s"),
                (json!({ "text": { "format": { "type": "text" } } }), ""),
                (json!({ "reasoning": { "effort": "low", "summary": "auto" } }), ":low"),
            ];
            (json!({ "model": "m", "input": "hi" }), cases)
        }
        Dialect::AnthropicMessages | Dialect::AnthropicCount => {
            let says =
                |block: Value| json!({ "messages": [{ "role": "user", "content": [block] }] });
            let image = json!({ "type": "image", "source": { "type": "url", "url": "x" } });
            let result = json!({ "type": "tool_result", "tool_use_id": "1", "content": [image] });
            let cases = vec![
                (json!({ "tools": [{ "name": "f", "input_schema": {} }] }), "t"),
                (says(image), "i"),
                (says(result), "i"),
                (says(json!({ "type": "document", "source": { "type": "text" } })), "f"),
                (json!({ "output_config": { "effort": "max" } }), ":max"),
                (
                    json!({ "output_config": { "format": { "type": "json_schema", "schema": {} } } }),
                    "s",
                ),
                (json!({ "output_format": { "type": "json_schema", "schema": {} } }), "s"),
            ];
            let messages = json!([{ "role": "user", "content": "hi" }]);
            (json!({ "model": "m", "max_tokens": 9, "messages": messages }), cases)
        }
        Dialect::Gemini | Dialect::GeminiCount => {
            let says = |part: Value| json!({ "contents": [{ "role": "user", "parts": [part] }] });
            let blob = |type_: &str| json!({ "mimeType": type_, "data": "AAAA" });
            let result = json!({ "name": "f", "response": {},
                "parts": [{ "inlineData": blob("image/png") }] });
            let cases = vec![
                (json!({ "tools": [{ "functionDeclarations": [{ "name": "f" }] }] }), "t"),
                (says(json!({ "inlineData": blob("image/png") })), "i"),
                (says(json!({ "inline_data": { "mime_type": "audio/wav" } })), "a"),
                (says(json!({ "fileData": { "mimeType": "application/pdf" } })), "f"),
                (says(json!({ "functionResponse": result })), "i"),
                (json!({ "generationConfig": { "responseSchema": { "type": "OBJECT" } } }), "s"),
                (json!({ "generation_config": { "response_json_schema": {} } }), "s"),
                (json!({ "generationConfig": { "responseMimeType": "application/json" } }), ""),
                (
                    json!({ "generationConfig": { "thinkingConfig": { "thinkingLevel": "HIGH" } } }),
                    ":HIGH",
                ),
            ];
            (json!({ "contents": [{ "parts": [{ "text": "hi" }] }] }), cases)
        }
        Dialect::BedrockConverse | Dialect::BedrockCount => {
            let says =
                |block: Value| json!({ "messages": [{ "role": "user", "content": [block] }] });
            let image = json!({ "image": { "format": "png", "source": { "bytes": "AAAA" } } });
            let cases = vec![
                (json!({ "toolConfig": { "tools": [{ "toolSpec": { "name": "f" } }] } }), "t"),
                (json!({ "toolConfig": {} }), ""),
                (says(image.clone()), "i"),
                (says(json!({ "document": { "format": "pdf", "name": "n" } })), "f"),
                (says(json!({ "toolResult": { "toolUseId": "1", "content": [image] } })), "i"),
                (says(json!({ "text": "image" })), ""),
                (json!({ "outputConfig": { "textFormat": { "type": "json_schema" } } }), "s"),
            ];
            (json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] }), cases)
        }
        Dialect::CohereChat => {
            let image = json!({ "type": "image_url", "image_url": { "url": "x" } });
            let format = json!({ "type": "json_object", "json_schema": { "type": "object" } });
            let cases = vec![
                (json!({ "tools": [{ "type": "function" }] }), "t"),
                (json!({ "messages": [{ "role": "user", "content": [image] }] }), "i"),
                (json!({ "response_format": format }), "s"),
                (json!({ "response_format": { "type": "json_object" } }), ""),
            ];
            (json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] }), cases)
        }
        Dialect::OpenAiCompletions => (json!({ "model": "m", "prompt": "hi" }), vec![]),
        other => panic!("no case of {}", other.as_str()),
    }
}

/// As the call stands in the request that has it counted.
fn wrapped(client: Dialect, body: Value) -> Value {
    match client {
        Dialect::GeminiCount => json!({ "generateContentRequest": body }),
        Dialect::BedrockCount => json!({ "input": { "converse": body } }),
        _ => body,
    }
}

#[test]
fn every_clients_dialect_asks_in_its_own_words() {
    let asks_for = |d: Dialect| matches!(d.operation(), Operation::Chat | Operation::CountTokens);
    let mut clients: Vec<_> =
        TRANSLATORS.iter().map(|t| t.client).filter(|client| asks_for(*client)).collect();
    clients.dedup();
    assert!(clients.len() >= 7, "{clients:?}");
    for client in clients {
        let (plain, cases) = cases(client);
        assert_eq!(shown(&asks(client, &wrapped(client, plain.clone()))), "", "{plain}");
        for (more, wanted) in cases {
            let mut body = plain.clone();
            let members = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(members);
            let body = wrapped(client, body);
            assert_eq!(shown(&asks(client, &body)), wanted, "{} {body}", client.as_str());
        }
    }
}

#[test]
fn other_operations_ask_nothing() {
    let body = json!({ "model": "m", "input": [{ "type": "input_image" }], "tools": [1] });
    assert_eq!(asks(Dialect::OpenAiEmbeddings, &body), Asks::default());
}
