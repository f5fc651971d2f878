//! Bedrock's errors, read and written: a whole body `{"message"}`, with the type in
//! a header (`x-amzn-errortype`) or in the body (`__type`), or an exception message
//! inside an event stream.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors>,
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>.
//!
//! Quirks kept in mind: faults of credentials and signatures are 403 and also 400,
//! and their messages name key ids; their bodies may spell `Message`. A 424 is the
//! model's own failure, which says in `originalStatusCode` what it was.

use crate::dialect::UpstreamError;
use crate::dialect::openai::{self, error::shortened};
use crate::error::{Error, Kind};
use crate::wire::eventstream::{self, Header};
use crate::wire::json;
use serde::Deserialize;

/// An error as a whole body. The type stands in it, as our answers have no
/// `x-amzn-errortype`; SDKs read either.
pub fn body(error: &Error) -> Vec<u8> {
    let mut out = br#"{"__type":"#.to_vec();
    json::push_text(&mut out, type_of(error));
    out.extend_from_slice(br#","message":"#);
    push_message(&mut out, error);
    out.push(b'}');
    out
}

/// An error as an exception inside an event stream. There are five kinds of them.
pub(super) fn event(error: &Error) -> Vec<u8> {
    let type_ = match error.status() {
        400..=407 | 413 => "validationException",
        429 => "throttlingException",
        500 => "internalServerException",
        503 | 529 => "serviceUnavailableException",
        _ => "modelStreamErrorException",
    };
    let mut payload = br#"{"message":"#.to_vec();
    push_message(&mut payload, error);
    payload.push(b'}');
    let headers = [
        Header::text(":message-type", "exception"),
        Header::text(":exception-type", type_),
        Header::text(":content-type", "application/json"),
    ];
    let mut out = Vec::with_capacity(payload.len() + 128);
    eventstream::encode(&mut out, &headers, &payload);
    out
}

/// Reads a provider's error answer of any shape.
pub(super) fn from_upstream(status: u16, body: &[u8]) -> UpstreamError {
    let words: Words = serde_json::from_slice(body).unwrap_or_default();
    let type_ = words.type_.as_deref().map(short).unwrap_or_default().to_owned();
    // A header says the type where the body does not: then the status must do.
    UpstreamError { error: words.into_error(status, &type_), verbatim: false }
}

/// Reads an exception, or an error, of a 200 stream.
pub(super) fn in_stream(message: &eventstream::Message<'_>) -> Error {
    let words: Words = serde_json::from_slice(message.payload).unwrap_or_default();
    let type_ = message.text(":exception-type").or(message.text(":error-code"));
    let type_ = type_.map(short).unwrap_or_default();
    let said = message.text(":error-message").map(str::to_owned);
    let words = Words { message: words.message.or(said), ..words };
    words.into_error(status_of(type_), type_)
}

const TYPES: &[(&str, u16)] = &[
    ("ValidationException", 400),
    ("AccessDeniedException", 403),
    ("ResourceNotFoundException", 404),
    ("ModelTimeoutException", 408),
    ("ModelErrorException", 424),
    ("ModelStreamErrorException", 424),
    ("ThrottlingException", 429),
    ("ModelNotReadyException", 429),
    ("ServiceQuotaExceededException", 429),
    ("InternalServerException", 500),
    ("ServiceUnavailableException", 503),
    ("UnrecognizedClientException", 403),
    ("InvalidSignatureException", 403),
    ("IncompleteSignatureException", 403),
    ("MissingAuthenticationTokenException", 403),
    ("ExpiredTokenException", 403),
];

/// `com.amazon...#Name:http://...` is `Name`.
fn short(type_: &str) -> &str {
    let type_ = type_.rsplit('#').next().unwrap_or_default();
    type_.split(':').next().unwrap_or_default()
}

/// Names inside streams begin with a small letter.
fn status_of(type_: &str) -> u16 {
    TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(type_)).map_or(502, |(_, s)| *s)
}

fn type_of(error: &Error) -> &'static str {
    match error.status() {
        401..=403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 | 504 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 | 529 => "ServiceUnavailableException",
        400..=499 => "ValidationException",
        _ => "InternalServerException",
    }
}

fn push_message(out: &mut Vec<u8>, error: &Error) {
    match &error.param {
        // This dialect has no field for it.
        Some(param) => json::push_text(out, &format!("{param}: {}", error.message)),
        None => json::push_text(out, &error.message),
    }
}

#[derive(Deserialize, Default)]
struct Words {
    #[serde(rename = "__type", alias = "code", default)]
    type_: Option<String>,
    #[serde(alias = "Message", default)]
    message: Option<String>,
    #[serde(rename = "originalStatusCode", default)]
    original_status: Option<u16>,
    #[serde(rename = "originalMessage", default)]
    original_message: Option<String>,
}

// === impl Words ===

impl Words {
    fn into_error(self, status: u16, type_: &str) -> Error {
        let message = match (&self.original_message, &self.message) {
            (Some(original), _) if !original.is_empty() => original,
            (_, Some(message)) => message,
            _ => "",
        };
        let typed = status_of(type_);
        if typed == 403 || Kind::of_provider_status(status) == Kind::ProviderAuth {
            return openai::error::provider_auth(status);
        }
        if status == 400 && is_of_credentials(message) {
            return openai::error::provider_auth(status);
        }
        let status = match (status, typed, self.original_status) {
            // The quota's own status is 400, but waiting helps.
            (400, 429, _) => 429,
            (424, _, Some(original @ (400 | 404..=599))) if original != 424 => original,
            (424, ..) => 502,
            (status, ..) => status,
        };
        let kind = Kind::of_provider_status(status);
        let mut error = if message.is_empty() {
            Error::new(kind, format!("the provider answered HTTP {status}"))
        } else {
            Error::new(kind, shortened(message).to_owned())
        };
        error = error.with_status(status);
        if [
            "Input is too long",
            "prompt is too long",
            "exceed context limit",
            "Input Tokens Exceeded",
        ]
        .iter()
        .any(|words| message.contains(words))
        {
            return error.with_code("context_length_exceeded");
        }
        error
    }
}

fn is_of_credentials(message: &str) -> bool {
    let words = ["security token", "request signature", "Credential=", "signing key", "API Key"];
    words.iter().any(|w| message.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_its_own_shape() {
        let e = Error::invalid("messages[0]", "must be \"x\"");
        assert_eq!(
            String::from_utf8(body(&e)).unwrap(),
            r#"{"__type":"ValidationException","message":"messages[0]: must be \"x\""}"#
        );
        for kind in Kind::ALL {
            let e = Error::new(kind, "x");
            assert!(serde_json::from_slice::<Words>(&body(&e)).unwrap().type_.is_some());
            let mut seen = 0;
            let mut decoder = eventstream::Decoder::new(1024);
            let fed = decoder.feed(&event(&e), |m| {
                seen += 1;
                assert_eq!(m.text(":message-type"), Some("exception"));
            });
            assert_eq!((fed, seen), (Ok(()), 1));
        }
    }

    #[test]
    fn reads_any_shape() {
        for (status, raw, kind, seen, code) in [
            (
                400,
                r#"{"message":"Input is too long for requested model."}"#,
                Kind::Rejected,
                400,
                Some("context_length_exceeded"),
            ),
            (
                400,
                r#"{"__type":"com.amazonaws.bedrock#ServiceQuotaExceededException","message":"x"}"#,
                Kind::Busy,
                429,
                None,
            ),
            (408, r#"{"message":"too slow"}"#, Kind::Busy, 408, None),
            (
                424,
                r#"{"message":"x","originalStatusCode":400,"originalMessage":"bad"}"#,
                Kind::Rejected,
                400,
                None,
            ),
            (424, r#"{"message":"x"}"#, Kind::ProviderFault, 502, None),
            (424, r#"{"message":"x","originalStatusCode":403}"#, Kind::ProviderFault, 502, None),
            (
                429,
                r#"{"message":"Too many tokens, please wait before trying again."}"#,
                Kind::Busy,
                429,
                None,
            ),
            (503, "<html>", Kind::ProviderFault, 503, None),
            (500, "", Kind::ProviderFault, 500, None),
            (404, r#"{"message":7}"#, Kind::Rejected, 404, None),
        ] {
            let e = from_upstream(status, raw.as_bytes()).error;
            assert_eq!((e.kind, e.status(), e.code.as_deref()), (kind, seen, code), "{raw}");
            assert!(!e.message.is_empty());
        }
    }

    #[test]
    fn never_quotes_what_is_said_of_our_credentials() {
        for (status, raw) in [
            (403, r#"{"message":"The security token included in the request is invalid. AKIA1"}"#),
            (403, r#"{"Message":"User: arn:aws:iam::1:user/AKIA1 is not authorized"}"#),
            (401, "AKIA1"),
            (400, r#"{"__type":"UnrecognizedClientException","message":"AKIA1"}"#),
            (400, r#"{"message":"The request signature we calculated does not match: AKIA1"}"#),
        ] {
            let e = from_upstream(status, raw.as_bytes()).error;
            assert_eq!((e.kind, e.status()), (Kind::ProviderAuth, 502), "{raw}");
            assert!(!e.message.contains("AKIA1"));
        }
    }
}
