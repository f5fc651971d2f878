//! Cohere's embeddings, versions 3 and 4, as Bedrock serves them: no model in the body,
//! no base64, and no word of tokens in the answer.
//!
//! `input_type` is asked for, as at Cohere itself; where the client does not say, a text
//! is a `search_document`, as it is there. Without `embedding_types` the answer is
//! numbers, in a list or, from some versions, in `float`: both are read. Which end
//! `truncate` cuts has other words in version 4 (`LEFT`, `RIGHT`): it goes as it came.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>.

use super::{field, usage};
use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::Field;
use crate::dialect::openai::embeddings::{self, Ask};
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) const FIELDS: &[Field] = &[
    field("model", Mapped, "in the path"),
    field("input", Mapped, "texts; tokens are refused: they are another model's"),
    field("dimensions", Mapped, "output_dimension; version 3 refuses it"),
    field("encoding_format", Mapped, "the gateway writes base64 itself"),
    // Cohere's own.
    field("input_type", Mapped, "as it is; search_document where the client does not say"),
    field("truncate", Mapped, "as it is"),
    field("max_tokens", Mapped, "as it is; version 4"),
    field("user", Dropped(&[]), "no such field"),
    field("embedding_types", Rejected, "OpenAI's answer has one kind: send encoding_format"),
    field("images", Rejected, "OpenAI's embeddings are of text"),
    field("inputs", Rejected, "OpenAI's embeddings are of text"),
    field("texts", Rejected, "send input"),
];

/// Most texts of a call.
const MOST: usize = 96;

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let ask = Ask::read(request, FIELDS, MOST)?;
    let mut out = Vec::with_capacity(request.body.len() + 64);
    out.extend_from_slice(br#"{"texts":["#);
    out.extend_from_slice(&ask.texts.join(&b","[..]));
    out.push(b']');
    let type_ = ask.string("input_type")?.unwrap_or(br#""search_document""#);
    json::push_member(&mut out, "input_type", type_);
    if let Some(size) = ask.dimensions {
        json::push_member(&mut out, "output_dimension", size);
    }
    for name in ["truncate", "max_tokens"] {
        if let Some(own) = ask.own(name) {
            json::push_member(&mut out, name, own);
        }
    }
    out.push(b'}');
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let bad = || Error::new(Kind::BadAnswer, "the provider's answer is no list of embeddings");
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| bad())?;
    let list = answer.embeddings.map(RawValue::get).ok_or_else(bad)?;
    let by_type = || serde_json::from_str::<Types<'_>>(list).ok()?.float.map(RawValue::get);
    let list = if list.starts_with('[') { list } else { by_type().ok_or_else(bad)? };
    let list: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| bad())?;
    let vectors = list.into_iter().map(|v| embeddings::vector(Some(v), reply.base64));
    let vectors = vectors.collect::<Result<_, _>>()?;
    embeddings::write(vectors, usage(None, reply), reply, body.len())
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Types<'a> {
    #[serde(borrow)]
    float: Option<&'a RawValue>,
}
