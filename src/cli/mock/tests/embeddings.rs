//! OpenAI's embeddings.

use super::*;

const EMBEDDINGS: &str = "/v1/embeddings";

#[tokio::test]
async fn embeds_texts_and_tokens() {
    let server = server().await;
    let body = json!({"model": "text-embedding-3-small", "input": "hello", "dimensions": 8});
    let seen = post(&server, EMBEDDINGS, body.clone()).await;
    let body_seen = seen.json();
    assert_eq!(body_seen["object"], "list");
    assert_eq!(body_seen["data"][0]["embedding"].as_array().unwrap().len(), 8);
    assert_eq!(body_seen["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
    assert_eq!(post(&server, EMBEDDINGS, body).await.body, seen.body);
    let body = json!({"model": "m", "input": [[1, 2], [3]], "encoding_format": "base64"});
    let body = post(&server, EMBEDDINGS, body).await.json();
    assert_eq!(body["data"][1]["index"], 1);
    assert!(body["data"][1]["embedding"].is_string());
}

#[tokio::test]
async fn refuses() {
    let server = server().await;
    for (body, message) in [
        (json!({"input": "x"}), "must provide a model"),
        (json!({"model": "m"}), "must provide an input"),
        (json!({"model": "m", "input": ""}), "'$.input' is invalid"),
        (json!({"model": "m", "input": []}), "'$.input' is invalid"),
        (json!({"model": "m", "input": [1, "x"]}), "'$.input' is invalid"),
        (json!({"model": "m", "input": "x", "encoding_format": "int8"}), "'int8'"),
        (json!({"model": "m", "input": "x", "dimensions": 0}), "Expected a value >= 1"),
    ] {
        let seen = post(&server, EMBEDDINGS, body.clone()).await;
        assert_eq!(seen.status, 400, "{body}");
        let error = &seen.json()["error"];
        assert!(error["message"].as_str().unwrap().contains(message), "{body}: {error}");
    }
    let body = json!({"model": "m!status=503", "input": "x"});
    assert_eq!(post(&server, EMBEDDINGS, body).await.status, 503);
}
