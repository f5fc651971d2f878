//! Errors of this API: OpenAI's envelope as a body, and an event of their own in a
//! stream.

use crate::dialect::openai::error as openai;
use crate::error::Error;
use crate::wire::json;

/// Reads a bare error object: `response.error`, or a flat `error` event.
pub(super) fn of_object(raw: &[u8]) -> Error {
    openai::in_stream(&[br#"{"error":"#, raw, b"}"].concat())
}

/// Reads an `error` event, flat as it is documented or nested as it comes.
pub(super) fn of_event(data: &[u8], nested: bool) -> Error {
    let mut error = if nested { openai::in_stream(data) } else { of_object(data) };
    // The event's own type says nothing of the error's.
    error.type_ = error.type_.filter(|t| t != "error");
    error
}

/// An error as the last event of a stream, flat and nested: the SDKs in use read
/// the one or the other.
pub fn event(error: &Error, sequence: u64) -> Vec<u8> {
    let body = openai::body(error);
    let nested = body.strip_prefix(br#"{"error":{"#).unwrap_or_default();
    let mut out = b"event: error\ndata: {\"type\":\"error\",\"sequence_number\":".to_vec();
    json::push_number(&mut out, sequence);
    // The object's members but its type, which is taken.
    for (name, value) in [
        ("message", Some(error.message.as_ref())),
        ("param", error.param.as_deref()),
        ("code", Some(error.code.as_deref().unwrap_or(error.kind.as_str()))),
    ] {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        match value {
            Some(text) => json::push_text(&mut out, text),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(br#","error":{"#);
    out.extend_from_slice(nested);
    out.extend_from_slice(b"\n\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use serde_json::{Value, json};

    #[test]
    fn an_event_is_flat_and_nested() {
        let error = Error::new(Kind::BrokenStream, "a \"b\"");
        let event = String::from_utf8(event(&error, 7)).unwrap();
        let data = event.strip_prefix("event: error\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], "error");
        assert_eq!((&data["message"], &data["sequence_number"]), (&json!("a \"b\""), &json!(7)));
        assert_eq!(data["error"]["message"], "a \"b\"");
        let again = of_event(data.to_string().as_bytes(), true);
        assert_eq!(again.message, "a \"b\"");
    }

    #[test]
    fn reads_both_shapes() {
        let flat = br#"{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":1}"#;
        let nested = br#"{"type":"error","sequence_number":2,"error":{"type":"too_many_requests","code":"too_many_requests","message":"slow","param":null}}"#;
        for (data, is_nested) in [(&flat[..], false), (&nested[..], true)] {
            let e = of_event(data, is_nested);
            assert_eq!((e.kind, e.status(), e.message.as_ref()), (Kind::Busy, 429, "slow"));
        }
    }
}
