//! OpenAI to OpenAI, and to those who imitate it: bytes, but for the model's name and
//! what the provider's `quirks::Embeddings` say.
//!
//! `usage` without `prompt_tokens` (Voyage tells `total_tokens` alone) gets them: the
//! SDKs want both, and nothing but the prompt is counted.

use super::super::{adapt, error, usage};
use super::answer::packed;
use crate::dialect::{ClientResponse, Facts, Quirks, Reply, Request, UpstreamRequest, identity};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Splice};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn request(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let quirks = &request.quirks.embeddings;
    if quirks.most > 0 {
        super::check_count(request.facts.inputs, quirks.most)?;
    }
    if !quirks.tokens && request.facts.token_inputs {
        return Err(Error::invalid("input", super::NO_TOKENS));
    }
    match quirks.body.filter(|q| q.concern_body(request.facts)) {
        None => identity::request(request),
        Some(own) => {
            let base64 = !quirks.base64 && asks_base64(request.body);
            let made = adapt::adapt(&Request { quirks: own, ..*request })?;
            Ok(UpstreamRequest { base64, ..made })
        }
    }
}

/// Up to the end of the name, unless there is more to change.
pub(super) fn reads(facts: &Facts, quirks: &Quirks) -> usize {
    match quirks.embeddings.body {
        Some(own) if own.concern_body(facts) => facts.body_bytes,
        _ => facts.model_span.end,
    }
}

pub(super) fn response(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let bad = |words: &'static str| Error::new(Kind::BadAnswer, words);
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(bad("the provider's answer is no list of embeddings"));
    };
    let Some(data) = answer.data.filter(|d| d.get().starts_with('[')) else {
        return Err(match answer.error {
            Some(_) => error::in_stream(body),
            None => bad("the provider's answer has no embeddings"),
        });
    };
    // An array would be read as the fields in order.
    let counted = answer.usage.map(RawValue::get).filter(|u| u.starts_with('{'));
    let mut usage = counted.and_then(|u| usage::read(u.as_bytes())).unwrap_or_default();
    // Vectors are no tokens: nothing comes out, and that is known.
    usage.output = 0;
    usage.output_reported = true;
    let mut splices = Vec::new();
    if reply.base64 {
        pack(body, data, &mut splices).ok_or_else(|| bad("an embedding is no list of numbers"))?;
    }
    let total = counted.and_then(|u| serde_json::from_str::<Total>(u).ok()?.total_tokens);
    if let (false, Some(total), Some(raw)) = (usage.input_reported, total, counted) {
        usage.input = crate::dialect::Usage::tokens(total);
        usage.input_reported = true;
        let at = json::offset(body, raw.as_bytes()) + 1;
        let with = format!(r#""prompt_tokens":{},"#, usage.input).into_bytes();
        splices.push(Splice { range: at..at, with });
    }
    splices.sort_by_key(|s| s.range.start);
    let changed = !splices.is_empty();
    Ok(ClientResponse { body: changed.then(|| json::splice(body, &splices)), usage })
}

/// Each vector of numbers becomes base64.
fn pack(body: &[u8], data: &RawValue, splices: &mut Vec<Splice>) -> Option<()> {
    let data: Vec<Entry<'_>> = serde_json::from_str(data.get()).ok()?;
    for raw in data.iter().map(|e| e.embedding.get()).filter(|raw| !raw.starts_with('"')) {
        let at = json::offset(body, raw.as_bytes());
        splices.push(Splice { range: at..at + raw.len(), with: packed(raw)? });
    }
    Some(())
}

fn asks_base64(body: &[u8]) -> bool {
    let members = json::members(body).unwrap_or_default();
    let format = members.iter().find(|m| m.key == "encoding_format");
    format.and_then(|m| body.get(m.value.clone())) == Some(br#""base64""#)
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

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Deserialize)]
struct Total {
    total_tokens: Option<f64>,
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
        for usage in ["null", "[0]", "{}", "7"] {
            let body = format!(r#"{{"data":[{{"embedding":[1]}}],"usage":{usage}}}"#);
            let answer = response(body.as_bytes(), &Reply::default()).unwrap();
            assert!(answer.body.is_none() && !answer.usage.input_reported, "{usage}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for (body, kind) in [
            ("[]", Kind::BadAnswer),
            ("{}", Kind::BadAnswer),
            ("[false,[0],null]", Kind::BadAnswer),
            (r#"{"data":{}}"#, Kind::BadAnswer),
            (r#"{"error":{"message":"x","type":"server_error"}}"#, Kind::ProviderFault),
        ] {
            assert_eq!(response(body.as_bytes(), &Reply::default()).unwrap_err().kind, kind);
        }
    }

    #[test]
    fn makes_base64_where_it_was_asked_for() {
        let reply = Reply { base64: true, ..Default::default() };
        let body = br#"{"data":[ {"embedding": [1.0, 0] ,"index":0},{"embedding":"AAAA"}]}"#;
        let made = response(body, &reply).unwrap().body.unwrap();
        let want = r#"{"data":[ {"embedding": "AACAPwAAAAA=" ,"index":0},{"embedding":"AAAA"}]}"#;
        assert_eq!(String::from_utf8(made).unwrap(), want);
        assert!(response(br#"{"data":[{"embedding":[null]}]}"#, &reply).is_err());
    }
}
