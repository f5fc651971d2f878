//! Those who make models and serve them.

use super::{
    ANTHROPIC_COMPATIBLE, CHAT, COMPATIBLE, IMAGES, MAX_TOKENS, MODERATIONS, OPEN_MODELS,
    TRANSCRIPTIONS, surface,
};
use crate::dialect::Dialect;
use crate::dialect::quirks::{self, EMBEDDINGS, Embeddings, Quirks, ToolIds};
use crate::provider::{Auth, Kind, Surface};

pub(super) const OPENAI: Kind = Kind {
    name: "openai",
    title: "OpenAI",
    url: "https://api.openai.com/v1",
    surfaces: super::OPENAI_ITSELF,
    key_env: "OPENAI_API_KEY",
    quirks: &quirks::OPENAI,
    source: "https://platform.openai.com/docs/api-reference/authentication",
    ..COMPATIBLE
};

pub(super) const ANTHROPIC: Kind = Kind {
    name: "anthropic",
    title: "Anthropic",
    url: "https://api.anthropic.com/v1",
    surfaces: &[
        surface(Dialect::AnthropicMessages, "/messages"),
        surface(Dialect::AnthropicCount, "/messages/count_tokens"),
    ],
    key_env: "ANTHROPIC_API_KEY",
    source: "https://platform.claude.com/docs/en/api/overview",
    ..ANTHROPIC_COMPATIBLE
};

pub(super) const GEMINI: Kind = Kind {
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
        surface(Dialect::GeminiCount, "/models/{model}:countTokens"),
    ],
    auth: Auth::Header("x-goog-api-key"),
    key_env: "GEMINI_API_KEY",
    source: "https://ai.google.dev/api",
    ..COMPATIBLE
};

pub(super) const COHERE: Kind = Kind {
    name: "cohere",
    title: "Cohere",
    url: "https://api.cohere.com",
    surfaces: &[
        surface(Dialect::CohereChat, "/v2/chat"),
        surface(Dialect::CohereEmbed, "/v2/embed"),
        surface(Dialect::CohereRerank, "/v2/rerank"),
    ],
    // What Cohere's own SDKs read: <https://github.com/cohere-ai/cohere-python>.
    key_env: "CO_API_KEY",
    source: "https://docs.cohere.com/reference/about",
    ..COMPATIBLE
};

pub(super) const MISTRAL: Kind = Kind {
    name: "mistral",
    title: "Mistral",
    url: "https://api.mistral.ai/v1",
    // Its speech comes as JSON, which is not OpenAI's way.
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        MODERATIONS,
        TRANSCRIPTIONS,
    ],
    key_env: "MISTRAL_API_KEY",
    // Fields it does not document it refuses (`extra_forbidden`), in messages, too, be
    // they null: <https://github.com/charmbracelet/crush/issues/1590>. Usage comes with the last
    // content, unasked. "Input should be less than or equal to 1.5" is said of temperature
    // (<https://github.com/scottyeager/Pal/issues/28>). Its models reason by `none` or `high`
    // and refuse all else (<https://github.com/withceleste/celeste-python/pull/311>). Ids:
    // "must be a-z, A-Z, 0-9, with a length of 9",
    // <https://github.com/langchain-ai/langchain/pull/24668>.
    quirks: &Quirks {
        rename: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
        drop: &[
            "logit_bias",
            "logprobs",
            "modalities",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "store",
            "top_logprobs",
            "user",
            "verbosity",
            "web_search_options",
        ],
        refuse: &["audio", "functions"],
        clamp: &[("temperature", 0.0, 1.5)],
        drop_value: &[("reasoning_effort", "\"low\""), ("reasoning_effort", "\"minimal\"")],
        replace: &[
            ("tool_choice", "\"required\"", "\"any\""),
            ("reasoning_effort", "\"medium\"", "\"high\""),
            ("reasoning_effort", "\"xhigh\"", "\"high\""),
        ],
        stream_options: false,
        message_names: false,
        leftovers: false,
        tool_ids: ToolIds::Alphanumeric(9),
        // <https://docs.mistral.ai/api/endpoint/embeddings>
        embeddings: Embeddings {
            body: Some(&Quirks {
                rename: &[("dimensions", "output_dimension")],
                drop: &["user"],
                ..quirks::NONE
            }),
            tokens: false,
            ..EMBEDDINGS
        },
        ..OPEN_MODELS
    },
    source: "https://docs.mistral.ai/api/",
    ..COMPATIBLE
};

pub(super) const VOYAGE: Kind = Kind {
    name: "voyage",
    title: "Voyage AI",
    url: "https://api.voyageai.com/v1",
    surfaces: &[
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        surface(Dialect::VoyageRerank, "/rerank"),
    ],
    // What Voyage's own client reads: <https://github.com/voyage-ai/voyageai-python>.
    key_env: "VOYAGE_API_KEY",
    // `encoding_format` takes base64 alone, and `dimensions` is refused:
    // <https://github.com/garrytan/gbrain/pull/735>. It tells `total_tokens`, no more.
    quirks: &Quirks {
        embeddings: Embeddings {
            body: Some(&Quirks {
                rename: &[("dimensions", "output_dimension")],
                drop: &["user"],
                drop_value: &[("encoding_format", "\"float\"")],
                ..quirks::NONE
            }),
            tokens: false,
            most: 1000,
            ..EMBEDDINGS
        },
        ..quirks::NONE
    },
    source: "https://docs.voyageai.com/reference/embeddings-api",
    ..COMPATIBLE
};

pub(super) const JINA: Kind = Kind {
    name: "jina",
    title: "Jina AI",
    url: "https://api.jina.ai/v1",
    surfaces: &[
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        surface(Dialect::JinaRerank, "/rerank"),
    ],
    key_env: "JINA_API_KEY",
    // "Extra inputs are not permitted" is said of `encoding_format`
    // (<https://github.com/QuantumNous/new-api/issues/1941>): it is `embedding_type` here.
    quirks: &Quirks {
        embeddings: Embeddings {
            body: Some(&Quirks {
                rename: &[("encoding_format", "embedding_type")],
                drop: &["user"],
                ..quirks::NONE
            }),
            tokens: false,
            ..EMBEDDINGS
        },
        ..quirks::NONE
    },
    source: "https://api.jina.ai/redoc",
    ..COMPATIBLE
};

pub(super) const XAI: Kind = Kind {
    name: "xai",
    title: "xAI",
    url: "https://api.x.ai/v1",
    // Images: <https://docs.x.ai/developers/rest-api-reference/inference/images>; edits are
    // JSON there.
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiResponses, "/responses"),
        IMAGES,
    ],
    key_env: "XAI_API_KEY",
    // "presencePenalty, frequencyPenalty and stop parameters are not supported by
    // reasoning models. Adding them in the request would result in an error." Usage
    // counts reasoning beside the output (see `dialect::openai::usage`).
    quirks: &Quirks {
        reasoning_drop: &["frequency_penalty", "presence_penalty", "stop"],
        ..OPEN_MODELS
    },
    source: "https://docs.x.ai/docs/guides/reasoning",
    ..COMPATIBLE
};

pub(super) const DEEPSEEK: Kind = Kind {
    name: "deepseek",
    title: "DeepSeek",
    url: "https://api.deepseek.com",
    surfaces: CHAT,
    key_env: "DEEPSEEK_API_KEY",
    // Once a conversation has tool calls, "the reasoning_content must be fully passed
    // back to the API in all subsequent requests", else 400; an empty one counts as
    // missing (<https://github.com/HKUDS/nanobot/issues/946>), a blank does not.
    // Roles: system, user, assistant, tool.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        echoes: &["reasoning_content"],
        no_reasoning: "\" \"",
        ..OPEN_MODELS
    },
    source: "https://api-docs.deepseek.com/guides/thinking_mode",
    ..COMPATIBLE
};

pub(super) const PERPLEXITY: Kind = Kind {
    name: "perplexity",
    title: "Perplexity",
    url: "https://api.perplexity.ai",
    surfaces: CHAT,
    key_env: "PERPLEXITY_API_KEY",
    // The parameters "that work exactly the same" are few; the others have no effect, so
    // they are left out and listed. There are no tools at all.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        drop: &[
            "logit_bias",
            "logprobs",
            "parallel_tool_calls",
            "seed",
            "service_tier",
            "stop",
            "tool_choice",
            "top_logprobs",
        ],
        refuse: &["functions", "tools"],
        clamp: &[("n", 1.0, 1.0)],
        stream_options: false,
        ..OPEN_MODELS
    },
    source: "https://docs.perplexity.ai/guides/chat-completions-guide",
    ..COMPATIBLE
};

pub(super) const MOONSHOT: Kind = Kind {
    name: "moonshot",
    title: "Moonshot (Kimi)",
    url: "https://api.moonshot.ai/v1",
    surfaces: CHAT,
    key_env: "MOONSHOT_API_KEY",
    // Temperature: 0 to 1. No `tool_choice: required`. Thinking models take no sampling
    // parameters but their own fixed ones (<https://platform.kimi.ai/docs/api/models-overview>)
    // and want reasoning with every turn of a conversation that has tool calls; an empty
    // one is refused, a blank is taken (<https://github.com/charmbracelet/crush/issues/2696>).
    quirks: &Quirks {
        reasoning_drop: &["frequency_penalty", "n", "presence_penalty", "temperature", "top_p"],
        drop_value: &[("tool_choice", "\"required\"")],
        clamp: &[("temperature", 0.0, 1.0)],
        echoes: &["reasoning_content"],
        no_reasoning: "\" \"",
        ..OPEN_MODELS
    },
    source: "https://platform.moonshot.ai/docs/guide/migrating-from-openai-to-kimi",
    ..COMPATIBLE
};

pub(super) const ZAI: Kind = Kind {
    name: "zai",
    title: "Z.ai",
    url: "https://api.z.ai/api/paas/v4",
    surfaces: CHAT,
    key_env: "ZAI_API_KEY",
    // `tool_choice`: only auto. Reasoning goes back with tool results:
    // <https://docs.z.ai/guides/capabilities/thinking-mode>.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        drop: &["tool_choice"],
        clamp: &[("temperature", 0.0, 1.0)],
        echoes: &["reasoning_content"],
        ..OPEN_MODELS
    },
    source: "https://docs.z.ai/api-reference/llm/chat-completion",
    ..COMPATIBLE
};

pub(super) const DASHSCOPE: Kind = Kind {
    name: "dashscope",
    title: "Alibaba Model Studio (DashScope, international)",
    url: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    key_env: "DASHSCOPE_API_KEY",
    // "developer is not one of ['system', 'assistant', 'user', 'tool', 'function']":
    // <https://github.com/haru/redmine_ai_helper/issues/242>. Parameters that its pages do
    // not name are ignored (<https://docs.qwencloud.com/api-reference/chat/openai-chat>).
    quirks: &Quirks { rename: MAX_TOKENS, echoes: &["reasoning_content"], ..OPEN_MODELS },
    source: "https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",
    ..COMPATIBLE
};

pub(super) const MINIMAX: Kind = Kind {
    name: "minimax",
    title: "MiniMax",
    url: "https://api.minimax.io/v1",
    surfaces: CHAT,
    key_env: "MINIMAX_API_KEY",
    // Temperature: above 0, to 1; one choice; penalties and `logit_bias` have no effect.
    // Thoughts stand in the content as <think>, or in `reasoning_details` where the client
    // asks for `reasoning_split`; both "must be preserved completely".
    quirks: &Quirks {
        rename: MAX_TOKENS,
        drop: &["frequency_penalty", "logit_bias", "presence_penalty"],
        refuse: &["functions"],
        clamp: &[("n", 1.0, 1.0), ("temperature", 0.01, 1.0)],
        echoes: &["reasoning_content", "reasoning_details"],
        ..OPEN_MODELS
    },
    source: "https://platform.minimax.io/docs/api-reference/text-openai-api",
    ..COMPATIBLE
};

pub(super) const STEPFUN: Kind = Kind {
    name: "stepfun",
    title: "StepFun",
    url: "https://api.stepfun.ai/v1",
    surfaces: CHAT,
    key_env: "STEP_API_KEY",
    // `reasoning`, unless the client asks for another `reasoning_format`.
    quirks: &Quirks { rename: MAX_TOKENS, reasoning: "reasoning", ..OPEN_MODELS },
    source: "https://platform.stepfun.ai/docs/en/api-reference/chat/chat-completion-create",
    ..COMPATIBLE
};
