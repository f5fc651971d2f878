//! Anthropic's Messages API as the mock speaks it.
//!
//! `request` and `messages` read and validate, `response` writes; `clouds` has what
//! Vertex and Bedrock do otherwise. This file has
//! what has nothing to do with either: keys, the version, and error bodies.
//!
//! <https://platform.claude.com/docs/en/api/messages>
//! <https://platform.claude.com/docs/en/api/errors>

mod blocks;
mod clouds;
mod count;
mod fields;
mod messages;
mod request;
mod response;

use hyper::HeaderMap;

use super::vendor::{Failure, quote};

pub(super) use clouds::Cloud;
pub(super) use count::{AtVertex, count};
pub(super) use request::ask;
pub(super) use response::{events, whole};

pub(super) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let header = |name: &str| headers.get(name).filter(|v| !v.is_empty());
    if header("x-api-key").is_none() {
        return Err(Failure::new(401, "x-api-key header is required"));
    }
    match header("anthropic-version").map(|v| v.as_bytes()) {
        None => Err(Failure::bad("anthropic-version: header is required")),
        Some(b"2023-06-01" | b"2023-01-01") => Ok(()),
        Some(other) => Err(Failure::bad(format!(
            "anthropic-version: \"{}\" is not a valid version",
            String::from_utf8_lossy(other)
        ))),
    }
}

pub(super) fn failure(failure: &Failure) -> String {
    if failure.code.as_deref() == Some("thread_not_found") {
        return format!(
            r#"{{"type":"error","error":{{"type":"invalid_request_error","message":{},"details":{{"error_code":"thread_not_found"}}}},"request_id":"req_mock"}}"#,
            quote(&failure.message),
        );
    }
    let kind = failure.code.as_deref().unwrap_or(match failure.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    });
    format!(
        r#"{{"type":"error","error":{{"type":{},"message":{}}},"request_id":"req_mock"}}"#,
        quote(kind),
        quote(&failure.message),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_version() {
        let check = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            authorize(&headers).map_err(|f| f.status)
        };
        let version = ("anthropic-version", "2023-06-01");
        assert_eq!(check(&[("x-api-key", "k"), version]), Ok(()));
        assert_eq!(check(&[version]), Err(401));
        assert_eq!(check(&[("authorization", "Bearer k"), version]), Err(401));
        assert_eq!(check(&[("x-api-key", "k")]), Err(400));
        assert_eq!(check(&[("x-api-key", "k"), ("anthropic-version", "1")]), Err(400));
    }

    #[test]
    fn failures() {
        assert_eq!(
            failure(&Failure::new(529, "Overloaded")),
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_mock"}"#
        );
        assert!(failure(&Failure::new(500, "x")).contains("api_error"));
        assert!(failure(&Failure::new(500, "x").code("y")).contains(r#""type":"y""#));
    }
}
