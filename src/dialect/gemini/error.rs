//! Google's error shape, read and written:
//! `{"error":{"code","message","status","details":[...]}}`, also as the one item of
//! an array (streams that are not SSE), as a body or as an event of a stream.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/troubleshooting>,
//! <https://google.aip.dev/193>. What is said of our key, our project or our money
//! is the operator's and never quoted: 401 and 403, but here also a 400 whose
//! details say `API_KEY_INVALID`, and `FAILED_PRECONDITION` (no billing, no such
//! country).

use crate::dialect::UpstreamError;
use crate::dialect::openai::{self, error::shortened};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An error as a whole body.
pub fn body(error: &Error) -> Vec<u8> {
    let status = error.status();
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"error":{"code":"#);
    json::push_number(&mut out, status.into());
    out.extend_from_slice(br#","message":"#);
    match &error.param {
        // Its own messages begin with the path, too.
        Some(param) => json::push_text(&mut out, &format!("{param}: {}", error.message)),
        None => json::push_text(&mut out, &error.message),
    }
    out.extend_from_slice(br#","status":"#);
    json::push_text(&mut out, status_word(status));
    if let Some(param) = &error.param {
        out.extend_from_slice(
            br#","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"#,
        );
        json::push_text(&mut out, param);
        out.extend_from_slice(br#","description":"#);
        json::push_text(&mut out, &error.message);
        out.extend_from_slice(b"}]}]");
    }
    out.extend_from_slice(b"}}");
    out
}

/// An error as an event of a stream.
pub(super) fn event(error: &Error) -> Vec<u8> {
    let mut out = b"data: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\n\n");
    out
}

/// Reads a provider's error answer of any shape.
pub(super) fn from_upstream(status: u16, body: &[u8]) -> UpstreamError {
    let words = Words::read(body).unwrap_or_default();
    UpstreamError { error: words.into_error(status), verbatim: false }
}

/// The same for a client that speaks Gemini itself.
pub(super) fn from_upstream_verbatim(status: u16, body: &[u8]) -> UpstreamError {
    let words = Words::read(body);
    let whole = words.as_ref().is_some_and(|w| w.message().is_some()) && !is_array(body);
    let error = words.unwrap_or_default().into_error(status);
    UpstreamError { verbatim: whole && error.kind != Kind::ProviderAuth, error }
}

/// Reads an error event of a 200 stream, or an error object in a 200 answer.
pub(super) fn in_answer(data: &[u8]) -> Error {
    let words = Words::read(data).unwrap_or_default();
    let status = words.status();
    words.into_error(status)
}

/// What a 200 body of another shape is: an error in an array, or no answer at all.
pub(super) fn of_odd_answer(body: &[u8]) -> Error {
    match Words::read(body).filter(|_| is_array(body)) {
        Some(_) => in_answer(body),
        None => Error::new(Kind::BadAnswer, "the provider's answer has another shape"),
    }
}

/// Google's canonical codes, by the HTTP status each is told with.
const STATUSES: &[(u16, &str)] = &[
    (400, "INVALID_ARGUMENT"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (408, "DEADLINE_EXCEEDED"),
    (409, "ABORTED"),
    (429, "RESOURCE_EXHAUSTED"),
    (500, "INTERNAL"),
    (501, "UNIMPLEMENTED"),
    (502, "UNAVAILABLE"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
    (529, "UNAVAILABLE"),
];

fn status_word(status: u16) -> &'static str {
    let found = STATUSES.iter().find(|(code, _)| *code == status).map(|(_, word)| *word);
    found.unwrap_or(if status < 500 { "INVALID_ARGUMENT" } else { "INTERNAL" })
}

fn is_array(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Words {
    code: Option<serde_json::Value>,
    message: Option<serde_json::Value>,
    status: Option<serde_json::Value>,
    details: Option<serde_json::Value>,
}

// === impl Words ===

impl Words {
    fn read(body: &[u8]) -> Option<Self> {
        let envelope: Envelope<'_> = if is_array(body) {
            serde_json::from_slice::<Vec<Envelope<'_>>>(body).ok()?.into_iter().next()?
        } else {
            serde_json::from_slice(body).ok()?
        };
        serde_json::from_str(envelope.error?.get()).ok()
    }

    fn message(&self) -> Option<&str> {
        self.message.as_ref().and_then(serde_json::Value::as_str).filter(|m| !m.is_empty())
    }

    fn word(&self) -> &str {
        self.status.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    /// The HTTP status an error inside a 200 would have had.
    fn status(&self) -> u16 {
        let code = self.code.as_ref().and_then(serde_json::Value::as_u64);
        match code.and_then(|c| u16::try_from(c).ok()) {
            Some(code @ 400..=599) => code,
            _ => STATUSES.iter().find(|(_, word)| *word == self.word()).map_or(502, |(c, _)| *c),
        }
    }

    /// About us, not about the request.
    fn is_ours(&self) -> bool {
        let details = self.details.as_ref().and_then(serde_json::Value::as_array);
        let reasons = details.into_iter().flatten().filter_map(|d| d.get("reason")?.as_str());
        let mut reasons = reasons.filter(|r| r.starts_with("API_KEY_") || *r == "BILLING_DISABLED");
        self.word() == "FAILED_PRECONDITION"
            || reasons.next().is_some()
            || self.message().is_some_and(|m| m.contains("API key"))
    }

    fn into_error(self, status: u16) -> Error {
        let kind = Kind::of_provider_status(status);
        if kind == Kind::ProviderAuth || (status == 400 && self.is_ours()) {
            return openai::error::provider_auth(status);
        }
        let Some(message) = self.message() else {
            return Error::new(kind, format!("the provider answered HTTP {status}"))
                .with_status(status);
        };
        let error = Error::new(kind, shortened(message).to_owned()).with_status(status);
        if message.contains("input token count") && message.contains("exceeds the maximum") {
            return error.with_code("context_length_exceeded");
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_its_own_shape() {
        let e = Error::invalid("contents[0]", "must be \"x\"");
        assert_eq!(
            String::from_utf8(body(&e)).unwrap(),
            r#"{"error":{"code":400,"message":"contents[0]: must be \"x\"","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0]","description":"must be \"x\""}]}]}}"#
        );
        for kind in Kind::ALL {
            let error = Error::new(kind, "x");
            let words = Words::read(&body(&error)).unwrap();
            assert_eq!(words.status(), error.status());
        }
    }

    #[test]
    fn reads_any_shape() {
        for (status, raw, kind, code) in [
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
                Kind::Rejected,
                Some("context_length_exceeded"),
            ),
            (
                429,
                r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#,
                Kind::Busy,
                None,
            ),
            (503, r#"{"error":{}}"#, Kind::ProviderFault, None),
            (502, "<html>", Kind::ProviderFault, None),
            (404, "[]", Kind::Rejected, None),
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
    fn never_quotes_what_is_said_of_our_key() {
        for (status, raw) in [
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key. AIza1","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Enable billing for AIza1","status":"FAILED_PRECONDITION"}}"#,
            ),
            (401, r#"{"error":{"message":"AIza1"}}"#),
            (403, r#"{"error":{"message":"AIza1 lacks permission","status":"PERMISSION_DENIED"}}"#),
        ] {
            let e = from_upstream_verbatim(status, raw.as_bytes());
            assert_eq!(
                (e.error.kind, e.error.status(), e.verbatim),
                (Kind::ProviderAuth, 502, false)
            );
            assert!(!e.error.message.contains("AIza1"));
        }
    }

    #[test]
    fn its_own_shape_is_passed_on() {
        let raw = br#"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}"#;
        assert!(from_upstream_verbatim(429, raw).verbatim);
        assert!(!from_upstream_verbatim(429, b"<html>").verbatim);
        assert!(!from_upstream_verbatim(429, br#"[{"error":{"message":"x"}}]"#).verbatim);
        assert_eq!(in_answer(raw).kind, Kind::Busy);
        assert_eq!(in_answer(br#"{"error":{"status":"UNAVAILABLE"}}"#).status(), 502);
    }
}
