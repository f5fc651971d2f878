//! One client call: what it asks, and what became of it.

use super::course::LAST_WORD;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A call of the mix, told by its number.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub api: Api,
    pub model: &'static str,
    pub streamed: bool,
    pub large: bool,
    /// The client hangs up after so many milliseconds.
    pub leaves: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub enum Api {
    Chat,
    Messages,
    Responses,
}

/// What a client saw.
#[derive(Debug)]
pub struct Call {
    pub kind: Kind,
    /// Since the soak's begin.
    pub began: Duration,
    pub ended: Duration,
    pub end: End,
    pub status: u16,
    pub attempts: usize,
    /// To the first byte of the body; of a whole answer, to its headers.
    pub first: Duration,
    pub request_id: String,
    /// Of the body, as much as a person wants to see.
    pub head: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All of the answer has come.
    Served,
    /// It broke off after its first words.
    BrokeOff,
    Left,
    Lost,
}

/// Most bytes of a body that are shown.
const HEAD: usize = 300;

const MODELS: [&str; 5] = ["chat", "claude", "chat", "long", "spread"];
/// Of those that hang up: usage cannot say beforehand how many of them count.
pub const LEFT: &str = "left";

// === impl Kind ===

impl Kind {
    /// The same number, the same call.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut dice = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut throw = |sides: u64| {
            dice = (dice ^ (dice >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            dice = (dice ^ (dice >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            dice ^= dice >> 31;
            dice % sides
        };
        let api = [Api::Chat, Api::Messages, Api::Responses][throw(3) as usize];
        let leaves = (throw(20) == 0).then(|| throw(80));
        let model = MODELS[throw(MODELS.len() as u64) as usize];
        let model = if leaves.is_some() { LEFT } else { model };
        Self { api, model, streamed: throw(2) == 0, large: throw(6) == 0, leaves }
    }

    fn path(self) -> &'static str {
        match self.api {
            Api::Chat => "/v1/chat/completions",
            Api::Messages => "/v1/messages",
            Api::Responses => "/v1/responses",
        }
    }

    fn body(self) -> Value {
        let words = if self.large { "lorem ipsum dolor ".repeat(5_700) } else { "hello".into() };
        let mut body = json!({ "model": self.model, "stream": self.streamed });
        match self.api {
            Api::Responses => body["input"] = words.into(),
            Api::Chat => body["messages"] = json!([{ "role": "user", "content": words }]),
            Api::Messages => {
                body["max_tokens"] = 100.into();
                body["messages"] = json!([{ "role": "user", "content": words }]);
            }
        }
        body
    }

    /// What stands in the last event of a whole stream.
    fn farewell(self) -> &'static str {
        match self.api {
            Api::Chat => "[DONE]",
            Api::Messages => "message_stop",
            Api::Responses => "response.completed",
        }
    }
}

// === impl Call ===

impl Call {
    /// Makes it. `begin`: of the soak.
    pub async fn make(client: reqwest::Client, url: String, kind: Kind, begin: Instant) -> Self {
        let started = Instant::now();
        let mut call = Self {
            kind,
            began: started - begin,
            ended: Duration::ZERO,
            end: End::Lost,
            status: 0,
            attempts: 0,
            first: Duration::ZERO,
            request_id: String::new(),
            head: String::new(),
        };
        let patience = Duration::from_millis(kind.leaves.unwrap_or(90_000));
        let seen = tokio::time::timeout(patience, call.run(client, url, started)).await;
        call.ended = begin.elapsed();
        if kind.leaves.is_some() {
            let lost = seen.is_ok() && call.end == End::Lost;
            call.end = if lost { End::Lost } else { End::Left };
        } else if seen.is_err() {
            call.head = format!("no end within {patience:?}: {}", call.head);
        }
        call
    }

    async fn run(&mut self, client: reqwest::Client, url: String, started: Instant) {
        let request = client.post(url + self.kind.path()).json(&self.kind.body());
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return self.head = format!("{error:?}"),
        };
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        self.status = response.status().as_u16();
        self.attempts = header("x-sluice-attempts").and_then(|n| n.parse().ok()).unwrap_or(0);
        self.request_id = header("x-request-id").unwrap_or_default().to_owned();
        self.first = started.elapsed();
        let mut body = Vec::new();
        let broken = loop {
            match response.chunk().await {
                Ok(None) => break false,
                Err(_) => break true,
                Ok(Some(chunk)) => {
                    if body.is_empty() && self.kind.streamed {
                        self.first = started.elapsed();
                    }
                    body.extend_from_slice(&chunk);
                }
            }
        };
        let text = String::from_utf8_lossy(&body);
        let ended = !self.kind.streamed || text.contains(self.kind.farewell());
        self.end = match (self.status, broken) {
            (200, false) if ended && text.contains(LAST_WORD) => End::Served,
            (200, _) if self.kind.streamed && !text.is_empty() => End::BrokeOff,
            _ => End::Lost,
        };
        self.head = text.chars().take(HEAD).collect();
    }
}
