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
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(br#","background":false,"previous_response_id":null,"store":false"#);
    for (name, default) in REPEATED {
        push_member(&mut out, name, body.get(name).unwrap_or(default));
    }
    let mut inside = |name, parts: [(&str, &[u8]); 2]| -> Result<(), Error> {
        push_member(&mut out, name, b"{");
        let object = root.field(body, name).map(|v| v.object()).transpose()?;
        for (i, (part, default)) in parts.into_iter().enumerate() {
            let given = object.as_ref().and_then(|o| o.get(part)).unwrap_or(default);
            for piece in
                [if i > 0 { b",\"" } else { b"\"".as_slice() }, part.as_bytes(), b"\":", given]
            {
                out.extend_from_slice(piece);
            }
        }
        out.push(b'}');
        Ok(())
    };
    inside("reasoning", [("effort", b"null"), ("summary", b"null")])?;
    inside("text", [("format", br#"{"type":"text"}"#), ("verbosity", br#""medium""#)])?;
    // It stands in events, whose lines it must not end; only whitespace goes.
    if memchr::memchr2(b'\n', b'\r', &out).is_some() {
        out.retain(|b| !matches!(b, b'\n' | b'\r'));
    }
    Ok(out)
}
