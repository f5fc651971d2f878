//! What the gateway answers by itself: models, usage, health.
//!
//! Must not: show a key, a digest, or an address.

use crate::config::{Config, Model};
use crate::error::{Error, Kind};
use crate::route;
use crate::store::Store;
use crate::store::usage::{self, Counts, Row};
use serde::Serialize;
use serde_json::{Value, json};

/// A path of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    ChatCompletions,
    Models,
    Model(String),
    Usage,
    Health,
}

#[derive(Serialize)]
struct UsagePage<'a> {
    object: &'static str,
    max_rows: u32,
    data: Vec<UsageRow<'a>>,
}

/// Tokens as in `dialect::Usage`: parts are counted in their wholes.
#[derive(Serialize)]
struct UsageRow<'a> {
    consumer: &'a str,
    model: &'a str,
    provider: &'a str,
    upstream_model: &'a str,
    calls: u64,
    estimated_calls: u64,
    input_tokens: u64,
    output_tokens: u64,
    cached_input_tokens: u64,
    cache_write_tokens: u64,
    cache_write_1h_tokens: u64,
    reasoning_tokens: u64,
}

/// What exists, for the 404.
const PATHS: &str = "POST /v1/chat/completions, GET /v1/models, GET /v1/models/{id}, GET /sluice/usage, GET /sluice/health";

/// The endpoint of a method and a path; a query is ignored.
pub fn endpoint(method: &str, path: &str) -> Result<Endpoint, Error> {
    let path = path.split('?').next().unwrap_or_default();
    let (endpoint, wanted) = match path {
        "/v1/chat/completions" => (Endpoint::ChatCompletions, "POST"),
        "/v1/models" => (Endpoint::Models, "GET"),
        "/sluice/usage" => (Endpoint::Usage, "GET"),
        "/sluice/health" => (Endpoint::Health, "GET"),
        _ => match path.strip_prefix("/v1/models/") {
            Some(id) if !id.is_empty() => (Endpoint::Model(percent_decoded(id)), "GET"),
            _ => {
                return Err(Error::new(
                    Kind::NotFound,
                    format!("no such path; there are: {PATHS}"),
                ));
            }
        },
    };
    if method != wanted {
        return Err(Error::new(Kind::MethodNotAllowed, format!("this path takes {wanted} only")));
    }
    Ok(endpoint)
}

/// `GET /v1/models`: the configured names; globs name no model, so they are left out.
pub fn models(config: &Config) -> Vec<u8> {
    let data: Vec<Value> =
        config.models.iter().filter(|m| !m.is_glob).map(|m| model(&m.name)).collect();
    json!({ "object": "list", "data": data }).to_string().into_bytes()
}

/// `GET /v1/models/{id}`: any name that a call would find, globs included.
pub fn one_model(config: &Config, id: &str) -> Result<Vec<u8>, Error> {
    let found: Option<(usize, &Model)> = config.model(id);
    found.map(|_| model(id).to_string().into_bytes()).ok_or_else(|| route::unknown_model(id))
}

/// `GET /sluice/usage`: the counters of all workers since the process began. Where
/// there are consumers, each sees its own rows only.
pub fn usage(config: &Config, store: &(impl Store + ?Sized), consumer: &str) -> Vec<u8> {
    let mut rows = usage::report(store, config.max_usage_rows);
    if !config.consumers.is_empty() {
        rows.retain(|row| row.labels.split('\0').next() == Some(consumer));
    }
    let page = UsagePage {
        object: "sluice.usage",
        max_rows: config.max_usage_rows,
        data: rows.iter().map(UsageRow::of).collect(),
    };
    serde_json::to_vec(&page).unwrap_or_default()
}

/// `GET /sluice/health`.
pub fn health(config: &Config, calls_in_flight: usize) -> Vec<u8> {
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "providers": config.providers.len(),
        "models": config.models.len(),
        "worker_calls_in_flight": calls_in_flight,
    })
    .to_string()
    .into_bytes()
}

/// OpenAI's model object. When it was created is not known: 0.
fn model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": 0, "owned_by": "sluice" })
}

/// `%2F` and its like; anything malformed stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

// === impl Endpoint ===

impl Endpoint {
    /// The metric label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Endpoint::ChatCompletions => "chat_completions",
            Endpoint::Models | Endpoint::Model(_) => "models",
            Endpoint::Usage => "usage",
            Endpoint::Health => "health",
        }
    }
}

// === impl UsageRow ===

impl<'a> UsageRow<'a> {
    fn of(row: &'a Row) -> Self {
        let mut labels = row.labels.split('\0');
        let mut label = || labels.next().unwrap_or_default();
        let Counts { calls, estimated_calls, usage } = row.counts;
        Self {
            consumer: label(),
            model: label(),
            provider: label(),
            upstream_model: label(),
            calls,
            estimated_calls,
            input_tokens: usage.input,
            output_tokens: usage.output,
            cached_input_tokens: usage.cached_input,
            cache_write_tokens: usage.cache_write,
            cache_write_1h_tokens: usage.cache_write_1h,
            reasoning_tokens: usage.reasoning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_endpoints() {
        assert_eq!(endpoint("POST", "/v1/chat/completions?x=1"), Ok(Endpoint::ChatCompletions));
        assert_eq!(endpoint("GET", "/v1/models/a%2Fb"), Ok(Endpoint::Model("a/b".into())));
        assert_eq!(endpoint("GET", "/v1/models/%zz%"), Ok(Endpoint::Model("%zz%".into())));
        assert_eq!(
            endpoint("GET", "/v1/chat/completions").unwrap_err().kind,
            Kind::MethodNotAllowed
        );
        let e = endpoint("GET", "/v1/embeddings").unwrap_err();
        assert_eq!(e.kind, Kind::NotFound);
        assert!(e.message.contains("/v1/chat/completions"));
    }
}
