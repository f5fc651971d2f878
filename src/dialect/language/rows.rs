//! The table of languages: a new dialect is a row here. Must not: hold anything else.

use super::{Dialect, Operation};
use crate::dialect::features::Gaps;
use crate::dialect::{anthropic, bedrock, cohere, count, gemini, jina, openai, responses};
use crate::error::Error;

/// A dialect's row.
pub(super) struct Language {
    pub(super) dialect: Dialect,
    /// For people, folders of tests and the configuration; never changes.
    pub(super) name: &'static str,
    /// The metric label `endpoint` of calls in it: a word of the path, which clouds'
    /// forms of one language share.
    pub(super) label: &'static str,
    pub(super) operation: Operation,
    /// Features that its requests have no word for.
    pub(super) lacks: Gaps,
    /// An error as its vendor writes it.
    pub(super) error: fn(&Error) -> Vec<u8>,
}

/// In the order of `Dialect`.
pub(super) const LANGUAGES: &[Language] = &[
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
    counting(Dialect::AnthropicCount, "anthropic-count-tokens", &[], anthropic::error::body),
    counting(
        Dialect::AnthropicVertexCount,
        "anthropic-vertex-count-tokens",
        &[],
        anthropic::error::body,
    ),
    counting(Dialect::OpenAiInputTokens, "openai-input-tokens", &[], openai::error::body),
    counting(Dialect::GeminiCount, "gemini-count-tokens", &[], gemini::error::body),
    counting(Dialect::VertexCount, "vertex-count-tokens", &[], gemini::error::body),
    counting(
        Dialect::BedrockCount,
        "bedrock-count-tokens",
        count::BEDROCK_LACKS,
        bedrock::error::body,
    ),
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

const fn counting(
    dialect: Dialect,
    name: &'static str,
    lacks: Gaps,
    error: fn(&Error) -> Vec<u8>,
) -> Language {
    language(dialect, name, "count_tokens", Operation::CountTokens, lacks, error)
}
