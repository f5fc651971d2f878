//! Cohere's API, version 2, as the mock speaks it: chat, embed, rerank.
//!
//! `request` and `messages` read and validate a chat, `response` writes one;
//! `vectors` has embed and rerank. This file has what has nothing to do with any:
//! keys and error bodies. Failures are in Cohere's words where those are known.
//!
//! <https://docs.cohere.com/reference/chat>
//! <https://docs.cohere.com/reference/errors>

pub(super) mod fields;
mod messages;
mod request;
mod response;
pub(super) mod vectors;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::vendor::{Event, Failure, Kind, quote};

pub(super) use request::ask;
pub(super) use response::{events, whole};

pub(super) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(header) = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()) else {
        return Err(Failure::new(401, "no api key supplied"));
    };
    match header.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => {
            Ok(())
        }
        _ => Err(Failure::new(401, "invalid api token")),
    }
}

pub(super) fn failure(failure: &Failure) -> String {
    let type_ = failure.code.as_deref();
    let type_ = type_.map_or_else(String::new, |t| format!(r#","error_type":{}"#, quote(t)));
    format!(r#"{{"id":"{ID}","message":{}{type_}}}"#, quote(&failure.message))
}

/// There is no event for errors: the last one says that it is.
pub(super) fn failure_event() -> Event {
    let data = r#"{"type":"message-end","delta":{"error":"an internal error occurred","finish_reason":"ERROR"}}"#;
    Event::new(Kind::Frame, "message-end", data.to_owned())
}

const ID: &str = "00000000-0000-4000-8000-000000000000";

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
            authorize(&headers).map_err(|f| f.message)
        };
        assert!(check(Some("Bearer co-1")).is_ok() && check(Some("bearer co-1")).is_ok());
        assert_eq!(check(None).unwrap_err(), "no api key supplied");
        assert_eq!(check(Some("Basic abc")).unwrap_err(), "invalid api token");
    }

    #[test]
    fn failures() {
        let body = failure(&Failure::bad("a \"b\""));
        assert_eq!(body, format!(r#"{{"id":"{ID}","message":"a \"b\""}}"#));
        assert!(failure(&Failure::bad("x").code("Y")).contains(r#""error_type":"Y""#));
    }
}
