//! Requests as clients write them, and answers as providers do.

use serde_json::{Value, json};
use sluice::host::Headers;
use std::collections::VecDeque;

pub struct Request {
    pub headers: Headers,
    /// The body as it arrives, piece by piece.
    pub body: Vec<Vec<u8>>,
    pub trailers: bool,
    /// Bytes per piece of the body on its way to a provider; 0: all at once.
    pub replay_piece: usize,
}

/// What a provider does during one attempt. When the script is over without an
/// end, the provider is silent from there on.
pub type Script = VecDeque<Act>;

#[derive(Debug, Clone)]
pub enum Act {
    Headers(u16, Vec<(String, String)>, bool),
    Body(Vec<u8>, bool),
    Trailers,
    Reset,
    /// There is no connection to it yet.
    Connecting,
    ConnectFailure,
}

/// The key of the client, which no provider may see.
pub const CLIENT_KEY: &str = "client-key-1";

pub fn chat(model: &str) -> Request {
    request(&json!({ "model": model, "messages": [{ "role": "user", "content": "hello there" }] }))
}

pub fn streamed(model: &str) -> Request {
    let messages = json!([{ "role": "user", "content": "hello there" }]);
    request(&json!({ "model": model, "messages": messages, "stream": true }))
}

/// A request without a body.
pub fn page(path: &str) -> Request {
    let mut asked = request(&Value::Null).with(":method", "GET").with(":path", path);
    asked.body.clear();
    asked
}

pub fn request(body: &Value) -> Request {
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "gateway"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
        ("x-request-id", "r-1"),
    ];
    let mut request = Request {
        headers: Vec::new(),
        body: vec![body.to_string().into_bytes()],
        trailers: false,
        replay_piece: 0,
    };
    for (name, value) in headers {
        request = request.with(name, value);
    }
    request.with("authorization", &format!("Bearer {CLIENT_KEY}"))
}

/// A whole answer of the provider's dialect, with usage.
pub fn whole(dialect: &str, text: &str, input: u64, output: u64) -> Vec<u8> {
    match dialect {
        "openai" => json!({ "id": "c1", "object": "chat.completion", "model": "gpt",
            "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": text } }],
            "usage": { "prompt_tokens": input, "completion_tokens": output } }),
        _ => json!({ "id": "m1", "type": "message", "role": "assistant", "model": "claude",
            "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn",
            "usage": { "input_tokens": input, "output_tokens": output } }),
    }
    .to_string()
    .into_bytes()
}

/// The events of a streamed answer, one by one.
pub fn events(dialect: &str, words: &[&str], input: u64, output: u64) -> Vec<String> {
    let mut all = Vec::new();
    if dialect == "openai" {
        let choice = |delta: Value, finish: Value| {
            json!({ "id": "c1", "object": "chat.completion.chunk", "model": "gpt",
                "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
        };
        all.push(choice(json!({ "role": "assistant", "content": "" }), Value::Null));
        all.extend(words.iter().map(|w| choice(json!({ "content": w }), Value::Null)));
        all.push(choice(json!({}), json!("stop")));
        let usage = json!({ "prompt_tokens": input, "completion_tokens": output });
        all.push(json!({ "id": "c1", "choices": [], "usage": usage }));
        let mut all: Vec<_> = all.into_iter().map(|v| format!("data: {v}\n\n")).collect();
        all.push("data: [DONE]\n\n".into());
        return all;
    }
    all.push(json!({ "type": "message_start", "message": { "id": "m1", "model": "claude",
        "usage": { "input_tokens": input, "output_tokens": 1 } } }));
    all.push(json!({ "type": "content_block_start", "index": 0,
        "content_block": { "type": "text", "text": "" } }));
    all.extend(words.iter().map(|w| {
        json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": w } })
    }));
    all.push(json!({ "type": "content_block_stop", "index": 0 }));
    all.push(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
        "usage": { "output_tokens": output } }));
    all.push(json!({ "type": "message_stop" }));
    all.into_iter()
        .map(|v| format!("event: {}\ndata: {v}\n\n", v["type"].as_str().unwrap()))
        .collect()
}

/// The events of a streamed answer up to its last word.
pub fn begun(dialect: &str, words: &[&str]) -> String {
    let all = events(dialect, words, 10, 5);
    all[..all.len() - 3].concat()
}

/// A complete whole answer of 10 + 5 tokens.
pub fn good(dialect: &str) -> Script {
    answer(200, "application/json", &whole(dialect, "Hi there", 10, 5))
}

/// A complete streamed answer of 10 + 5 tokens.
pub fn good_stream(dialect: &str) -> Script {
    let all = events(dialect, &["Hi", " there"], 10, 5).concat();
    answer(200, "text/event-stream", all.as_bytes())
}

pub fn answer(status: u16, type_: &str, body: &[u8]) -> Script {
    let mut headers = vec![("content-type".to_owned(), type_.to_owned())];
    if type_ != "text/event-stream" {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    [Act::Headers(status, headers, false), Act::Body(body.to_vec(), true)].into()
}

/// An error in the provider's own shape; both dialects' fields.
pub fn refusal(status: u16) -> Script {
    let error = json!({ "type": "error",
        "error": { "type": "invalid_request_error", "message": format!("said {status}") } });
    answer(status, "application/json", error.to_string().as_bytes())
}

/// A stream that begins with 200 and then shows `text`, without an end.
pub fn opened(text: &str) -> Script {
    let mut script = answer(200, "text/event-stream", text.as_bytes());
    if let Some(Act::Body(_, end)) = script.back_mut() {
        *end = false;
    }
    script
}

/// The same, ending there.
pub fn ended(text: &str) -> Script {
    answer(200, "text/event-stream", text.as_bytes())
}

pub fn then(mut script: Script, act: Act) -> Script {
    script.push_back(act);
    script
}

/// Every body in pieces of so many bytes, the end as an empty one.
pub fn in_pieces(script: Script, size: usize) -> Script {
    let mut out = Script::new();
    for act in script {
        match act {
            Act::Body(bytes, end) => {
                out.extend(bytes.chunks(size).map(|c| Act::Body(c.to_vec(), false)));
                if end {
                    out.push_back(Act::Body(Vec::new(), true));
                }
            }
            other => out.push_back(other),
        }
    }
    out
}

/// The end by trailers instead of the last byte.
pub fn with_trailers(mut script: Script) -> Script {
    if let Some(Act::Body(_, end)) = script.back_mut() {
        *end = false;
    }
    then(script, Act::Trailers)
}

// === impl Request ===

impl Request {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Both ways in pieces of so many bytes.
    pub fn in_pieces(mut self, size: usize) -> Self {
        self.body = self.body.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self.replay_piece = size;
        self
    }

    pub fn with_trailers(mut self) -> Self {
        self.trailers = true;
        self
    }
}
