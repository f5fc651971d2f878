//! Those who serve open models.

use super::{
    CHAT, COMPATIBLE, IMAGES, MAX_TOKENS, OPEN_MODELS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS,
    surface,
};
use crate::dialect::Dialect;
use crate::dialect::quirks::Quirks;
use crate::provider::Kind;

pub(super) const GROQ: Kind = Kind {
    name: "groq",
    title: "Groq",
    url: "https://api.groq.com/openai/v1",
    // Audio: <https://console.groq.com/docs/speech-to-text>,
    // <https://console.groq.com/docs/text-to-speech>.
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiResponses, "/responses"),
        SPEECH,
        TRANSCRIPTIONS,
        TRANSLATIONS,
    ],
    key_env: "GROQ_API_KEY",
    // "Will result in a 400 error": logprobs, logit_bias, top_logprobs, messages[].name,
    // n other than 1. `reasoning` is refused for models that do not reason, and
    // `reasoning_content` for all, `function_call` even as null
    // (<https://github.com/BerriAI/litellm/issues/5839>, <https://github.com/vercel/ai/pull/8057>,
    // <https://github.com/janhq/jan/issues/8136>): nothing goes back.
    quirks: &Quirks {
        drop: &["logit_bias", "logprobs", "top_logprobs"],
        clamp: &[("n", 1.0, 1.0)],
        message_names: false,
        leftovers: false,
        reasoning: "reasoning",
        ..OPEN_MODELS
    },
    source: "https://console.groq.com/docs/openai",
    ..COMPATIBLE
};

pub(super) const TOGETHER: Kind = Kind {
    name: "together",
    title: "Together AI",
    url: "https://api.together.ai/v1",
    // Rerank: <https://docs.together.ai/reference/rerank>.
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        super::RERANK,
        IMAGES,
        SPEECH,
        TRANSCRIPTIONS,
        TRANSLATIONS,
    ],
    key_env: "TOGETHER_API_KEY",
    // Reasoning: <https://docs.together.ai/docs/inference/chat/reasoning>.
    quirks: &Quirks { reasoning: "reasoning", ..OPEN_MODELS },
    source: "https://docs.together.ai/docs/inference/openai-compatibility",
    ..COMPATIBLE
};

pub(super) const FIREWORKS: Kind = Kind {
    name: "fireworks",
    title: "Fireworks AI",
    url: "https://api.fireworks.ai/inference/v1",
    key_env: "FIREWORKS_API_KEY",
    // Its messages know `reasoning_content`; others' members are refused ("Extra inputs are
    // not permitted", <https://github.com/BerriAI/litellm/pull/27881>).
    quirks: &Quirks { leftovers: false, echoes: &["reasoning_content"], ..OPEN_MODELS },
    source: "https://docs.fireworks.ai/guides/reasoning",
    ..COMPATIBLE
};

pub(super) const DEEPINFRA: Kind = Kind {
    name: "deepinfra",
    title: "DeepInfra",
    url: "https://api.deepinfra.com/v1/openai",
    key_env: "DEEPINFRA_TOKEN",
    // Messages: tool, assistant, user, system.
    quirks: &Quirks { rename: MAX_TOKENS, ..OPEN_MODELS },
    source: "https://docs.deepinfra.com/chat/overview",
    ..COMPATIBLE
};

pub(super) const CEREBRAS: Kind = Kind {
    name: "cerebras",
    title: "Cerebras",
    url: "https://api.cerebras.ai/v1",
    surfaces: CHAT,
    key_env: "CEREBRAS_API_KEY",
    // Unknown properties are refused ("is unsupported", `wrong_api_format`), among them
    // `reasoning_content`; `reasoning` is taken back:
    // <https://github.com/QwenLM/qwen-code/issues/11045>.
    quirks: &Quirks {
        drop: &[
            "frequency_penalty",
            "logit_bias",
            "modalities",
            "presence_penalty",
            "safety_identifier",
            "store",
            "verbosity",
            "web_search_options",
        ],
        refuse: &["audio", "functions"],
        leftovers: false,
        reasoning: "reasoning",
        echoes: &["reasoning"],
        ..OPEN_MODELS
    },
    source: "https://inference-docs.cerebras.ai/resources/openai",
    ..COMPATIBLE
};

pub(super) const SAMBANOVA: Kind = Kind {
    name: "sambanova",
    title: "SambaNova",
    url: "https://api.sambanova.ai/v1",
    surfaces: super::OPENAI,
    key_env: "SAMBANOVA_API_KEY",
    // "Not yet supported and will be ignored"; n: 1 to 8.
    quirks: &Quirks {
        drop: &["frequency_penalty", "logit_bias", "presence_penalty"],
        clamp: &[("n", 1.0, 8.0)],
        ..OPEN_MODELS
    },
    source: "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
    ..COMPATIBLE
};

pub(super) const NEBIUS: Kind = Kind {
    name: "nebius",
    title: "Nebius Token Factory",
    url: "https://api.tokenfactory.nebius.com/v1",
    key_env: "NEBIUS_API_KEY",
    // Only `max_tokens` is documented.
    quirks: &Quirks { rename: MAX_TOKENS, ..OPEN_MODELS },
    source: "https://docs.tokenfactory.nebius.com/api-reference/examples/text-generation",
    ..COMPATIBLE
};

pub(super) const NOVITA: Kind = Kind {
    name: "novita",
    title: "Novita AI",
    url: "https://api.novita.ai/openai/v1",
    key_env: "NOVITA_API_KEY",
    // The whole answer goes back: <https://novita.ai/docs/guides/llm-interleaved-thinking>.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        echoes: &["reasoning_content", "reasoning_details"],
        ..OPEN_MODELS
    },
    source: "https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
    ..COMPATIBLE
};

pub(super) const HYPERBOLIC: Kind = Kind {
    name: "hyperbolic",
    title: "Hyperbolic",
    url: "https://api.hyperbolic.xyz/v1",
    surfaces: CHAT,
    key_env: "HYPERBOLIC_API_KEY",
    // Only `max_tokens` is documented; roles: system, assistant, user.
    quirks: &Quirks { rename: MAX_TOKENS, ..OPEN_MODELS },
    source: "https://docs.hyperbolic.ai/inference/text-apis",
    ..COMPATIBLE
};

pub(super) const NVIDIA: Kind = Kind {
    name: "nvidia",
    title: "NVIDIA NIM",
    url: "https://integrate.api.nvidia.com/v1",
    key_env: "NVIDIA_API_KEY",
    // Open models, by their makers' templates. "Extra inputs are not permitted":
    // <https://github.com/sipeed/picoclaw/issues/1019>.
    quirks: &Quirks { drop: &["prompt_cache_key"], ..OPEN_MODELS },
    source: "https://docs.nvidia.com/nim/large-language-models/latest/api-reference.html",
    ..COMPATIBLE
};
