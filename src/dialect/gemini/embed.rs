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
use crate::dialect::openai::embeddings::{self, Ask};
use crate::dialect::openai::read::Value;
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest, Usage};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Splice};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Most requests of a batch: "at most 100 requests can be in one batch" is what its
/// error says (<https://github.com/langchain-ai/langchainjs/issues/4491>).
const MOST: usize = 100;

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let ask = Ask::read(request, EMBED_FIELDS, MOST)?;
    let mut model = Vec::new();
    json::push_text(&mut model, &format!("models/{}", request.model));
    let mut more = Vec::new();
    if let Some(dimensions) = ask.dimensions {
        json::push_member(&mut more, "outputDimensionality", dimensions);
    }
    for (name, theirs) in [("task_type", "taskType"), ("title", "title")] {
        if let Some(own) = ask.string(name)? {
            json::push_member(&mut more, theirs, own);
        }
    }
    let mut out = Vec::with_capacity(request.body.len() + ask.texts.len() * 80);
    out.extend_from_slice(br#"{"requests":["#);
    for (i, text) in ask.texts.into_iter().enumerate() {
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
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let (answer, usage) = read(body)?;
    let vectors = answer.embeddings.iter().flatten();
    let vectors = vectors.map(|e| embeddings::vector(e.values, reply.base64));
    embeddings::write(vectors.collect::<Result<_, _>>()?, usage, reply, body.len())
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

#[cfg(test)]
mod tests {
    use super::*;

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
