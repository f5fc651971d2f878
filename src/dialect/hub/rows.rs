//! The rows that take a chat, as types: `Through<X, ToGemini>` is client X's way to
//! Gemini.

use super::Outbound;
use crate::dialect::{Translator, anthropic, bedrock, cohere, gemini, openai, responses};

pub struct ToOpenAiChat;
pub struct ToResponses;
pub struct ToAnthropic;
pub struct ToVertex;
pub struct ToBedrockInvoke;
pub struct ToGemini;
pub struct ToConverse;
pub struct ToCohere;

impl Outbound for ToOpenAiChat {
    const ROW: &'static Translator = &openai::IDENTITY;
}

impl Outbound for ToResponses {
    const ROW: &'static Translator = &responses::FROM_OPENAI_CHAT;
}

impl Outbound for ToAnthropic {
    const ROW: &'static Translator = &anthropic::FROM_OPENAI_CHAT;
}

impl Outbound for ToVertex {
    const ROW: &'static Translator = &anthropic::VERTEX_FROM_OPENAI_CHAT;
}

impl Outbound for ToBedrockInvoke {
    const ROW: &'static Translator = &anthropic::BEDROCK_FROM_OPENAI_CHAT;
}

impl Outbound for ToGemini {
    const ROW: &'static Translator = &gemini::FROM_OPENAI_CHAT;
}

impl Outbound for ToConverse {
    const ROW: &'static Translator = &bedrock::FROM_OPENAI_CHAT;
}

impl Outbound for ToCohere {
    const ROW: &'static Translator = &cohere::FROM_OPENAI_CHAT;
}
