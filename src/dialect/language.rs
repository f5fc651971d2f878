//! The API languages: a row for each, and what differs by nothing but the language.

use super::features::Gaps;
use super::hub::names::Names;
use super::{anthropic, gemini, openai, responses};
use crate::error::Error;
use rows::{LANGUAGES, Language};

mod rows;

/// An API language: one operation of one vendor's API. Its row is in `LANGUAGES`.
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
    /// Vertex AI's text embeddings, by `predict`.
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>
    VertexEmbed,
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>
    TitanEmbed,
    /// <https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html>
    NovaEmbed,
    /// Cohere's embeddings through Bedrock.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html>
    BedrockCohereEmbed,
    /// <https://api.jina.ai/redoc#tag/rerank>
    JinaRerank,
    /// <https://docs.voyageai.com/reference/reranker-api>
    VoyageRerank,
    /// Cohere's and Amazon's rerankers through Bedrock.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html>
    BedrockRerank,
    /// How many tokens a request to Messages has.
    /// <https://platform.claude.com/docs/en/api/messages-count-tokens>
    AnthropicCount,
    /// The same at Google Cloud, the model in the body for once.
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens>
    AnthropicVertexCount,
    /// The same of Responses.
    /// <https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens/methods/count>
    OpenAiInputTokens,
    /// `countTokens` at AI Studio. <https://ai.google.dev/api/tokens>
    GeminiCount,
    /// `countTokens` at Vertex, which takes other bodies.
    /// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>
    VertexCount,
    /// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>
    BedrockCount,
    /// <https://developers.openai.com/api/reference/resources/moderations/methods/create>
    OpenAiModerations,
    /// <https://developers.openai.com/api/reference/resources/images/methods/generate>
    OpenAiImages,
    /// <https://developers.openai.com/api/reference/resources/images/methods/edit>
    OpenAiImageEdits,
    /// <https://developers.openai.com/api/reference/resources/audio/subresources/speech/methods/create>
    OpenAiSpeech,
    /// <https://developers.openai.com/api/reference/resources/audio/subresources/transcriptions/methods/create>
    OpenAiTranscriptions,
    /// <https://developers.openai.com/api/reference/resources/audio/subresources/translations/methods/create>
    OpenAiTranslations,
}

/// What is asked of a model. A call reaches only providers that do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A model converses.
    Chat,
    /// Texts to vectors.
    Embed,
    /// Documents in the order of what they have to do with a query.
    Rerank,
    /// How many tokens a conversation has; nothing is answered.
    CountTokens,
    /// What is wrong with a text or a picture.
    Moderate,
    /// Pictures from words, and from pictures.
    Draw,
    /// Text to audio.
    Speak,
    /// Audio to text, be it of another language.
    Transcribe,
}

/// The content type of a streamed answer, but at AWS.
const SSE: &str = "text/event-stream";
const AWS_EVENTS: &str = "application/vnd.amazon.eventstream";

// === impl Operation ===

impl Operation {
    /// Whether bytes tell tokens: of what goes in, and of what comes out. A file's do not,
    /// and what a moderation reads is free.
    pub const fn texts(self) -> (bool, bool) {
        match self {
            Operation::Chat | Operation::Embed | Operation::Rerank => (true, true),
            Operation::Speak => (true, false),
            Operation::CountTokens
            | Operation::Moderate
            | Operation::Draw
            | Operation::Transcribe => (false, false),
        }
    }
}

// === impl Dialect ===

impl Dialect {
    pub fn all() -> impl Iterator<Item = Dialect> {
        LANGUAGES.iter().map(|l| l.dialect)
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|d| d.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |l| l.name)
    }

    /// The metric label of calls in it.
    pub fn label(self) -> &'static str {
        self.row().map_or("", |l| l.label)
    }

    pub fn operation(self) -> Operation {
        self.row().map_or(Operation::Chat, |l| l.operation)
    }

    /// Features that its requests have no word for: whoever answers, no promise.
    pub fn lacks(self) -> Gaps {
        self.row().map_or(&[], |l| l.lacks)
    }

    /// Its own in a set of them.
    pub const fn bit(self) -> u64 {
        1 << self as u64
    }

    /// What its clients call chat's fields, where they go through the hub.
    pub const fn names(self) -> Names {
        match self {
            Dialect::AnthropicMessages => anthropic::client::NAMES,
            Dialect::Gemini => gemini::client::NAMES,
            Dialect::OpenAiResponses => responses::client::NAMES,
            Dialect::OpenAiCompletions => openai::completions::NAMES,
            _ => &[],
        }
    }

    /// Spoken by Bedrock alone, which reads no header of Anthropic's.
    pub const fn is_bedrock(self) -> bool {
        matches!(self, Dialect::BedrockConverse | Dialect::AnthropicBedrock)
    }

    /// The content type of a streamed answer.
    pub const fn stream_type(self) -> &'static str {
        if self.is_bedrock() { AWS_EVENTS } else { SSE }
    }

    /// Whether a line that is no event may stand in its streams: AWS has none, and
    /// Google's clients take it for JSON.
    pub fn takes_comments(self) -> bool {
        !self.is_bedrock() && self != Dialect::Gemini
    }

    /// An error as this dialect's whole body.
    pub fn error_body(self, error: &Error) -> Vec<u8> {
        self.row().map_or_else(|| openai::error::body(error), |l| (l.error)(error))
    }

    /// Always there: a test holds the table to the enum.
    fn row(self) -> Option<&'static Language> {
        LANGUAGES.get(self as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_row() {
        for (i, row) in LANGUAGES.iter().enumerate() {
            assert_eq!(row.dialect as usize, i, "{}", row.name);
            assert_eq!(Dialect::named(row.name), Some(row.dialect));
        }
        assert_eq!(Dialect::OpenAiTranslations as usize + 1, LANGUAGES.len(), "the last one");
        assert!(LANGUAGES.len() <= 64, "bits of a set");
    }
}
