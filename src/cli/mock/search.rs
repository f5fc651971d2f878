//! Voyage and Jina: embeddings and ranks, each refusing what the vendor refuses.
//!
//! Both have OpenAI's embeddings in other words, and refuse OpenAI's where theirs
//! differ. Jina's rerank is also what vLLM, llama.cpp and others speak.
//!
//! <https://docs.voyageai.com/reference/embeddings-api>
//! <https://docs.voyageai.com/reference/reranker-api>
//! <https://api.jina.ai/redoc>
//! What they say: <https://github.com/embeddings-benchmark/mteb/issues/1681>,
//! <https://github.com/QuantumNous/new-api/issues/1941>.

use serde_json::Value;

use super::answer::{Answer, Ask};
use super::cohere::fields::{Object, boolean, field, model, object, string, whole, word};
use super::vectors::{Vectors, base64, floats, ranks};
use super::vendor::{Failure, quote};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    VoyageEmbed,
    VoyageRerank,
    JinaEmbed,
    JinaRerank,
}

const VOYAGE_EMBED: &[&str] = &[
    "model",
    "input",
    "input_type",
    "truncation",
    "output_dimension",
    "output_dtype",
    "encoding_format",
];
const JINA_EMBED: &[&str] = &[
    "model",
    "input",
    "task",
    "dimensions",
    "embedding_type",
    "normalized",
    "late_chunking",
    "truncate",
];
const VOYAGE_RERANK: &[&str] =
    &["model", "query", "documents", "top_k", "return_documents", "truncation"];
/// Numbers in a vector where nobody says.
const DEFAULT: u64 = 16;
/// Most texts of a call to Voyage.
const MOST: usize = 1000;

pub(super) fn failure(failure: &Failure) -> String {
    format!(r#"{{"detail":{}}}"#, quote(&failure.message))
}

// === impl Search ===

impl Search {
    /// Of a path that ends in `/embeddings` or `/rerank`, by who is asked.
    pub(super) fn of(host: &str, path: &str) -> Option<Search> {
        let ranks = path.ends_with("/rerank");
        match host {
            "api.voyageai.com" if ranks => Some(Search::VoyageRerank),
            "api.voyageai.com" if path.ends_with("/embeddings") => Some(Search::VoyageEmbed),
            "api.jina.ai" if path.ends_with("/embeddings") => Some(Search::JinaEmbed),
            _ => ranks.then_some(Search::JinaRerank),
        }
    }

    pub(super) fn ask(self, body: &Value) -> Result<Ask<'_>, Failure> {
        let body = object(body, "the body")?;
        match self {
            Search::VoyageEmbed => voyage_embed(body),
            Search::JinaEmbed => jina_embed(body),
            Search::VoyageRerank => {
                only(body, VOYAGE_RERANK, voyage_refuses)?;
                boolean(body, "truncation")?;
                rank(body, "top_k", false, MOST)
            }
            // Those who imitate it take more.
            Search::JinaRerank => rank(body, "top_n", true, usize::MAX),
        }
    }

    pub(super) fn whole(self, ask: &Ask<'_>, answer: &Answer) -> String {
        let list = match self {
            Search::VoyageEmbed | Search::JinaEmbed => vectors(ask),
            Search::VoyageRerank | Search::JinaRerank => results(ask),
        };
        let name = if self == Search::JinaRerank { "results" } else { "data" };
        let prompt = self == Search::JinaEmbed;
        let usage = answer.usage.map_or_else(String::new, |u| {
            let prompt =
                if prompt { format!(r#","prompt_tokens":{}"#, u.input) } else { String::new() };
            format!(r#","usage":{{"total_tokens":{}{prompt}}}"#, u.input)
        });
        format!(
            r#"{{"object":"list","{name}":[{}],"model":{}{usage}}}"#,
            list.join(","),
            quote(ask.model)
        )
    }
}

fn voyage_embed(body: &Object) -> Result<Ask<'_>, Failure> {
    only(body, VOYAGE_EMBED, voyage_refuses)?;
    if let Some(format) = field(body, "encoding_format").filter(|f| *f != "base64") {
        let words = format!(
            "Value '{format}' supplied for argument 'encoding_format' is not valid -- accepted values are 'base64'"
        );
        return Err(Failure::bad(words));
    }
    word(body, "input_type", &["query", "document"])?;
    word(body, "output_dtype", &["float", "int8", "uint8", "binary", "ubinary"])?;
    boolean(body, "truncation")?;
    let packed = field(body, "encoding_format").is_some();
    embed(body, "output_dimension", if packed { "base64" } else { "float" }, MOST)
}

fn jina_embed(body: &Object) -> Result<Ask<'_>, Failure> {
    only(body, JINA_EMBED, |name| {
        Failure::new(422, format!("extra fields not permitted: ['{name}']"))
    })?;
    let type_ = word(body, "embedding_type", &["float", "base64", "binary", "ubinary"])?;
    boolean(body, "late_chunking")?;
    boolean(body, "normalized")?;
    embed(body, "dimensions", type_.unwrap_or("float"), usize::MAX)
}

fn embed<'a>(body: &'a Object, size: &str, type_: &str, most: usize) -> Result<Ask<'a>, Failure> {
    let wrong = || Failure::bad("input must be a string or a list of strings, none of them empty");
    let texts: Vec<String> = match field(body, "input") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|t| t.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(wrong());
    }
    if texts.len() > most {
        return Err(Failure::bad(format!("The batch size limit is {most}.")));
    }
    let dimensions = whole(body, size, 1)?.unwrap_or(DEFAULT) as usize;
    let input_bytes = texts.iter().map(String::len).sum();
    let types = vec![type_.to_owned()];
    let vectors = Vectors { texts, dimensions, types, ..Vectors::default() };
    Ok(Ask { model: model(body)?, input_bytes, vectors, ..Ask::default() })
}

/// `objects`: documents may be objects with a text.
fn rank<'a>(body: &'a Object, top: &str, objects: bool, most: usize) -> Result<Ask<'a>, Failure> {
    let model = model(body)?;
    let query = string(body, "query")?.to_owned();
    boolean(body, "return_documents")?;
    let text = |document: &Value| match document {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) if objects => map.get("text")?.as_str().map(str::to_owned),
        _ => None,
    };
    let given = field(body, "documents").and_then(Value::as_array);
    let texts: Option<Vec<_>> = given.map(|d| d.iter().map(text).collect()).unwrap_or_default();
    let Some(texts) = texts.filter(|t| (1..=most).contains(&t.len())) else {
        return Err(Failure::bad("documents must be a list of 1 to 1000 texts"));
    };
    let all = texts.len();
    let top = whole(body, top, 1)?.map_or(all, |n| usize::try_from(n).unwrap_or(all).min(all));
    let input_bytes = query.len() + texts.iter().map(String::len).sum::<usize>();
    // What Jina does unless told otherwise.
    let returns = field(body, "return_documents").map_or(objects, |r| r == true);
    let types = returns.then(|| "documents".to_owned()).into_iter().collect();
    let vectors = Vectors { texts, query, top, types, ..Vectors::default() };
    Ok(Ask { model, input_bytes, vectors, ..Ask::default() })
}

fn vectors(ask: &Ask<'_>) -> Vec<String> {
    let asked = &ask.vectors;
    let packed = asked.types.iter().any(|t| t == "base64");
    let write = if packed { base64 } else { floats };
    let entry = |(n, text): (usize, &String)| {
        let vector = write(text, asked.dimensions);
        format!(r#"{{"object":"embedding","embedding":{vector},"index":{n}}}"#)
    };
    asked.texts.iter().enumerate().map(entry).collect()
}

fn results(ask: &Ask<'_>) -> Vec<String> {
    let asked = &ask.vectors;
    let entry = |(index, score): (usize, f64)| {
        let text = asked.texts.get(index).filter(|_| !asked.types.is_empty());
        let text =
            text.map_or_else(String::new, |t| format!(r#","document":{{"text":{}}}"#, quote(t)));
        format!(r#"{{"index":{index},"relevance_score":{score:.6}{text}}}"#)
    };
    ranks(asked).into_iter().map(entry).collect()
}

fn only(body: &Object, known: &[&str], refuse: impl Fn(&str) -> Failure) -> Result<(), Failure> {
    let unknown = body.keys().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| Err(refuse(name)))
}

fn voyage_refuses(name: &str) -> Failure {
    Failure::bad(format!("Argument '{name}' is not supported by our API"))
}
