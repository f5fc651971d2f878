//! OpenAI's embeddings.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings/create>

use serde_json::Value;

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::vectors::{Vectors, base64, floats};
use crate::cli::mock::vendor::{Failure, quote};

use super::fields::{field, integer, one_of, wrong_type};

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = body
        .as_object()
        .ok_or_else(|| Failure::bad("We could not parse the JSON body of your request."))?;
    let model = match field(body, "model") {
        None => return Err(Failure::bad("you must provide a model parameter")),
        Some(Value::String(model)) => model,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let format = match field(body, "encoding_format") {
        None => "float",
        Some(Value::String(format)) if ["float", "base64"].contains(&format.as_str()) => format,
        Some(other) => return Err(one_of("encoding_format", other, &["float", "base64"])),
    };
    let texts = texts(field(body, "input"))?;
    let input_bytes = texts.iter().map(String::len).sum();
    // The latter is Mistral's; others have `accents` against it.
    let dimensions = integer(body, "dimensions", 1, 3072)?;
    let dimensions = dimensions.or(integer(body, "output_dimension", 1, 3072)?);
    let dimensions = dimensions.unwrap_or(1536) as usize;
    let types = vec![format.to_owned()];
    let vectors = Vectors { texts, dimensions, types, ..Vectors::default() };
    Ok(Ask { model, input_bytes, vectors, ..Ask::default() })
}

/// A text, a list of texts, a list of tokens, or a list of such lists; tokens as text.
fn texts(input: Option<&Value>) -> Result<Vec<String>, Failure> {
    let wrong =
        || Failure::bad("'$.input' is invalid. Please check the API reference.").param("input");
    let tokens = |items: &[Value]| items.iter().all(Value::is_u64) && !items.is_empty();
    let texts = match input {
        None => return Err(Failure::bad("you must provide an input parameter").param("input")),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) if tokens(items) => vec![Value::from(items.clone()).to_string()],
        Some(Value::Array(items)) => {
            let text = |item: &Value| match item {
                Value::String(text) => Some(text.clone()),
                Value::Array(inner) if tokens(inner) => Some(item.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<Vec<_>>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if texts.is_empty() || texts.len() > 2048 || texts.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok(texts)
}

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let asked = &ask.vectors;
    let as_base64 = asked.types.iter().any(|t| t == "base64");
    let write = if as_base64 { base64 } else { floats };
    let data: Vec<_> = asked
        .texts
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let vector = write(text, asked.dimensions);
            format!(r#"{{"object":"embedding","index":{n},"embedding":{vector}}}"#)
        })
        .collect();
    let usage = answer
        .usage
        .map(|u| format!(r#","usage":{{"prompt_tokens":{0},"total_tokens":{0}}}"#, u.input));
    format!(
        r#"{{"object":"list","data":[{}],"model":{}{}}}"#,
        data.join(","),
        quote(ask.model),
        usage.unwrap_or_default()
    )
}
