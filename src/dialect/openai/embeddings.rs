//! OpenAI embeddings: identity. The request is the client's own with the model's
//! name spliced, the answer the provider's own, read for its tokens.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/embeddings/create>.

use super::error;
use super::read::{Object, Value};
use crate::dialect::identity::{self, Unstreamed};
use crate::dialect::{ClientResponse, Dialect, Reply, Translator, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub const IDENTITY: Translator = Translator {
    client: Dialect::OpenAiEmbeddings,
    upstream: Dialect::OpenAiEmbeddings,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response,
    error: error::from_upstream,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

fn response(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is no list of embeddings"));
    };
    if answer.data.is_none() {
        return Err(match answer.error {
            Some(_) => error::in_stream(body),
            None => Error::new(Kind::BadAnswer, "the provider's answer has no embeddings"),
        });
    }
    let usage = answer.usage.and_then(|u| super::usage::read(u.get().as_bytes()));
    let mut usage = usage.unwrap_or_default();
    // Vectors are no tokens: nothing comes out, and that is known.
    usage.output = 0;
    usage.output_reported = true;
    Ok(ClientResponse { body: None, usage })
}

/// The texts of `input`, as JSON strings, for those who take no tokens.
pub fn texts<'a>(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Vec<&'a [u8]>, Error> {
    let Some(input) = root.field(body, "input") else {
        return Err(Error::invalid("input", "you must provide an input parameter"));
    };
    if input.is_string() {
        return Ok(vec![input.raw]);
    }
    if !input.is_array() {
        return Err(input.error("must be a string or an array of strings"));
    }
    let texts = input.items()?;
    if texts.is_empty() {
        return Err(input.error("must not be empty"));
    }
    for (i, raw) in texts.iter().enumerate() {
        let item = input.item(i, raw);
        if !item.is_string() {
            let words = "must be text: tokens are numbers of another model's vocabulary";
            return Err(item.error(words));
        }
    }
    Ok(texts)
}

/// `encoding_format`: base64 of little-endian floats, not numbers.
pub fn wants_base64(root: &Value<'_, '_>, body: &Object<'_>) -> Result<bool, Error> {
    let Some(format) = root.field(body, "encoding_format") else { return Ok(false) };
    match format.text()?.as_ref() {
        "float" => Ok(false),
        "base64" => Ok(true),
        _ => Err(format.error("must be float or base64")),
    }
}

/// Writes a whole answer. `vectors`: arrays of numbers, or base64 strings.
pub fn write<'a>(
    vectors: impl Iterator<Item = Cow<'a, [u8]>>,
    model: &str,
    usage: &Usage,
    size: usize,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 256);
    out.extend_from_slice(br#"{"object":"list","data":["#);
    for (i, vector) in vectors.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"object":"embedding","index":"#);
        json::push_number(&mut out, i as u64);
        out.extend_from_slice(br#","embedding":"#);
        out.extend_from_slice(&vector);
        out.push(b'}');
    }
    out.extend_from_slice(br#"],"model":"#);
    json::push_text(&mut out, model);
    out.extend_from_slice(br#","usage":{"prompt_tokens":"#);
    json::push_number(&mut out, usage.input);
    out.extend_from_slice(br#","total_tokens":"#);
    json::push_number(&mut out, usage.input);
    out.extend_from_slice(b"}}");
    out
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_went_in() {
        let body = br#"{"object":"list","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
        let answer = response(body, &Reply::default()).unwrap();
        assert_eq!((answer.body, answer.usage.input, answer.usage.output), (None, 8, 0));
        assert!(answer.usage.input_reported && answer.usage.output_reported);
        let body = br#"{"data":[{"embedding":[1]}]}"#;
        assert!(!response(body, &Reply::default()).unwrap().usage.input_reported);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for (body, kind) in [
            ("[]", Kind::BadAnswer),
            ("{}", Kind::BadAnswer),
            (r#"{"error":{"message":"x","type":"server_error"}}"#, Kind::ProviderFault),
        ] {
            assert_eq!(response(body.as_bytes(), &Reply::default()).unwrap_err().kind, kind);
        }
    }
}
