//! Who can be called: one row per kind of provider, and the headers of a call.
//!
//! A row is data: dialect, address, path, authentication. A new provider that
//! speaks a known dialect is a new row and nothing else. Must not: touch a body,
//! read the environment, or keep a key (the compiled configuration does).

use crate::dialect::Dialect;

/// One kind of provider, as `kind:` in the configuration names it.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub dialect: Dialect,
    /// Base URL without a trailing slash; `None`: the configuration must give one.
    pub url: Option<&'static str>,
    /// Appended to the base URL's path for a chat call.
    pub chat_path: &'static str,
    pub auth: Auth,
    /// Sent with every call.
    pub headers: &'static [(&'static str, &'static str)],
    /// The environment variable that holds the key by the vendor's own custom;
    /// `None`: no key unless one is configured.
    pub key_env: Option<&'static str>,
    /// Where the facts of this row are documented.
    pub source: &'static str,
}

/// How a key is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// `NAME: KEY`
    Header(&'static str),
}

pub const KINDS: &[Kind] = &[
    Kind {
        name: "openai",
        dialect: Dialect::OpenAiChat,
        url: Some("https://api.openai.com/v1"),
        chat_path: "/chat/completions",
        auth: Auth::Bearer,
        headers: &[],
        key_env: Some("OPENAI_API_KEY"),
        source: "https://platform.openai.com/docs/api-reference/authentication",
    },
    Kind {
        name: "anthropic",
        dialect: Dialect::AnthropicMessages,
        url: Some("https://api.anthropic.com/v1"),
        chat_path: "/messages",
        auth: Auth::Header("x-api-key"),
        headers: &[("anthropic-version", "2023-06-01")],
        key_env: Some("ANTHROPIC_API_KEY"),
        source: "https://platform.claude.com/docs/en/api/overview",
    },
    Kind {
        name: "openai-compatible",
        dialect: Dialect::OpenAiChat,
        url: None,
        chat_path: "/chat/completions",
        auth: Auth::Bearer,
        headers: &[],
        key_env: None,
        source: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    },
    Kind {
        name: "anthropic-compatible",
        dialect: Dialect::AnthropicMessages,
        url: None,
        chat_path: "/messages",
        auth: Auth::Header("x-api-key"),
        headers: &[("anthropic-version", "2023-06-01")],
        key_env: None,
        source: "https://platform.claude.com/docs/en/api/messages",
    },
];

pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == name)
}

/// Client headers a provider may see; all others stay here. A mesh's internal
/// headers, cookies and the client's own credentials are nobody else's business.
pub fn forwards(header: &str) -> bool {
    FORWARDED.contains(&header) || FORWARDED_PREFIXES.iter().any(|p| header.starts_with(p))
}

const FORWARDED: &[&str] = &[
    "accept",
    "accept-language",
    "anthropic-beta",
    "idempotency-key",
    "openai-beta",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-request-id",
];

/// The official SDKs' self-description.
const FORWARDED_PREFIXES: &[&str] = &["x-stainless-"];

// === impl Auth ===

impl Auth {
    /// The header name and the value for `key`.
    pub fn header(self, key: &str) -> (&'static str, String) {
        match self {
            Auth::Bearer => ("authorization", format!("Bearer {key}")),
            Auth::Header(name) => (name, key.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_internal_headers_stay_here() {
        for header in [
            "authorization",
            "x-api-key",
            "api-key",
            "cookie",
            "x-forwarded-for",
            "x-sluice-pick",
            "x-envoy-attempt-count",
        ] {
            assert!(!forwards(header), "{header}");
        }
        assert!(forwards("x-stainless-lang") && forwards("traceparent"));
    }
}
