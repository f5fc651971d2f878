//! `batchEmbedContents`, from OpenAI's embeddings and from itself.
//!
//! One request per text, each with the model's name again. Vectors are copied as
//! Gemini spelled them; base64 of little-endian floats, which OpenAI's SDKs ask for
//! unasked, is made here. Usage is what Gemini gives: nothing, where it gives none.
//!
//! Spec: <https://ai.google.dev/api/embeddings#method:-models.batchembedcontents>,
//! <https://platform.openai.com/docs/api-reference/embeddings/create>.

use super::EMBED_FIELDS;
use super::usage;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::embeddings;
use crate::dialect::openai::read::Value;
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest, Usage};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Splice};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(EMBED_FIELDS, &root, &body, &mut dropped)?;
    let texts = embeddings::texts(&root, &body)?;
    let base64 = embeddings::wants_base64(&root, &body)?;
    let mut model = Vec::new();
    json::push_text(&mut model, &format!("models/{}", request.model));
    let mut more = Vec::new();
    if let Some(dimensions) = root.field(&body, "dimensions") {
        dimensions.number()?;
        more.extend_from_slice(br#","outputDimensionality":"#);
        more.extend_from_slice(dimensions.raw);
    }
    if let Some(task) = root.field(&body, "task_type") {
        more.extend_from_slice(br#","taskType":"#);
        more.extend_from_slice(task.string()?);
    }
    let mut out = Vec::with_capacity(request.body.len() + texts.len() * 80);
    out.extend_from_slice(br#"{"requests":["#);
    for (i, text) in texts.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"model":"#);
        out.extend_from_slice(&model);
        out.extend_from_slice(br#","content":{"parts":[{"text":"#);
        out.extend_from_slice(text);
        out.extend_from_slice(b"}]}");
        out.extend_from_slice(&more);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    Ok(UpstreamRequest {
        body: Body::Whole(out),
        dropped: dropped.into_names(),
        base64,
        ..Default::default()
    })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let (answer, usage) = read(body)?;
    let vectors = answer.embeddings.iter().flatten().map(|e| e.vector(reply.base64));
    let vectors = vectors.collect::<Result<Vec<_>, _>>()?;
    let body = embeddings::write(vectors.into_iter(), &reply.model, &usage, body.len());
    Ok(ClientResponse { body: Some(body), usage })
}

/// Each of `requests` repeats the model, so the provider's name of it is spliced.
pub(super) fn identity(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut splices = Vec::new();
    if let Some(requests) = root.field(&body, "requests") {
        for (i, raw) in requests.items()?.into_iter().enumerate() {
            let item = requests.item(i, raw);
            let Some(model) = item.object()?.get("model") else { continue };
            let mut with = Vec::new();
            json::push_text(&mut with, &format!("models/{}", request.model));
            if model != with {
                let start = model.as_ptr() as usize - request.body.as_ptr() as usize;
                splices.push(Splice { range: start..start + model.len(), with });
            }
        }
    }
    Ok(UpstreamRequest { body: Body::Spliced(splices), ..Default::default() })
}

pub(super) fn identity_response(body: &[u8], _: &Reply) -> Result<ClientResponse, Error> {
    let (_, usage) = read(body)?;
    Ok(ClientResponse { body: None, usage })
}

fn read(body: &[u8]) -> Result<(Answer<'_>, Usage), Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(super::error::of_odd_answer(body));
    };
    if answer.error.is_some() {
        return Err(super::error::in_answer(body));
    }
    if answer.embeddings.is_none() {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no embeddings"));
    }
    let mut usage = Usage::default();
    let _ = answer.usage_metadata.and_then(|u| usage::update(&mut usage, u.get()));
    // There is no output to be reported.
    usage.output_reported = usage.input_reported;
    Ok((answer, usage))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<Vec<Embedding<'a>>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    values: Option<&'a RawValue>,
}

// === impl Embedding ===

impl<'a> Embedding<'a> {
    /// As OpenAI has it.
    fn vector(&self, base64: bool) -> Result<Cow<'a, [u8]>, Error> {
        let bad = || Error::new(Kind::BadAnswer, "an embedding of the provider is no array");
        let raw = self.values.ok_or_else(bad)?.get();
        if !base64 {
            let raw = Some(raw.as_bytes()).filter(|raw| raw.starts_with(b"["));
            return raw.map(Cow::Borrowed).ok_or_else(bad);
        }
        let values: Vec<f32> = serde_json::from_str(raw).map_err(|_| bad())?;
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut out = b"\"".to_vec();
        push_base64(&bytes, &mut out);
        out.push(b'"');
        Ok(Cow::Owned(out))
    }
}

/// RFC 4648 section 4, padded.
pub(super) fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32| ALPHABET.get((n & 63) as usize).copied().unwrap_or(b'A');
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |all, b| (all << 8) | u32::from(*b));
        let bits = bits << (8 * (3 - chunk.len()));
        let digits = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)];
        let used = chunk.len() + 1;
        for (i, d) in digits.into_iter().enumerate() {
            out.push(if i < used { d } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_base64() {
        for (bytes, want) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            let mut out = Vec::new();
            push_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, want.as_bytes());
        }
    }

    #[test]
    fn what_is_no_embedding_is_an_error() {
        for body in
            ["<html>", "{}", "[]", r#"{"embeddings":[{}]}"#, r#"{"embeddings":[{"values":1}]}"#]
        {
            for base64 in [false, true] {
                let reply = Reply { base64, ..Default::default() };
                let e = to_openai(body.as_bytes(), &reply).unwrap_err();
                assert_eq!(e.kind, Kind::BadAnswer, "{body}");
            }
        }
    }
}
