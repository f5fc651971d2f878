//! Anthropic's error shape, read and written:
//! `{"type":"error","error":{"type","message"},"request_id"}`, as a body or as
//! the `error` event of a stream. Google's own errors (`{"error":{"code","message",
//! "status"}}`) fit the same reading; AWS's have no more than a message.
//!
//! Spec: <https://platform.claude.com/docs/en/api/errors>. What is said of our
//! key or our account's money (401, 402, 403, and a 400 about the credit
//! balance) is the operator's and never quoted.

use super::threads;
use crate::dialect::UpstreamError;
use crate::dialect::openai::{self, error::shortened};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An error as a whole body.
pub fn body(error: &Error) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(br#"{"type":"error","error":{"type":"#);
    json::push_text(&mut out, type_of(error));
    out.extend_from_slice(br#","message":"#);
    match &error.param {
        // This dialect has no field for it; its own messages begin with the path.
        Some(param) => json::push_text(&mut out, &format!("{param}: {}", error.message)),
        None => json::push_text(&mut out, &error.message),
    }
    threads::push_details(error, &mut out);
    out.extend_from_slice(b"}}");
    out
}

/// An error as an event inside a stream.
pub(super) fn event(error: &Error) -> Vec<u8> {
    let mut out = b"event: error\ndata: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\n\n");
    out
}

/// An exception inside a Bedrock stream: its name, and `{"message"}`.
pub(super) fn exception(name: &str, payload: &[u8]) -> Error {
    Words::bare(payload).unwrap_or_default().into_error(status_of(name))
}

/// The same where the words stand alone.
pub(super) fn spoken(name: &str, words: &str) -> Error {
    let words = Words { message: Some(words.into()), ..Default::default() };
    words.into_error(status_of(name))
}

/// Reads a provider's error answer of any shape.
pub(super) fn from_upstream(status: u16, body: &[u8]) -> UpstreamError {
    let words = Words::read(body).or_else(|| Words::bare(body)).unwrap_or_default();
    UpstreamError { error: words.into_error(status), verbatim: false }
}

/// The same for a client that speaks Messages: an error of the vendor's own shape
/// passes as it is, unless it is about our account.
pub(super) fn from_upstream_to_messages(status: u16, body: &[u8]) -> UpstreamError {
    let read = from_upstream(status, body);
    let is_own = serde_json::from_slice::<Own<'_>>(body)
        .is_ok_and(|own| own.type_ == "error" && !own.error.type_.is_empty());
    UpstreamError { verbatim: is_own && read.error.kind != Kind::ProviderAuth, ..read }
}

/// Reads an error event of a 200 stream, or an error object in a 200 answer.
pub(super) fn in_answer(data: &[u8]) -> Error {
    let words = Words::read(data).unwrap_or_default();
    let status = words.status();
    words.into_error(status)
}

/// How the API says that its filter held the answer back: a 400 with no type of its own.
/// <https://github.com/anthropics/claude-code/issues/58367>
const FILTERED: &str = "blocked by content filtering policy";
/// How the API says that the conversation does not fit, and how Bedrock does.
const TOO_LONG: &[&str] =
    &["prompt is too long", "exceed context limit", "Input is too long for requested model"];

const TYPES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("conflict_error", 409),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// What an exception in a stream would have been as an answer.
fn status_of(exception: &str) -> u16 {
    match exception {
        "validationException" => 400,
        "modelTimeoutException" => 408,
        "throttlingException" => 429,
        "internalServerException" => 500,
        "serviceUnavailableException" => 503,
        // modelStreamErrorException (424 by the API: the model broke down), and
        // what is not known yet.
        _ => 502,
    }
}

fn type_of(error: &Error) -> &'static str {
    // Another maker's word for the same status may be a wider one.
    let told = error.type_.as_deref().and_then(|own| TYPES.iter().find(|(name, _)| *name == own));
    if let Some((name, _)) = told.filter(|(name, _)| !WIDE.contains(name)) {
        return name;
    }
    match error.kind {
        Kind::Unauthenticated => "authentication_error",
        Kind::NotFound | Kind::ModelNotFound => "not_found_error",
        Kind::TooLarge => "request_too_large",
        Kind::RateLimited => "rate_limit_error",
        Kind::Timeout => "timeout_error",
        Kind::Unavailable | Kind::Unreachable => "overloaded_error",
        Kind::InvalidRequest | Kind::MethodNotAllowed | Kind::UnsupportedMedia => {
            "invalid_request_error"
        }
        Kind::Rejected | Kind::Busy | Kind::ProviderFault => of_status(error.status()),
        Kind::ProviderAuth | Kind::BadAnswer | Kind::BrokenStream | Kind::Internal => "api_error",
    }
}

/// The word for a provider's status. Others say 503 where this API says 529, and 408
/// where it says 504; what it has no word for is the request's fault below 500.
fn of_status(status: u16) -> &'static str {
    match status {
        408 => "timeout_error",
        503 => "overloaded_error",
        _ => match TYPES.iter().find(|(_, own)| *own == status) {
            Some((name, _)) => name,
            None if status < 500 => "invalid_request_error",
            None => "api_error",
        },
    }
}

/// Words that OpenAI has too, for more than this API's status.
const WIDE: &[&str] = &["invalid_request_error", "api_error"];

fn billing() -> Error {
    Error::new(
        Kind::ProviderAuth,
        "the provider does not serve the gateway's account (billing); the operator must check it",
    )
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Anthropic's own shape.
#[derive(Deserialize)]
struct Own<'a> {
    #[serde(rename = "type")]
    type_: &'a str,
    #[serde(borrow)]
    error: OwnWords<'a>,
}

#[derive(Deserialize)]
struct OwnWords<'a> {
    #[serde(rename = "type")]
    type_: &'a str,
    #[serde(rename = "message")]
    _message: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize, Default)]
struct Words {
    #[serde(rename = "type")]
    type_: Option<serde_json::Value>,
    /// Google's: the status, once more.
    code: Option<serde_json::Value>,
    #[serde(alias = "Message")]
    message: Option<serde_json::Value>,
}

// === impl Words ===

impl Words {
    fn read(body: &[u8]) -> Option<Self> {
        // Google's streaming endpoints answer errors as a list of one.
        let one = serde_json::from_slice::<[&RawValue; 1]>(body);
        let body = one.map_or(body, |[one]| one.get().as_bytes());
        let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
        serde_json::from_str(envelope.error?.get()).ok()
    }

    /// AWS's `{"message"}`, which some of its layers write `{"Message"}`.
    fn bare(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    fn type_(&self) -> &str {
        self.type_.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    /// The HTTP status an error inside a 200 would have had.
    fn status(&self) -> u16 {
        let code = self.code.as_ref().and_then(serde_json::Value::as_u64);
        if let Some(code @ 400..=599) = code.and_then(|code| u16::try_from(code).ok()) {
            return code;
        }
        TYPES.iter().find(|(name, _)| *name == self.type_()).map_or(502, |(_, status)| *status)
    }

    fn into_error(self, status: u16) -> Error {
        // Bedrock's word for a model that broke down: no fault of the request.
        let status = if status == 424 { 502 } else { status };
        let message = self.message.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        if status == 402
            || self.type_() == "billing_error"
            || message.contains("credit balance is too low")
        {
            return billing();
        }
        let kind = Kind::of_provider_status(status);
        if kind == Kind::ProviderAuth {
            return openai::error::provider_auth(status);
        }
        if message.is_empty() {
            return Error::new(kind, format!("the provider answered HTTP {status}"))
                .with_status(status);
        }
        let error = Error::new(kind, shortened(message).to_owned()).with_status(status);
        if TOO_LONG.iter().any(|words| message.contains(words)) {
            return error.with_code("context_length_exceeded");
        }
        if message.contains(FILTERED) {
            return error.with_code("content_filter");
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_its_own_shape() {
        let e = Error::invalid("messages[0]", "must be \"x\"");
        assert_eq!(
            String::from_utf8(body(&e)).unwrap(),
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages[0]: must be \"x\""}}"#
        );
        let e = Error::new(Kind::ProviderFault, "full").with_status(529);
        assert_eq!(
            String::from_utf8(body(&e)).unwrap(),
            r#"{"type":"error","error":{"type":"overloaded_error","message":"full"}}"#
        );
        for (status, word) in [
            (400, "invalid_request_error"),
            // Of our account, not the client's.
            (402, "api_error"),
            (404, "not_found_error"),
            (408, "timeout_error"),
            (409, "conflict_error"),
            (413, "request_too_large"),
            (422, "invalid_request_error"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (502, "api_error"),
            (503, "overloaded_error"),
            (504, "timeout_error"),
        ] {
            // As OpenAI's own answers say it, too.
            let plain = Error::new(Kind::of_provider_status(status), "x").with_status(status);
            for e in [plain.clone(), plain.with_type("invalid_request_error")] {
                assert_eq!(Words::read(&body(&e)).unwrap_or_default().type_(), word, "{status}");
            }
        }
        for kind in Kind::ALL {
            let body = body(&Error::new(kind, "x"));
            assert!(Words::read(&body).is_some_and(|w| TYPES.iter().any(|(t, _)| *t == w.type_())));
        }
    }

    #[test]
    fn reads_any_shape() {
        for (status, raw, kind, code) in [
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
                Kind::Rejected,
                Some("context_length_exceeded"),
            ),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#,
                Kind::Busy,
                None,
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
                Kind::ProviderFault,
                None,
            ),
            (502, "<html>", Kind::ProviderFault, None),
            (
                429,
                r#"[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}]"#,
                Kind::Busy,
                None,
            ),
            (
                400,
                r#"{"message":"Input is too long for requested model."}"#,
                Kind::Rejected,
                Some("context_length_exceeded"),
            ),
            (400, r#"{"Message":"Malformed input request"}"#, Kind::Rejected, None),
            (413, "", Kind::Rejected, None),
        ] {
            let e = from_upstream(status, raw.as_bytes());
            assert_eq!(
                (e.error.kind, e.error.status(), e.error.code.as_deref()),
                (kind, status, code)
            );
            assert!(!e.verbatim && !e.error.message.is_empty());
        }
    }

    #[test]
    fn bedrock_s_exceptions_have_the_status_of_answers() {
        for (name, kind, status) in [
            ("validationException", Kind::Rejected, 400),
            ("throttlingException", Kind::Busy, 429),
            ("modelTimeoutException", Kind::Busy, 408),
            ("modelStreamErrorException", Kind::ProviderFault, 502),
            ("serviceUnavailableException", Kind::ProviderFault, 503),
            ("newException", Kind::ProviderFault, 502),
        ] {
            let e = exception(name, br#"{"message":"x"}"#);
            assert_eq!((e.kind, e.status(), &*e.message), (kind, status, "x"), "{name}");
        }
        let e = from_upstream(424, br#"{"message":"the model broke down"}"#).error;
        assert_eq!((e.kind, e.status()), (Kind::ProviderFault, 502));
    }

    #[test]
    fn only_its_own_shape_passes_to_its_own_clients() {
        let own = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert!(from_upstream_to_messages(529, own).verbatim);
        assert!(!from_upstream_to_messages(401, own).verbatim);
        assert!(!from_upstream_to_messages(400, br#"{"message":"x"}"#).verbatim);
        assert!(!from_upstream_to_messages(400, br#"{"error":{"message":"x"}}"#).verbatim);
    }

    #[test]
    fn never_quotes_what_is_said_of_our_account() {
        for (status, raw) in [
            (
                401,
                r#"{"error":{"type":"authentication_error","message":"invalid x-api-key sk-ant-1"}}"#,
            ),
            (403, r#"{"error":{"message":"sk-ant-1 may not"}}"#),
            (402, r#"{"error":{"type":"billing_error","message":"sk-ant-1 owes"}}"#),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low (sk-ant-1)"}}"#,
            ),
        ] {
            let e = from_upstream(status, raw.as_bytes()).error;
            assert_eq!((e.kind, e.status()), (Kind::ProviderAuth, 502));
            assert!(!e.message.contains("sk-ant"));
        }
        let e = in_answer(
            br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        );
        assert_eq!((e.kind, e.status()), (Kind::ProviderFault, 529));
    }
}
