//! Gemini's dialect.

use serde_json::{Value, json};

use super::{Seen, post, server, with};

const FLASH: &str = "/v1beta/models/gemini-3-flash-preview";
const OLDER: &str = "/v1beta/models/gemini-2.5-flash";

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

fn weather() -> Value {
    json!([{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": {
        "type": "object", "properties": {"city": {"type": "string"}},
    }}]}])
}

async fn whole(model: &str, body: Value) -> Seen {
    post(&server().await, &format!("{model}:generateContent"), body).await
}

async fn stream(model: &str, body: Value) -> Seen {
    post(&server().await, &format!("{model}:streamGenerateContent?alt=sse"), body).await
}

/// All texts of a stream that are no thoughts.
fn said(seen: &Seen) -> String {
    let parts = seen.events();
    let parts = parts.iter().map(|e| &e["candidates"][0]["content"]["parts"][0]);
    parts.filter(|p| p["thought"] != true).filter_map(|p| p["text"].as_str()).collect()
}

#[tokio::test]
async fn answers_whole() {
    let answer = whole(FLASH, ask("hello there")).await.json();
    let candidate = &answer["candidates"][0];
    assert_eq!(candidate["content"]["parts"][0]["text"], "You said: hello there");
    assert_eq!(candidate["finishReason"], "STOP");
    assert_eq!(
        answer["usageMetadata"],
        json!({"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7})
    );
    assert_eq!(answer["modelVersion"], "gemini-3-flash-preview");
}

#[tokio::test]
async fn answers_as_a_stream() {
    let seen = stream(FLASH, ask("hello there")).await;
    assert!(seen.complete && seen.header("content-type").unwrap().contains("event-stream"));
    assert_eq!(said(&seen), "You said: hello there");
    let events = seen.events();
    let last = events.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"]["candidatesTokenCount"], 4);
    assert!(last["candidates"][0]["content"]["parts"][0]["thoughtSignature"].is_string());
}

#[tokio::test]
async fn vertex_has_longer_paths() {
    let path = "/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash";
    assert_eq!(whole(path, ask("hi")).await.status, 200);
}

#[tokio::test]
async fn faults_ride_in_the_path() {
    let seen = whole(&format!("{FLASH}%21status%3D503"), ask("hi")).await;
    assert_eq!((seen.status, &seen.json()["error"]["status"]), (503, &json!("UNAVAILABLE")));
    let seen = stream(&format!("{FLASH}!tokens=5;error-after=2"), ask("hi")).await;
    let events = seen.events();
    assert_eq!(events.len(), 3);
    assert_eq!(events[2]["error"]["code"], 503);
}

#[tokio::test]
async fn a_call_is_signed_and_must_come_back_so() {
    let body = with(ask("the weather in both?"), json!({"tools": weather()}));
    let seen = whole(FLASH, body.clone()).await.json();
    let content = seen["candidates"][0]["content"].clone();
    assert_eq!(content["parts"][0]["functionCall"]["args"], json!({"city": "Paris"}));
    assert!(content["parts"][0]["thoughtSignature"].is_string());
    assert!(content["parts"][1]["thoughtSignature"].is_null());

    let results = json!({"role": "user", "parts": [
        {"functionResponse": {"name": "get_weather", "response": {"output": "sunny"}}},
        {"functionResponse": {"name": "get_weather", "response": {"output": "rain"}}},
    ]});
    let mut next = body.clone();
    next["contents"].as_array_mut().unwrap().extend([content.clone(), results.clone()]);
    let text = &whole(FLASH, next.clone()).await.json()["candidates"][0]["content"]["parts"][0];
    assert_eq!(text["text"], "Tool said: sunny; rain");

    next["contents"][1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    let seen = whole(FLASH, next.clone()).await;
    assert!(seen.status == 400 && seen.text().contains("missing a thought_signature"));
    // Not in a turn that is over, nor of the generation before.
    let mut over = next.clone();
    let more =
        [json!({"role": "model", "parts": [{"text": "So."}]}), ask("And?")["contents"][0].clone()];
    over["contents"].as_array_mut().unwrap().extend(more);
    assert_eq!(whole(FLASH, over).await.status, 200);
    assert_eq!(whole(OLDER, next).await.status, 200);
}

#[tokio::test]
async fn thinks_aloud_when_asked() {
    let config = json!({"generationConfig": {"thinkingConfig": {
        "thinkingLevel": "LOW", "includeThoughts": true,
    }}});
    let answer = whole(FLASH, with(ask("hi"), config)).await.json();
    assert_eq!(answer["candidates"][0]["content"]["parts"][0]["thought"], true);
    assert_eq!(answer["usageMetadata"]["thoughtsTokenCount"], 7);
    assert_eq!(answer["usageMetadata"]["candidatesTokenCount"], 3);
}

#[tokio::test]
async fn several_candidates_and_log_probabilities() {
    let config = json!({"generationConfig": {"candidateCount": 2, "responseLogprobs": true}});
    let answer = whole(OLDER, with(ask("hi"), config.clone())).await.json();
    assert_eq!(answer["candidates"].as_array().unwrap().len(), 2);
    let chosen = &answer["candidates"][1]["logprobsResult"]["chosenCandidates"];
    assert_eq!(chosen[0]["token"], "You");
    let seen = stream(OLDER, with(ask("hi"), config)).await;
    let ends: Vec<_> = seen.events();
    assert_eq!(ends.iter().filter(|e| e["candidates"][0]["finishReason"].is_string()).count(), 2);
}

#[tokio::test]
async fn embeds() {
    let request = |text: &str| json!({"model": "models/e", "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    let body = json!({"requests": [request("a"), request("b"), request("a")]});
    let answer = post(&server().await, "/v1beta/models/e:batchEmbedContents", body).await.json();
    let list = answer["embeddings"].as_array().unwrap();
    assert_eq!((list.len(), list[0]["values"].as_array().unwrap().len()), (3, 4));
    assert!(list[0] == list[2] && list[0] != list[1]);
    let body =
        json!({"requests": [{"model": "models/other", "content": {"parts": [{"text": "a"}]}}]});
    let seen = post(&server().await, "/v1beta/models/e:batchEmbedContents", body).await;
    assert_eq!(seen.status, 400);
}

#[tokio::test]
async fn refuses_what_google_refuses() {
    let user = || json!({"role": "user", "parts": [{"text": "hi"}]});
    let call = || json!({"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]});
    let result = || json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "x"}}}]});
    let tool = |declaration: Value| {
        with(ask("hi"), json!({"tools": [{"functionDeclarations": [declaration]}]}))
    };
    let config = |config: Value| with(ask("hi"), json!({"generationConfig": config}));
    let contents = |list: Value| json!({"contents": list});
    let table = [
        (json!({}), "contents is not specified"),
        (with(ask("hi"), json!({"model_x": 1})), "Unknown name \"model_x\""),
        (contents(json!([{"role": "assistant", "parts": [{"text": "x"}]}])), "valid role"),
        (contents(json!([{"role": "user", "parts": []}])), "must not be empty"),
        (contents(json!([{"role": "user", "parts": [{"thought": true}]}])), "oneof field 'data'"),
        (contents(json!([{"role": "user", "parts": [{"txt": "x"}]}])), "at 'contents[0].parts[0]'"),
        (
            contents(
                json!([{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "@@"}}]}]),
            ),
            "Base64 decoding failed",
        ),
        (contents(json!([user(), call()])), "number of function response parts"),
        (contents(json!([user(), call(), user()])), "number of function response parts"),
        (contents(json!([user(), result()])), "immediately after a function call turn"),
        (contents(json!([call(), result()])), "immediately after a user turn"),
        (tool(json!({"name": "1x"})), "Invalid function name"),
        (
            tool(
                json!({"name": "f", "parameters": {"type": "object", "additionalProperties": false}}),
            ),
            "Unknown name \"additionalProperties\"",
        ),
        (
            tool(json!({"name": "f", "parametersJsonSchema": {"type": "object", "properties": {
                "a": {"$ref": "#/$defs/A", "title": "t"}}, "$defs": {"A": {}}}})),
            "alongside unsupported fields",
        ),
        (config(json!({"temperature": 3})), "temperature"),
        (config(json!({"candidateCount": 9})), "between 1 and 8"),
        (config(json!({"seed": 5_000_000_000_i64})), "TYPE_INT32"),
        (config(json!({"responseJsonSchema": {}})), "application/json"),
        (
            config(json!({"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}})),
            "only one of",
        ),
        (
            with(
                tool(json!({"name": "f"})),
                json!({"generationConfig": {"responseMimeType": "application/json"}}),
            ),
            "is unsupported",
        ),
        (
            with(ask("hi"), json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}})),
            "without function_declarations",
        ),
    ];
    for (body, words) in table {
        let seen = whole(OLDER, body.clone()).await;
        assert_eq!(seen.status, 400, "{body}");
        let message = seen.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{body}: {message}");
    }
}
