//! The API languages by name, and what differs by nothing but the language.

use super::{anthropic, bedrock, cohere, gemini, openai};
use crate::error::Error;

/// An API language: one operation of one vendor's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// <https://platform.openai.com/docs/api-reference/chat>
    OpenAiChat,
    /// <https://platform.openai.com/docs/api-reference/responses>
    OpenAiResponses,
    /// The older text completions.
    /// <https://platform.openai.com/docs/api-reference/completions>
    OpenAiCompletions,
    /// <https://platform.openai.com/docs/api-reference/embeddings>
    OpenAiEmbeddings,
    /// <https://platform.claude.com/docs/en/api/messages>
    AnthropicMessages,
    /// Messages as Google Cloud takes them: the model in the path.
    /// <https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai>
    AnthropicVertex,
    /// Messages through Bedrock's `InvokeModel`: events in AWS's own framing.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html>
    AnthropicBedrock,
    /// `generateContent`, at AI Studio and at Vertex.
    /// <https://ai.google.dev/api/generate-content>
    Gemini,
    /// `batchEmbedContents`. <https://ai.google.dev/api/embeddings>
    GeminiEmbed,
    /// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
    BedrockConverse,
    /// <https://docs.cohere.com/v2/reference/chat>
    CohereChat,
    /// <https://docs.cohere.com/v2/reference/embed>
    CohereEmbed,
    /// <https://docs.cohere.com/v2/reference/rerank>
    CohereRerank,
}

// === impl Dialect ===

impl Dialect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Dialect::OpenAiChat => "openai-chat",
            Dialect::OpenAiResponses => "openai-responses",
            Dialect::OpenAiCompletions => "openai-completions",
            Dialect::OpenAiEmbeddings => "openai-embeddings",
            Dialect::AnthropicMessages => "anthropic-messages",
            Dialect::AnthropicVertex => "anthropic-vertex",
            Dialect::AnthropicBedrock => "anthropic-bedrock",
            Dialect::Gemini => "gemini",
            Dialect::GeminiEmbed => "gemini-embed",
            Dialect::BedrockConverse => "bedrock-converse",
            Dialect::CohereChat => "cohere-chat",
            Dialect::CohereEmbed => "cohere-embed",
            Dialect::CohereRerank => "cohere-rerank",
        }
    }

    pub const ALL: [Dialect; 13] = [
        Dialect::OpenAiChat,
        Dialect::OpenAiResponses,
        Dialect::OpenAiCompletions,
        Dialect::OpenAiEmbeddings,
        Dialect::AnthropicMessages,
        Dialect::AnthropicVertex,
        Dialect::AnthropicBedrock,
        Dialect::Gemini,
        Dialect::GeminiEmbed,
        Dialect::BedrockConverse,
        Dialect::CohereChat,
        Dialect::CohereEmbed,
        Dialect::CohereRerank,
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == name)
    }

    /// One of the languages in which models converse; else it embeds or ranks.
    pub const fn is_conversation(self) -> bool {
        !matches!(
            self,
            Dialect::OpenAiEmbeddings
                | Dialect::GeminiEmbed
                | Dialect::CohereEmbed
                | Dialect::CohereRerank
        )
    }

    /// The content type of a streamed answer.
    pub const fn stream_type(self) -> &'static str {
        match self {
            Dialect::BedrockConverse | Dialect::AnthropicBedrock => {
                "application/vnd.amazon.eventstream"
            }
            _ => "text/event-stream",
        }
    }

    /// An error as this dialect's whole body.
    pub fn error_body(self, error: &Error) -> Vec<u8> {
        match self {
            Dialect::AnthropicMessages | Dialect::AnthropicVertex | Dialect::AnthropicBedrock => {
                anthropic::error::body(error)
            }
            Dialect::BedrockConverse => bedrock::error::body(error),
            Dialect::Gemini | Dialect::GeminiEmbed => gemini::error::body(error),
            Dialect::CohereChat | Dialect::CohereEmbed | Dialect::CohereRerank => {
                cohere::error::body(error)
            }
            _ => openai::error::body(error),
        }
    }
}
