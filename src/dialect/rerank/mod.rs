//! Ranks: a client's half (Jina's, Cohere's) and a provider's make a row of their own,
//! so that a new provider is one `Provider`.
//!
//! All say the same in other words: a query, documents, how many to give; and an index
//! and a score for each, which keep the provider's digits. Documents come back as the
//! client sent them, from `Reply::echo`, whatever the provider gives: none is asked
//! for its own, so a long list does not travel twice. Above `MAX_ECHO` they stay away,
//! and that is listed where the client asked for them.
//!
//! A document is a text, or an object whose `text` is ranked, as Cohere's first version
//! had it by default; its other members are not ranked there either. What has no text
//! (Jina's images, Cohere's `rank_fields`) is refused by name.
//!
//! An index beyond the documents is no answer. Searches are no tokens: what is billed by
//! the search has no usage, and is estimated.
//!
//! Must not: know a model, or one vendor's words; those are in the halves.
//!
//! Spec: <https://api.jina.ai/redoc#tag/rerank>, <https://docs.cohere.com/reference/rerank>,
//! <https://docs.cohere.com/v1/reference/rerank>.

use super::features::Gaps;
use super::identity::Unstreamed;
use super::loss::{self, Dropped, Fate, Field};
use super::openai::embeddings::positive;
use super::openai::read::Value;
use super::{
    Body, ClientResponse, Dialect, Reply, Request, Translator, UpstreamError, UpstreamRequest,
    Usage,
};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::marker::PhantomData;

/// A client's half.
pub trait Client: 'static {
    const CLIENT: Dialect;
    /// Documents come back where the request does not say; `None`: never.
    const RETURNS: Option<bool>;

    fn write(ranks: &Ranks<'_>, reply: &Reply) -> Vec<u8>;
}

/// A provider's half.
pub trait Provider: 'static {
    const UPSTREAM: Dialect;
    const GAPS: Gaps = &[];
    /// What becomes of the clients' fields.
    const FIELDS: &'static [Field];
    /// Most documents of a call; 0: none is told.
    const MOST: usize = 0;
    const ERROR: fn(u16, &[u8]) -> UpstreamError;

    fn write(ask: &Ask<'_>, model: &str) -> Vec<u8>;

    fn read<'a>(body: &'a [u8], reply: &Reply) -> Result<Ranks<'a>, Error>;
}

/// What is asked, checked.
#[derive(Debug)]
pub struct Ask<'a> {
    /// A JSON string.
    pub query: &'a [u8],
    /// An array of JSON strings.
    pub documents: Vec<u8>,
    /// A whole number of 1 or more.
    pub top_n: Option<&'a [u8]>,
    /// The whole request: for fields that only some have.
    pub body: super::openai::read::Object<'a>,
}

/// What came out, best first.
#[derive(Debug, Default)]
pub struct Ranks<'a> {
    pub results: Vec<Rank<'a>>,
    /// Cohere's, as they came.
    pub id: Option<&'a RawValue>,
    pub meta: Option<&'a RawValue>,
    pub usage: Usage,
}

/// One document's place.
#[derive(Debug)]
pub struct Rank<'a> {
    pub index: usize,
    /// A number, as the provider spelled it.
    pub score: &'a str,
}

/// A result as all providers write it, whatever else it holds.
#[derive(Deserialize)]
pub struct Entry<'a> {
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    relevance_score: Option<&'a RawValue>,
}

/// Most bytes of documents that are kept for the answer.
const MAX_ECHO: usize = 1 << 20;

/// The row of a client's half and a provider's.
pub struct Row<C, P>(PhantomData<(C, P)>);

impl<C: Client, P: Provider> Row<C, P> {
    pub const ROW: Translator = Translator {
        client: C::CLIENT,
        upstream: P::UPSTREAM,
        gaps: P::GAPS,
        client_gaps: &[],
        request: request::<C, P>,
        reads: None,
        response: |body, reply| {
            let ranks = P::read(body, reply)?;
            Ok(ClientResponse { body: Some(C::write(&ranks, reply)), usage: ranks.usage })
        },
        error: P::ERROR,
        stream: |_| Box::new(Unstreamed::default()),
        fields: P::FIELDS,
    };
}

fn request<C: Client, P: Provider>(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let most = P::MOST;
    if most > 0 && request.facts.inputs > most {
        let words = format!("this model takes at most {most} documents in one call");
        return Err(Error::invalid("documents", words));
    }
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(P::FIELDS, &root, &body, &mut dropped)?;
    let query = root.field(&body, "query").ok_or_else(|| missing("query"))?.string()?;
    let given = root.field(&body, "documents").ok_or_else(|| missing("documents"))?;
    let documents = texts(&given)?;
    if let Some(fields) = root.field(&body, "rank_fields")
        && !matches!(json::items(fields.raw).as_deref(), Some([] | [br#""text""#]))
    {
        return Err(fields.error("only the text of a document is ranked"));
    }
    let top_n = root.field(&body, "top_n").map(|n| positive(&n)).transpose()?;
    let asked = root.field(&body, "return_documents").map(|r| r.boolean()).transpose()?;
    let echo = match (C::RETURNS, asked) {
        (None, Some(true)) => {
            dropped.add("return_documents");
            Vec::new()
        }
        (Some(default), asked) if asked.unwrap_or(default) => {
            if given.raw.len() <= MAX_ECHO {
                given.raw.to_vec()
            } else {
                if asked == Some(true) {
                    dropped.add("return_documents (they are longer than 1 MiB)");
                }
                Vec::new()
            }
        }
        _ => Vec::new(),
    };
    let made = P::write(&Ask { query, documents, top_n, body }, request.model);
    let (body, dropped) = (Body::Whole(made), dropped.into_names());
    Ok(UpstreamRequest { body, dropped, echo, ..Default::default() })
}

fn missing(name: &'static str) -> Error {
    Error::invalid(name, format!("you must provide {name}"))
}

/// The documents' texts, as an array.
fn texts(given: &Value<'_, '_>) -> Result<Vec<u8>, Error> {
    let items = given.items()?;
    if items.is_empty() {
        return Err(given.error("must not be empty"));
    }
    let mut out = Vec::with_capacity(given.raw.len());
    for (i, raw) in items.into_iter().enumerate() {
        let item = given.item(i, raw);
        let text = if item.is_string() {
            raw
        } else {
            let object = item.object().ok();
            let text = object.and_then(|o| o.get("text")).filter(|t| t.starts_with(b"\""));
            text.ok_or_else(|| item.error("must be a string, or an object with a text"))?
        };
        out.push(if i == 0 { b'[' } else { b',' });
        out.extend_from_slice(text);
    }
    out.push(b']');
    Ok(out)
}

/// The results of an answer. `documents`: how many were sent; 0: not known.
pub fn results<'a>(entries: &[Entry<'a>], documents: usize) -> Result<Vec<Rank<'a>>, Error> {
    let bad = || Error::new(Kind::BadAnswer, "a result of the provider has no index or score");
    let read = |entry: &Entry<'a>| {
        let index = entry.index.map(RawValue::get).and_then(|t| t.parse().ok()).ok_or_else(bad)?;
        let score = entry.relevance_score.map(RawValue::get).ok_or_else(bad)?;
        if serde_json::from_str::<f64>(score).is_err() {
            return Err(bad());
        }
        if documents > 0 && index >= documents {
            let words = "the provider ranks a document that it was not given";
            return Err(Error::new(Kind::BadAnswer, words));
        }
        Ok(Rank { index, score })
    };
    entries.iter().map(read).collect()
}

/// What went in, by a `usage` of Jina's or Voyage's.
pub fn usage(raw: Option<&RawValue>) -> Usage {
    let count = raw.and_then(|u| serde_json::from_str::<Count>(u.get()).ok());
    Usage::input_only(count.and_then(|c| c.total_tokens.or(c.prompt_tokens)))
}

#[derive(Deserialize)]
struct Count {
    total_tokens: Option<f64>,
    prompt_tokens: Option<f64>,
}

/// Appends `"results":[...]`, with the documents of `reply.echo`.
pub fn push_results(ranks: &Ranks<'_>, reply: &Reply, out: &mut Vec<u8>) {
    let documents = json::items(&reply.echo).unwrap_or_default();
    out.extend_from_slice(br#""results":["#);
    for (i, rank) in ranks.results.iter().enumerate() {
        out.extend_from_slice(if i == 0 { &br#"{"index":"#[..] } else { br#",{"index":"# });
        json::push_number(out, rank.index as u64);
        json::push_member(out, "relevance_score", rank.score.as_bytes());
        match documents.get(rank.index) {
            Some(text) if text.starts_with(b"\"") => {
                json::push_member(out, "document", &[br#"{"text":"#, *text, b"}"].concat());
            }
            Some(object) => json::push_member(out, "document", object),
            None => {}
        }
        out.push(b'}');
    }
    out.push(b']');
}

pub const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
