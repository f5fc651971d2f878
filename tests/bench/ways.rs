//! Who asks whom: each way with its path and its body.

use super::cases;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Chat through Envoy without Sluice.
    Plain,
    /// Embeddings through Envoy without Sluice.
    PlainEmbeddings,
    /// Sluice, OpenAI -> OpenAI.
    Identity,
    /// The same for a consumer with a key, two limits and a budget.
    Limited,
    /// Sluice, OpenAI -> Anthropic.
    Anthropic,
    /// Sluice, OpenAI -> Gemini.
    Gemini,
    /// Sluice, OpenAI -> Bedrock Converse, with a bearer key.
    Bedrock,
    MessagesToOpenAi,
    MessagesToAnthropic,
    ResponsesToAnthropic,
    /// To OpenAI's.
    Embeddings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Chat,
    Messages,
    Responses,
    Embeddings,
}

const PROSE: &str = "the quick brown fox jumps over the lazy dog and runs home ";

// === impl Way ===

impl Way {
    pub fn is_plain(self) -> bool {
        matches!(self, Way::Plain | Way::PlainEmbeddings)
    }

    pub fn label(self) -> &'static str {
        match self {
            Way::Plain | Way::PlainEmbeddings => "plain Envoy",
            Way::Identity => "OpenAI -> OpenAI",
            Way::Limited => "... key, limits, budget",
            Way::Anthropic => "OpenAI -> Anthropic",
            Way::Gemini => "OpenAI -> Gemini",
            Way::Bedrock => "OpenAI -> Bedrock",
            Way::MessagesToOpenAi => "Messages -> OpenAI",
            Way::MessagesToAnthropic => "Messages -> Anthropic",
            Way::ResponsesToAnthropic => "Responses -> Anthropic",
            Way::Embeddings => "embeddings -> OpenAI",
        }
    }

    /// The provider's name, and its kind's.
    pub fn provider(self) -> &'static str {
        match self {
            Way::Anthropic | Way::MessagesToAnthropic | Way::ResponsesToAnthropic => "anthropic",
            Way::Gemini => "gemini",
            Way::Bedrock => "bedrock",
            _ => "openai",
        }
    }

    pub fn model(self) -> &'static str {
        match (self, self.provider()) {
            (Way::Embeddings | Way::PlainEmbeddings, _) => "text-embedding-3-small",
            (_, "anthropic") => "claude-haiku-4-5",
            (_, "gemini") => "gemini-3-flash-preview",
            (_, "bedrock") => "us.amazon.nova-pro-v1:0",
            _ => "gpt-5-mini",
        }
    }

    pub fn path(self) -> &'static str {
        match self.client() {
            Client::Chat => "/v1/chat/completions",
            Client::Messages => "/v1/messages",
            Client::Responses => "/v1/responses",
            Client::Embeddings => "/v1/embeddings",
        }
    }

    /// The client's key.
    pub fn key(self) -> Option<&'static str> {
        (self == Way::Limited).then_some(cases::KEY)
    }

    /// A conversation of exactly `bytes`: turns of 1 KiB with a few escapes.
    pub fn body(self, model: &str, bytes: usize, streamed: bool) -> Vec<u8> {
        let mut request = self.request(model, bytes / 2048);
        if streamed {
            request["stream"] = true.into();
        }
        if streamed && self.client() == Client::Chat {
            request["stream_options"] = json!({ "include_usage": true });
        }
        let missing = bytes - request.to_string().len();
        let rest: String = PROSE.chars().cycle().take(missing).collect();
        let last = match self.client() {
            Client::Embeddings => &mut request["input"],
            Client::Responses => last_content(&mut request["input"]),
            Client::Chat | Client::Messages => last_content(&mut request["messages"]),
        };
        *last = rest.into();
        request.to_string().into_bytes()
    }

    /// Words that are in every good answer.
    pub fn answer(self, streamed: bool) -> [&'static str; 2] {
        match (self.client(), streamed) {
            (Client::Chat, false) => ["\"chat.completion\"", "You said: "],
            (Client::Chat, true) => ["data: [DONE]", "w199"],
            (Client::Messages, false) => ["\"type\":\"message\"", "You said: "],
            (Client::Messages, true) => ["event: message_stop", "w199"],
            (Client::Responses, false) => ["\"object\":\"response\"", "You said: "],
            (Client::Responses, true) => ["event: response.completed", "w199"],
            (Client::Embeddings, _) => ["\"object\":\"list\"", "\"embedding\":\""],
        }
    }

    fn client(self) -> Client {
        match self {
            Way::MessagesToOpenAi | Way::MessagesToAnthropic => Client::Messages,
            Way::ResponsesToAnthropic => Client::Responses,
            Way::Embeddings | Way::PlainEmbeddings => Client::Embeddings,
            _ => Client::Chat,
        }
    }

    /// With so many exchanges before the last question, which is empty yet.
    fn request(self, model: &str, exchanges: usize) -> Value {
        let turn = |i: usize| format!("{i}: \"{}\"\n", PROSE.repeat(16));
        let mut turns = Vec::new();
        for i in 0..exchanges {
            turns.push(json!({ "role": "user", "content": turn(2 * i) }));
            turns.push(json!({ "role": "assistant", "content": turn(2 * i + 1) }));
        }
        turns.push(json!({ "role": "user", "content": "" }));
        let terse = "You are terse.";
        match self.client() {
            Client::Chat => {
                turns.insert(0, json!({ "role": "system", "content": terse }));
                json!({ "model": model, "messages": turns, "temperature": 0.5 })
            }
            Client::Messages => json!({
                "model": model, "max_tokens": 4096, "system": terse, "messages": turns,
                "temperature": 0.5,
            }),
            Client::Responses => json!({
                "model": model, "instructions": terse, "input": turns, "temperature": 0.5,
                "store": false,
            }),
            // As OpenAI's own packages ask; a third of the numbers, which the mock makes anew
            // for each call.
            Client::Embeddings => json!({
                "model": model, "input": "", "encoding_format": "base64", "dimensions": 512,
            }),
        }
    }
}

fn last_content(turns: &mut Value) -> &mut Value {
    let turns = turns.as_array_mut().expect("turns");
    &mut turns.last_mut().expect("a question")["content"]
}
