//! Gemini's `generateContent` as the mock speaks it, for AI Studio's and Vertex's
//! paths alike.
//!
//! `request` reads what stands beside the conversation, `contents` the conversation,
//! `tools` and `config` their objects, `embed` and `predict` embeddings, `response` writes. This file
//! has what has nothing to do with either: keys and error bodies.
//!
//! <https://ai.google.dev/api/generate-content>
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>

mod config;
mod contents;
mod embed;
mod fields;
mod predict;
mod request;
mod response;
mod tools;

use hyper::HeaderMap;

use super::vendor::{Failure, quote};

pub(super) use request::ask;
pub(super) use response::{events, whole};

/// A key of AI Studio's, or a token of Google Cloud's.
pub(super) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let key = headers.get("x-goog-api-key").is_some_and(|v| !v.is_empty());
    let bearer = headers.get("authorization").and_then(|v| v.to_str().ok());
    if key || bearer.and_then(|v| v.strip_prefix("Bearer ")).is_some_and(|t| !t.is_empty()) {
        return Ok(());
    }
    Err(Failure::new(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). \
         Please use API Key or other form of API consumer identity to call this API.",
    ))
}

pub(super) fn failure(failure: &Failure) -> String {
    let word = failure.code.as_deref().unwrap_or(match failure.status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        504 => "DEADLINE_EXCEEDED",
        501.. => "UNAVAILABLE",
        _ => "INVALID_ARGUMENT",
    });
    format!(
        r#"{{"error":{{"code":{},"message":{},"status":{}}}}}"#,
        failure.status,
        quote(&failure.message),
        quote(word),
    )
}

/// Signatures are asked for, and given, from this generation on.
fn signs(model: &str) -> bool {
    let name = model.strip_prefix("gemini-").unwrap_or_default();
    name.split(['.', '-', '!']).next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n >= 3)
}

/// What the mock signs with: base64, as all bytes in Google's JSON.
const SIGNATURE: &str = "bW9jay1zaWduYXR1cmU=";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let check = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            authorize(&headers).map_err(|f| f.status)
        };
        assert_eq!(check("x-goog-api-key", "k"), Ok(()));
        assert_eq!(check("authorization", "Bearer t"), Ok(()));
        assert_eq!(check("authorization", "Bearer "), Err(403));
        assert_eq!(check("x-api-key", "k"), Err(403));
    }

    #[test]
    fn failures() {
        assert_eq!(
            failure(&Failure::new(503, "full")),
            r#"{"error":{"code":503,"message":"full","status":"UNAVAILABLE"}}"#
        );
        assert!(failure(&Failure::new(418, "x")).contains("INVALID_ARGUMENT"));
        assert!(failure(&Failure::new(500, "x").code("Y")).contains(r#""status":"Y""#));
    }

    #[test]
    fn knows_the_generations_that_sign() {
        for (model, signed) in [
            ("gemini-3-flash-preview", true),
            ("gemini-3.1-pro!tokens=3", true),
            ("gemini-10-x", true),
            ("gemini-2.5-flash", false),
            ("gemma-3", false),
        ] {
            assert_eq!(signs(model), signed, "{model}");
        }
    }
}
