//! Clouds: an account, a project or a region in the address.

use super::{
    COMPATIBLE, IMAGE_EDITS, IMAGES, OPEN_MODELS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS, setting,
    surface,
};
use crate::dialect::Dialect;
use crate::dialect::quirks::{self, Quirks};
use crate::provider::{Auth, Kind, Surface};

pub(super) const VERTEX: Kind = Kind {
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
        surface(
            Dialect::VertexEmbed,
            "/v1/projects/{project}/locations/{region}/publishers/google/models/{model}:predict",
        ),
        Surface {
            dialect: Dialect::AnthropicVertexCount,
            path: "/v1/projects/{project}/locations/{region}/publishers/anthropic/models/count-tokens:rawPredict",
            stream_path: "",
            models: "claude",
        },
        Surface {
            dialect: Dialect::VertexCount,
            path: "/v1/projects/{project}/locations/{region}/publishers/google/models/{model}:countTokens",
            stream_path: "",
            models: "gemini",
        },
    ],
    settings: &[setting("project", ""), setting("region", "global")],
    key_env: "VERTEX_ACCESS_TOKEN",
    source: "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
    ..COMPATIBLE
};

const INVOKE: &str = "/model/{model}/invoke";
const BEDROCK_COUNT: Surface =
    surface(Dialect::BedrockCount, "/model/{foundation_model}/count-tokens");

pub(super) const BEDROCK: Kind = Kind {
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
            path: INVOKE,
            stream_path: "/model/{model}/invoke-with-response-stream",
            models: "",
        },
        Surface { models: "amazon.titan-embed", ..surface(Dialect::TitanEmbed, INVOKE) },
        Surface { models: "amazon.nova", ..surface(Dialect::NovaEmbed, INVOKE) },
        // Cohere's, by whatever profile; a profile of another's names its `api`.
        surface(Dialect::BedrockCohereEmbed, INVOKE),
        surface(Dialect::BedrockRerank, INVOKE),
        // Not what only inference profiles lead to:
        // <https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html>.
        Surface { models: "anthropic.claude-3-5", ..BEDROCK_COUNT },
        Surface { models: "anthropic.claude-3-7", ..BEDROCK_COUNT },
        Surface { models: "anthropic.claude-sonnet-4-2025", ..BEDROCK_COUNT },
        Surface { models: "anthropic.claude-opus-4-2025", ..BEDROCK_COUNT },
        Surface { models: "anthropic.claude-sonnet-4-5", ..BEDROCK_COUNT },
        Surface { models: "anthropic.claude-haiku-4-5", ..BEDROCK_COUNT },
    ],
    auth: Auth::Aws("bedrock"),
    settings: &[setting("region", "")],
    key_env: "AWS_BEARER_TOKEN_BEDROCK",
    source: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    ..COMPATIBLE
};

/// Deployments are models by the operator's own names.
pub(super) const AZURE: Kind = Kind {
    name: "azure",
    title: "Azure OpenAI",
    url: "https://{resource}.openai.azure.com/openai/v1",
    // Images and audio: <https://learn.microsoft.com/en-us/azure/foundry/openai/reference-preview-latest>.
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiResponses, "/responses"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        IMAGES,
        IMAGE_EDITS,
        SPEECH,
        TRANSCRIPTIONS,
        TRANSLATIONS,
    ],
    auth: Auth::Header("api-key"),
    settings: &[setting("resource", "")],
    key_env: "AZURE_OPENAI_API_KEY",
    quirks: &quirks::OPENAI,
    source: "https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",
    ..COMPATIBLE
};

pub(super) const AZURE_DEPLOYMENTS: Kind = Kind {
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
        surface(
            Dialect::OpenAiImages,
            "/deployments/{model}/images/generations?api-version={api_version}",
        ),
        surface(
            Dialect::OpenAiTranscriptions,
            "/deployments/{model}/audio/transcriptions?api-version={api_version}",
        ),
        surface(
            Dialect::OpenAiTranslations,
            "/deployments/{model}/audio/translations?api-version={api_version}",
        ),
    ],
    // The last version that is generally available and dated.
    settings: &[setting("resource", ""), setting("api_version", "2024-10-21")],
    source: "https://learn.microsoft.com/en-us/azure/foundry/openai/reference",
    ..AZURE
};

pub(super) const CLOUDFLARE: Kind = Kind {
    name: "cloudflare",
    title: "Cloudflare Workers AI",
    url: "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
    surfaces: super::OPENAI,
    key_env: "CLOUDFLARE_API_TOKEN",
    settings: &[setting("account", "")],
    // Open models, by their makers' templates.
    quirks: &OPEN_MODELS,
    source: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
    ..COMPATIBLE
};

pub(super) const DATABRICKS: Kind = Kind {
    name: "databricks",
    title: "Databricks Model Serving",
    url: "https://{resource}/serving-endpoints",
    key_env: "DATABRICKS_TOKEN",
    settings: &[setting("resource", "")],
    // "messages.1.thinking_blocks: Extra inputs are not permitted":
    // <https://github.com/BerriAI/litellm/issues/15758>. Chunks carry usage unasked.
    quirks: &Quirks { stream_options: false, leftovers: false, ..OPEN_MODELS },
    source: "https://docs.databricks.com/machine-learning/model-serving/score-foundation-models.html",
    ..COMPATIBLE
};
