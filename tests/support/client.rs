//! A client that sees what a user's would: status, headers, body as it came.

use super::gateway::Gateway;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::time::Duration;

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The connection broke before the body was complete.
    pub broken: bool,
}

/// A chat request for `model` with one user message.
pub fn chat(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "hello there" }] })
}

pub fn streamed(model: &str) -> Value {
    let mut body = chat(model);
    body["stream"] = true.into();
    body
}

pub async fn post(gateway: &Gateway, body: &Value) -> Reply {
    post_bytes(gateway, body.to_string().into_bytes(), &[("content-type", "application/json")])
        .await
}

/// So many chats with the model `m`, each over a connection of its own, so that every
/// worker has some. Each must be served by its first attempt.
pub async fn crowd(gateway: &Gateway, calls: u64) {
    let calls = (0..calls).map(|n| {
        let (url, body) = (gateway.url("/v1/chat/completions"), chat("m"));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(n % 20)).await;
            let reply = reqwest::Client::new().post(url).json(&body).send().await;
            let reply = reply.expect("the gateway answers");
            (reply.status().as_u16(), reply.headers()["x-sluice-attempts"] == "1")
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.expect("it ends"), (200, true));
    }
}

pub async fn post_bytes(gateway: &Gateway, body: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
    let mut request = reqwest::Client::new().post(gateway.url("/v1/chat/completions")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::read(request.send().await.expect("the gateway answers")).await
}

pub async fn get(gateway: &Gateway, path: &str) -> Reply {
    Reply::read(reqwest::get(gateway.url(path)).await.expect("the gateway answers")).await
}

// === impl Reply ===

impl Reply {
    pub async fn read(mut response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        let broken = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        Self { status, headers, body, broken }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("a readable header"))
    }

    /// The `data:` of each event.
    pub fn events(&self) -> Vec<String> {
        self.text()
            .split("\n\n")
            .filter_map(|e| e.strip_prefix("data: ").map(str::to_owned))
            .collect()
    }

    /// The text a stream's content deltas add up to.
    pub fn content(&self) -> String {
        let chunks = self.events();
        let chunks = chunks.iter().filter_map(|e| serde_json::from_str::<Value>(e).ok());
        chunks
            .filter_map(|c| c["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect()
    }

    /// Status, then type and code of an OpenAI error body, which must be one.
    pub fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let error = &body["error"];
        assert!(error["message"].is_string() && error.get("param").is_some(), "{body}");
        let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, word("type"), word("code"))
    }
}
