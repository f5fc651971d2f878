//! Amazon Titan's text and multimodal embeddings; of the latter, texts alone.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>.

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
    field("input", Mapped, "inputText: one text; tokens are refused"),
    field("dimensions", Mapped, "dimensions, or embeddingConfig; version 1 has one size"),
    field("encoding_format", Mapped, "the gateway writes base64 itself"),
    // Titan's own.
    field("normalize", Mapped, "as it is; only version 2 has it, else dropped"),
    field("user", Dropped(&[]), "no such field"),
    field("embeddingTypes", Rejected, "OpenAI's answer has one kind: send encoding_format"),
    field("inputImage", Rejected, "OpenAI's embeddings are of text"),
    field("inputText", Rejected, "send input"),
    field("embeddingConfig", Rejected, "send dimensions"),
];

/// What a version takes beside the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
    Image,
}

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut ask = Ask::read(request, FIELDS, 1)?;
    let version = Version::of(request.model);
    let mut out = br#"{"inputText":"#.to_vec();
    out.extend_from_slice(&ask.texts.concat());
    match (ask.dimensions, version) {
        (None, _) => {}
        (Some(_), Version::One) => {
            let words = "this model's embeddings have one size: leave dimensions out";
            return Err(Error::invalid("dimensions", words));
        }
        (Some(size), Version::Two) => json::push_member(&mut out, "dimensions", size),
        (Some(size), Version::Image) => {
            let config = [br#"{"outputEmbeddingLength":"#, size, b"}"].concat();
            json::push_member(&mut out, "embeddingConfig", &config);
        }
    }
    if let Some(normalize) = ask.boolean("normalize")? {
        match version {
            Version::Two => json::push_member(&mut out, "normalize", normalize),
            _ => ask.dropped.push("normalize".into()),
        }
    }
    out.push(b'}');
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is no embedding"));
    };
    // The multimodal model tells of a failure in a 200.
    if let (None, Some(words)) = (answer.embedding, answer.message) {
        return Err(Error::new(Kind::ProviderFault, words));
    }
    let vector = embeddings::vector(answer.embedding, reply.base64)?;
    embeddings::write(vec![vector], usage(answer.input_text_token_count, reply), reply, body.len())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    embedding: Option<&'a RawValue>,
    #[serde(borrow)]
    input_text_token_count: Option<&'a RawValue>,
    message: Option<String>,
}

// === impl Version ===

impl Version {
    fn of(model: &str) -> Self {
        let has = |word: &str| model.contains(word);
        match () {
            () if has("titan-embed-image") => Version::Image,
            () if has("titan-embed-text-v1") || has("titan-embed-g1") => Version::One,
            () => Version::Two,
        }
    }
}
