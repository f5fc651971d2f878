//! Vertex AI's text embeddings (`:predict`), from OpenAI's.
//!
//! An instance a text. `gemini-embedding-001` takes one a call, the older models 250:
//! told by the name, as nothing else tells. A text that is too long is cut by Google
//! unless `auto_truncate` is false. What went in is the sum of what each prediction says
//! of its own text.
//!
//! Spec: <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>,
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings>.

use super::PREDICT_FIELDS;
use crate::dialect::openai::embeddings::{self, Ask};
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Most instances of a call.
fn most(model: &str) -> usize {
    if model.starts_with("gemini-embedding") { 1 } else { 250 }
}

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let ask = Ask::read(request, PREDICT_FIELDS, most(request.model))?;
    let mut more = Vec::new();
    for name in ["task_type", "title"] {
        if let Some(own) = ask.string(name)? {
            json::push_member(&mut more, name, own);
        }
    }
    let mut out = Vec::with_capacity(request.body.len() + ask.texts.len() * 32);
    out.extend_from_slice(br#"{"instances":["#);
    for (i, text) in ask.texts.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"content":"#);
        out.extend_from_slice(text);
        out.extend_from_slice(&more);
        out.push(b'}');
    }
    out.push(b']');
    let mut parameters = Vec::new();
    if let Some(size) = ask.dimensions {
        json::push_member(&mut parameters, "outputDimensionality", size);
    }
    if let Some(cut) = ask.boolean("auto_truncate")? {
        json::push_member(&mut parameters, "autoTruncate", cut);
    }
    if let Some((_comma, members)) = parameters.split_first() {
        json::push_member(&mut out, "parameters", &[b"{", members, b"}"].concat());
    }
    out.push(b'}');
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(super::error::of_odd_answer(body));
    };
    if answer.error.is_some() {
        return Err(super::error::in_answer(body));
    }
    let Some(predictions) = answer.predictions else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no predictions"));
    };
    let all = || predictions.iter().map(|p| p.embeddings.as_ref());
    let vectors = all().map(|e| embeddings::vector(e.and_then(|e| e.values), reply.base64));
    let vectors = vectors.collect::<Result<_, _>>()?;
    // One without a count, and the sum is not known.
    let counts = all().map(|e| {
        let said: Statistics = serde_json::from_str(e?.statistics?.get()).ok()?;
        said.token_count
    });
    let usage = Usage::input_only(counts.sum());
    embeddings::write(vectors, usage, reply, body.len())
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    predictions: Option<Vec<Prediction<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(borrow)]
    embeddings: Option<Embeddings<'a>>,
}

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow)]
    values: Option<&'a RawValue>,
    #[serde(borrow)]
    statistics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Statistics {
    token_count: Option<f64>,
}
