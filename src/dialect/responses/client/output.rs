//! Output items, written from pieces that are JSON values.

use super::seal::Seal;
use crate::dialect::openai::completion::Text;
use crate::wire::json::push_member;
use serde_json::value::RawValue;

/// A text of the answer: `output_text` or `refusal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
}

/// A part of a message. `annotations` and `logprobs`: items without brackets.
pub(super) fn part(kind: Kind, text: &Text, annotations: &[u8], logprobs: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + annotations.len() + logprobs.len() + 96);
    match kind {
        Kind::Text => {
            out.extend_from_slice(br#"{"type":"output_text","text":"#);
            text.push_string(&mut out);
            for (name, items) in [("annotations", annotations), ("logprobs", logprobs)] {
                push_member(&mut out, name, b"[");
                out.extend_from_slice(items);
                out.push(b']');
            }
        }
        Kind::Refusal => {
            out.extend_from_slice(br#"{"type":"refusal","refusal":"#);
            text.push_string(&mut out);
        }
    }
    out.push(b'}');
    out
}

/// `parts`: items without brackets.
pub(super) fn message(id: &[u8], status: &str, parts: &[u8]) -> Vec<u8> {
    let mut out = begun(id, "message", status);
    out.reserve(parts.len() + 40);
    out.extend_from_slice(br#","role":"assistant","content":["#);
    out.extend_from_slice(parts);
    out.extend_from_slice(b"]}");
    out
}

pub(super) fn function_call(
    id: &[u8],
    status: &str,
    (call_id, name): (&[u8], &[u8]),
    arguments: &[u8],
) -> Vec<u8> {
    let mut out = begun(id, "function_call", status);
    push_member(&mut out, "call_id", call_id);
    push_member(&mut out, "name", name);
    push_member(&mut out, "arguments", arguments);
    out.push(b'}');
    out
}

/// `seal`: `None` while it is not known yet.
pub(super) fn reasoning(id: &[u8], summary: &Text, seal: Option<&Seal>) -> Vec<u8> {
    let mut out = br#"{"id":"#.to_vec();
    out.extend_from_slice(id);
    out.extend_from_slice(br#","type":"reasoning","summary":["#);
    if !summary.is_empty() {
        summary_part(&mut out, summary);
    }
    out.extend_from_slice(br#"],"encrypted_content":"#);
    match seal {
        Some(seal) => seal.push(&mut out),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
    out
}

pub(super) fn summary_part(out: &mut Vec<u8>, summary: &Text) {
    out.extend_from_slice(br#"{"type":"summary_text","text":"#);
    summary.push_string(out);
    out.push(b'}');
}

/// A picture that the model made. `base64`: a JSON string.
pub(super) fn picture(id: &[u8], base64: &[u8]) -> Vec<u8> {
    let mut out = begun(id, "image_generation_call", "completed");
    push_member(&mut out, "result", base64);
    out.push(b'}');
    out
}

/// The base64 of one of chat's `images`, a JSON string.
pub(super) fn base64_of(image: &RawValue) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    struct Image<'a> {
        #[serde(borrow)]
        image_url: Url<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Url<'a> {
        #[serde(borrow)]
        url: &'a RawValue,
    }
    let image: Image<'_> = serde_json::from_str(image.get()).ok()?;
    let (_, base64) = image.image_url.url.get().split_once(";base64,")?;
    Some(format!("\"{base64}").into_bytes())
}

/// A citation in the flat shape of this API.
pub(super) fn annotation(raw: &RawValue) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    struct Nested<'a> {
        #[serde(borrow)]
        url_citation: &'a RawValue,
    }
    let nested: Nested<'_> = serde_json::from_str(raw.get()).ok()?;
    let members = nested.url_citation.get().strip_prefix('{')?;
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    let flat = format!(r#"{{"type":"url_citation"{comma}{members}"#);
    Some(flat.into_bytes().into_iter().filter(|b| !matches!(b, b'\n' | b'\r')).collect())
}

/// The tokens of a choice's `logprobs`, without brackets.
pub(super) fn tokens(logprobs: Option<&RawValue>) -> Vec<u8> {
    #[derive(serde::Deserialize)]
    struct Logprobs<'a> {
        #[serde(borrow)]
        content: Option<&'a RawValue>,
    }
    let read: Option<Logprobs<'_>> = logprobs.and_then(|l| serde_json::from_str(l.get()).ok());
    let list = read.and_then(|l| l.content).map_or("", RawValue::get);
    let items = list.strip_prefix('[').and_then(|l| l.strip_suffix(']')).unwrap_or_default();
    items.trim().bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect()
}

fn begun(id: &[u8], type_: &str, status: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(br#"{"id":"#);
    out.extend_from_slice(id);
    for piece in [r#","type":""#, type_, r#"","status":""#, status, "\""] {
        out.extend_from_slice(piece.as_bytes());
    }
    out
}
