//! `/model/M/invoke` of models that embed and rank: Titan, Nova, Cohere, Amazon's
//! reranker. Each has a schema, and a key that it does not know is refused.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>
//! <https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html>
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html>
//! <https://docs.cohere.com/docs/cohere-on-aws>

use serde_json::Value;

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::cohere::fields::{
    Object, boolean, field, object, string, strings, whole, word,
};
use crate::cli::mock::paths::Address;
use crate::cli::mock::vectors::{Vectors, floats, ranks};
use crate::cli::mock::vendor::{Failure, quote};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::mock) enum Invoked {
    /// Version 1 of the texts' model.
    TitanOne,
    Titan,
    TitanImage,
    Nova,
    Cohere,
    /// Cohere's reranker, and Amazon's.
    Rerank,
}

// === impl Invoked ===

impl Invoked {
    /// `None`: it converses.
    pub(in crate::cli::mock) fn of(model: &str) -> Option<Invoked> {
        let has = |word: &str| model.contains(word);
        let names = [
            ("titan-embed-text-v1", Invoked::TitanOne),
            ("titan-embed-g1", Invoked::TitanOne),
            ("titan-embed-image", Invoked::TitanImage),
            ("titan-embed", Invoked::Titan),
            ("multimodal-embeddings", Invoked::Nova),
            ("cohere.embed", Invoked::Cohere),
            (".rerank", Invoked::Rerank),
        ];
        names.into_iter().find(|(word, _)| has(word)).map(|(_, invoked)| invoked)
    }

    pub(in crate::cli::mock) fn ask<'a>(
        self,
        body: &'a Value,
        address: &'a Address,
    ) -> Result<Ask<'a>, Failure> {
        let body = object(body, "the body")?;
        let model = address.model.as_deref().unwrap_or_default();
        let vectors = match self {
            Invoked::TitanOne | Invoked::Titan | Invoked::TitanImage => self.titan(body)?,
            Invoked::Nova => nova(body)?,
            Invoked::Cohere => cohere(body, model)?,
            Invoked::Rerank => rank(body, model)?,
        };
        let input_bytes = vectors.texts.iter().map(String::len).sum();
        Ok(Ask { model, input_bytes, vectors, ..Ask::default() })
    }

    fn titan(self, body: &Object) -> Result<Vectors, Failure> {
        let (known, sizes): (&[&str], &[u64]) = match self {
            Invoked::TitanOne => (&["inputText"], &[]),
            Invoked::TitanImage => {
                (&["inputText", "inputImage", "embeddingConfig"], &[256, 384, 1024])
            }
            _ => (&["inputText", "dimensions", "normalize", "embeddingTypes"], &[256, 512, 1024]),
        };
        only(body, known)?;
        boolean(body, "normalize")?;
        let config = field(body, "embeddingConfig").map(|c| object(c, "embeddingConfig"));
        let size = match config.transpose()? {
            Some(config) => {
                only(config, &["outputEmbeddingLength"])?;
                whole(config, "outputEmbeddingLength", 1)?
            }
            None => whole(body, "dimensions", 1)?,
        };
        one(string(body, "inputText")?, size, sizes)
    }

    pub(in crate::cli::mock) fn whole(self, ask: &Ask<'_>, answer: &Answer) -> String {
        let asked = &ask.vectors;
        let all: Vec<_> = asked.texts.iter().map(|t| floats(t, asked.dimensions)).collect();
        let first = all.first().map_or("[]", String::as_str);
        let count = |name: &str| {
            answer.usage.map_or_else(String::new, |u| format!(r#","{name}":{}"#, u.input))
        };
        match self {
            Invoked::TitanOne | Invoked::TitanImage => {
                format!(r#"{{"embedding":{first}{}}}"#, count("inputTextTokenCount"))
            }
            Invoked::Titan => format!(
                r#"{{"embedding":{first},"embeddingsByType":{{"float":{first}}}{}}}"#,
                count("inputTextTokenCount")
            ),
            Invoked::Nova => format!(
                r#"{{"embeddings":[{{"embeddingType":"TEXT","embedding":{first}}}]{}}}"#,
                count("inputTokenCount")
            ),
            Invoked::Cohere => {
                let texts: Vec<_> = asked.texts.iter().map(|t| quote(t)).collect();
                format!(
                    r#"{{"id":"{}","texts":[{}],"embeddings":[{}],"response_type":"embeddings_floats"}}"#,
                    answer.id,
                    texts.join(","),
                    all.join(",")
                )
            }
            Invoked::Rerank => {
                let entry = |(i, s)| format!(r#"{{"index":{i},"relevance_score":{s:.6}}}"#);
                let results: Vec<_> = ranks(asked).into_iter().map(entry).collect();
                format!(r#"{{"results":[{}]}}"#, results.join(","))
            }
        }
    }
}

fn nova(body: &Object) -> Result<Vectors, Failure> {
    only(body, &["schemaVersion", "taskType", "singleEmbeddingParams"])?;
    word(body, "taskType", &["SINGLE_EMBEDDING"])?;
    string(body, "taskType")?;
    let params = field(body, "singleEmbeddingParams").unwrap_or(&Value::Null);
    let params = object(params, "singleEmbeddingParams")?;
    only(params, &["embeddingPurpose", "embeddingDimension", "text"])?;
    let purposes = [
        "GENERIC_INDEX",
        "GENERIC_RETRIEVAL",
        "TEXT_RETRIEVAL",
        "IMAGE_RETRIEVAL",
        "VIDEO_RETRIEVAL",
        "DOCUMENT_RETRIEVAL",
        "AUDIO_RETRIEVAL",
        "CLASSIFICATION",
        "CLUSTERING",
    ];
    word(params, "embeddingPurpose", &purposes)?;
    string(params, "embeddingPurpose")?;
    let text = object(field(params, "text").unwrap_or(&Value::Null), "text")?;
    only(text, &["truncationMode", "value"])?;
    word(text, "truncationMode", &["START", "END", "NONE"])?;
    let size = whole(params, "embeddingDimension", 1)?;
    one(string(text, "value")?, size, &[256, 384, 1024, 3072])
}

fn cohere(body: &Object, model: &str) -> Result<Vectors, Failure> {
    let four = model.contains("embed-v4");
    let mut known = vec!["texts", "images", "input_type", "truncate", "embedding_types"];
    if four {
        known.extend(["inputs", "output_dimension", "max_tokens"]);
    }
    only(body, &known)?;
    let types = ["search_document", "search_query", "classification", "clustering", "image"];
    if word(body, "input_type", &types)?.is_none() {
        return Err(malformed("required key [input_type] not found"));
    }
    word(body, "truncate", if four { &FOUR_ENDS } else { &["NONE", "START", "END"] })?;
    let texts: Vec<_> = strings(body, "texts")?.into_iter().map(str::to_owned).collect();
    if texts.is_empty() || texts.len() > 96 {
        return Err(malformed("#/texts: expected 1 to 96 items"));
    }
    let dimensions = size(whole(body, "output_dimension", 1)?, &[256, 512, 1024, 1536])?;
    Ok(Vectors { texts, dimensions, ..Vectors::default() })
}

/// AWS's page has the last two; Cohere's own words are taken as well.
const FOUR_ENDS: [&str; 5] = ["NONE", "START", "END", "LEFT", "RIGHT"];

fn rank(body: &Object, model: &str) -> Result<Vectors, Failure> {
    let of_amazon = model.starts_with("amazon.");
    let known: &[&str] = if of_amazon {
        &["query", "documents", "top_n"]
    } else {
        &["query", "documents", "top_n", "api_version"]
    };
    only(body, known)?;
    if !of_amazon && whole(body, "api_version", 2)?.is_none() {
        return Err(malformed("required key [api_version] not found"));
    }
    let query = string(body, "query")?.to_owned();
    let texts: Vec<_> = strings(body, "documents")?.into_iter().map(str::to_owned).collect();
    if texts.is_empty() {
        return Err(malformed("#/documents: expected minimum item count: 1, found: 0"));
    }
    let all = texts.len();
    let top = whole(body, "top_n", 1)?.map_or(all, |n| usize::try_from(n).unwrap_or(all).min(all));
    Ok(Vectors { texts, query, top, ..Vectors::default() })
}

fn one(text: &str, wanted: Option<u64>, sizes: &[u64]) -> Result<Vectors, Failure> {
    if text.is_empty() {
        return Err(malformed("expected minLength: 1, actual: 0"));
    }
    let dimensions = size(wanted, sizes)?;
    Ok(Vectors { texts: vec![text.to_owned()], dimensions, ..Vectors::default() })
}

fn size(wanted: Option<u64>, sizes: &[u64]) -> Result<usize, Failure> {
    match wanted {
        None => Ok(16),
        Some(n) if sizes.contains(&n) => Ok(n as usize),
        Some(n) => Err(malformed(&format!("{n} is not a valid enum value"))),
    }
}

fn only(body: &Object, known: &[&str]) -> Result<(), Failure> {
    let unknown = body.keys().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| {
        Err(malformed(&format!("#: extraneous key [{name}] is not permitted")))
    })
}

fn malformed(words: &str) -> Failure {
    Failure::bad(format!(
        "Malformed input request: {words}, please reformat your input and try again."
    ))
}
