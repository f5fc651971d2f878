//! The paths a client may ask for, and whose language is spoken there; what the
//! gateway answers by itself is below: `models`, `usage`, `health`.
//!
//! Must not: make an answer.

use crate::dialect::{Addressed, Dialect};
use crate::error::{Error, Kind};
use crate::host::{Headers, text};

pub mod health;
pub mod models;
pub mod usage;

/// A path of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A call in a client's dialect; what its path says of it.
    Call(Dialect, Option<Addressed>),
    Models,
    Model(String),
    Usage,
    Limits,
    Health,
}

/// What exists, for the 404.
const PATHS: &str = "POST /v1/chat/completions, /v1/responses, /v1/completions, /v1/embeddings, /v1/messages, \
                     /v1/messages/count_tokens, /v1/moderations, /v1/images/generations, \
                     /v1/images/edits, /v1/audio/speech, /v1/audio/transcriptions, \
                     /v1/audio/translations, /v1beta/models/{model}:generateContent, \
                     /model/{model}/converse, /v2/chat, /v2/embed, /v1/rerank, /v2/rerank; GET /v1/models, \
                     /v1/models/{id}, /v1beta/models, /sluice/usage, /sluice/limits, /sluice/health";

/// Lists of models: OpenAI's and Anthropic's, and Gemini's.
const MODELS: &str = "/v1/models";
const GEMINI_MODELS: &str = "/v1beta/models";

/// Paths of calls whose bodies name the model.
const CALLS: &[(&str, Dialect)] = &[
    ("/v1/chat/completions", Dialect::OpenAiChat),
    ("/v1/responses", Dialect::OpenAiResponses),
    ("/v1/completions", Dialect::OpenAiCompletions),
    ("/v1/embeddings", Dialect::OpenAiEmbeddings),
    ("/v1/messages", Dialect::AnthropicMessages),
    ("/v1/messages/count_tokens", Dialect::AnthropicCount),
    ("/v1/responses/input_tokens", Dialect::OpenAiInputTokens),
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
    ("/v1beta/models/", ":countTokens", Dialect::GeminiCount, false),
    ("/v1/models/", ":countTokens", Dialect::GeminiCount, false),
    ("/model/", "/count-tokens", Dialect::BedrockCount, false),
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

/// Headers that a vendor's clients alone send.
const LISTERS: &[(&str, Dialect)] = &[
    ("anthropic-version", Dialect::AnthropicMessages),
    ("x-goog-api-client", Dialect::Gemini),
    ("x-goog-api-key", Dialect::Gemini),
];

/// What a client on this path speaks; where nothing tells, the hub's dialect.
/// Three vendors have a `/v1/models`: there its headers tell.
pub fn client(path: &str, headers: &Headers) -> Dialect {
    let path = path.split('?').next().unwrap_or_default();
    let is_list = path == MODELS || path.strip_prefix(MODELS).is_some_and(|p| p.starts_with('/'));
    match call(path) {
        Some(Endpoint::Call(dialect, _)) => dialect,
        _ if is_list => LISTERS
            .iter()
            .find(|(header, _)| text(headers, header).is_some())
            .map_or(Dialect::OpenAiChat, |(_, dialect)| *dialect),
        _ => VENDORS
            .iter()
            .find(|(before, _)| path.starts_with(before))
            .map_or(Dialect::OpenAiChat, |(_, dialect)| *dialect),
    }
}

/// The endpoint of a method and a path; a query is ignored.
pub fn endpoint(method: &str, path: &str) -> Result<Endpoint, Error> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let id =
        |before: &str| path.strip_prefix(before)?.strip_prefix('/').filter(|id| !id.is_empty());
    // Whatever else is posted there is a verb that is not here.
    let google = || id(GEMINI_MODELS).filter(|_| method == "GET");
    let (endpoint, wanted) = match path {
        MODELS | GEMINI_MODELS => (Endpoint::Models, "GET"),
        "/sluice/usage" => (Endpoint::Usage, "GET"),
        "/sluice/limits" => (Endpoint::Limits, "GET"),
        "/sluice/health" => (Endpoint::Health, "GET"),
        _ => match (call(path), id(MODELS).or_else(google)) {
            (Some(call), _) => (call, "POST"),
            (None, Some(id)) => (Endpoint::Model(percent_decoded(id)), "GET"),
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

/// `%2F` and its like; anything malformed stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|h| h.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|h| std::str::from_utf8(h).ok());
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
            Endpoint::Call(dialect, _) => dialect.label(),
            Endpoint::Models | Endpoint::Model(_) => "models",
            Endpoint::Usage => "usage",
            Endpoint::Limits => "limits",
            Endpoint::Health => "health",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::misdirected::LOOKS;

    #[test]
    fn knows_the_clients_dialect_by_its_path() {
        for (path, dialect) in [
            ("/v1/messages/count_tokens", Dialect::AnthropicCount),
            ("/v1/messages/batches", Dialect::AnthropicMessages),
            ("/v1beta/models/m:countTokens?key=k", Dialect::GeminiCount),
            ("/v1beta/models/m:tune", Dialect::Gemini),
            ("/v1beta/models/m:batchEmbedContents", Dialect::GeminiEmbed),
            ("/model/m/invoke", Dialect::BedrockConverse),
            ("/v2/classify", Dialect::CohereChat),
            ("/v1/rerank", Dialect::JinaRerank),
            ("/v1/files", Dialect::OpenAiChat),
            ("/v1/models", Dialect::OpenAiChat),
            ("/v1beta/models", Dialect::Gemini),
        ] {
            assert_eq!(client(path, &Vec::new()), dialect, "{path}");
        }
    }

    #[test]
    fn lists_go_by_their_client() {
        let sent = |name: &str| vec![(name.to_owned(), b"x".to_vec())];
        for (path, header, dialect) in [
            ("/v1/models?limit=1", "anthropic-version", Dialect::AnthropicMessages),
            ("/v1/models/x/y", "anthropic-version", Dialect::AnthropicMessages),
            ("/v1/modelsx", "anthropic-version", Dialect::OpenAiChat),
            ("/v1beta/models/x", "anthropic-version", Dialect::Gemini),
            ("/v1/models?pageSize=1", "x-goog-api-key", Dialect::Gemini),
            ("/v1/models/x", "x-goog-api-client", Dialect::Gemini),
            ("/v1/models/x", "x-api-key", Dialect::OpenAiChat),
        ] {
            assert_eq!(client(path, &sent(header)), dialect, "{path} {header}");
        }
        for path in ["/v1/models/a%2Fb", "/v1beta/models/a%2Fb?key=k"] {
            assert_eq!(endpoint("GET", path), Ok(Endpoint::Model("a/b".into())), "{path}");
        }
        assert_eq!(endpoint("GET", "/v1beta/models?pageSize=1"), Ok(Endpoint::Models));
        for (method, path) in [("GET", "/v1beta/models/"), ("POST", "/v1beta/models/m:tune")] {
            assert_eq!(endpoint(method, path).unwrap_err().kind, Kind::NotFound, "{path}");
        }
    }

    #[test]
    fn the_paths_of_hints_are_ours() {
        for look in LOOKS {
            let called = endpoint("POST", &look.path.replace("{model}", "m")).unwrap();
            assert!(matches!(called, Endpoint::Call(dialect, _) if dialect == look.dialect));
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
        assert_eq!(endpoint("GET", "/v1/models/a%+f"), Ok(Endpoint::Model("a%+f".into())));
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
        let count = Endpoint::Call(Dialect::AnthropicCount, None);
        assert_eq!(endpoint("POST", "/v1/messages/count_tokens?beta=true"), Ok(count));
    }
}
