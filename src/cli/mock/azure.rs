//! Azure OpenAI: OpenAI's bodies with what the content filter found, behind keys and
//! errors of its own.
//!
//! ```text
//! POST /openai/v1/chat/completions, /openai/v1/responses, /openai/v1/embeddings
//! POST /openai/deployments/{model}/chat/completions?api-version=2024-10-21, .../embeddings
//! ```
//!
//! <https://learn.microsoft.com/en-us/azure/foundry/openai/reference>,
//! <https://learn.microsoft.com/en-us/azure/foundry/openai/concepts/content-filter>

use hyper::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::answer::{Answer, Ask, Turn};
use super::faults::percent_decode;
use super::openai;
use super::paths::{Address, Verb};
use super::vendor::{Event, Failure, Kind, Vendor};

/// The path is under Azure's roof.
pub(super) fn owns(path: &str) -> bool {
    path.starts_with("/openai/")
}

/// A dated call, whose path names the deployment.
pub(super) fn address(uri: &Uri) -> Option<Address> {
    let rest = uri.path().strip_prefix("/openai/deployments/")?;
    let chat = rest.strip_suffix("/chat/completions").map(|name| (name, Verb::Chat));
    let (name, verb) = chat.or_else(|| Some((rest.strip_suffix("/embeddings")?, Verb::Embed)))?;
    uri.query()?.split('&').any(is_version).then_some(())?;
    let model = percent_decode(name).filter(|name| !name.is_empty());
    model.map(|model| Address { vendor: Vendor::Azure, model: Some(model), verb })
}

pub(super) fn not_found() -> Failure {
    Failure::new(404, "Resource not found").code("404")
}

/// The deployment in the path is the model, whatever the body says.
pub(super) fn ask<'a>(body: &'a Value, address: &'a Address) -> Result<Ask<'a>, Failure> {
    let mut ask = match address.verb {
        Verb::Embed => openai::embeddings::ask(body)?,
        _ => openai::ask(body)?,
    };
    if let Some(model) = &address.model {
        ask.model = model;
    }
    Ok(ask)
}

/// `api-version=2024-10-21`, perhaps a preview.
fn is_version(pair: &str) -> bool {
    let version = pair.strip_prefix("api-version=").unwrap_or_default();
    let digits = version.bytes().take(10).filter(u8::is_ascii_digit).count();
    digits == 8 && matches!(version.get(10..), Some("" | "-preview"))
}

pub(super) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let key = headers.get("api-key").is_some_and(|key| !key.is_empty());
    if key || openai::authorize(headers).is_ok() {
        return Ok(());
    }
    Err(Failure::new(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to \
         provide a valid key for an active subscription and use a correct regional API endpoint \
         for your resource.",
    ))
}

/// Does the content filter stop this prompt? `word`: what it looks for.
pub(super) fn filter(ask: &Ask<'_>, word: &str) -> Result<(), Failure> {
    let (Turn::User(text) | Turn::Tool(text) | Turn::Assistant(text)) = &ask.turn;
    if text.contains(word) {
        return Err(Failure::bad(
            "The response was filtered due to the prompt triggering Azure OpenAI's content \
             management policy. Please modify your prompt and retry. To learn more about our \
             content filtering policies please read our documentation: \
             https://go.microsoft.com/fwlink/?linkid=2198766",
        )
        .param("prompt")
        .code(FILTERED));
    }
    Ok(())
}

pub(super) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    if !ask.vectors.texts.is_empty() {
        return openai::embeddings::whole(ask, answer);
    }
    let mut body: Value = serde_json::from_str(&openai::whole(ask, answer)).unwrap_or_default();
    for choice in body["choices"].as_array_mut().into_iter().flatten() {
        choice["content_filter_results"] = found(false);
    }
    body["prompt_filter_results"] = prompt();
    body.to_string()
}

pub(super) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let first = json!({ "choices": [], "created": 0, "id": "", "model": "", "object": "",
        "prompt_filter_results": prompt() });
    let mut events = vec![Event::new(Kind::Frame, "", first.to_string())];
    for event in openai::events(ask, answer) {
        let data = match serde_json::from_str::<Value>(&event.data) {
            Ok(mut chunk) => {
                for choice in chunk["choices"].as_array_mut().into_iter().flatten() {
                    let content = event.kind == Kind::Content;
                    choice["content_filter_results"] =
                        if content { found(false) } else { json!({}) };
                }
                chunk.to_string()
            }
            Err(_) => event.data,
        };
        events.push(Event { data, ..event });
    }
    events
}

/// The front door's errors have the status for a code; the model's are OpenAI's.
pub(super) fn failure(failure: &Failure) -> String {
    let code = failure.code.as_deref();
    let status = failure.status.to_string();
    match (failure.status, code) {
        (_, Some(FILTERED)) => json!({ "error": {
            "message": failure.message, "type": null, "param": failure.param, "code": FILTERED,
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation", "content_filter_result": found(true),
            },
        }})
        .to_string(),
        (404, None) => json!({ "error": { "code": "DeploymentNotFound", "message":
            "The API deployment for this resource does not exist. If you created the deployment \
             within the last 5 minutes, please wait a moment and try again." }})
        .to_string(),
        (401 | 403 | 404 | 429, _) => {
            let code = code.unwrap_or(&status);
            json!({ "error": { "code": code, "message": failure.message } }).to_string()
        }
        _ => openai::failure(failure),
    }
}

fn prompt() -> Value {
    json!([{ "prompt_index": 0, "content_filter_results": found(false) }])
}

fn found(filtered: bool) -> Value {
    let safe = json!({ "filtered": false, "severity": "safe" });
    let severity = if filtered { "medium" } else { "safe" };
    json!({ "hate": safe, "self_harm": safe, "sexual": safe,
        "violence": { "filtered": filtered, "severity": severity } })
}

const FILTERED: &str = "content_filter";
