//! Voyage's rerank: `top_k` for `top_n`, and `data` for `results`.
//!
//! Its embeddings are OpenAI's with other words: see the kind's quirks.
//!
//! Spec: <https://docs.voyageai.com/reference/reranker-api>,
//! <https://docs.voyageai.com/reference/embeddings-api>.

use super::Dialect;
use super::loss::Fate::{Dropped, Mapped};
use super::loss::Field;
use super::openai::error::from_upstream;
use super::rerank::{self, Ask, Entry, Provider, Ranks, field};
use super::{Reply, UpstreamError};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

pub struct Voyage;

const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("query", Mapped, "as it is"),
    field("documents", Mapped, "their texts; at most 1000"),
    field("top_n", Mapped, "top_k"),
    field("return_documents", Mapped, "the gateway puts them into the answer"),
    field("rank_fields", Mapped, "only text"),
    // Voyage's own.
    field("truncation", Mapped, "as it is"),
    field("max_tokens_per_doc", Dropped(&[]), "no such field"),
    field("max_chunks_per_doc", Dropped(&[]), "no such field"),
    field("priority", Dropped(&["0"]), "no such field"),
];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<Vec<Entry<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

// === impl Voyage ===

impl Provider for Voyage {
    const UPSTREAM: Dialect = Dialect::VoyageRerank;
    const FIELDS: &'static [Field] = FIELDS;
    const MOST: usize = 1000;
    const ERROR: fn(u16, &[u8]) -> UpstreamError =
        |status, body| UpstreamError { verbatim: false, ..from_upstream(status, body) };

    fn write(ask: &Ask<'_>, model: &str) -> Vec<u8> {
        let mut out = br#"{"model":"#.to_vec();
        json::push_text(&mut out, model);
        json::push_member(&mut out, "query", ask.query);
        json::push_member(&mut out, "documents", &ask.documents);
        if let Some(top_n) = ask.top_n {
            json::push_member(&mut out, "top_k", top_n);
        }
        if let Some(truncation) = ask.body.get("truncation") {
            json::push_member(&mut out, "truncation", truncation);
        }
        out.push(b'}');
        out
    }

    fn read<'a>(body: &'a [u8], reply: &Reply) -> Result<Ranks<'a>, Error> {
        let bad = || Error::new(Kind::BadAnswer, "the provider's answer is no list of ranks");
        let answer: Answer<'a> = serde_json::from_slice(body).map_err(|_| bad())?;
        let results = rerank::results(&answer.data.ok_or_else(bad)?, reply.inputs)?;
        Ok(Ranks { results, usage: rerank::usage(answer.usage), ..Default::default() })
    }
}
