//! Who can be called: one row per kind of provider, and the headers of a call.
//!
//! A row is data: dialect, address, path, authentication. A new provider that
//! speaks a known dialect is a new row and nothing else. Must not: touch a body,
//! read the environment, or keep a key (the compiled configuration does).

use crate::catalog;
use crate::dialect::{self, Dialect, Maker, Quirks, Translator};
pub use kinds::KINDS;
pub use path::{Path, fill};

mod kinds;
pub mod limits;
mod path;
pub mod sigv4;

/// One kind of provider, as `kind:` in the configuration names it.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// The vendor's or the server's own name, for people.
    pub title: &'static str,
    /// Base URL without a trailing slash, with `{setting}`s; empty: the
    /// configuration must give one.
    pub url: &'static str,
    /// What it speaks, and where; the first that suits a call is taken.
    pub surfaces: &'static [Surface],
    pub auth: Auth,
    /// Sent with every call.
    pub headers: &'static [(&'static str, &'static str)],
    /// The environment variable that holds the key by the vendor's own custom;
    /// empty: no key unless one is configured.
    pub key_env: &'static str,
    /// What `url` and paths need from the configuration, by its name there.
    pub settings: &'static [Setting],
    pub quirks: &'static Quirks,
    /// Where the facts of this row are documented.
    pub source: &'static str,
}

/// One operation of a provider's API.
#[derive(Debug)]
pub struct Surface {
    pub dialect: Dialect,
    /// Appended to the base URL: with `{model}` (percent-encoded), or `{foundation_model}`
    /// where only the model's own id is taken, and `{setting}`s.
    pub path: &'static str,
    /// The same for a streamed call; empty: `path`.
    pub stream_path: &'static str,
    /// Only for models whose names begin so, be it behind a geography; empty: for all.
    pub models: &'static str,
}

/// A value of an address that each operator has an own one of.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// Empty: the configuration must give one.
    pub default: &'static str,
}

/// How a key is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// `NAME: KEY`
    Header(&'static str),
    /// A bearer key, or an AWS signature (version 4) for this service.
    Aws(&'static str),
}

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

// === impl Kind ===

impl Kind {
    /// The surface for a call, as an index into `surfaces`, and its translation.
    /// `api`: the dialect that the target's model asks for; `maker`: whose it is.
    pub fn surface(
        &self,
        client: Dialect,
        model: &str,
        maker: Maker,
        api: Option<Dialect>,
    ) -> Option<(usize, &'static Translator)> {
        let suits = |api: Option<Dialect>| {
            // Looking up a pair is the dear part: only for surfaces that are wanted.
            let wanted = |s: &Surface| api.is_none_or(|a| a == s.dialect) && s.takes(model);
            let all = self.surfaces.iter().enumerate().filter(|(_, s)| wanted(s));
            all.into_iter().find_map(|(i, s)| Some((i, dialect::translator(client, s.dialect)?)))
        };
        // Where the provider speaks the client's own words, nothing need be translated:
        // its own dialect, or its maker's as a cloud has it.
        let clouds = [Dialect::AnthropicVertex, Dialect::AnthropicBedrock];
        let claude = client == Dialect::AnthropicMessages && maker == Maker::Anthropic;
        let cloud = || clouds.into_iter().filter(|_| claude).find_map(|cloud| suits(Some(cloud)));
        let own = || suits(Some(client)).or_else(cloud);
        api.and_then(|api| suits(Some(api))).or_else(own).or_else(|| suits(None))
    }
}

// === impl Surface ===

impl Surface {
    fn takes(&self, model: &str) -> bool {
        self.models.is_empty() || catalog::foundation_model(model).starts_with(self.models)
    }
}

// === impl Auth ===

impl Auth {
    /// The header name and the value for `key`.
    pub fn header(self, key: &str) -> (&'static str, String) {
        match self {
            Auth::Bearer | Auth::Aws(_) => ("authorization", format!("Bearer {key}")),
            Auth::Header(name) => (name, key.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_meets_its_own_words_where_it_can() {
        let chosen = |client, model, maker, api| {
            let bedrock = kind("bedrock").unwrap();
            let (at, row) = bedrock.surface(client, model, maker, api).unwrap();
            assert_eq!(bedrock.surfaces[at].dialect, row.upstream);
            row.upstream
        };
        use Dialect::{AnthropicBedrock, AnthropicMessages, BedrockConverse, OpenAiChat};
        let (claude, nova) = ("us.anthropic.claude-x", "amazon.nova-pro-v1:0");
        for (client, model, maker, api, upstream) in [
            (AnthropicMessages, claude, Maker::Anthropic, None, AnthropicBedrock),
            (AnthropicMessages, "arn:aws:x", Maker::Anthropic, None, AnthropicBedrock),
            (AnthropicMessages, claude, Maker::Anthropic, Some(BedrockConverse), BedrockConverse),
            (AnthropicMessages, nova, Maker::Amazon, None, BedrockConverse),
            (OpenAiChat, claude, Maker::Anthropic, None, BedrockConverse),
            (BedrockConverse, claude, Maker::Anthropic, None, BedrockConverse),
        ] {
            assert_eq!(chosen(client, model, maker, api), upstream, "{client:?} {model}");
        }
    }

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
