//! Rerank through Bedrock's `InvokeModel`: Cohere's body, of the version `api_version`
//! names, without the model. Amazon's own reranker is asked the same way by AWS's
//! examples, without the version.
//!
//! The body tells no tokens; the header `x-amzn-bedrock-input-token-count` may
//! (<https://github.com/maximhq/bifrost/issues/3917>).
//!
//! Spec: <https://docs.cohere.com/docs/cohere-on-aws>,
//! <https://docs.opensearch.org/latest/vector-search/tutorials/reranking/reranking-cohere-bedrock/>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html>.

use super::error::from_upstream;
use crate::dialect::loss::Fate::{Dropped, Mapped};
use crate::dialect::loss::Field;
use crate::dialect::rerank::{self, Ask, Entry, Provider, Ranks, field};
use crate::dialect::{Dialect, Reply, UpstreamError, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;

/// A provider's half.
pub struct Rerank;

const FIELDS: &[Field] = &[
    field("model", Mapped, "in the path"),
    field("query", Mapped, "as it is"),
    field("documents", Mapped, "their texts"),
    field("top_n", Mapped, "as it is"),
    field("return_documents", Mapped, "the gateway puts them into the answer"),
    field("rank_fields", Mapped, "only text"),
    field("max_tokens_per_doc", Dropped(&[]), "no such field is documented"),
    field("max_chunks_per_doc", Dropped(&[]), "no such field is documented"),
    field("priority", Dropped(&["0"]), "no such field"),
];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Option<Vec<Entry<'a>>>,
}

// === impl Rerank ===

impl Provider for Rerank {
    const UPSTREAM: Dialect = Dialect::BedrockRerank;
    const FIELDS: &'static [Field] = FIELDS;
    const ERROR: fn(u16, &[u8]) -> UpstreamError = from_upstream;

    fn write(ask: &Ask<'_>, model: &str) -> Vec<u8> {
        let mut out = br#"{"query":"#.to_vec();
        out.extend_from_slice(ask.query);
        json::push_member(&mut out, "documents", &ask.documents);
        if let Some(top_n) = ask.top_n {
            json::push_member(&mut out, "top_n", top_n);
        }
        if !model.starts_with("amazon.") {
            json::push_member(&mut out, "api_version", b"2");
        }
        out.push(b'}');
        out
    }

    fn read<'a>(body: &'a [u8], reply: &Reply) -> Result<Ranks<'a>, Error> {
        let bad = || Error::new(Kind::BadAnswer, "the provider's answer is no list of ranks");
        let answer: Answer<'a> = serde_json::from_slice(body).map_err(|_| bad())?;
        let results = rerank::results(&answer.results.ok_or_else(bad)?, reply.inputs)?;
        let usage = Usage::input_only(reply.told_input.map(|n| n as f64));
        Ok(Ranks { results, usage, ..Default::default() })
    }
}
