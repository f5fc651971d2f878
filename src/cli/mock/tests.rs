//! The mock over a real socket, with a client of a few lines: it must see what
//! a library would hide, such as a missing last chunk.

mod answer;
mod anthropic;
mod bedrock;
mod broken;
mod cohere;
mod count;
mod embeddings;
mod gemini;
mod modalities;
mod openai;
mod responses;
mod search;
mod server;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// A response, read until the connection closes.
#[derive(Debug)]
struct Seen {
    /// 0 where there was no response at all.
    status: u16,
    head: String,
    /// Of a chunked body: without the framing.
    body: Vec<u8>,
    /// The body came to its proper end.
    complete: bool,
}

impl Seen {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The JSON of all `data:` lines; `[DONE]` as a string.
    fn events(&self) -> Vec<Value> {
        let lines = self.text().lines().filter_map(|l| l.strip_prefix("data: "));
        lines.map(|l| serde_json::from_str(l).unwrap_or_else(|_| json!(l))).collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|l| l.split_once(": "));
        let mut found = lines.filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| value)
    }
}

async fn server() -> Server {
    Server::start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

/// Posts with the vendor's keys and reads all.
async fn post(server: &Server, path: &str, body: Value) -> Seen {
    let keys = "authorization: Bearer sk\r\nx-api-key: sk\r\nanthropic-version: 2023-06-01\r\n";
    call(server, "POST", path, keys, &body.to_string()).await
}

async fn call(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Seen {
    let mut stream = open(server, method, path, headers, body).await;
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A reset is as good an end as any; what came before it stays.
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
    parse(&bytes)
}

async fn open(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

fn parse(bytes: &[u8]) -> Seen {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Seen { status: 0, head: String::new(), body: bytes.into(), complete: false };
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let status = head[9..12].parse().unwrap();
    let rest = &bytes[end + 4..];
    let mut seen = Seen { status, head, body: rest.into(), complete: false };
    if seen.header("transfer-encoding") == Some("chunked") {
        (seen.body, seen.complete) = dechunk(rest);
    } else {
        let length = seen.header("content-length").map_or(0, |v| v.parse().unwrap());
        seen.complete = seen.body.len() == length;
    }
    seen
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|w| w == b"\r\n") else {
            return (out, false);
        };
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (out, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else {
            return (out, false);
        };
        out.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
}

fn chat(text: &str) -> Value {
    json!({"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}]})
}

fn message(text: &str) -> Value {
    json!({
        "model": "claude-haiku-4-5", "max_tokens": 4096,
        "messages": [{"role": "user", "content": text}],
    })
}

/// `body` with the fields of `more`.
fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
