//! The Messages API as Vertex (`rawPredict`) and Bedrock (`invoke`) serve it: the
//! model is in the path and must not be in the body, the version is in the body and
//! must be the cloud's own, images come as data alone.
//!
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude>
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>

use serde_json::Value;

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::paths::{Address, Verb};
use crate::cli::mock::record::Entry;
use crate::cli::mock::vendor::{Event, Failure, Framing};
use crate::cli::mock::{bedrock, gemini};

use super::fields::{bad, string};
use super::request::{self, FIELDS};
use super::response;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::mock) enum Cloud {
    Vertex,
    Bedrock,
}

// === impl Cloud ===

impl Cloud {
    pub(in crate::cli::mock) fn authorize(self, entry: &Entry) -> Result<(), Failure> {
        if self == Cloud::Bedrock {
            return bedrock::authorize(entry);
        }
        let has = entry.headers.get("authorization").and_then(|v| v.to_str().ok());
        if has.and_then(|v| v.strip_prefix("Bearer ")).is_some_and(|t| !t.is_empty()) {
            return Ok(());
        }
        Err(Failure::new(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access token.",
        ))
    }

    pub(in crate::cli::mock) fn ask<'a>(
        self,
        body: &'a Value,
        address: &'a Address,
    ) -> Result<Ask<'a>, Failure> {
        let map = body
            .as_object()
            .ok_or_else(|| Failure::bad("The request body is not a JSON object."))?;
        let version = string(map, "", "anthropic_version")?;
        if version != self.version() && version != SDK_VERSION {
            return Err(bad("anthropic_version", &format!("\"{version}\" is not valid here")));
        }
        no_links(body)?;
        let known: Vec<&str> = FIELDS
            .iter()
            .copied()
            .filter(|f| !matches!(*f, "model" | "service_tier" | "cache_control" | "thread"))
            .filter(|f| *f != "stream" || self == Cloud::Vertex)
            .chain(["anthropic_version"])
            .chain((self == Cloud::Bedrock).then_some("anthropic_beta"))
            .collect();
        let model = address.model.as_deref().unwrap_or_default();
        request::read(map, model, address.verb == Verb::Stream, &known)
    }

    pub(in crate::cli::mock) fn events(self, ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
        let mut events = response::events(ask, answer);
        if self == Cloud::Bedrock {
            for event in &mut events {
                event.name = "chunk";
                event.framing = Framing::Aws;
                event.data = format!(r#"{{"bytes":"{}","p":"abcd"}}"#, base64(&event.data));
            }
        }
        events
    }

    pub(in crate::cli::mock) fn failure(self, failure: &Failure) -> String {
        match (self, failure.status) {
            // The cloud itself refuses; what the model's own API says is its own.
            (Cloud::Vertex, 401 | 403 | 404 | 429 | 503) => gemini::failure(failure),
            (Cloud::Vertex, _) => super::failure(failure),
            (Cloud::Bedrock, _) => bedrock::failure(failure),
        }
    }

    const fn version(self) -> &'static str {
        match self {
            Cloud::Vertex => "vertex-2023-10-16",
            Cloud::Bedrock => "bedrock-2023-05-31",
        }
    }
}

/// What Anthropic's own package says to both clouds since 2.x, beside their documents.
const SDK_VERSION: &str = "2026-10-21";

/// Neither cloud fetches anything.
pub(super) fn no_links(value: &Value) -> Result<(), Failure> {
    match value {
        Value::Object(map) => {
            let kind = map.get("type").and_then(Value::as_str);
            let source = map.get("source").and_then(|s| s.get("type")).and_then(Value::as_str);
            if matches!(kind, Some("image" | "document")) && source == Some("url") {
                return Err(bad("messages", "URL sources are not supported"));
            }
            map.values().try_for_each(no_links)
        }
        Value::Array(list) => list.iter().try_for_each(no_links),
        _ => Ok(()),
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(text.len() / 3 * 4 + 4);
    for three in text.as_bytes().chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i > three.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn encodes_base64() {
        let all = ["", "f", "fo", "foo", "foob"].map(base64);
        assert_eq!(all, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
