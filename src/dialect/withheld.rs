//! Refusals by a content filter: as errors, and as answers that hold nothing else.
//!
//! Providers tell them in three ways. An error's code; an answer that ends for this
//! reason and has no content; and Bedrock's guardrail, whose words are the operator's
//! own in place of the model's. A model that declines in its own words has answered, and
//! one that was cut off in the middle has, too. Read only where somebody moves on for
//! it. Must not: decide that.
//!
//! - `content_filter`, at Azure with `ResponsibleAIPolicyViolation` beneath, and
//!   `content_policy_violation`:
//!   <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/concepts/content-filter>
//! - `stop_reason: refusal`:
//!   <https://platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals>
//! - `promptFeedback.blockReason`: <https://ai.google.dev/api/generate-content#PromptFeedback>
//! - `guardrail_intervened`:
//!   <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

use super::Dialect;
use crate::error::{Error, Kind};
use crate::wire::sse::Decoder;
use serde_json::Value;

/// What an error's code, or the whole of an answer, says.
pub const CODE: &str = "content_filter";

/// Most bytes of one event; what is held back has fewer.
const MAX_EVENT: usize = 1 << 20;

/// An answer's part.
#[derive(PartialEq, Eq)]
enum Shown {
    Nothing,
    Content,
    Withheld,
}

/// Is this error a content filter's?
pub fn says(error: &Error) -> bool {
    let codes = [
        CODE,
        "content_policy_violation",
        "moderation_blocked",
        "ResponsibleAIPolicyViolation",
        "responsible_ai_policy_violation",
    ];
    error.kind == Kind::Rejected && error.code.as_deref().is_some_and(|code| codes.contains(&code))
}

/// Is a provider's whole answer nothing else?
pub fn whole(dialect: Dialect, body: &[u8]) -> bool {
    // Most answers have none of these words, and are not parsed again.
    let may = WORDS.iter().any(|word| memchr::memmem::find(body, word.as_bytes()).is_some());
    may && serde_json::from_slice(body).is_ok_and(|v| of_whole(dialect, &v) == Shown::Withheld)
}

/// Is all that a client would see of a stream, in its own dialect, nothing else? Not
/// told of AWS's binary events.
pub fn stream(client: Dialect, events: &[u8]) -> bool {
    if !WORDS.iter().any(|word| memchr::memmem::find(events, word.as_bytes()).is_some()) {
        return false;
    }
    let (mut withheld, mut content) = (false, false);
    let read = |event: crate::wire::sse::Event<'_>| {
        let value = event.data.and_then(|data| serde_json::from_slice(&data).ok());
        match value.map(|value| of_event(client, &value)) {
            Some(Shown::Withheld) => withheld = true,
            Some(Shown::Content) => content = true,
            _ => {}
        }
    };
    Decoder::new(MAX_EVENT).feed(events, read).is_ok() && withheld && !content
}

/// For the client, where nobody else answers.
pub fn error() -> Error {
    Error::new(Kind::Rejected, "the provider's content filter withheld the answer").with_code(CODE)
}

/// One of them stands in every such answer.
const WORDS: [&str; 7] = [
    "content_filter",
    "refusal",
    "blockReason",
    "finishReason",
    "guardrail_intervened",
    "content_filtered",
    "ERROR_TOXIC",
];

fn of_whole(dialect: Dialect, answer: &Value) -> Shown {
    let stopped = |field: &str, word: &str| at(answer, field).as_str() == Some(word);
    match dialect {
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => choices(answer, "/message"),
        Dialect::OpenAiResponses => response(answer),
        Dialect::AnthropicMessages | Dialect::AnthropicVertex | Dialect::AnthropicBedrock => {
            shown(stopped("/stop_reason", "refusal"), !is_empty(at(answer, "/content")))
        }
        Dialect::Gemini => gemini(answer),
        Dialect::BedrockConverse if stopped("/stopReason", "guardrail_intervened") => {
            Shown::Withheld
        }
        Dialect::BedrockConverse => {
            let content = at(answer, "/output/message/content");
            shown(stopped("/stopReason", "content_filtered"), !is_empty(content))
        }
        Dialect::CohereChat => {
            let parts = ["/message/content", "/message/tool_calls"];
            let content = parts.iter().any(|part| !is_empty(at(answer, part)));
            shown(stopped("/finish_reason", "ERROR_TOXIC"), content)
        }
        _ => Shown::Nothing,
    }
}

fn of_event(client: Dialect, event: &Value) -> Shown {
    let type_ = at(event, "/type").as_str().unwrap_or_default();
    match (client, type_) {
        (Dialect::OpenAiChat | Dialect::OpenAiCompletions, _) => choices(event, "/delta"),
        (Dialect::Gemini, _) => gemini(event),
        (Dialect::AnthropicMessages, "content_block_delta") => Shown::Content,
        (Dialect::AnthropicMessages, "content_block_start") => {
            shown(false, at(event, "/content_block/type") != "text")
        }
        (Dialect::AnthropicMessages, "message_delta") => {
            shown(at(event, "/delta/stop_reason") == "refusal", false)
        }
        (Dialect::OpenAiResponses, t) if t.ends_with(".delta") => Shown::Content,
        (Dialect::OpenAiResponses, "response.incomplete") => response(at(event, "/response")),
        (Dialect::CohereChat, "content-delta" | "tool-call-start") => Shown::Content,
        (Dialect::CohereChat, "message-end") => {
            shown(at(event, "/delta/finish_reason") == "ERROR_TOXIC", false)
        }
        _ => Shown::Nothing,
    }
}

/// OpenAI's choices. The words of a `refusal` are the filter's or the gateway's.
fn choices(answer: &Value, part: &str) -> Shown {
    let all = items(answer, "/choices");
    let has = |choice: &Value| {
        let message = at(choice, part);
        let fields = ["/content", "/tool_calls", "/reasoning_content", "/reasoning"];
        fields.iter().any(|f| !is_empty(at(message, f))) || !is_empty(at(choice, "/text"))
    };
    let is_filtered = |choice: &Value| at(choice, "/finish_reason") == CODE;
    shown(all.iter().any(is_filtered), all.iter().any(has))
}

fn response(response: &Value) -> Shown {
    let filtered = at(response, "/incomplete_details/reason") == CODE;
    shown(filtered, !is_empty(at(response, "/output")))
}

fn gemini(answer: &Value) -> Shown {
    let all = items(answer, "/candidates");
    let blocked = !at(answer, "/promptFeedback/blockReason").is_null();
    let is_withheld =
        |c: &Value| at(c, "/finishReason").as_str().is_some_and(super::gemini::finish::is_withheld);
    let has = |c: &Value| !is_empty(at(c, "/content/parts"));
    shown(blocked || all.iter().any(is_withheld), all.iter().any(has))
}

fn shown(withheld: bool, content: bool) -> Shown {
    match (content, withheld) {
        (true, _) => Shown::Content,
        (false, true) => Shown::Withheld,
        (false, false) => Shown::Nothing,
    }
}

/// Null where there is nothing.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_answer_that_holds_nothing_else() {
        let said = |dialect, v: Value| whole(dialect, v.to_string().as_bytes());
        let chat = |content: Value| {
            json!({ "choices": [{ "finish_reason": "content_filter",
                "message": { "role": "assistant", "content": content } }] })
        };
        assert!(said(Dialect::OpenAiChat, chat(Value::Null)));
        assert!(said(Dialect::OpenAiChat, chat(json!(""))));
        assert!(!said(Dialect::OpenAiChat, chat(json!("It begins"))));
        let refusal = |content: Value| json!({ "stop_reason": "refusal", "content": content });
        for dialect in
            [Dialect::AnthropicMessages, Dialect::AnthropicVertex, Dialect::AnthropicBedrock]
        {
            assert!(said(dialect, refusal(json!([]))));
            assert!(!said(dialect, refusal(json!([{ "type": "text", "text": "I" }]))));
        }
        let blocked = json!({ "promptFeedback": { "blockReason": "SAFETY" } });
        assert!(said(Dialect::Gemini, blocked));
        let candidate = |reason: &str, parts: Value| json!({ "candidates": [{ "finishReason": reason, "content": { "parts": parts } }] });
        assert!(said(Dialect::Gemini, candidate("PROHIBITED_CONTENT", json!([]))));
        assert!(!said(Dialect::Gemini, candidate("STOP", json!([]))));
        assert!(!said(Dialect::Gemini, candidate("SAFETY", json!([{ "text": "a" }]))));
        let converse = |reason: &str, content: Value| json!({ "stopReason": reason, "output": { "message": { "content": content } } });
        let words = json!([{ "text": "Not here." }]);
        assert!(said(Dialect::BedrockConverse, converse("guardrail_intervened", words.clone())));
        assert!(said(Dialect::BedrockConverse, converse("content_filtered", json!([]))));
        assert!(!said(Dialect::BedrockConverse, converse("content_filtered", words)));
        let response = |output: Value| {
            json!({ "status": "incomplete", "output": output,
            "incomplete_details": { "reason": "content_filter" } })
        };
        assert!(said(Dialect::OpenAiResponses, response(json!([]))));
        assert!(!said(Dialect::OpenAiResponses, response(json!([{ "type": "message" }]))));
        assert!(said(
            Dialect::CohereChat,
            json!({ "finish_reason": "ERROR_TOXIC", "message": {} })
        ));
        assert!(!said(Dialect::OpenAiEmbeddings, json!({ "finish_reason": "content_filter" })));
        assert!(!whole(Dialect::OpenAiChat, b"content_filter"));
    }

    #[test]
    fn streams_before_their_content() {
        let events = |all: &[Value]| {
            let all: Vec<_> = all.iter().map(|v| format!("data: {v}\n\n")).collect();
            all.concat() + "data: [DONE]\n\n"
        };
        let chunk = |delta: Value, finish: Value| json!({ "choices": [{ "delta": delta, "finish_reason": finish }] });
        let role = chunk(json!({ "role": "assistant", "content": "" }), Value::Null);
        let end = chunk(json!({}), json!("content_filter"));
        let told = chunk(json!({ "refusal": "It was withheld." }), Value::Null);
        let word = chunk(json!({ "content": "a" }), Value::Null);
        let said = |all: &[Value]| stream(Dialect::OpenAiChat, events(all).as_bytes());
        assert!(said(&[role.clone(), end.clone()]));
        assert!(said(&[role.clone(), told, end.clone()]));
        assert!(!said(&[role.clone(), word, end]));
        assert!(!said(&[role, chunk(json!({}), json!("stop"))]));
        let start = json!({ "type": "message_start", "message": {} });
        let refusal = json!({ "type": "message_delta", "delta": { "stop_reason": "refusal" } });
        let delta = json!({ "type": "content_block_delta", "delta": {} });
        let said = |all: &[Value]| stream(Dialect::AnthropicMessages, events(all).as_bytes());
        assert!(said(&[start.clone(), refusal.clone()]));
        assert!(!said(&[start, delta, refusal]));
        assert!(!stream(Dialect::BedrockConverse, b"content_filter"));
    }

    #[test]
    fn errors_by_their_code() {
        let error = |kind, code: &'static str| Error::new(kind, "x").with_code(code);
        assert!(says(&error(Kind::Rejected, "content_filter")));
        assert!(says(&error(Kind::Rejected, "content_policy_violation")));
        assert!(!says(&error(Kind::Rejected, "context_length_exceeded")));
        assert!(!says(&error(Kind::ProviderFault, "content_filter")));
    }
}
