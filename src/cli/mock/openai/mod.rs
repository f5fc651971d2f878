//! OpenAI's chat completions as the mock speaks them.
//!
//! `request` and `messages` read and validate, `response` writes; `accents` knows what
//! imitators refuse. This file has what has
//! nothing to do with either: keys and error bodies.
//!
//! <https://platform.openai.com/docs/api-reference/chat>
//! <https://platform.openai.com/docs/guides/error-codes>

pub(super) mod accents;
pub(super) mod completions;
pub(super) mod embeddings;
pub(super) mod fields;
mod messages;
pub(super) mod modalities;
mod request;
mod response;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::vendor::{Failure, quote, quote_or_null};

pub(super) use request::ask;
pub(super) use response::{events, whole};

pub(super) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let header = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let scheme = header.and_then(|v| v.split_once(' '));
    match scheme {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => {
            Ok(())
        }
        _ => Err(Failure::new(401, NO_KEY)),
    }
}

pub(super) fn failure(failure: &Failure) -> String {
    let code = failure.code.as_deref();
    let code = code.or(match failure.status {
        401 if failure.message != NO_KEY => Some("invalid_api_key"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    });
    let kind = match (failure.status, code) {
        (_, Some("insufficient_quota")) => "insufficient_quota",
        (429, _) => "requests",
        (500.., _) => "server_error",
        _ => "invalid_request_error",
    };
    format!(
        r#"{{"error":{{"message":{},"type":"{kind}","param":{},"code":{}}}}}"#,
        quote(&failure.message),
        quote_or_null(failure.param.as_deref()),
        quote_or_null(code),
    )
}

pub(super) const BROKEN: &str =
    "The server had an error while processing your request. Sorry about that!";

const NO_KEY: &str = "You didn't provide an API key. You need to provide your API key in an \
    Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let check = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(AUTHORIZATION, value.parse().unwrap());
            }
            authorize(&headers).is_ok()
        };
        assert!(check(Some("Bearer sk-1")) && check(Some("bearer sk-1")));
        for bad in [None, Some("Bearer"), Some("Bearer  "), Some("Basic abc"), Some("sk-1")] {
            assert!(!check(bad), "{bad:?}");
        }
    }

    #[test]
    fn failures() {
        assert_eq!(
            failure(&Failure::bad("no").param("messages").code("x")),
            r#"{"error":{"message":"no","type":"invalid_request_error","param":"messages","code":"x"}}"#
        );
        assert_eq!(
            failure(&Failure::new(429, "slow").code("insufficient_quota")),
            r#"{"error":{"message":"slow","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#
        );
        assert!(failure(&Failure::new(503, "x")).contains(r#""type":"server_error""#));
    }
}
