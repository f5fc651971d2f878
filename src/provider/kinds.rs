//! The provider table: one row per kind. `sluice providers` prints it.
//!
//! Must not: hold anything but data. What a row needs beyond these fields is a new
//! field, for all rows.

use super::{Auth, Kind, Setting, Surface};
use crate::dialect::{Dialect, quirks};

pub const KINDS: &[Kind] = &[
    Kind {
        name: "openai",
        title: "OpenAI",
        url: "https://api.openai.com/v1",
        surfaces: OPENAI,
        key_env: "OPENAI_API_KEY",
        source: "https://platform.openai.com/docs/api-reference/authentication",
        ..COMPATIBLE
    },
    // Deployments are models by the operator's own names.
    Kind {
        name: "azure",
        title: "Azure OpenAI",
        url: "https://{resource}.openai.azure.com/openai/v1",
        surfaces: OPENAI,
        auth: Auth::Header("api-key"),
        settings: &[setting("resource", "")],
        key_env: "AZURE_OPENAI_API_KEY",
        source: "https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",
        ..COMPATIBLE
    },
    Kind {
        name: "azure-deployments",
        title: "Azure OpenAI, dated API versions",
        url: "https://{resource}.openai.azure.com/openai",
        surfaces: &[
            surface(
                Dialect::OpenAiChat,
                "/deployments/{model}/chat/completions?api-version={api_version}",
            ),
            surface(
                Dialect::OpenAiEmbeddings,
                "/deployments/{model}/embeddings?api-version={api_version}",
            ),
        ],
        auth: Auth::Header("api-key"),
        // The last version that is generally available and dated.
        settings: &[setting("resource", ""), setting("api_version", "2024-10-21")],
        key_env: "AZURE_OPENAI_API_KEY",
        source: "https://learn.microsoft.com/en-us/azure/foundry/openai/reference",
        ..COMPATIBLE
    },
    Kind {
        name: "anthropic",
        title: "Anthropic",
        url: "https://api.anthropic.com/v1",
        key_env: "ANTHROPIC_API_KEY",
        source: "https://platform.claude.com/docs/en/api/overview",
        ..ANTHROPIC_COMPATIBLE
    },
    Kind {
        name: "gemini",
        title: "Gemini API (Google AI Studio)",
        url: "https://generativelanguage.googleapis.com/v1beta",
        surfaces: &[
            Surface {
                dialect: Dialect::Gemini,
                path: "/models/{model}:generateContent",
                stream_path: "/models/{model}:streamGenerateContent?alt=sse",
                models: "",
            },
            surface(Dialect::GeminiEmbed, "/models/{model}:batchEmbedContents"),
        ],
        auth: Auth::Header("x-goog-api-key"),
        key_env: "GEMINI_API_KEY",
        source: "https://ai.google.dev/api",
        ..COMPATIBLE
    },
    Kind {
        name: "vertex",
        title: "Google Vertex AI",
        url: "https://{region-}aiplatform.googleapis.com",
        surfaces: &[
            Surface {
                dialect: Dialect::AnthropicVertex,
                path: "/v1/projects/{project}/locations/{region}/publishers/anthropic/models/{model}:rawPredict",
                stream_path: "/v1/projects/{project}/locations/{region}/publishers/anthropic/models/{model}:streamRawPredict",
                models: "claude",
            },
            Surface {
                dialect: Dialect::Gemini,
                path: "/v1/projects/{project}/locations/{region}/publishers/google/models/{model}:generateContent",
                stream_path: "/v1/projects/{project}/locations/{region}/publishers/google/models/{model}:streamGenerateContent?alt=sse",
                models: "",
            },
        ],
        settings: &[setting("project", ""), setting("region", "global")],
        key_env: "VERTEX_ACCESS_TOKEN",
        source: "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        ..COMPATIBLE
    },
    Kind {
        name: "bedrock",
        title: "Amazon Bedrock",
        url: "https://bedrock-runtime.{region}.amazonaws.com",
        surfaces: &[
            Surface {
                dialect: Dialect::BedrockConverse,
                path: "/model/{model}/converse",
                stream_path: "/model/{model}/converse-stream",
                models: "",
            },
            Surface {
                dialect: Dialect::AnthropicBedrock,
                path: "/model/{model}/invoke",
                stream_path: "/model/{model}/invoke-with-response-stream",
                models: "",
            },
        ],
        auth: Auth::Aws("bedrock"),
        settings: &[setting("region", "")],
        key_env: "AWS_BEARER_TOKEN_BEDROCK",
        source: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        ..COMPATIBLE
    },
    Kind {
        name: "cohere",
        title: "Cohere",
        url: "https://api.cohere.com",
        surfaces: &[
            surface(Dialect::CohereChat, "/v2/chat"),
            surface(Dialect::CohereEmbed, "/v2/embed"),
            surface(Dialect::CohereRerank, "/v2/rerank"),
        ],
        key_env: "COHERE_API_KEY",
        source: "https://docs.cohere.com/reference/about",
        ..COMPATIBLE
    },
    COMPATIBLE,
    ANTHROPIC_COMPATIBLE,
];

/// OpenAI's own API.
const OPENAI: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiResponses, "/responses"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
];

/// What its imitators have of it.
const CHAT_AND_EMBEDDINGS: &[Surface] = &[
    surface(Dialect::OpenAiChat, "/chat/completions"),
    surface(Dialect::OpenAiEmbeddings, "/embeddings"),
];

/// Any server that speaks OpenAI's dialect; the row others begin with.
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

const fn surface(dialect: Dialect, path: &'static str) -> Surface {
    Surface { dialect, path, stream_path: "", models: "" }
}

const fn setting(name: &'static str, default: &'static str) -> Setting {
    Setting { name, default }
}
