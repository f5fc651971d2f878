//! `/v2/embed` and `/v2/rerank`.
//!
//! <https://docs.cohere.com/reference/embed>
//! <https://docs.cohere.com/reference/rerank>

use serde_json::Value;

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::vectors::{self, Vectors, base64, floats, vector};
use crate::cli::mock::vendor::{Failure, quote};

use super::fields::{
    Object, array, field, invalid, model, object, only, string, strings, whole, word,
};

pub(in crate::cli::mock) fn ask_embed(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = object(body, "the body")?;
    only(body, EMBED_FIELDS)?;
    let model = model(body)?;
    let types = ["search_document", "search_query", "classification", "clustering", "image"];
    if word(body, "input_type", &types)?.is_none() {
        return Err(invalid("valid input_type must be provided with the provided model"));
    }
    word(body, "truncate", &["NONE", "START", "END"])?;
    whole(body, "max_tokens", 1)?;
    whole(body, "priority", 0)?;
    let texts = inputs(body)?;
    if texts.len() > 96 {
        return Err(invalid(format!(
            "total number of texts must be at most 96 - received {}",
            texts.len()
        )));
    }
    let mut types = strings(body, "embedding_types")?;
    if types.is_empty() {
        types.push("float");
    }
    if let Some(unknown) = types.iter().find(|t| !TYPES.contains(t)) {
        return Err(invalid(format!("embedding type '{unknown}' is not supported")));
    }
    let dimensions = whole(body, "output_dimension", 1)?.unwrap_or(1536);
    if ![256, 512, 1024, 1536].contains(&dimensions) {
        return Err(invalid("output_dimension must be one of 256, 512, 1024, 1536"));
    }
    let input_bytes = texts.iter().map(String::len).sum();
    let types = types.into_iter().map(str::to_owned).collect();
    let vectors = Vectors { texts, dimensions: dimensions as usize, types, ..Vectors::default() };
    Ok(Ask { model, input_bytes, vectors, ..Ask::default() })
}

/// What is to be embedded: one of three ways to say it.
fn inputs(body: &Object) -> Result<Vec<String>, Failure> {
    let given: Vec<_> =
        ["texts", "images", "inputs"].into_iter().filter(|n| field(body, n).is_some()).collect();
    let [name] = given[..] else {
        return Err(invalid("exactly one of texts, images or inputs must be provided"));
    };
    let texts: Vec<String> = match name {
        "inputs" => array(body, name)?.iter().map(Value::to_string).collect(),
        _ => strings(body, name)?.into_iter().map(str::to_owned).collect(),
    };
    if texts.is_empty() {
        return Err(invalid(format!("{name} must not be empty")));
    }
    Ok(texts)
}

pub(in crate::cli::mock) fn embeddings(ask: &Ask<'_>, answer: &Answer) -> String {
    let asked = &ask.vectors;
    let by_type = asked.types.iter().map(|name| {
        let vectors = asked.texts.iter().map(|text| match name.as_str() {
            "float" => floats(text, asked.dimensions),
            "base64" => base64(text, asked.dimensions),
            name => bytes(text, asked.dimensions, name),
        });
        format!(r#""{name}":[{}]"#, vectors.collect::<Vec<_>>().join(","))
    });
    let texts: Vec<_> = asked.texts.iter().map(|t| quote(t)).collect();
    format!(
        r#"{{"id":"{}","embeddings":{{{}}},"texts":[{}]{},"response_type":"embeddings_by_type"}}"#,
        answer.id,
        by_type.collect::<Vec<_>>().join(","),
        texts.join(","),
        meta(answer, |input| format!(r#"{{"input_tokens":{input}}}"#)),
    )
}

/// A number a byte, or a bit.
fn bytes(text: &str, dimensions: usize, name: &str) -> String {
    let (length, least) = match name {
        "int8" => (dimensions, -128),
        "uint8" => (dimensions, 0),
        "binary" => (dimensions / 8, -128),
        _ => (dimensions / 8, 0),
    };
    let numbers: Vec<_> = vector(text, length)
        .iter()
        .map(|n| (((n + 1.0) * 127.0) as i32 + least).to_string())
        .collect();
    format!("[{}]", numbers.join(","))
}

pub(in crate::cli::mock) fn ask_rerank(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = object(body, "the body")?;
    only(body, RERANK_FIELDS)?;
    let model = model(body)?;
    let query = string(body, "query")?.to_owned();
    if query.trim().is_empty() {
        return Err(invalid("query must not be empty or be only whitespace"));
    }
    let texts = strings(body, "documents")?;
    if texts.is_empty() {
        return Err(invalid("list of documents must not be empty"));
    }
    let all = texts.len();
    let top = whole(body, "top_n", 1)?.map_or(all, |n| usize::try_from(n).unwrap_or(all).min(all));
    whole(body, "max_tokens_per_doc", 1)?;
    whole(body, "priority", 0)?;
    let texts: Vec<_> = texts.into_iter().map(str::to_owned).collect();
    let input_bytes = texts.iter().map(String::len).sum();
    Ok(Ask {
        model,
        input_bytes,
        vectors: Vectors { texts, query, top, ..Vectors::default() },
        ..Ask::default()
    })
}

pub(in crate::cli::mock) fn ranks(ask: &Ask<'_>, answer: &Answer) -> String {
    let asked = &ask.vectors;
    let entry = |(i, s)| format!(r#"{{"index":{i},"relevance_score":{s:.6}}}"#);
    let results: Vec<_> = vectors::ranks(asked).into_iter().map(entry).collect();
    let units = asked.texts.len().div_ceil(100);
    format!(
        r#"{{"id":"{}","results":[{}]{}}}"#,
        answer.id,
        results.join(","),
        meta(answer, |_| format!(r#"{{"search_units":{units}}}"#)),
    )
}

fn meta(answer: &Answer, billed: impl Fn(usize) -> String) -> String {
    let units = answer.usage.map(|usage| format!(r#","billed_units":{}"#, billed(usage.input)));
    format!(r#","meta":{{"api_version":{{"version":"2"}}{}}}"#, units.unwrap_or_default())
}

const TYPES: &[&str] = &["float", "int8", "uint8", "binary", "ubinary", "base64"];
const EMBED_FIELDS: &[&str] = &[
    "model",
    "input_type",
    "texts",
    "images",
    "inputs",
    "max_tokens",
    "output_dimension",
    "embedding_types",
    "truncate",
    "priority",
];
const RERANK_FIELDS: &[&str] =
    &["model", "query", "documents", "top_n", "max_tokens_per_doc", "relevant_spans", "priority"];
