//! What the gateway answers by itself: models, usage, health.
//!
//! Must not: show a key, a digest, or an address.

use crate::catalog::price;
use crate::config::{Config, Model};
use crate::dialect::{Addressed, Dialect};
use crate::error::{Error, Kind};
use crate::route;
use crate::store::Store;
use crate::store::usage::{self, Counts, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A path of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A call in a client's dialect; what its path says of it.
    Call(Dialect, Option<Addressed>),
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
    /// Calls that `cost_usd` does not hold, for want of a price.
    unpriced_calls: u64,
    /// A decimal number, exact to the nanodollar.
    cost_usd: Option<Box<RawValue>>,
    input_tokens: u64,
    output_tokens: u64,
    cached_input_tokens: u64,
    cache_write_tokens: u64,
    cache_write_1h_tokens: u64,
    reasoning_tokens: u64,
}

/// What exists, for the 404.
const PATHS: &str = "POST /v1/chat/completions, /v1/responses, /v1/completions, /v1/embeddings, /v1/messages, \
                     /v1/moderations, /v1/images/generations, /v1/images/edits, \
                     /v1/audio/speech, /v1/audio/transcriptions, /v1/audio/translations, \
                     /v1beta/models/{model}:generateContent, /model/{model}/converse, /v2/chat, \
                     /v2/embed, /v1/rerank, /v2/rerank; GET /v1/models, /v1/models/{id}, /sluice/usage, \
                     /sluice/health";

/// Paths of calls whose bodies name the model.
const CALLS: &[(&str, Dialect)] = &[
    ("/v1/chat/completions", Dialect::OpenAiChat),
    ("/v1/responses", Dialect::OpenAiResponses),
    ("/v1/completions", Dialect::OpenAiCompletions),
    ("/v1/embeddings", Dialect::OpenAiEmbeddings),
    ("/v1/messages", Dialect::AnthropicMessages),
    ("/v2/chat", Dialect::CohereChat),
    ("/v2/embed", Dialect::CohereEmbed),
    ("/v1/rerank", Dialect::JinaRerank),
    ("/v2/rerank", Dialect::CohereRerank),
    ("/v1/moderations", Dialect::OpenAiModerations),
    ("/v1/images/generations", Dialect::OpenAiImages),
    ("/v1/images/edits", Dialect::OpenAiImageEdits),
    ("/v1/audio/speech", Dialect::OpenAiSpeech),
    ("/v1/audio/transcriptions", Dialect::OpenAiTranscriptions),
    ("/v1/audio/translations", Dialect::OpenAiTranslations),
];

/// Paths that name it themselves: before the model, behind it, streamed or not.
const ADDRESSED: &[(&str, &str, Dialect, bool)] = &[
    ("/v1beta/models/", ":generateContent", Dialect::Gemini, false),
    ("/v1beta/models/", ":streamGenerateContent", Dialect::Gemini, true),
    ("/v1beta/models/", ":batchEmbedContents", Dialect::GeminiEmbed, false),
    ("/v1/models/", ":generateContent", Dialect::Gemini, false),
    ("/v1/models/", ":streamGenerateContent", Dialect::Gemini, true),
    ("/v1/models/", ":batchEmbedContents", Dialect::GeminiEmbed, false),
    ("/model/", "/converse", Dialect::BedrockConverse, false),
    ("/model/", "/converse-stream", Dialect::BedrockConverse, true),
];

/// Whose paths begin so: there errors are told in that vendor's shape too, where the
/// path or its method is not ours.
const VENDORS: &[(&str, Dialect)] = &[
    ("/v1/messages", Dialect::AnthropicMessages),
    ("/v1beta/", Dialect::Gemini),
    ("/model/", Dialect::BedrockConverse),
    ("/v2/", Dialect::CohereChat),
];

/// What a client on this path speaks; where nothing tells, the hub's dialect.
pub fn client(path: &str) -> Dialect {
    let path = path.split('?').next().unwrap_or_default();
    match call(path) {
        Some(Endpoint::Call(dialect, _)) => dialect,
        _ => VENDORS
            .iter()
            .find(|(before, _)| path.starts_with(before))
            .map_or(Dialect::OpenAiChat, |(_, dialect)| *dialect),
    }
}

/// The endpoint of a method and a path; a query is ignored.
pub fn endpoint(method: &str, path: &str) -> Result<Endpoint, Error> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (endpoint, wanted) = match path {
        "/v1/models" => (Endpoint::Models, "GET"),
        "/sluice/usage" => (Endpoint::Usage, "GET"),
        "/sluice/health" => (Endpoint::Health, "GET"),
        "/v1/messages/count_tokens" => {
            let words = "tokens are not counted here: each answer tells its usage";
            return Err(Error::new(Kind::NotFound, words));
        }
        _ => match (call(path), path.strip_prefix("/v1/models/")) {
            (Some(call), _) => (call, "POST"),
            (None, Some(id)) if !id.is_empty() => (Endpoint::Model(percent_decoded(id)), "GET"),
            _ if path.starts_with("/v1/responses/") => {
                return Err(Error::new(
                    Kind::NotFound,
                    "no responses are kept here: they cannot be fetched, cancelled or deleted",
                ));
            }
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
    if let Endpoint::Call(Dialect::Gemini, Some(Addressed { stream: true, .. })) = endpoint
        && !query.split('&').any(|pair| pair == "alt=sse")
    {
        return Err(Error::new(
            Kind::InvalidRequest,
            "streams are server-sent events: add ?alt=sse",
        ));
    }
    Ok(endpoint)
}

fn call(path: &str) -> Option<Endpoint> {
    if let Some((_, dialect)) = CALLS.iter().find(|(own, _)| *own == path) {
        return Some(Endpoint::Call(*dialect, None));
    }
    ADDRESSED.iter().find_map(|(before, after, dialect, stream)| {
        let model = path.strip_prefix(before)?.strip_suffix(after).filter(|m| !m.is_empty())?;
        let addressed = Addressed { model: percent_decoded(model), stream: *stream };
        Some(Endpoint::Call(*dialect, Some(addressed)))
    })
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

/// The metric label of calls in this dialect.
pub fn label(client: Dialect) -> &'static str {
    match client {
        Dialect::OpenAiChat => "chat_completions",
        Dialect::OpenAiResponses => "responses",
        Dialect::OpenAiCompletions => "completions",
        Dialect::OpenAiEmbeddings
        | Dialect::VertexEmbed
        | Dialect::TitanEmbed
        | Dialect::NovaEmbed
        | Dialect::BedrockCohereEmbed => "embeddings",
        Dialect::AnthropicMessages | Dialect::AnthropicVertex | Dialect::AnthropicBedrock => {
            "messages"
        }
        Dialect::Gemini => "generate_content",
        Dialect::GeminiEmbed => "batch_embed_contents",
        Dialect::BedrockConverse => "converse",
        Dialect::CohereChat => "cohere_chat",
        Dialect::CohereEmbed => "cohere_embed",
        Dialect::CohereRerank
        | Dialect::JinaRerank
        | Dialect::VoyageRerank
        | Dialect::BedrockRerank => "rerank",
        Dialect::OpenAiModerations => "moderations",
        Dialect::OpenAiImages => "images",
        Dialect::OpenAiImageEdits => "image_edits",
        Dialect::OpenAiSpeech => "speech",
        Dialect::OpenAiTranscriptions => "transcriptions",
        Dialect::OpenAiTranslations => "translations",
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// The metric label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Endpoint::Call(dialect, _) => label(*dialect),
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
        let Counts { calls, estimated_calls, unpriced_calls, cost, usage } = row.counts;
        Self {
            consumer: label(),
            model: label(),
            provider: label(),
            upstream_model: label(),
            calls,
            estimated_calls,
            unpriced_calls,
            cost_usd: RawValue::from_string(price::usd(cost)).ok(),
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
    fn knows_the_clients_dialect_by_its_path() {
        for (path, dialect) in [
            ("/v1/messages/count_tokens", Dialect::AnthropicMessages),
            ("/v1beta/models/m:countTokens?key=k", Dialect::Gemini),
            ("/v1beta/models/m:batchEmbedContents", Dialect::GeminiEmbed),
            ("/model/m/invoke", Dialect::BedrockConverse),
            ("/v2/classify", Dialect::CohereChat),
            ("/v1/rerank", Dialect::JinaRerank),
            ("/v1/files", Dialect::OpenAiChat),
        ] {
            assert_eq!(client(path), dialect, "{path}");
        }
    }

    #[test]
    fn finds_endpoints() {
        let chat = Endpoint::Call(Dialect::OpenAiChat, None);
        assert_eq!(endpoint("POST", "/v1/chat/completions?x=1"), Ok(chat));
        let addressed = |model: &str, stream| Some(Addressed { model: model.into(), stream });
        assert_eq!(
            endpoint("POST", "/v1beta/models/a%3Ab:streamGenerateContent?key=x&alt=sse"),
            Ok(Endpoint::Call(Dialect::Gemini, addressed("a:b", true)))
        );
        assert!(endpoint("POST", "/v1beta/models/a:streamGenerateContent").is_err());
        assert_eq!(
            endpoint("POST", "/model/us.a%2Fb/converse"),
            Ok(Endpoint::Call(Dialect::BedrockConverse, addressed("us.a/b", false)))
        );
        assert_eq!(endpoint("GET", "/v1/models/a%2Fb"), Ok(Endpoint::Model("a/b".into())));
        assert_eq!(endpoint("GET", "/v1/models/%zz%"), Ok(Endpoint::Model("%zz%".into())));
        assert_eq!(
            endpoint("GET", "/v1/chat/completions").unwrap_err().kind,
            Kind::MethodNotAllowed
        );
        let e = endpoint("GET", "/v1/files").unwrap_err();
        assert_eq!(e.kind, Kind::NotFound);
        assert!(e.message.contains("/v1/chat/completions"));
        for (method, path) in [("GET", "/v1/responses/resp_1"), ("DELETE", "/v1/responses/resp_1")]
        {
            let e = endpoint(method, path).unwrap_err();
            assert!(e.kind == Kind::NotFound && e.message.contains("kept"), "{e}");
        }
        let e = endpoint("POST", "/v1/messages/count_tokens?beta=true").unwrap_err();
        assert!(e.kind == Kind::NotFound && e.message.contains("usage"));
    }
}
