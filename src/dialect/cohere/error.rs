//! Cohere's error shape, read and written: `{"id","message"}`, no machine's word but
//! the undocumented `error_type`. Status first, then the beginning of the words.
//!
//! 498 (a deny-listed token) becomes a 400 that tells of it: no client but Cohere's
//! knows that number. 499 (cancelled) is the provider's own trouble, as the client is
//! still here. What is said of our key or our account's money (401, 402, 403) is never
//! quoted.
//!
//! Spec: <https://docs.cohere.com/reference/errors>.

use crate::dialect::UpstreamError;
use crate::dialect::openai::{self, error::shortened};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;

/// An error as a whole body.
pub fn body(error: &Error) -> Vec<u8> {
    let mut out = br#"{"message":"#.to_vec();
    push_words(&mut out, error);
    out.push(b'}');
    out
}

/// An error as the last event of a stream: there is no event for errors alone.
pub(super) fn event(error: &Error) -> Vec<u8> {
    let mut out =
        b"event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"error\":".to_vec();
    push_words(&mut out, error);
    out.extend_from_slice(b",\"finish_reason\":\"ERROR\"}}\n\n");
    out
}

/// This dialect has no field for what is at fault; its own messages name it.
fn push_words(out: &mut Vec<u8>, error: &Error) {
    match &error.param {
        Some(param) => json::push_text(out, &format!("{param}: {}", error.message)),
        None => json::push_text(out, &error.message),
    }
}

/// Reads a provider's error answer of any shape.
pub(super) fn from_upstream(status: u16, body: &[u8]) -> UpstreamError {
    let words = Words::read(body).unwrap_or_default();
    UpstreamError { error: words.into_error(status), verbatim: false }
}

/// For a client of this dialect: the body may go on as it is, where it says nothing
/// of our key and its status is one.
pub(super) fn same(status: u16, body: &[u8]) -> UpstreamError {
    let words = Words::read(body);
    let spoken = words.as_ref().is_some_and(|w| w.message.is_some());
    let mut error = words.unwrap_or_default().into_error(status);
    if status == 498 {
        // These clients know the number.
        error = error.with_status(status);
    }
    let verbatim = spoken && error.kind != Kind::ProviderAuth && error.status() == status;
    UpstreamError { error, verbatim }
}

/// Reads an error that came in a 200.
pub(super) fn in_answer(data: &[u8]) -> Error {
    Words::read(data).unwrap_or_default().into_error(502)
}

/// Why a generation ended that should not have. `words`: the provider's.
pub(super) fn of_finish(reason: &str, words: Option<&str>) -> Option<Error> {
    let (status, default) = match reason {
        "ERROR" => (502, "the provider failed while it answered"),
        "TIMEOUT" => (504, "the provider ran out of time while it answered"),
        _ => return None,
    };
    let words = words.filter(|w| !w.is_empty()).map_or(default, shortened);
    Some(Error::new(Kind::ProviderFault, words.to_owned()).with_status(status))
}

fn billing() -> Error {
    Error::new(
        Kind::ProviderAuth,
        "the provider does not serve the gateway's account (billing); the operator must check it",
    )
}

#[derive(Deserialize, Default)]
struct Words {
    message: Option<serde_json::Value>,
    error_type: Option<serde_json::Value>,
}

// === impl Words ===

impl Words {
    fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    fn into_error(self, status: u16) -> Error {
        let text = |v: &Option<serde_json::Value>| {
            v.as_ref().and_then(|v| v.as_str()).unwrap_or_default().to_owned()
        };
        let (message, type_) = (text(&self.message), text(&self.error_type));
        let (kind, shown) = match status {
            402 => return billing(),
            401 | 403 => return openai::error::provider_auth(status),
            498 => (Kind::Rejected, 400),
            499 => (Kind::ProviderFault, 502),
            _ => (Kind::of_provider_status(status), status),
        };
        let words = match shortened(&message) {
            "" => format!("the provider answered HTTP {status}"),
            words => words.to_owned(),
        };
        let error = Error::new(kind, words).with_status(shown);
        match status {
            498 => error.with_code("content_filter"),
            404 if message.starts_with("model ") => error.with_code("model_not_found"),
            400 | 422 if is_too_long(&message, &type_) => {
                error.with_code("context_length_exceeded")
            }
            _ => error,
        }
    }
}

/// The prompt is too long, rather than `max_tokens` too large.
fn is_too_long(message: &str, type_: &str) -> bool {
    (type_ == "TOO_MANY_TOKENS" || message.starts_with("too many tokens"))
        && !message.contains("max tokens must be")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_shape() {
        for (status, raw, kind, shown, code) in [
            (
                400,
                r#"{"id":"x","error_type":"TOO_MANY_TOKENS","message":"too many tokens: size limit exceeded by 168512 tokens. The limit for this model is 132000 tokens."}"#,
                Kind::Rejected,
                400,
                Some("context_length_exceeded"),
            ),
            (
                400,
                r#"{"message":"too many tokens: max tokens must be less than or equal to 4096, the maximum output length for this model - received 1000000."}"#,
                Kind::Rejected,
                400,
                None,
            ),
            (
                404,
                r#"{"message":"model 'x' not found"}"#,
                Kind::Rejected,
                404,
                Some("model_not_found"),
            ),
            (
                422,
                r#"{"message":"unknown field: parameter x is not a valid field"}"#,
                Kind::Rejected,
                422,
                None,
            ),
            (429, r#"{"message":"slow"}"#, Kind::Busy, 429, None),
            (498, r#"{"message":"deny-listed"}"#, Kind::Rejected, 400, Some("content_filter")),
            (499, r#"{"message":"request cancelled"}"#, Kind::ProviderFault, 502, None),
            (500, r#"{"message":7}"#, Kind::ProviderFault, 500, None),
            (501, "", Kind::ProviderFault, 501, None),
            (503, "<html>", Kind::ProviderFault, 503, None),
            (504, "[]", Kind::ProviderFault, 504, None),
            (413, "", Kind::Rejected, 413, None),
        ] {
            let e = from_upstream(status, raw.as_bytes()).error;
            assert_eq!((e.kind, e.status(), e.code.as_deref()), (kind, shown, code), "{status}");
            assert!(!e.message.is_empty());
        }
    }

    #[test]
    fn never_quotes_what_is_said_of_our_account() {
        for status in [401, 402, 403] {
            let e = same(status, br#"{"message":"Incorrect API key provided: ***-123."}"#);
            assert_eq!((e.error.kind, e.verbatim), (Kind::ProviderAuth, false));
            assert!(!e.error.message.contains("123"));
        }
        assert!(same(400, br#"{"message":"invalid request"}"#).verbatim);
        let listed = same(498, br#"{"message":"x"}"#);
        assert_eq!((listed.error.status(), listed.verbatim), (498, true));
        assert!(!same(400, b"{}").verbatim && !same(499, br#"{"message":"x"}"#).verbatim);
    }

    #[test]
    fn writes_its_own_shape() {
        let e = Error::invalid("messages[0]", "must be \"x\"");
        assert_eq!(body(&e), br#"{"message":"messages[0]: must be \"x\""}"#);
        let words = of_finish("TIMEOUT", None).unwrap();
        assert_eq!(words.status(), 504);
        assert!(String::from_utf8(event(&words)).unwrap().contains(r#""finish_reason":"ERROR""#));
        assert_eq!(of_finish("ERROR", Some("boom")).unwrap().message, "boom");
        assert!(of_finish("COMPLETE", None).is_none());
    }
}
