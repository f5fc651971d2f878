//! What every response object repeats of the request: members, each behind a comma.

use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json::push_member;

/// Fields that are repeated as they came, and what stands where there was none.
const REPEATED: &[(&str, &[u8])] = &[
    ("instructions", b"null"),
    ("max_output_tokens", b"null"),
    ("metadata", b"{}"),
    ("parallel_tool_calls", b"true"),
    ("prompt_cache_key", b"null"),
    ("safety_identifier", b"null"),
    ("temperature", b"1.0"),
    ("tool_choice", br#""auto""#),
    ("tools", b"[]"),
    ("top_logprobs", b"0"),
    ("top_p", b"1.0"),
    ("truncation", br#""disabled""#),
    ("user", b"null"),
];

pub(super) fn of(root: &Value<'_, '_>, body: &Object<'_>) -> Result<Vec<u8>, Error> {
    let mut out = br#","background":false,"previous_response_id":null,"store":false"#.to_vec();
    for (name, default) in REPEATED {
        push_member(&mut out, name, body.get(name).unwrap_or(default));
    }
    let inside = |name, parts: &[(&str, &[u8])]| -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let object = root.field(body, name).map(|v| v.object()).transpose()?;
        for (part, default) in parts {
            let given = object.as_ref().and_then(|o| o.get(part));
            push_member(&mut out, part, given.unwrap_or(default));
        }
        Ok([b"{", out.get(1..).unwrap_or_default(), b"}"].concat())
    };
    let reasoning = inside("reasoning", &[("effort", b"null"), ("summary", b"null")])?;
    push_member(&mut out, "reasoning", &reasoning);
    let format = br#"{"type":"text"}"#;
    let text = inside("text", &[("format", format), ("verbosity", br#""medium""#)])?;
    push_member(&mut out, "text", &text);
    // It stands in events, whose lines it must not end; only whitespace goes.
    out.retain(|b| !matches!(b, b'\n' | b'\r'));
    Ok(out)
}
