//! Gateways to many providers.

use super::{
    COMPATIBLE, IMAGE_EDITS, IMAGES, MODERATIONS, NUMBERS, OPEN_MODELS, SPEECH, TRANSCRIPTIONS,
    surface,
};
use crate::dialect::Dialect;
use crate::dialect::quirks::{self, Quirks};
use crate::provider::Kind;

pub(super) const OPENROUTER: Kind = Kind {
    name: "openrouter",
    title: "OpenRouter",
    url: "https://openrouter.ai/api/v1",
    surfaces: super::OPENAI,
    key_env: "OPENROUTER_API_KEY",
    // `reasoning_details` go back unchanged.
    quirks: &Quirks {
        reasoning: "reasoning",
        echoes: &["reasoning", "reasoning_details"],
        // Models without base64 answer it with nothing:
        // <https://github.com/plastic-labs/honcho/pull/938>.
        embeddings: NUMBERS,
        ..quirks::NONE
    },
    source: "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens",
    ..COMPATIBLE
};

pub(super) const HUGGINGFACE: Kind = Kind {
    name: "huggingface",
    title: "Hugging Face router",
    url: "https://router.huggingface.co/v1",
    // Responses: <https://huggingface.co/docs/inference-providers/guides/responses-api>.
    surfaces: super::CHAT_AND_RESPONSES,
    key_env: "HF_TOKEN",
    // What stands behind it differs: reasoning may come under either name.
    quirks: &Quirks { reasoning: "reasoning", ..OPEN_MODELS },
    source: "https://huggingface.co/docs/inference-providers/index",
    ..COMPATIBLE
};

pub(super) const GITHUB: Kind = Kind {
    name: "github",
    title: "GitHub Models",
    url: "https://models.github.ai/inference",
    key_env: "GITHUB_TOKEN",
    headers: &[("x-github-api-version", "2022-11-28")],
    // OpenAI's models, as strict as at OpenAI, and open ones.
    quirks: &Quirks { tool_ids: quirks::OPENAI.tool_ids, ..OPEN_MODELS },
    source: "https://docs.github.com/en/rest/models/inference",
    ..COMPATIBLE
};

pub(super) const VERCEL: Kind = Kind {
    name: "vercel",
    title: "Vercel AI Gateway",
    url: "https://ai-gateway.vercel.sh/v1",
    surfaces: super::OPENAI,
    key_env: "AI_GATEWAY_API_KEY",
    // "Expected 'system' | 'user' | 'assistant' | 'tool', received 'developer'":
    // <https://github.com/egoist/chatwise-releases/issues/971>.
    quirks: &Quirks {
        developer_role: false,
        reasoning: "reasoning",
        echoes: &["reasoning", "reasoning_details"],
        ..quirks::NONE
    },
    source: "https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions",
    ..COMPATIBLE
};

pub(super) const LITELLM: Kind = Kind {
    name: "litellm",
    title: "LiteLLM proxy",
    url: "http://localhost:4000/v1",
    // <https://docs.litellm.ai/docs/supported_endpoints>
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiResponses, "/responses"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        MODERATIONS,
        IMAGES,
        IMAGE_EDITS,
        SPEECH,
        TRANSCRIPTIONS,
    ],
    key_env: "LITELLM_PROXY_API_KEY",
    source: "https://docs.litellm.ai/docs/reasoning_content",
    ..COMPATIBLE
};
