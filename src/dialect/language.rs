//! The API languages: a row for each, and what differs by nothing but the language.

use super::features::Gaps;
use super::{anthropic, bedrock, cohere, gemini, jina, openai, responses};
use crate::error::Error;

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

/// A dialect's row.
struct Language {
    dialect: Dialect,
    /// For people, folders of tests and the configuration; never changes.
    name: &'static str,
    /// The metric label `endpoint` of calls in it: a word of the path, which clouds'
    /// forms of one language share.
    label: &'static str,
    operation: Operation,
    /// Features that its requests have no word for.
    lacks: Gaps,
    /// An error as its vendor writes it.
    error: fn(&Error) -> Vec<u8>,
}

/// In the order of `Dialect`.
const LANGUAGES: &[Language] = &[
    language(
        Dialect::OpenAiChat,
        "openai-chat",
        "chat_completions",
        Operation::Chat,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiResponses,
        "openai-responses",
        "responses",
        Operation::Chat,
        responses::client::LACKS,
        openai::error::body,
    ),
    language(
        Dialect::OpenAiCompletions,
        "openai-completions",
        "completions",
        Operation::Chat,
        openai::completions::LACKS,
        openai::error::body,
    ),
    language(
        Dialect::OpenAiEmbeddings,
        "openai-embeddings",
        "embeddings",
        Operation::Embed,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::AnthropicMessages,
        "anthropic-messages",
        "messages",
        Operation::Chat,
        anthropic::client::LACKS,
        anthropic::error::body,
    ),
    language(
        Dialect::AnthropicVertex,
        "anthropic-vertex",
        "messages",
        Operation::Chat,
        anthropic::client::LACKS,
        anthropic::error::body,
    ),
    language(
        Dialect::AnthropicBedrock,
        "anthropic-bedrock",
        "messages",
        Operation::Chat,
        anthropic::client::LACKS,
        anthropic::error::body,
    ),
    language(
        Dialect::Gemini,
        "gemini",
        "generate_content",
        Operation::Chat,
        &[],
        gemini::error::body,
    ),
    language(
        Dialect::GeminiEmbed,
        "gemini-embed",
        "batch_embed_contents",
        Operation::Embed,
        gemini::EMBED_LACKS,
        gemini::error::body,
    ),
    language(
        Dialect::BedrockConverse,
        "bedrock-converse",
        "converse",
        Operation::Chat,
        bedrock::GAPS,
        bedrock::error::body,
    ),
    language(
        Dialect::CohereChat,
        "cohere-chat",
        "cohere_chat",
        Operation::Chat,
        cohere::GAPS,
        cohere::error::body,
    ),
    language(
        Dialect::CohereEmbed,
        "cohere-embed",
        "cohere_embed",
        Operation::Embed,
        cohere::EMBED_LACKS,
        cohere::error::body,
    ),
    language(
        Dialect::CohereRerank,
        "cohere-rerank",
        "rerank",
        Operation::Rerank,
        cohere::RERANK_LACKS,
        cohere::error::body,
    ),
    language(
        Dialect::VertexEmbed,
        "vertex-embed",
        "embeddings",
        Operation::Embed,
        &[],
        gemini::error::body,
    ),
    language(
        Dialect::TitanEmbed,
        "bedrock-titan-embed",
        "embeddings",
        Operation::Embed,
        &[],
        bedrock::error::body,
    ),
    language(
        Dialect::NovaEmbed,
        "bedrock-nova-embed",
        "embeddings",
        Operation::Embed,
        &[],
        bedrock::error::body,
    ),
    language(
        Dialect::BedrockCohereEmbed,
        "bedrock-cohere-embed",
        "embeddings",
        Operation::Embed,
        &[],
        bedrock::error::body,
    ),
    language(
        Dialect::JinaRerank,
        "jina-rerank",
        "rerank",
        Operation::Rerank,
        &[],
        jina::error_body,
    ),
    language(
        Dialect::VoyageRerank,
        "voyage-rerank",
        "rerank",
        Operation::Rerank,
        &[],
        jina::error_body,
    ),
    language(
        Dialect::BedrockRerank,
        "bedrock-rerank",
        "rerank",
        Operation::Rerank,
        &[],
        bedrock::error::body,
    ),
    counting(Dialect::AnthropicCount, "anthropic-count-tokens", anthropic::error::body),
    counting(
        Dialect::AnthropicVertexCount,
        "anthropic-vertex-count-tokens",
        anthropic::error::body,
    ),
    counting(Dialect::OpenAiInputTokens, "openai-input-tokens", openai::error::body),
    counting(Dialect::GeminiCount, "gemini-count-tokens", gemini::error::body),
    counting(Dialect::VertexCount, "vertex-count-tokens", gemini::error::body),
    counting(Dialect::BedrockCount, "bedrock-count-tokens", bedrock::error::body),
    language(
        Dialect::OpenAiModerations,
        "openai-moderations",
        "moderations",
        Operation::Moderate,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiImages,
        "openai-images",
        "images",
        Operation::Draw,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiImageEdits,
        "openai-image-edits",
        "image_edits",
        Operation::Draw,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiSpeech,
        "openai-speech",
        "speech",
        Operation::Speak,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiTranscriptions,
        "openai-transcriptions",
        "transcriptions",
        Operation::Transcribe,
        &[],
        openai::error::body,
    ),
    language(
        Dialect::OpenAiTranslations,
        "openai-translations",
        "translations",
        Operation::Transcribe,
        openai::modalities::TRANSLATIONS_LACK,
        openai::error::body,
    ),
];

/// The content type of a streamed answer, but at AWS.
const SSE: &str = "text/event-stream";
const AWS_EVENTS: &str = "application/vnd.amazon.eventstream";

const fn language(
    dialect: Dialect,
    name: &'static str,
    label: &'static str,
    operation: Operation,
    lacks: Gaps,
    error: fn(&Error) -> Vec<u8>,
) -> Language {
    Language { dialect, name, label, operation, lacks, error }
}

const fn counting(dialect: Dialect, name: &'static str, error: fn(&Error) -> Vec<u8>) -> Language {
    language(dialect, name, "count_tokens", Operation::CountTokens, &[], error)
}

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

    /// The content type of a streamed answer.
    pub const fn stream_type(self) -> &'static str {
        match self {
            Dialect::BedrockConverse | Dialect::AnthropicBedrock => AWS_EVENTS,
            _ => SSE,
        }
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
    }
}
