//! What tests say to the mock itself: `/mock/...`, and the list of models.
//!
//! ```text
//! PUT    /mock/faults    {"model": "gpt-5-mini", "spec": "status=429", "times": 1}
//! DELETE /mock/faults
//! GET    /mock/requests  the last hundred, bodies as text
//! DELETE /mock/requests  the counts too
//! GET    /mock/counts    {"gpt-5-mini": 3}
//! ```

use std::collections::BTreeMap;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Faults;
use super::http::State;
use super::record::{Entry, Recorded, Watch};
use super::reply::{self, Reply};
use super::vendor::{Failure, Vendor};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    model: String,
    spec: String,
    times: Option<u64>,
}

pub(super) fn handle(state: &State, method: &Method, path: &str, body: &[u8]) -> Reply {
    match (method.as_str(), path) {
        ("PUT", "/mock/faults") => match plan(state, body) {
            Ok(()) => ok(&json!({"ok": true})),
            Err(message) => failure(&Failure::bad(message)),
        },
        ("DELETE", "/mock/faults") => {
            state.clear_faults();
            ok(&json!({"ok": true}))
        }
        ("GET", "/mock/requests") => {
            let requests = state.log.requests();
            ok(&requests.iter().map(as_json).collect())
        }
        ("DELETE", "/mock/requests") => {
            state.log.clear();
            ok(&json!({"ok": true}))
        }
        ("GET", "/mock/counts") => {
            let counts: BTreeMap<_, _> = state.log.counts().into_iter().collect();
            ok(&json!(counts))
        }
        _ => failure(&Failure::new(404, format!("no {method} {path} here"))),
    }
}

/// `GET /v1/models`, in the shape of the vendor whose key came.
pub(super) fn models(entry: &Entry, watch: Watch) -> Reply {
    let vendor =
        if entry.headers.contains_key("x-api-key") { Vendor::Anthropic } else { Vendor::OpenAi };
    if let Err(failure) = vendor.authorize(entry) {
        return reply::refusal(vendor, &failure, watch);
    }
    let list = match vendor {
        Vendor::OpenAi | Vendor::Gemini | Vendor::Bedrock => json!({
            "object": "list",
            "data": OPENAI_MODELS.map(|id| json!({
                "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "openai",
            })),
        }),
        Vendor::Anthropic => json!({
            "data": ANTHROPIC_MODELS.map(|id| json!({
                "type": "model", "id": id, "display_name": id,
                "created_at": "2025-01-01T00:00:00Z",
            })),
            "first_id": ANTHROPIC_MODELS.first(),
            "last_id": ANTHROPIC_MODELS.last(),
            "has_more": false,
        }),
    };
    reply::json(200, list.to_string(), Some(watch))
}

fn plan(state: &State, body: &[u8]) -> Result<(), String> {
    let plan: Plan = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if plan.times != Some(0) {
        state.set_faults(&plan.model, Faults::parse(&plan.spec)?, plan.times);
    }
    Ok(())
}

fn as_json(request: &Recorded) -> Value {
    json!({
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "body": String::from_utf8_lossy(&request.body),
        "model": request.model,
        "finished": request.finished,
        "aborted": request.aborted,
    })
}

fn ok(body: &Value) -> Reply {
    reply::json(200, body.to_string(), None)
}

fn failure(failure: &Failure) -> Reply {
    reply::json(failure.status, Vendor::OpenAi.failure(failure), None)
}

const OPENAI_MODELS: [&str; 2] = ["gpt-5", "gpt-5-mini"];
const ANTHROPIC_MODELS: [&str; 2] = ["claude-opus-4-8", "claude-haiku-4-5"];
