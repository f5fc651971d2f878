//! Rerank: Cohere as a client (`/v2/rerank`) and as a provider of others' clients.
//!
//! Version 2 takes texts and names documents by their index. Its `meta` goes to clients
//! of `/v1/rerank` as it came; where another provider ranks, what it counted stands in a
//! `meta` of the same form.
//!
//! Spec: <https://docs.cohere.com/reference/rerank>.

use super::usage;
use crate::dialect::loss::Fate::{Dropped, Mapped};
use crate::dialect::loss::Field;
use crate::dialect::rerank::{self, Ask, Client, Entry, Provider, Ranks, field};
use crate::dialect::{Dialect, Reply, UpstreamError};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Both halves.
pub struct Rerank;

const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("query", Mapped, "as it is"),
    field("documents", Mapped, "their texts"),
    field("top_n", Mapped, "as it is"),
    field("return_documents", Mapped, "the gateway puts them into the answer"),
    field("rank_fields", Mapped, "only text"),
    // Cohere's own.
    field("max_tokens_per_doc", Mapped, "as it is"),
    field("priority", Mapped, "as it is"),
    field("max_chunks_per_doc", Dropped(&[]), "of version 1; see max_tokens_per_doc"),
];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<Vec<Entry<'a>>>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

// === impl Rerank ===

impl Client for Rerank {
    const CLIENT: Dialect = Dialect::CohereRerank;
    const RETURNS: Option<bool> = None;

    fn write(ranks: &Ranks<'_>, reply: &Reply) -> Vec<u8> {
        let mut out = b"{".to_vec();
        rerank::push_results(ranks, reply, &mut out);
        out.extend_from_slice(br#","meta":{"api_version":{"version":"2"}"#);
        if ranks.usage.input_reported {
            out.extend_from_slice(br#","tokens":{"input_tokens":"#);
            json::push_number(&mut out, ranks.usage.input);
            out.push(b'}');
        }
        out.extend_from_slice(b"}}");
        out
    }
}

impl Provider for Rerank {
    const UPSTREAM: Dialect = Dialect::CohereRerank;
    const FIELDS: &'static [Field] = FIELDS;
    const ERROR: fn(u16, &[u8]) -> UpstreamError = super::error::from_upstream;

    fn write(ask: &Ask<'_>, model: &str) -> Vec<u8> {
        let mut out = br#"{"model":"#.to_vec();
        json::push_text(&mut out, model);
        json::push_member(&mut out, "query", ask.query);
        json::push_member(&mut out, "documents", &ask.documents);
        if let Some(top_n) = ask.top_n {
            json::push_member(&mut out, "top_n", top_n);
        }
        for name in ["max_tokens_per_doc", "priority"] {
            if let Some(own) = ask.body.get(name) {
                json::push_member(&mut out, name, own);
            }
        }
        out.push(b'}');
        out
    }

    fn read<'a>(body: &'a [u8], reply: &Reply) -> Result<Ranks<'a>, Error> {
        let bad = || Error::new(Kind::BadAnswer, "the provider's answer is no list of ranks");
        let answer: Answer<'a> = serde_json::from_slice(body).map_err(|_| bad())?;
        let Some(results) = answer.results else {
            return Err(answer.message.map_or_else(bad, |_| super::error::in_answer(body)));
        };
        let results = rerank::results(&results, reply.inputs)?;
        let usage = usage::of_rerank(answer.meta.map(RawValue::get));
        Ok(Ranks { results, id: answer.id, meta: answer.meta, usage })
    }
}
