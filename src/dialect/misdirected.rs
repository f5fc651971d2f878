//! Bodies on another dialect's path. A request that is refused anyway is looked at once
//! more: where it looks like another dialect's, the error says so and names the path.
//!
//! It must never be a reason to refuse by itself: dialects share most of their words
//! (Messages and chat both have `model` and `messages`), so a look is a guess, worth a
//! hint and no more. Only what a dialect has and the client's own has not is a mark.

use super::Dialect;
use super::openai::read::{Object, Value};
use crate::error::{Error, Kind};

/// What a request looks like.
#[derive(Debug)]
pub struct Look {
    pub dialect: Dialect,
    /// With its article.
    what: &'static str,
    pub path: &'static str,
    is_it: fn(&Body<'_>) -> bool,
}

/// In the order in which they are tried: the most telling marks first.
pub const LOOKS: &[Look] = &[
    look(Dialect::CohereRerank, "a rerank request", "/v2/rerank", |body| {
        body.has("query") && body.has("documents")
    }),
    look(
        Dialect::GeminiEmbed,
        "a Gemini embedding request",
        "/v1beta/models/{model}:batchEmbedContents",
        |body| body.has("requests"),
    ),
    look(Dialect::Gemini, "a Gemini request", "/v1beta/models/{model}:generateContent", |body| {
        body.has("contents")
    }),
    look(Dialect::BedrockConverse, "a Converse request", "/model/{model}/converse", |body| {
        body.any(&["inferenceConfig", "toolConfig", "additionalModelRequestFields"]) || body.untyped
    }),
    look(Dialect::OpenAiEmbeddings, "an embeddings request", "/v1/embeddings", |body| {
        body.has("input") && (body.texts || body.any(&["encoding_format", "dimensions"]))
    }),
    look(Dialect::OpenAiResponses, "a Responses request", "/v1/responses", |body| {
        body.any(&["previous_response_id", "conversation"]) || (body.has("input") && !body.texts)
    }),
    look(Dialect::CohereEmbed, "a Cohere embed request", "/v2/embed", |body| {
        body.any(&["texts", "input_type", "embedding_types"])
    }),
    look(Dialect::AnthropicMessages, "an Anthropic Messages request", "/v1/messages", |body| {
        body.has("messages")
            && (body.any(&["system", "stop_sequences", "anthropic_version"]) || body.blocks)
    }),
    look(Dialect::OpenAiChat, "a chat completions request", "/v1/chat/completions", |body| {
        body.has("messages") && (body.chat || body.any(CHAT))
    }),
    look(Dialect::OpenAiCompletions, "a text completion request", "/v1/completions", |body| {
        body.has("prompt") && !body.any(&["messages", "input"])
    }),
];

/// What chat has and neither Messages nor Converse.
const CHAT: &[&str] = &[
    "max_completion_tokens",
    "response_format",
    "reasoning_effort",
    "stream_options",
    "parallel_tool_calls",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "n",
    "stop",
    "functions",
    "modalities",
];

/// Messages and tools that are looked into.
const MAX_LOOKED: usize = 64;

/// The error, and where the request should have gone, if it looks as if.
pub fn explained(error: Error, client: Dialect, body: &[u8]) -> Error {
    if error.kind != Kind::InvalidRequest {
        return error;
    }
    match looks_like(client, body) {
        Some(look) if !error.message.contains(look.path) => {
            let words = format!(
                "{}; this looks like {}: POST it to {}",
                error.message, look.what, look.path
            );
            Error { message: words.into(), ..error }
        }
        _ => error,
    }
}

/// What the body looks like, other than what its path takes.
fn looks_like(client: Dialect, body: &[u8]) -> Option<&'static Look> {
    let root = Value::root(body);
    let object = root.object().ok()?;
    let body = Body::of(&root, &object);
    let own = LOOKS.iter().find(|look| look.dialect == client);
    if own.is_some_and(|own| (own.is_it)(&body)) {
        return None;
    }
    // A chat without any mark is only one where nothing else has messages.
    let plain = !matches!(client, Dialect::OpenAiChat | Dialect::AnthropicMessages)
        && !matches!(client, Dialect::CohereChat | Dialect::BedrockConverse)
        && body.has("messages");
    let chat = LOOKS.iter().find(|look| plain && look.dialect == Dialect::OpenAiChat);
    LOOKS.iter().filter(|look| look.dialect != client).find(|look| (look.is_it)(&body)).or(chat)
}

const fn look(
    dialect: Dialect,
    what: &'static str,
    path: &'static str,
    is_it: fn(&Body<'_>) -> bool,
) -> Look {
    Look { dialect, what, path, is_it }
}

/// What a body shows.
#[derive(Debug, Default)]
struct Body<'a> {
    names: Vec<&'a str>,
    /// `input` is an array of texts or tokens.
    texts: bool,
    /// A message or a tool is spelled as only chat does.
    chat: bool,
    /// One is spelled as only Messages does.
    blocks: bool,
    /// A block of a message is named by its member, not by a type.
    untyped: bool,
}

// === impl Body ===

impl<'a> Body<'a> {
    fn of(root: &Value<'_, '_>, object: &'a Object<'_>) -> Self {
        let names = object.iter().filter(|(_, raw)| *raw != b"null").map(|(name, _)| name);
        let mut body = Body { names: names.collect(), ..Body::default() };
        let list = |name| root.field(object, name).and_then(|v| v.items().ok()).unwrap_or_default();
        body.texts = list("input").first().is_some_and(|item| !item.starts_with(b"{"));
        for raw in list("messages").into_iter().take(MAX_LOOKED) {
            body.message(&Value::root(raw));
        }
        for raw in list("tools").into_iter().take(MAX_LOOKED) {
            let Ok(tool) = Value::root(raw).object() else { continue };
            body.chat |= tool.get("function").is_some();
            body.blocks |= tool.get("input_schema").is_some();
        }
        body
    }

    fn message(&mut self, message: &Value<'_, '_>) {
        let Ok(object) = message.object() else { return };
        let role = object.get("role").unwrap_or_default();
        self.chat |= matches!(role, br#""system""# | br#""developer""# | br#""tool""#)
            || object.get("tool_calls").is_some();
        let content = message.field(&object, "content").and_then(|c| c.items().ok());
        for raw in content.unwrap_or_default().into_iter().take(MAX_LOOKED) {
            let Ok(part) = Value::root(raw).object() else { continue };
            match part.get("type") {
                Some(br#""image_url""# | br#""input_audio""# | br#""file""#) => self.chat = true,
                Some(
                    br#""tool_use""# | br#""tool_result""# | br#""thinking""# | br#""image""#
                    | br#""document""#,
                ) => self.blocks = true,
                None => self.untyped |= part.get("text").is_some(),
                Some(_) => {}
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::*;

    const CHAT_BODY: &str = r#"{"model":"m","messages":[{"role":"system","content":"x"},{"role":"user","content":"x"}]}"#;
    const MESSAGES: &str =
        r#"{"model":"m","max_tokens":9,"system":"x","messages":[{"role":"user","content":"x"}]}"#;
    const RESPONSES: &str = r#"{"model":"m","instructions":"x","input":"x"}"#;
    const GEMINI: &str = r#"{"contents":[{"parts":[{"text":"x"}]}]}"#;
    const CONVERSE: &str = r#"{"messages":[{"role":"user","content":[{"text":"x"}]}]}"#;
    const EMBED: &str = r#"{"model":"m","input":["x"]}"#;
    const RERANK: &str = r#"{"model":"m","query":"x","documents":["x"]}"#;
    const PROMPT: &str = r#"{"model":"m","prompt":"x"}"#;

    #[test]
    fn tells_whose_a_body_is() {
        let bodies = [
            (CHAT_BODY, OpenAiChat),
            (MESSAGES, AnthropicMessages),
            (RESPONSES, OpenAiResponses),
            (GEMINI, Gemini),
            (CONVERSE, BedrockConverse),
            (EMBED, OpenAiEmbeddings),
            (RERANK, CohereRerank),
            (PROMPT, OpenAiCompletions),
        ];
        for (body, dialect) in bodies {
            for client in bodies.map(|(_, client)| client) {
                let seen = looks_like(client, body.as_bytes()).map(|look| look.dialect);
                // What is right here is never said to be wrong; chat and Messages share
                // enough that a plain one is either's.
                let wanted = (client != dialect).then_some(dialect);
                assert_eq!(seen, wanted, "{} {body}", client.as_str());
            }
        }
    }

    #[test]
    fn what_may_be_right_is_no_hint() {
        let plain = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
        for client in [OpenAiChat, AnthropicMessages, CohereChat] {
            assert!(looks_like(client, plain.as_bytes()).is_none(), "{}", client.as_str());
        }
        for odd in ["7", "[]", "{", "", "{\"messages\":7,\"input\":{}}"] {
            looks_like(OpenAiResponses, odd.as_bytes());
        }
    }

    #[test]
    fn says_it_once_and_only_of_bad_requests() {
        let wrong = Error::invalid("input", "you must provide input");
        let told = explained(wrong, OpenAiResponses, CHAT_BODY.as_bytes());
        let want = "you must provide input; this looks like a chat completions request: POST it \
                    to /v1/chat/completions";
        assert_eq!((told.message.as_ref(), told.param.as_deref()), (want, Some("input")));
        assert_eq!(explained(told.clone(), OpenAiResponses, CHAT_BODY.as_bytes()), told);
        let busy = Error::new(Kind::Busy, "later");
        assert_eq!(explained(busy.clone(), OpenAiResponses, CHAT_BODY.as_bytes()), busy);
    }
}
