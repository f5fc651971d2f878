//! Traits by a model's own name: the longest prefix wins, so dated names find their
//! family, and `us.anthropic.claude-..`, `claude-..@20250929` and
//! `databricks-claude-..` are all Claude.
//!
//! Claude's traits are written here, each from Anthropic's pages; of other makers the
//! family says how thinking is steered, and the list whether this model thinks and
//! takes a schema (not of Nova and Llama: the list counts schemas that a client fakes by
//! a forced tool, and Bedrock takes none for these). Must not: know prices, or say more
//! of an unknown name than what every model takes.
//!
//! Sources: <https://platform.claude.com/docs/en/about-claude/models/overview>,
//! thinking <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>,
//! sampling <https://platform.claude.com/docs/en/about-claude/models/migration-guide>,
//! system messages <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>,
//! Gemini <https://ai.google.dev/gemini-api/docs/thinking>,
//! schemas on Bedrock <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>,
//! Nova <https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html>,
//! Cohere <https://docs.cohere.com/docs/reasoning>,
//! OpenAI <https://platform.openai.com/docs/guides/reasoning>.

use super::names::{bare, bedrock_id, without_geography};
use super::table::{Abilities, Ability, Listing};
use crate::dialect::{Maker, ModelTraits, Thinking};

/// The traits of a model; `listing`: what the catalog has of it.
pub fn traits(model: &str, listing: Option<&Listing>) -> ModelTraits {
    let whole = placeless(model);
    let name = own_name(whole);
    let family = FAMILIES
        .iter()
        .filter(|family| begins(name, family.prefix) || begins(whole, family.prefix))
        .max_by_key(|family| family.prefix.len());
    let mut traits = family.map_or(UNKNOWN, |family| family.traits);
    traits.reasons = traits.thinking != Thinking::None;
    let (Some(listing), false) = (listing, traits.maker == Maker::Anthropic) else {
        return traits;
    };
    let traits = ModelTraits {
        max_output_tokens: listing.max_output.unwrap_or(traits.max_output_tokens),
        ..traits
    };
    if listing.abilities == Abilities::default() {
        // Nothing is said of it, which is not that it can do nothing.
        return traits;
    }
    let can = |ability| listing.abilities.has(ability);
    let schemas = can(Ability::Schema) && !matches!(traits.maker, Maker::Amazon | Maker::Meta);
    ModelTraits {
        structured_output: traits.structured_output || schemas,
        thinking: if can(Ability::Reasoning) { traits.thinking } else { Thinking::None },
        reasons: can(Ability::Reasoning),
        ..traits
    }
}

/// Without where it runs and the path it stands at.
fn placeless(model: &str) -> &str {
    let name = bedrock_id(model).map_or(model, |(_, id)| id);
    let name = without_geography(name).unwrap_or(name);
    bare(name).rsplit('/').next().unwrap_or(name)
}

/// Without what a provider puts before a model's name.
fn own_name(name: &str) -> &str {
    let name = name.strip_prefix("ft:").unwrap_or(name);
    PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Bedrock's makers, and what marks a gateway's own copy.
const PREFIXES: &[&str] = &[
    "amazon.",
    "anthropic.",
    "cohere.",
    "deepseek.",
    "google.",
    "meta.",
    "mistral.",
    "openai.",
    "databricks-",
    "FW-",
];

struct Family {
    prefix: &'static str,
    traits: ModelTraits,
}

pub const UNKNOWN: ModelTraits = ModelTraits {
    max_output_tokens: 4096,
    structured_output: false,
    sampling: true,
    system_turns: false,
    thinking: Thinking::None,
    reasons: false,
    maker: Maker::Other,
};

/// Before 4.5: no native schemas, thinking by budget where there is any.
const fn older(max_output_tokens: u32, thinking: Thinking) -> ModelTraits {
    ModelTraits { max_output_tokens, thinking, maker: Maker::Anthropic, ..UNKNOWN }
}

/// 4.1 and 4.5: native schemas, thinking by budget.
const fn budget(max_output_tokens: u32) -> ModelTraits {
    ModelTraits { structured_output: true, ..older(max_output_tokens, Thinking::Budget) }
}

/// 4.6: adaptive thinking.
const ADAPTIVE: ModelTraits = ModelTraits { thinking: Thinking::Adaptive, ..budget(128_000) };
/// 4.7: no sampling parameters any more.
const NO_SAMPLING: ModelTraits = ModelTraits { sampling: false, ..ADAPTIVE };
/// 4.8 and later: system messages in the middle of a conversation.
const CURRENT: ModelTraits = ModelTraits { system_turns: true, ..NO_SAMPLING };
/// Fable, Mythos, Opus 5.5 and Sonnet 5.5: thinking cannot be turned off (Sonnet's not
/// between calls), nor a tool be forced.
const ALWAYS: ModelTraits = ModelTraits { thinking: Thinking::Always, ..CURRENT };

/// Another maker's, that takes no schema unless the list says so.
const fn by(maker: Maker, thinking: Thinking) -> ModelTraits {
    ModelTraits { thinking, maker, ..UNKNOWN }
}

/// One that takes schemas.
const fn schemas(maker: Maker, thinking: Thinking, max_output_tokens: u32) -> ModelTraits {
    ModelTraits { structured_output: true, max_output_tokens, ..by(maker, thinking) }
}

const fn gemini(thinking: Thinking, max_output_tokens: u32) -> ModelTraits {
    schemas(Maker::Google, thinking, max_output_tokens)
}

/// System and developer messages may stand anywhere.
const fn openai(thinking: Thinking, max_output_tokens: u32) -> ModelTraits {
    ModelTraits { system_turns: true, ..schemas(Maker::OpenAi, thinking, max_output_tokens) }
}

const META: ModelTraits = by(Maker::Meta, Thinking::None);
const MISTRAL: ModelTraits = by(Maker::Mistral, Thinking::None);

const fn family(prefix: &'static str, traits: ModelTraits) -> Family {
    Family { prefix, traits }
}

const FAMILIES: &[Family] = &[
    family("claude-", older(8192, Thinking::None)),
    family("claude-v", older(4096, Thinking::None)),
    family("claude-instant", older(4096, Thinking::None)),
    family("claude-3-", older(4096, Thinking::None)),
    family("claude-3-5-", older(8192, Thinking::None)),
    family("claude-3-7-sonnet", older(64_000, Thinking::Budget)),
    family("claude-fable-", ALWAYS),
    family("claude-haiku-4-5", budget(64_000)),
    family("claude-haiku-5", CURRENT),
    family("claude-mythos-", ALWAYS),
    family("claude-mythos-preview", ModelTraits { system_turns: false, ..ALWAYS }),
    family("claude-opus-4", older(32_000, Thinking::Budget)),
    family("claude-opus-4-1", budget(32_000)),
    // Bedrock has schemas from 4.5 on.
    family("anthropic.claude-opus-4-1", older(32_000, Thinking::Budget)),
    family("claude-opus-4-5", budget(64_000)),
    family("claude-opus-4-6", ADAPTIVE),
    family("claude-opus-4-7", NO_SAMPLING),
    family("claude-opus-4-8", CURRENT),
    family("claude-opus-5", CURRENT),
    family("claude-opus-5-5", ALWAYS),
    family("claude-sonnet-4", older(64_000, Thinking::Budget)),
    family("claude-sonnet-4-5", budget(64_000)),
    family("claude-sonnet-4-6", ADAPTIVE),
    family("claude-sonnet-5", NO_SAMPLING),
    family("claude-sonnet-5-5", ALWAYS),
    // A name without a number is the newest.
    family("gemini-", gemini(Thinking::Level, 65_536)),
    family("gemini-1", gemini(Thinking::None, 8192)),
    family("gemini-2.0", gemini(Thinking::None, 8192)),
    family("gemini-2-0", gemini(Thinking::None, 8192)),
    family("gemini-2.5", gemini(Thinking::Budget, 65_536)),
    // Its budget cannot be 0.
    family("gemini-2.5-pro", gemini(Thinking::Always, 65_536)),
    family("gemini-2-5-pro", gemini(Thinking::Always, 65_536)),
    family("gemini-2-5", gemini(Thinking::Budget, 65_536)),
    family("gemini-robotics-er-1.5", gemini(Thinking::Budget, 65_536)),
    family("gemini-embedding", by(Maker::Google, Thinking::None)),
    family("gemini-exp", gemini(Thinking::None, 8192)),
    family("gemini-gemma", by(Maker::Google, Thinking::None)),
    family("gemma", by(Maker::Google, Thinking::None)),
    family("learnlm", by(Maker::Google, Thinking::None)),
    family("nova-", ModelTraits { max_output_tokens: 5_000, ..by(Maker::Amazon, Thinking::None) }),
    family(
        "nova-2",
        ModelTraits { max_output_tokens: 64_000, ..by(Maker::Amazon, Thinking::Level) },
    ),
    family("titan-", by(Maker::Amazon, Thinking::None)),
    family("command-", schemas(Maker::Cohere, Thinking::None, 4_000)),
    family("command-a", schemas(Maker::Cohere, Thinking::None, 8_000)),
    family("command-a-plus", schemas(Maker::Cohere, Thinking::Budget, 32_000)),
    family("command-a-reasoning", schemas(Maker::Cohere, Thinking::Budget, 32_000)),
    family("cohere-command-a", schemas(Maker::Cohere, Thinking::None, 8_000)),
    family("c4ai-", by(Maker::Cohere, Thinking::None)),
    family("deepseek", by(Maker::DeepSeek, Thinking::None)),
    family("llama", META),
    family("meta-llama", META),
    family("codestral", MISTRAL),
    family("devstral", MISTRAL),
    family("magistral", MISTRAL),
    family("ministral", MISTRAL),
    family("mistral", MISTRAL),
    family("mixtral", MISTRAL),
    family("open-mistral", MISTRAL),
    family("pixtral", MISTRAL),
    family("voxtral", MISTRAL),
    family("gpt-", openai(Thinking::Level, 128_000)),
    family("gpt-3", ModelTraits { structured_output: false, ..openai(Thinking::None, 4096) }),
    family("gpt-4", ModelTraits { structured_output: false, ..openai(Thinking::None, 4096) }),
    family("gpt-4o", openai(Thinking::None, 16_384)),
    family("gpt-4.1", openai(Thinking::None, 32_768)),
    family("gpt-4.5", openai(Thinking::None, 16_384)),
    family("gpt-audio", openai(Thinking::None, 16_384)),
    family("gpt-oss", ModelTraits { structured_output: false, ..openai(Thinking::Level, 32_768) }),
    family("chatgpt", openai(Thinking::None, 16_384)),
    family("chat-latest", openai(Thinking::None, 128_000)),
    family("codex-", openai(Thinking::Level, 100_000)),
    family("computer-use-preview", openai(Thinking::None, 16_384)),
    family("o1", openai(Thinking::Level, 100_000)),
    family("o3", openai(Thinking::Level, 100_000)),
    family("o4", openai(Thinking::Level, 100_000)),
    family("text-embedding-3", by(Maker::OpenAi, Thinking::None)),
    family("text-embedding-ada", by(Maker::OpenAi, Thinking::None)),
];
