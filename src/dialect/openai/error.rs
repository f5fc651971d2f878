//! OpenAI's error shape, read and written:
//! `{"error":{"message","type","param","code"}}`, as a body or as one SSE event.

use crate::dialect::UpstreamError;
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An error as a whole body.
pub fn body(error: &Error) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"error":{"message":"#);
    json::push_text(&mut out, &error.message);
    out.extend_from_slice(br#","type":"#);
    json::push_text(&mut out, error.type_.as_deref().unwrap_or_else(|| type_of(error)));
    out.extend_from_slice(br#","param":"#);
    push_optional(&mut out, error.param.as_deref());
    out.extend_from_slice(br#","code":"#);
    push_optional(&mut out, error.code.as_deref().or_else(|| code_of(error)));
    out.extend_from_slice(b"}}");
    out
}

/// An error as an event inside a stream. The official SDKs raise on any event
/// whose JSON has `error`.
pub fn event(error: &Error) -> Vec<u8> {
    let mut out = b"data: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\n\n");
    out
}

/// Reads a provider's error answer of any shape. The provider's words are kept
/// but for 401 and 403: those are about our key and may quote it.
pub(in crate::dialect) fn from_upstream(status: u16, body: &[u8]) -> UpstreamError {
    let kind = Kind::of_provider_status(status);
    if kind == Kind::ProviderAuth {
        return UpstreamError { error: provider_auth(status), verbatim: false };
    }
    let (words, verbatim) = match serde_json::from_slice::<Envelope<'_>>(body) {
        Ok(Envelope { error: Some(raw) }) => match serde_json::from_str::<Words>(raw.get()) {
            Ok(words) => words.without_status(),
            // Some servers: {"error": "text"}.
            Err(_) => {
                (Words::of_text(json::text(raw.get().as_bytes()).map(|t| t.into_owned())), false)
            }
        },
        _ => (serde_json::from_slice::<Words>(body).unwrap_or_default(), false),
    };
    UpstreamError { error: words.into_error(kind, status), verbatim }
}

/// Reads an error event of a 200 stream, or an error object in a 200 answer.
pub(in crate::dialect) fn in_stream(data: &[u8]) -> Error {
    let words = serde_json::from_slice::<Envelope<'_>>(data)
        .ok()
        .and_then(|e| e.error)
        .and_then(|raw| serde_json::from_str::<Words>(raw.get()).ok())
        .unwrap_or_default();
    let status = words.status();
    if Kind::of_provider_status(status) == Kind::ProviderAuth {
        return provider_auth(status);
    }
    words.into_error(Kind::of_provider_status(status), status)
}

/// Our key was refused: the client's fault in nothing, and not for its eyes.
pub fn provider_auth(status: u16) -> Error {
    Error::new(
        Kind::ProviderAuth,
        format!(
            "the provider refused the gateway's credentials (HTTP {status}); the operator must check its key"
        ),
    )
}

/// As much of a provider's message as is passed on.
pub fn shortened(message: &str) -> &str {
    let mut end = message.len().min(MAX_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}

/// In bytes.
const MAX_MESSAGE: usize = 4096;

fn push_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => json::push_text(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn type_of(error: &Error) -> &'static str {
    match error.kind {
        Kind::Unauthenticated => "authentication_error",
        Kind::InvalidRequest
        | Kind::NotFound
        | Kind::ModelNotFound
        | Kind::MethodNotAllowed
        | Kind::TooLarge
        | Kind::UnsupportedMedia
        | Kind::Rejected => "invalid_request_error",
        Kind::RateLimited => "requests",
        Kind::Busy if error.status() == 429 => "rate_limit_error",
        _ => "server_error",
    }
}

fn code_of(error: &Error) -> Option<&'static str> {
    match error.kind {
        Kind::InvalidRequest | Kind::Rejected => None,
        Kind::NotFound => Some("unknown_url"),
        Kind::Unauthenticated => Some("invalid_api_key"),
        Kind::RateLimited => Some("rate_limit_exceeded"),
        Kind::Busy if error.status() == 429 => Some("rate_limit_exceeded"),
        kind => Some(kind.as_str()),
    }
}

/// Codes about what the client asked, where no type or status says so.
/// <https://developers.openai.com/api/reference/resources/responses>
fn is_of_request(code: &str) -> bool {
    code.starts_with("invalid_")
        || code.starts_with("image_")
        || matches!(
            code,
            "bio_policy"
                | "content_filter"
                | "moderation_blocked"
                | "context_length_exceeded"
                | "empty_image_file"
                | "failed_to_download_image"
                | "misalignment_policy_violation"
                | "unsupported_image_media_type"
        )
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// The fields of an error object; any of them may be missing or of any type.
#[derive(Deserialize, Default)]
struct Words {
    message: Option<serde_json::Value>,
    /// Where servers built on FastAPI have their words.
    detail: Option<serde_json::Value>,
    #[serde(rename = "type")]
    type_: Option<serde_json::Value>,
    param: Option<serde_json::Value>,
    code: Option<serde_json::Value>,
}

// === impl Words ===

impl Words {
    fn of_text(message: Option<String>) -> Self {
        Self { message: message.map(Into::into), ..Default::default() }
    }

    /// Azure's front door has the status for a code, which says nothing and hides
    /// ours. The other half: the body is OpenAI's own.
    fn without_status(mut self) -> (Self, bool) {
        let is_status =
            self.code.as_ref().is_some_and(|c| c.is_string()) && self.number().is_some();
        if is_status {
            self.code = None;
        }
        (self, !is_status)
    }

    /// A code that is an HTTP status, as a number or as text.
    fn number(&self) -> Option<u16> {
        let code = match self.code.as_ref()? {
            serde_json::Value::String(text) => text.parse().ok()?,
            code => u16::try_from(code.as_u64()?).ok()?,
        };
        (400..=599).contains(&code).then_some(code)
    }

    /// The HTTP status an in-stream error would have had: a numeric code, or what
    /// its type or code says, else 502.
    fn status(&self) -> u16 {
        if let Some(code) = self.number() {
            return code;
        }
        let word =
            |v: &Option<serde_json::Value>| v.as_ref().and_then(|v| v.as_str()).map(str::to_owned);
        match (word(&self.type_).as_deref(), word(&self.code).as_deref()) {
            (Some("rate_limit_error" | "insufficient_quota" | "tokens" | "requests"), _)
            | (_, Some("rate_limit_exceeded" | "insufficient_quota" | "too_many_requests")) => 429,
            (Some("authentication_error"), _) | (_, Some("invalid_api_key")) => 401,
            (Some("invalid_request_error"), _) => 400,
            (_, Some("server_error")) => 500,
            (_, Some(code)) if is_of_request(code) => 400,
            (Some("overloaded_error"), _) => 529,
            (Some("server_error"), _) => 500,
            _ => 502,
        }
    }

    fn into_error(self, kind: Kind, status: u16) -> Error {
        let message = match spoken(self.message).or_else(|| spoken(self.detail)) {
            Some(message) => shortened(&message).to_owned(),
            None => format!("the provider answered HTTP {status}"),
        };
        let mut error = Error::new(kind, message).with_status(status);
        error.type_ = text(self.type_).map(Into::into);
        error.param = text(self.param).map(Into::into);
        error.code = text(self.code).map(Into::into);
        if kind == Kind::Rejected && TOO_LONG.iter().any(|words| error.message.contains(words)) {
            error.code = Some("context_length_exceeded".into());
        }
        error
    }
}

/// How servers of this dialect say that a prompt is too long, where they have not
/// OpenAI's code for it: vLLM, DeepSeek and others; SiliconFlow; llama.cpp
/// (<https://github.com/ggml-org/llama.cpp/blob/master/tools/server/server-context.cpp>).
const TOO_LONG: [&str; 3] =
    ["maximum context length", "less than max_seq_len", "exceeds the available context size"];

/// A message: text, or a list of what is wrong as JSON.
fn spoken(value: Option<serde_json::Value>) -> Option<String> {
    match value? {
        serde_json::Value::Array(list) if list.is_empty() => None,
        serde_json::Value::Object(map) if map.is_empty() => None,
        value @ (serde_json::Value::Array(_) | serde_json::Value::Object(_)) => {
            Some(value.to_string())
        }
        value => text(Some(value)),
    }
}

fn text(value: Option<serde_json::Value>) -> Option<String> {
    match value? {
        serde_json::Value::String(s) if !s.is_empty() => Some(s),
        serde_json::Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_escaped_json() {
        let e = Error::invalid("messages[0]", "a \"quoted\"\nline");
        assert_eq!(
            String::from_utf8(body(&e)).unwrap(),
            r#"{"error":{"message":"a \"quoted\"\nline","type":"invalid_request_error","param":"messages[0]","code":null}}"#
        );
        assert!(event(&e).starts_with(b"data: {") && event(&e).ends_with(b"}\n\n"));
    }

    #[test]
    fn reads_any_shape() {
        for (status, raw, message, verbatim) in [
            (
                429,
                r#"{"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}}"#,
                "slow down",
                true,
            ),
            (500, r#"{"error":"boom"}"#, "boom", false),
            (400, r#"{"object":"error","message":"bad","code":400}"#, "bad", false),
            // Mistral and what is built on FastAPI tell of the fields that are wrong.
            (
                422,
                r#"{"object":"error","message":{"detail":[{"loc":["body","x"]}]},"type":"t"}"#,
                r#"{"detail":[{"loc":["body","x"]}]}"#,
                false,
            ),
            (
                422,
                r#"{"detail":[{"msg":"Field required"}]}"#,
                r#"[{"msg":"Field required"}]"#,
                false,
            ),
            (404, r#"{"detail":"Not Found"}"#, "Not Found", false),
            (400, r#"{"message":null,"detail":{}}"#, "the provider answered HTTP 400", false),
            (502, "<html>", "the provider answered HTTP 502", false),
            (503, "", "the provider answered HTTP 503", false),
            (409, "", "the provider answered HTTP 409", false),
        ] {
            let e = from_upstream(status, raw.as_bytes());
            assert_eq!(
                (e.error.message.as_ref(), e.verbatim, e.error.status()),
                (message, verbatim, status)
            );
        }
    }

    #[test]
    fn only_429_is_a_rate_limit() {
        for (status, limited) in [(429, true), (408, false), (409, false), (425, false)] {
            let said = String::from_utf8(body(&from_upstream(status, b"").error)).unwrap();
            assert_eq!(said.contains("rate_limit"), limited, "{said}");
        }
    }

    #[test]
    fn never_quotes_what_is_said_of_our_key() {
        let e =
            from_upstream(401, br#"{"error":{"message":"Incorrect API key provided: sk-abc"}}"#);
        assert_eq!((e.error.kind, e.error.status(), e.verbatim), (Kind::ProviderAuth, 502, false));
        assert!(!e.error.message.contains("sk-abc"));
    }
}
