//! placeholder
use super::{Dialect, Translator, openai};
pub mod error;
pub const FROM_OPENAI_CHAT: Translator = Translator {
    client: Dialect::OpenAiChat,
    upstream: Dialect::AnthropicMessages,
    ..openai::IDENTITY
};
