//! Jina's rerank, the shape that vLLM, llama.cpp, Together and others have taken over:
//! `model`, `query`, `documents`, `top_n`, `return_documents`; `results` and `usage`.
//!
//! It is what `/v1/rerank` speaks, where clients of Cohere's first version come, too:
//! they send the same, `documents` as objects included, and read the same `results`.
//! So an answer from Cohere keeps its `id` and `meta`, beside the `model` and `usage`
//! that Jina's clients read, and an error has its words under `detail` (Jina's) and
//! `message` (Cohere's). Documents come back unless the request says not: Jina's
//! default, and what vLLM always does.
//!
//! Jina's embeddings are OpenAI's with other words: see the kind's quirks.
//!
//! Spec: <https://api.jina.ai/redoc#tag/rerank>,
//! <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#re-rank-api>,
//! <https://docs.together.ai/reference/rerank>,
//! <https://docs.cohere.com/v1/reference/rerank>.

use super::identity::{self, Unstreamed};
use super::loss::Fate::{Dropped, Mapped};
use super::loss::Field;
use super::openai::error::from_upstream;
use super::rerank::{self, Ask, Client, Entry, Provider, Ranks, field};
use super::{ClientResponse, Dialect, Reply, Translator, UpstreamError, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

pub const RERANK_IDENTITY: Translator = Translator {
    client: Dialect::JinaRerank,
    upstream: Dialect::JinaRerank,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response: |body, _| {
        let (_, usage) = read(body)?;
        Ok(ClientResponse { body: None, usage })
    },
    error,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

/// Both halves.
pub struct Jina;

const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("query", Mapped, "as it is"),
    field("documents", Mapped, "their texts"),
    field("top_n", Mapped, "as it is"),
    field("return_documents", Mapped, "false: the gateway puts them into the answer"),
    field("rank_fields", Mapped, "only text"),
    field("max_tokens_per_doc", Dropped(&[]), "no such field"),
    field("priority", Dropped(&["0"]), "no such field"),
];

/// An error as a whole body, for clients of Jina's and of Cohere's first version.
pub fn error_body(error: &Error) -> Vec<u8> {
    let words = match &error.param {
        Some(param) => format!("{param}: {}", error.message),
        None => error.message.to_string(),
    };
    let mut out = br#"{"detail":"#.to_vec();
    json::push_text(&mut out, &words);
    out.extend_from_slice(br#","message":"#);
    json::push_text(&mut out, &words);
    out.push(b'}');
    out
}

/// Some of these servers have OpenAI's errors, some FastAPI's `detail`: all are read,
/// and written anew.
fn error(status: u16, body: &[u8]) -> UpstreamError {
    UpstreamError { verbatim: false, ..from_upstream(status, body) }
}

fn read(body: &[u8]) -> Result<(Vec<Entry<'_>>, Usage), Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is no list of ranks"));
    };
    let Some(results) = answer.results else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no results"));
    };
    Ok((results, rerank::usage(answer.usage)))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Option<Vec<Entry<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

// === impl Jina ===

impl Client for Jina {
    const CLIENT: Dialect = Dialect::JinaRerank;
    const RETURNS: Option<bool> = Some(true);

    fn write(ranks: &Ranks<'_>, reply: &Reply) -> Vec<u8> {
        let mut out = br#"{"model":"#.to_vec();
        json::push_text(&mut out, &reply.model);
        if let Some(id) = ranks.id {
            json::push_member(&mut out, "id", id.get().as_bytes());
        }
        out.push(b',');
        rerank::push_results(ranks, reply, &mut out);
        if let Some(meta) = ranks.meta {
            json::push_member(&mut out, "meta", meta.get().as_bytes());
        }
        out.extend_from_slice(br#","usage":{"total_tokens":"#);
        json::push_number(&mut out, ranks.usage.input);
        out.extend_from_slice(b"}}");
        out
    }
}

impl Provider for Jina {
    const UPSTREAM: Dialect = Dialect::JinaRerank;
    const FIELDS: &'static [Field] = FIELDS;
    const ERROR: fn(u16, &[u8]) -> UpstreamError = error;

    fn write(ask: &Ask<'_>, model: &str) -> Vec<u8> {
        let mut out = br#"{"model":"#.to_vec();
        json::push_text(&mut out, model);
        json::push_member(&mut out, "query", ask.query);
        json::push_member(&mut out, "documents", &ask.documents);
        if let Some(top_n) = ask.top_n {
            json::push_member(&mut out, "top_n", top_n);
        }
        json::push_member(&mut out, "return_documents", b"false");
        out.push(b'}');
        out
    }

    fn read<'a>(body: &'a [u8], reply: &Reply) -> Result<Ranks<'a>, Error> {
        let (results, usage) = read(body)?;
        let results = rerank::results(&results, reply.inputs)?;
        Ok(Ranks { results, usage, ..Default::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_be_read_by_both() {
        let body = error_body(&Error::invalid("top_n", "must be \"1\""));
        let want = r#"{"detail":"top_n: must be \"1\"","message":"top_n: must be \"1\""}"#;
        assert_eq!(String::from_utf8(body).unwrap(), want);
    }

    #[test]
    fn what_is_no_rank_is_no_answer() {
        for body in ["7", "{}", r#"{"results":7}"#, r#"{"results":[7]}"#, "<html>"] {
            assert_eq!(
                read(body.as_bytes()).err().map(|e| e.kind),
                Some(Kind::BadAnswer),
                "{body}"
            );
        }
    }
}
