//! Servers that one runs oneself: by default on this machine, at the port of their own
//! documentation, without a key.

use super::{
    COMPATIBLE, COMPLETIONS, MAX_TOKENS, NUMBERS, OPEN_MODELS, TRANSCRIPTIONS, TRANSLATIONS,
    surface,
};
use crate::dialect::Dialect;
use crate::dialect::quirks::Quirks;
use crate::provider::Kind;

pub(super) const VLLM: Kind = Kind {
    name: "vllm",
    title: "vLLM",
    url: "http://localhost:8000/v1",
    // <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/>
    surfaces: &[
        surface(Dialect::OpenAiChat, "/chat/completions"),
        surface(Dialect::OpenAiResponses, "/responses"),
        surface(Dialect::OpenAiEmbeddings, "/embeddings"),
        COMPLETIONS,
        super::RERANK,
        TRANSCRIPTIONS,
        TRANSLATIONS,
    ],
    // `reasoning` since 0.11.2; before, and for a while beside it, `reasoning_content`.
    quirks: &Quirks { reasoning: "reasoning", echoes: &["reasoning"], ..OPEN_MODELS },
    source: "https://docs.vllm.ai/en/latest/features/reasoning_outputs/",
    ..COMPATIBLE
};

pub(super) const SGLANG: Kind = Kind {
    name: "sglang",
    title: "SGLang",
    url: "http://localhost:30000/v1",
    // Reasoning goes back by the model's template.
    quirks: &Quirks { echoes: &["reasoning_content"], ..OPEN_MODELS },
    source: "https://docs.sglang.io/basic_usage/openai_api_completions.html",
    ..COMPATIBLE
};

pub(super) const TGI: Kind = Kind {
    name: "tgi",
    title: "Text Generation Inference",
    url: "http://localhost:3000/v1",
    surfaces: super::CHAT,
    // Only `max_tokens` is documented.
    quirks: &Quirks { rename: MAX_TOKENS, ..OPEN_MODELS },
    source: "https://huggingface.co/docs/text-generation-inference/messages_api",
    ..COMPATIBLE
};

pub(super) const LLAMA_CPP: Kind = Kind {
    name: "llama-cpp",
    title: "llama.cpp server",
    url: "http://localhost:8080/v1",
    surfaces: super::OPENAI_AND_RERANK,
    // Reasoning goes back by the model's template.
    quirks: &Quirks { echoes: &["reasoning_content"], ..OPEN_MODELS },
    source: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    ..COMPATIBLE
};

pub(super) const OLLAMA: Kind = Kind {
    name: "ollama",
    title: "Ollama",
    url: "http://localhost:11434/v1",
    surfaces: super::SELF_HOSTED,
    // Supported fields are listed; of OpenAI's others, logit_bias, user and n are not.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        drop: &["logit_bias", "user"],
        clamp: &[("n", 1.0, 1.0)],
        reasoning: "reasoning",
        echoes: &["reasoning"],
        ..OPEN_MODELS
    },
    source: "https://docs.ollama.com/api/openai-compatibility",
    ..COMPATIBLE
};

pub(super) const LM_STUDIO: Kind = Kind {
    name: "lm-studio",
    title: "LM Studio",
    url: "http://localhost:1234/v1",
    surfaces: super::OPENAI,
    // Reasoning comes under either name, by model. Vectors come as numbers, whatever is
    // asked: <https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/756>.
    quirks: &Quirks {
        rename: MAX_TOKENS,
        reasoning: "reasoning",
        embeddings: NUMBERS,
        ..OPEN_MODELS
    },
    source: "https://lmstudio.ai/docs/developer/openai-compat",
    ..COMPATIBLE
};
