//! The table of pairs: what can be said to whom. A new dialect is its folder and its
//! rows here. Must not: hold anything else.

use super::anthropic::client::Messages;
use super::count::{self, AtBedrock, AtGemini, AtOpenAi, AtVertex, Counted};
use super::hub::Through;
use super::hub::rows::{
    ToAnthropic, ToBedrockInvoke, ToCohere, ToConverse, ToGemini, ToOpenAiChat, ToResponses,
    ToVertex,
};
use super::jina::{self, Jina};
use super::rerank::Row;
use super::voyage::Voyage;
use super::{Dialect, Translator, anthropic, bedrock, cohere, gemini, openai, responses};

/// Every pair that is spoken, in order of preference.
pub const TRANSLATORS: &[Translator] = &[
    openai::IDENTITY,
    responses::FROM_OPENAI_CHAT,
    anthropic::FROM_OPENAI_CHAT,
    anthropic::VERTEX_FROM_OPENAI_CHAT,
    anthropic::BEDROCK_FROM_OPENAI_CHAT,
    gemini::FROM_OPENAI_CHAT,
    bedrock::FROM_OPENAI_CHAT,
    cohere::FROM_OPENAI_CHAT,
    responses::IDENTITY,
    anthropic::IDENTITY,
    anthropic::VERTEX_FROM_MESSAGES,
    anthropic::BEDROCK_FROM_MESSAGES,
    gemini::IDENTITY,
    bedrock::IDENTITY,
    cohere::CHAT_IDENTITY,
    openai::embeddings::IDENTITY,
    gemini::EMBED_FROM_OPENAI,
    gemini::EMBED_IDENTITY,
    gemini::PREDICT_FROM_OPENAI,
    cohere::EMBED_FROM_OPENAI,
    cohere::EMBED_IDENTITY,
    bedrock::TITAN_FROM_OPENAI,
    bedrock::NOVA_FROM_OPENAI,
    bedrock::COHERE_FROM_OPENAI,
    jina::RERANK_IDENTITY,
    Row::<Jina, cohere::Rerank>::ROW,
    Row::<Jina, Voyage>::ROW,
    Row::<Jina, bedrock::Rerank>::ROW,
    cohere::RERANK_IDENTITY,
    Row::<cohere::Rerank, Jina>::ROW,
    Row::<cohere::Rerank, Voyage>::ROW,
    Row::<cohere::Rerank, bedrock::Rerank>::ROW,
    openai::modalities::MODERATIONS,
    openai::modalities::IMAGES,
    openai::modalities::IMAGE_EDITS,
    openai::modalities::SPEECH,
    openai::modalities::TRANSCRIPTIONS,
    openai::modalities::TRANSLATIONS,
    Through::<responses::client::Responses, ToOpenAiChat>::ROW,
    Through::<responses::client::Responses, ToAnthropic>::ROW,
    Through::<responses::client::Responses, ToVertex>::ROW,
    Through::<responses::client::Responses, ToBedrockInvoke>::ROW,
    Through::<responses::client::Responses, ToGemini>::ROW,
    Through::<responses::client::Responses, ToConverse>::ROW,
    Through::<responses::client::Responses, ToCohere>::ROW,
    Through::<gemini::Client, ToOpenAiChat>::ROW,
    Through::<gemini::Client, ToResponses>::ROW,
    Through::<gemini::Client, ToAnthropic>::ROW,
    Through::<gemini::Client, ToVertex>::ROW,
    Through::<gemini::Client, ToBedrockInvoke>::ROW,
    Through::<gemini::Client, ToConverse>::ROW,
    Through::<gemini::Client, ToCohere>::ROW,
    openai::completions::IDENTITY,
    Through::<openai::completions::Client, ToOpenAiChat>::ROW,
    Through::<openai::completions::Client, ToResponses>::ROW,
    Through::<openai::completions::Client, ToAnthropic>::ROW,
    Through::<openai::completions::Client, ToVertex>::ROW,
    Through::<openai::completions::Client, ToBedrockInvoke>::ROW,
    Through::<openai::completions::Client, ToGemini>::ROW,
    Through::<openai::completions::Client, ToConverse>::ROW,
    Through::<openai::completions::Client, ToCohere>::ROW,
    Through::<Messages, ToOpenAiChat>::ROW,
    Through::<Messages, ToResponses>::ROW,
    Through::<Messages, ToGemini>::ROW,
    Through::<Messages, ToConverse>::ROW,
    Through::<Messages, ToCohere>::ROW,
    anthropic::COUNT_IDENTITY,
    anthropic::VERTEX_COUNT,
    Counted::<AtBedrock>::ROW,
    Counted::<AtGemini>::ROW,
    Counted::<AtVertex>::ROW,
    Counted::<AtOpenAi>::ROW,
    count::OPENAI_IDENTITY,
    count::GEMINI_IDENTITY,
    count::VERTEX_FROM_GEMINI,
    count::BEDROCK_IDENTITY,
];

/// The row for a pair, if it is spoken.
pub fn translator(client: Dialect, upstream: Dialect) -> Option<&'static Translator> {
    TRANSLATORS.iter().find(|t| t.client == client && t.upstream == upstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_one_row() {
        for (i, row) in TRANSLATORS.iter().enumerate() {
            let same = |t: &&Translator| t.client == row.client && t.upstream == row.upstream;
            let earlier = TRANSLATORS.iter().take(i).find(same);
            assert!(earlier.is_none(), "{} to {}", row.client.as_str(), row.upstream.as_str());
        }
    }
}
