//! Moderations: violence where a text has the word `kill`, else nothing.

use serde_json::{Value, json};

use super::{Fields, only};
use crate::cli::mock::answer::{Answer, Ask, Turn};
use crate::cli::mock::openai::fields::{field, missing, wrong_type};
use crate::cli::mock::vendor::Failure;

pub(super) fn ask(body: &Fields) -> Result<Ask<'_>, Failure> {
    only(body, &["input", "model"])?;
    let model = match field(body, "model") {
        None => DEFAULT,
        Some(Value::String(model)) => model,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let texts = texts(body)?;
    let input_bytes = texts.iter().map(String::len).sum();
    Ok(Ask { model, input_bytes, turn: Turn::User(texts.concat()), ..Ask::default() })
}

/// What is judged, one by one: parts of several kinds are one input together.
fn texts(body: &Fields) -> Result<Vec<String>, Failure> {
    let wrong =
        || Failure::bad("'$.input' is invalid. Please check the API reference.").param("input");
    let items = match field(body, "input") {
        None => return Err(missing("input")),
        Some(Value::String(text)) => return Ok(vec![text.clone()]),
        Some(Value::Array(items)) if !items.is_empty() => items,
        Some(_) => return Err(wrong()),
    };
    if let Some(texts) = items.iter().map(|i| i.as_str().map(str::to_owned)).collect() {
        return Ok(texts);
    }
    let part = |item: &Value| match item["type"].as_str() {
        Some("text") => item["text"].as_str().map(str::to_owned),
        Some("image_url") => item["image_url"]["url"].as_str().map(|_| String::new()),
        _ => None,
    };
    let parts: Option<Vec<String>> = items.iter().map(part).collect();
    Ok(vec![parts.ok_or_else(wrong)?.concat()])
}

pub(super) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let texts = ask.fields.and_then(|body| texts(body).ok()).unwrap_or_default();
    let results: Vec<_> = texts.iter().map(|text| judge(text)).collect();
    json!({ "id": format!("modr-{}", answer.id), "model": ask.model, "results": results })
        .to_string()
}

fn judge(text: &str) -> Value {
    let violent = text.contains("kill");
    let all = |value: &dyn Fn(bool) -> Value| -> Value {
        CATEGORIES.iter().map(|c| ((*c).to_owned(), value(violent && *c == "violence"))).collect()
    };
    json!({
        "flagged": violent,
        "categories": all(&Value::from),
        "category_scores": all(&|yes| Value::from(if yes { 0.91 } else { 0.0001 })),
        "category_applied_input_types": all(&|_| json!(["text"])),
    })
}

const DEFAULT: &str = "omni-moderation-latest";
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];
