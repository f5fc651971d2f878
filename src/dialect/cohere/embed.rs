//! Embeddings: OpenAI's request to Cohere's, and the answer back.
//!
//! Cohere's models want to be told what a text is for, in `input_type`; OpenAI's
//! clients cannot say. They may send Cohere's own field; else a text is a
//! `search_document`, which Cohere's own OpenAI-compatible endpoint and other
//! gateways take it for, too. Queries of a search must say `search_query`: one set of
//! vectors from both kinds finds badly.
//!
//! Numbers and base64 are copied as Cohere wrote them: its base64 is of the same
//! little-endian floats as OpenAI's.
//!
//! Spec: <https://docs.cohere.com/reference/embed>,
//! <https://docs.cohere.com/docs/embeddings>,
//! <https://platform.openai.com/docs/api-reference/embeddings/create>.

use super::EMBED_FIELDS;
use super::usage;
use crate::dialect::openai::embeddings::{self, Ask};
use crate::dialect::{Body, ClientResponse, Reply, Request, UpstreamRequest};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most texts the API takes in one call.
const MOST: usize = 96;

pub(super) fn from_openai(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let ask = Ask::read(request, EMBED_FIELDS, MOST)?;
    let mut out = Vec::with_capacity(request.body.len() + 128);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, request.model);
    json::push_member(&mut out, "texts", &[b"[", &ask.texts.join(&b","[..])[..], b"]"].concat());
    let type_ = ask.string("input_type")?;
    json::push_member(&mut out, "input_type", type_.unwrap_or(br#""search_document""#));
    let types: &[u8] = if ask.base64 { br#"["base64"]"# } else { br#"["float"]"# };
    json::push_member(&mut out, "embedding_types", types);
    if let Some(dimensions) = ask.dimensions {
        json::push_member(&mut out, "output_dimension", dimensions);
    }
    for name in ["truncate", "max_tokens", "priority"] {
        if let Some(own) = ask.own(name) {
            json::push_member(&mut out, name, own);
        }
    }
    out.push(b'}');
    let (body, dropped) = (Body::Whole(out), ask.dropped);
    Ok(UpstreamRequest { body, dropped, base64: ask.base64, ..Default::default() })
}

pub(super) fn to_openai(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let bad = |words: &'static str| Error::new(Kind::BadAnswer, words);
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(bad("the provider's answer is no list of embeddings"));
    };
    let Some(embeddings) = answer.embeddings else {
        return Err(match answer.message {
            Some(_) => super::error::in_answer(body),
            None => bad("the provider's answer has no embeddings"),
        });
    };
    let list = match embeddings.get().as_bytes() {
        // What was the answer before there were types, and still is on some clouds.
        [b'[', ..] => Some(embeddings),
        _ => {
            let types: Option<Types<'_>> = serde_json::from_str(embeddings.get()).ok();
            types.and_then(|t| t.float.or(t.base64))
        }
    };
    let vectors = list.and_then(|l| serde_json::from_str::<Vec<&RawValue>>(l.get()).ok());
    let Some(vectors) = vectors else {
        return Err(bad("the provider's embeddings are no list"));
    };
    let usage = usage::of_embed(answer.meta.map(RawValue::get));
    let vectors = vectors.into_iter().map(|v| match v.get().as_bytes() {
        packed @ [b'"', ..] if reply.base64 => Ok(Cow::Borrowed(packed)),
        // Some clouds' models have no base64.
        _ => embeddings::vector(Some(v), reply.base64),
    });
    embeddings::write(vectors.collect::<Result<_, _>>()?, usage, reply, body.len())
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Types<'a> {
    #[serde(borrow)]
    float: Option<&'a RawValue>,
    #[serde(borrow)]
    base64: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_is_an_error() {
        for (body, kind) in [
            ("7", Kind::BadAnswer),
            ("{}", Kind::BadAnswer),
            (r#"{"embeddings":{}}"#, Kind::BadAnswer),
            (r#"{"embeddings":{"float":7}}"#, Kind::BadAnswer),
            (r#"{"message":"boom"}"#, Kind::ProviderFault),
        ] {
            let e = to_openai(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!(e.kind, kind, "{body}");
        }
        let old = br#"{"embeddings":[[1.0,2]]}"#;
        let body = to_openai(old, &Reply::default()).unwrap().body.unwrap();
        assert!(String::from_utf8(body).unwrap().contains(r#""embedding":[1.0,2]"#));
    }
}
