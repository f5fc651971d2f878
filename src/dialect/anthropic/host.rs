//! Who serves the Messages API, and what of it differs there.
//!
//! The conversation and the answer are the same everywhere. The clouds name the
//! model in the path, want their own version in the body, fetch no images, and
//! have neither service tiers nor a cache mark for the whole request.
//!
//! Vertex (`:rawPredict`, `:streamRawPredict`): the body says `stream` as well, as
//! Google's examples and Anthropic's client do; beta features stay in the header
//! `anthropic-beta`. Bedrock (`invoke`, `invoke-with-response-stream`): the path
//! alone says whether to stream, and beta features are a list in the body (`betas`).
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai>,
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude>,
//! <https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock-legacy>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>.
//! Practice beside the documents: Anthropic's Python package sends both clouds its own
//! API version (2.12: "2026-10-21"); the clouds' documents ask for the values below, so
//! they are sent. A cloud answers an image by URL with
//! "URL sources are not supported" (<https://github.com/BerriAI/litellm/issues/18430>)
//! and a `cache_control` beside `messages` with 400
//! (<https://github.com/langchain-ai/langchain-google/issues/1612>).

use super::fields;
use crate::dialect::loss::Field;
use crate::wire::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Anthropic,
    Vertex,
    Bedrock,
}

// === impl Host ===

impl Host {
    /// The value of `anthropic_version` in the body; a header says it at Anthropic.
    pub(super) const fn version(self) -> Option<&'static str> {
        match self {
            Host::Anthropic => None,
            Host::Vertex => Some("vertex-2023-10-16"),
            Host::Bedrock => Some("bedrock-2023-05-31"),
        }
    }

    /// Opens a request: the model or the version.
    pub(super) fn open(self, model: &str, out: &mut Vec<u8>) {
        match self.version() {
            None => {
                out.extend_from_slice(br#"{"model":"#);
                json::push_text(out, model);
            }
            Some(version) => {
                out.extend_from_slice(br#"{"anthropic_version":"#);
                json::push_text(out, version);
            }
        }
    }

    /// The body says whether to stream.
    pub(super) const fn body_says_stream(self) -> bool {
        !matches!(self, Host::Bedrock)
    }

    /// Beta features are a list in the body.
    pub(super) const fn body_says_betas(self) -> bool {
        matches!(self, Host::Bedrock)
    }

    /// Fetches images; knows service tiers and a cache mark for the whole request.
    pub(super) const fn is_anthropic(self) -> bool {
        matches!(self, Host::Anthropic)
    }

    pub(super) const fn fields(self) -> &'static [Field] {
        match self {
            Host::Anthropic => fields::FIELDS,
            Host::Vertex => fields::VERTEX,
            Host::Bedrock => fields::BEDROCK,
        }
    }

    /// For a client that speaks Messages itself.
    pub(super) const fn native_fields(self) -> &'static [Field] {
        match self {
            Host::Anthropic => &[],
            Host::Vertex => fields::MESSAGES_TO_VERTEX,
            Host::Bedrock => fields::MESSAGES_TO_BEDROCK,
        }
    }
}
