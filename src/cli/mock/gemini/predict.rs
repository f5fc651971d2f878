//! Vertex AI's text embeddings, by `predict`.
//!
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::vectors::{Vectors, floats};
use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, get, integer, object, only, string, sub};

pub(super) fn read<'a>(body: &'a Object, model: &'a str) -> Result<Ask<'a>, Failure> {
    only(body, "", &["instances", "parameters"])?;
    let instances = array(body, "", "instances")?;
    // <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings>
    let most = if model.starts_with("gemini-embedding") { 1 } else { 250 };
    if instances.is_empty() || instances.len() > most {
        return Err(Failure::bad(format!("{most} instance(s) is allowed per prediction.")));
    }
    let mut texts = Vec::new();
    for (n, instance) in instances.iter().enumerate() {
        let path = format!("instances[{n}]");
        let instance = object(instance, &path)?;
        // These names are snake case, but one.
        only(instance, &path, &["content", "taskType", "title"])?;
        string(instance, &path, "taskType")?;
        string(instance, &path, "title")?;
        match string(instance, &path, "content")? {
            Some(text) if !text.is_empty() => texts.push(text.to_owned()),
            _ => return Err(Failure::bad("The text content is empty.")),
        }
    }
    let mut dimensions = 16;
    let known = ["outputDimensionality", "autoTruncate"];
    if let Some(parameters) = sub(body, "", "parameters", &known)? {
        if let Some(wanted) = integer(parameters, "parameters", "outputDimensionality", 1)? {
            dimensions = wanted.unsigned_abs() as usize;
        }
        if get(parameters, "autoTruncate").is_some_and(|v| !v.is_boolean()) {
            return Err(Failure::bad("Invalid value at 'parameters.autoTruncate'"));
        }
    }
    let input_bytes = texts.iter().map(String::len).sum();
    let vectors = Vectors { texts, dimensions, ..Vectors::default() };
    Ok(Ask { model, input_bytes, vectors, ..Ask::default() })
}

pub(super) fn write(ask: &Ask<'_>, answer: &Answer) -> String {
    let asked = &ask.vectors;
    let last = asked.texts.len().saturating_sub(1);
    let prediction = |(n, text): (usize, &String)| {
        // The last has what is left of the sum.
        let before: usize = asked.texts.iter().take(last).map(|t| t.len() / 4).sum();
        let own = |all: usize| if n == last { all.saturating_sub(before) } else { text.len() / 4 };
        let statistics = answer.usage.map_or_else(
            || "{}".to_owned(),
            |u| format!(r#"{{"truncated":false,"token_count":{}}}"#, own(u.input)),
        );
        let values = floats(text, asked.dimensions);
        format!(r#"{{"embeddings":{{"statistics":{statistics},"values":{values}}}}}"#)
    };
    let all: Vec<_> = asked.texts.iter().enumerate().map(prediction).collect();
    format!(
        r#"{{"predictions":[{}],"metadata":{{"billableCharacterCount":{}}}}}"#,
        all.join(","),
        ask.input_bytes
    )
}
