//! Amazon Nova's multimodal embeddings, of texts.
//!
//! The model wants to be told what a vector is for, in `embeddingPurpose`; OpenAI's
//! clients cannot say. They may send `embedding_purpose`; else it is `GENERIC_INDEX`,
//! which is for texts that will be searched. A text that is too long is an error, as it
//! is at OpenAI, unless `truncation_mode` says which end goes.
//!
//! Spec: <https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html>.

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
    field("input", Mapped, "text.value: one text; tokens are refused"),
    field("dimensions", Mapped, "embeddingDimension"),
    field("encoding_format", Mapped, "the gateway writes base64 itself"),
    // Nova's own, in the spelling of OpenAI's fields.
    field("embedding_purpose", Mapped, "embeddingPurpose; else GENERIC_INDEX"),
    field("truncation_mode", Mapped, "text.truncationMode; else NONE"),
    field("user", Dropped(&[]), "no such field"),
    field("singleEmbeddingParams", Rejected, "send input"),
];

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let ask = Ask::read(request, FIELDS, 1)?;
    let purpose = ask.string("embedding_purpose")?.unwrap_or(br#""GENERIC_INDEX""#);
    let mut out = br#"{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"#.to_vec();
    out.extend_from_slice(br#""embeddingPurpose":"#);
    out.extend_from_slice(purpose);
    if let Some(size) = ask.dimensions {
        json::push_member(&mut out, "embeddingDimension", size);
    }
    out.extend_from_slice(br#","text":{"truncationMode":"#);
    out.extend_from_slice(ask.string("truncation_mode")?.unwrap_or(br#""NONE""#));
    json::push_member(&mut out, "value", &ask.texts.concat());
    out.extend_from_slice(b"}}}");
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let bad = |words: &'static str| Error::new(Kind::BadAnswer, words);
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(bad("the provider's answer is no list of embeddings"));
    };
    let list = answer.embeddings.ok_or_else(|| bad("the provider's answer has no embeddings"))?;
    let vectors = list.iter().map(|e| embeddings::vector(e.embedding, reply.base64));
    let vectors = vectors.collect::<Result<_, _>>()?;
    embeddings::write(vectors, usage(answer.input_token_count, reply), reply, body.len())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<Vec<Embedding<'a>>>,
    #[serde(borrow)]
    input_token_count: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    embedding: Option<&'a RawValue>,
}
