//! The provider table: one row per kind. `sluice providers` prints it.
//!
//! Must not: hold anything but data. What a row needs beyond these fields is a new
//! field, for all rows. A difference of an API that is written nowhere by its vendor
//! is only here where its error message is known; the comment then says where from.
//!
//! Rows begin from `COMPATIBLE`, which lets every byte pass. Where it is not known
//! what an API does with members of messages that others made (`quirks::FOREIGN`),
//! they are left out: refused ones would end the conversation, missing ones only
//! cost the model its earlier thoughts.

use super::{Auth, Kind, Setting, Surface};
use crate::dialect::Dialect;
use crate::dialect::quirks::{self, EMBEDDINGS, Embeddings, Quirks};

mod clouds;
mod gateways;
mod hosts;
mod local;
mod makers;
#[cfg(test)]
mod tests;

pub const KINDS: &[Kind] = &[
    makers::OPENAI,
    clouds::AZURE,
    clouds::AZURE_DEPLOYMENTS,
    makers::ANTHROPIC,
    makers::GEMINI,
    clouds::VERTEX,
    clouds::BEDROCK,
    makers::COHERE,
    makers::MISTRAL,
    makers::VOYAGE,
    makers::JINA,
    makers::XAI,
    makers::DEEPSEEK,
    hosts::GROQ,
    hosts::TOGETHER,
    hosts::FIREWORKS,
    hosts::DEEPINFRA,
    hosts::CEREBRAS,
    hosts::SAMBANOVA,
    makers::PERPLEXITY,
    gateways::OPENROUTER,
    hosts::NEBIUS,
    hosts::NOVITA,
    hosts::HYPERBOLIC,
    makers::MOONSHOT,
    makers::ZAI,
    makers::DASHSCOPE,
    makers::MINIMAX,
    makers::STEPFUN,
    hosts::NVIDIA,
    gateways::HUGGINGFACE,
    gateways::GITHUB,
    clouds::CLOUDFLARE,
    clouds::DATABRICKS,
    gateways::VERCEL,
    local::VLLM,
    local::SGLANG,
    local::TGI,
    local::LLAMA_CPP,
    local::OLLAMA,
    local::LM_STUDIO,
    gateways::LITELLM,
    OPENAI_COMPATIBLE,
    ANTHROPIC_COMPATIBLE,
];

/// OpenAI's own API.
const OPENAI: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
];

/// The same where its makers serve it, with all they have beside text: older completions
/// for the models that are no chat models.
const OPENAI_ITSELF: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
    Surface { models: "gpt-3.5-turbo-instruct", ..COMPLETIONS },
    Surface { models: "davinci-002", ..COMPLETIONS },
    Surface { models: "babbage-002", ..COMPLETIONS },
    surface(Dialect::OpenAiInputTokens, "/responses/input_tokens"),
    MODERATIONS,
    IMAGES,
    IMAGE_EDITS,
    SPEECH,
    TRANSCRIPTIONS,
    TRANSLATIONS,
];

/// OpenAI's API, older completions for every model included.
const SELF_HOSTED: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
    COMPLETIONS,
];

/// The same with Jina's rerank.
const OPENAI_AND_RERANK: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
    RERANK,
];

const RERANK: Surface = surface(Dialect::JinaRerank, "/rerank");

const COMPLETIONS: Surface = surface(Dialect::OpenAiCompletions, "/completions");
const MODERATIONS: Surface = surface(Dialect::OpenAiModerations, "/moderations");
const IMAGES: Surface = surface(Dialect::OpenAiImages, "/images/generations");
const IMAGE_EDITS: Surface = surface(Dialect::OpenAiImageEdits, "/images/edits");
const SPEECH: Surface = surface(Dialect::OpenAiSpeech, "/audio/speech");
const TRANSCRIPTIONS: Surface = surface(Dialect::OpenAiTranscriptions, "/audio/transcriptions");
const TRANSLATIONS: Surface = surface(Dialect::OpenAiTranslations, "/audio/translations");

/// What most imitators have of it.
const CHAT_AND_EMBEDDINGS: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
];

const CHAT_AND_RESPONSES: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
];

const CHAT: &[Surface] = &[surface(Dialect::OpenAiChat, "/chat/completions")];

/// Any server that speaks OpenAI's dialects: of those beside text it may have any.
const OPENAI_COMPATIBLE: Kind = Kind {
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        RERANK,
        MODERATIONS,
        IMAGES,
        IMAGE_EDITS,
        SPEECH,
        TRANSCRIPTIONS,
        TRANSLATIONS,
    ],
    ..COMPATIBLE
};

/// The row others begin with.
const COMPATIBLE: Kind = Kind {
    name: "openai-compatible",
    title: "Any OpenAI-compatible server",
    url: "",
    surfaces: CHAT_AND_EMBEDDINGS,
    auth: Auth::Bearer,
    headers: &[],
    key_env: "",
    settings: &[],
    quirks: &quirks::NONE,
    source: "https://platform.openai.com/docs/api-reference/chat",
};

/// Any server that speaks Anthropic's dialect.
const ANTHROPIC_COMPATIBLE: Kind = Kind {
    name: "anthropic-compatible",
    title: "Any Anthropic-compatible server",
    surfaces: &[surface(Dialect::AnthropicMessages, "/messages")],
    auth: Auth::Header("x-api-key"),
    headers: &[("anthropic-version", "2023-06-01")],
    source: "https://platform.claude.com/docs/en/api/messages",
    ..COMPATIBLE
};

/// Serves open models: they have a system role and no developer role, and no use for
/// what other makers' models left in a conversation.
const OPEN_MODELS: Quirks = Quirks { developer_role: false, echoes: &[], ..quirks::NONE };

/// Gives vectors as numbers alone.
const NUMBERS: Embeddings = Embeddings {
    body: Some(&Quirks {
        replace: &[("encoding_format", "\"base64\"", "\"float\"")],
        ..quirks::NONE
    }),
    base64: false,
    ..EMBEDDINGS
};

/// The older name of the output limit is the only one that is read.
const MAX_TOKENS: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

const fn surface(dialect: Dialect, path: &'static str) -> Surface {
    Surface { dialect, path, stream_path: "", models: "" }
}

const fn setting(name: &'static str, default: &'static str) -> Setting {
    Setting { name, default }
}
