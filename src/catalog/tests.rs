//! The committed table against rows checked by hand, every form of a name, and the
//! traits of every family.

use super::*;
use crate::dialect::{Maker, Thinking};

mod bills;

const NONE: &str = "";

/// provider, model, mode, abilities, the eight prices (USD per million), context,
/// most output, end.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    [&'static str; 8],
    [u32; 2],
    &'static str,
);

#[rustfmt::skip]
const CHECKED: &[Row] = &[
    ("anthropic", "claude-haiku-4-5-20251001", "chat", "tools vision pdf schema reasoning prompt_cache prefill", ["1", "5", "0.1", "1.25", "2", NONE, NONE, NONE], [200_000, 64_000], ""),
    ("anthropic", "claude-fable-5-1", "chat", "tools vision pdf schema reasoning prompt_cache", ["10", "50", "0.25", "12.5", "20", NONE, NONE, NONE], [1_000_000, 128_000], ""),
    ("openai", "gpt-5", "chat", "tools parallel_tools vision pdf schema reasoning prompt_cache", ["1.25", "10", "0.125", NONE, NONE, NONE, NONE, NONE], [272_000, 128_000], "2026-12-11"),
    ("openai", "gpt-5-pro", "responses", "tools parallel_tools vision pdf schema reasoning prompt_cache", ["15", "120", NONE, NONE, NONE, NONE, NONE, NONE], [400_000, 272_000], "2026-12-11"),
    ("openai", "text-embedding-3-small", "embedding", "", ["0.02", "0", NONE, NONE, NONE, NONE, NONE, NONE], [8191, 0], ""),
    ("openai", "ft:gpt-4o-2024-08-06", "chat", "tools parallel_tools vision pdf schema prompt_cache", ["3.75", "15", "1.875", NONE, NONE, NONE, NONE, NONE], [128_000, 16_384], "2027-01-14"),
    ("azure", "eu/gpt-5", "chat", "", ["1.375", "11", "0.1375", NONE, NONE, NONE, NONE, NONE], [0, 0], "2027-02-09"),
    ("azure_ai", "Phi-4", "chat", "tools", ["0.125", "0.5", NONE, NONE, NONE, NONE, NONE, NONE], [16_384, 16_384], "2027-01-17"),
    ("gemini", "gemini-2.5-pro", "chat", "tools vision pdf audio_in schema reasoning prompt_cache", ["1.25", "10", "0.125", NONE, NONE, "2.5", "15", NONE], [1_048_576, 65_536], ""),
    ("gemini", "gemini-3.5-flash", "chat", "tools parallel_tools vision pdf audio_in schema reasoning prompt_cache", ["1.5", "9", "0.15", NONE, NONE, NONE, NONE, "9"], [1_048_576, 65_536], ""),
    ("vertex", "claude-sonnet-4-5@20250929", "chat", "tools vision pdf schema reasoning prompt_cache prefill", ["3", "15", "0.3", "3.75", "6", "6", "22.5", NONE], [200_000, 64_000], "2026-09-29"),
    // Two rows of the list, each with something the other lacks.
    ("vertex", "gemini-3-flash-preview", "chat", "tools parallel_tools vision pdf audio_in schema reasoning prompt_cache", ["0.5", "3", "0.05", NONE, NONE, NONE, NONE, "3"], [1_048_576, 65_535], ""),
    ("bedrock", "us.anthropic.claude-opus-4-8", "chat", "tools vision pdf schema reasoning prompt_cache", ["5.5", "27.5", "0.55", "6.875", "11", NONE, NONE, NONE], [1_000_000, 128_000], ""),
    ("bedrock", "eu-west-2/meta.llama3-70b-instruct-v1:0", "chat", "", ["3.45", "4.55", NONE, NONE, NONE, NONE, NONE, NONE], [8192, 8192], "2027-03-30"),
    ("bedrock", "amazon.nova-lite-v1:0", "chat", "tools vision pdf schema prompt_cache", ["0.06", "0.24", "0.015", NONE, NONE, NONE, NONE, NONE], [300_000, 10_000], ""),
    ("cohere", "rerank-v5.0-pro", "rerank", "", ["0.05", "0", NONE, NONE, NONE, NONE, NONE, NONE], [32_768, 32_768], ""),
    // Free is a price.
    ("cohere", "command-a-plus-05-2026", "chat", "tools vision schema reasoning", ["0", "0", NONE, NONE, NONE, NONE, NONE, NONE], [128_000, 64_000], ""),
    ("mistral", "mistral-embed", "embedding", "", ["0.1", NONE, NONE, NONE, NONE, NONE, NONE, NONE], [8192, 0], ""),
    ("xai", "grok-4.7", "chat", "tools vision schema reasoning prompt_cache", ["2", "6", "0.5", NONE, NONE, "4", "12", NONE], [500_000, 500_000], ""),
    ("groq", "openai/gpt-oss-120b", "chat", "tools parallel_tools schema reasoning prompt_cache", ["0.15", "0.6", "0.075", NONE, NONE, NONE, NONE, NONE], [131_072, 65_536], ""),
    ("deepseek", "deepseek-chat", "chat", "tools parallel_tools schema prompt_cache prefill", ["0.28", "0.42", "0.028", "0", NONE, NONE, NONE, NONE], [131_072, 8192], "2026-07-24"),
    ("perplexity", "sonar-deep-research", "chat", "reasoning", ["2", "8", NONE, NONE, NONE, NONE, NONE, "3"], [128_000, 128_000], ""),
    ("databricks", "databricks-gemini-3-1-pro", "chat", "tools vision audio_in reasoning prompt_cache", ["2.49998", "15.00002", "0.24997", "2.49998", NONE, "5.00003", "22.5", NONE], [1_048_576, 65_536], ""),
    ("together", "moonshotai/Kimi-K2-Instruct", "chat", "tools parallel_tools schema", ["1", "3", NONE, NONE, NONE, NONE, NONE, NONE], [0, 0], ""),
];

#[test]
fn checked_rows_stand_as_they_were_listed() {
    for (provider, model, mode, abilities, prices, [context, most], retires) in CHECKED {
        let row = table::find(provider, ["", "", model]).unwrap();
        assert_eq!((row.provider, row.model), (*provider, *model));
        assert_eq!(row.mode.as_str(), *mode, "{model}");
        let can: Vec<_> = row.abilities.iter().map(|a| a.as_str()).collect();
        assert_eq!(can.join(" "), *abilities, "{model}");
        let columns =
            prices.map(|p| Some(p).filter(|p| !p.is_empty()).map(|p| price::parse(p).unwrap()));
        assert_eq!(row.price.unwrap().columns(), columns, "{model}");
        assert_eq!(row.context.unwrap_or(0), *context, "{model}");
        assert_eq!(row.max_output.unwrap_or(0), *most, "{model}");
        assert_eq!(row.retires, *retires, "{model}");
    }
}

#[test]
fn the_table_is_all_there() {
    let count = |test: &dyn Fn(&Listing) -> bool| all().filter(|row| test(row)).count();
    let of = |provider: &str| count(&|row| row.provider == provider);
    let most = [
        ("bedrock", 474),
        ("fireworks", 323),
        ("azure", 255),
        ("azure_ai", 130),
        ("openai", 128),
        ("vertex", 113),
        ("gemini", 43),
        ("anthropic", 22),
        ("cohere", 21),
    ];
    for (provider, rows) in most {
        assert_eq!(of(provider), rows, "{provider}");
    }
    assert_eq!(all().count(), 2364);
    // gemini-exp-1206: its rows contradict each other, so neither is believed.
    assert_eq!(count(&|row| row.price.is_none()), 1);
    assert_eq!(count(&|row| row.mode == Mode::Responses), 138);
    assert!(table::TEXT.len() < 200 << 10, "{} bytes", table::TEXT.len());
}

#[test]
fn finds_a_model_by_every_form_of_its_name() {
    for (kind, region, asked, found) in [
        ("openai", "", "gpt-5", "gpt-5"),
        ("openai", "", "GPT-5", "gpt-5"),
        ("openai", "", "gpt-5-2025-08-07", "gpt-5-2025-08-07"),
        ("openai", "", "gpt-5-2099-12-31", "gpt-5"),
        ("openai", "", "gpt-5-latest", "gpt-5"),
        ("openai", "", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "", "ft:gpt-4o-2024-08-06:acme::x1", "ft:gpt-4o-2024-08-06"),
        ("azure", "", "gpt-35-turbo", "gpt-35-turbo"),
        ("azure", "", "Phi-4", "Phi-4"),
        ("azure-deployments", "", "gpt-5", "gpt-5"),
        ("azure-deployments", "", "phi-4", "Phi-4"),
        ("azure", "", "phi-4", "Phi-4"),
        ("azure", "", "mistral-large-latest", "mistral-large-latest"),
        ("anthropic", "", "claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("anthropic", "", "claude-haiku-4-5-20991231", "claude-haiku-4-5"),
        ("anthropic", "", "claude-haiku-4-5-latest", "claude-haiku-4-5"),
        ("gemini", "", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini", "", "gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("gemini", "", "google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("vertex", "us-east5", "publishers/google/models/gemini-2.0-flash-001", "gemini-2.0-flash"),
        (
            "vertex",
            "",
            "projects/p/locations/l/publishers/google/models/gemini-2.5-pro",
            "gemini-2.5-pro",
        ),
        ("vertex", "", "claude-haiku-4-5@20251001", "claude-haiku-4-5@20251001"),
        ("vertex", "", "claude-haiku-4-5@20991231", "claude-haiku-4-5"),
        ("vertex", "", "claude-opus-4-8@default", "claude-opus-4-8@default"),
        ("vertex", "", "claude-opus-4-8-20991231", "claude-opus-4-8"),
        ("bedrock", "", "amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("bedrock", "", "amazon.nova-lite-v1:0:300k", "amazon.nova-lite-v1:0"),
        ("bedrock", "us-east-1", "us.anthropic.claude-opus-4-8", "us.anthropic.claude-opus-4-8"),
        (
            "bedrock",
            "us-east-1",
            "us.anthropic.claude-opus-4-8-v1:0",
            "us.anthropic.claude-opus-4-8",
        ),
        (
            "bedrock",
            "",
            "eu.anthropic.claude-opus-4-8-20991231-v1:0",
            "eu.anthropic.claude-opus-4-8",
        ),
        ("bedrock", "", "global.anthropic.claude-opus-4-8-v1", "global.anthropic.claude-opus-4-8"),
        ("bedrock", "", "ca.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "bedrock",
            "eu-west-2",
            "meta.llama3-70b-instruct-v1:0",
            "eu-west-2/meta.llama3-70b-instruct-v1:0",
        ),
        ("bedrock", "eu-west-9", "meta.llama3-70b-instruct-v1:0", "meta.llama3-70b-instruct-v1:0"),
        (
            "bedrock",
            "",
            "arn:aws:bedrock:eu-west-2::foundation-model/meta.llama3-70b-instruct-v1:0",
            "eu-west-2/meta.llama3-70b-instruct-v1:0",
        ),
        (
            "bedrock",
            "",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8",
            "us.anthropic.claude-opus-4-8",
        ),
        (
            "bedrock",
            "",
            "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.nova-lite-v1:0",
            "us-gov-west-1/amazon.nova-lite-v1:0",
        ),
        ("groq", "", "openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("xai", "", "grok-4.7-latest", "grok-4.7"),
        ("cloudflare", "", "@cf/openai/gpt-oss-120b", "@cf/openai/gpt-oss-120b"),
        (
            "fireworks",
            "",
            "accounts/fireworks/models/kimi-k2-instruct",
            "accounts/fireworks/models/kimi-k2-instruct",
        ),
        ("together", "", "moonshotai/Kimi-K2-Instruct", "moonshotai/Kimi-K2-Instruct"),
    ] {
        assert_eq!(find(kind, region, asked).map(|row| row.model), Some(found), "{kind} {asked}");
    }
}

#[test]
fn what_is_not_listed_is_not_guessed() {
    for (kind, asked) in [
        ("openai", "gpt-99"),
        ("openai", ""),
        ("openai", "claude-haiku-4-5"),
        ("openai", "ft:gpt-99:acme::x"),
        ("openai", "gpt-5-2025-08"),
        ("openai-compatible", "gpt-5"),
        ("anthropic-compatible", "claude-haiku-4-5"),
        ("openrouter", "anthropic/claude-haiku-4-5"),
        ("no such kind", "gpt-5"),
        ("mistral", "mistral-large-2407"),
        ("vertex", "projects/p/locations/l/endpoints/123"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:provisioned-model/abc"),
        ("bedrock", "arn:"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile"),
        ("bedrock", "claude-haiku-4-5"),
        ("bedrock", "xx.anthropic.claude-opus-4-8"),
        ("bedrock", ":"),
        ("bedrock", "-v1:0"),
        ("fireworks", "accounts/fireworks/models/kimi-k2-instruct#accounts/me/deployments/x"),
    ] {
        assert_eq!(find(kind, "us-east-1", asked), None, "{kind} {asked}");
        assert_eq!(known(kind, "", asked).price, None);
    }
    // Deprecated spellings stand in the list too: each name is found as itself first.
    for row in all() {
        let found = find(row.provider, "", row.model);
        assert_eq!(found, Some(row), "{} {}", row.provider, row.model);
    }
}

#[test]
fn free_is_a_price_but_not_for_what_is_paid_by_the_search() {
    assert_eq!(known("cohere", "", "command-a-plus-05-2026").price.map(|p| p.input), Some(0));
    assert_eq!(known("cohere", "", "rerank-v5.0-pro").price.map(|p| p.input), Some(50_000));
    assert_eq!(known("cohere", "", "rerank-v3.5").price, None);
    assert_eq!(known("gemini", "", "lyria-3.5").price, None);
}

#[test]
fn claude_is_claude_wherever_it_runs() {
    for model in [
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "projects/p/locations/l/publishers/anthropic/models/claude-haiku-4-5",
        "databricks-claude-haiku-4-5",
        "anthropic/claude-haiku-4-5",
    ] {
        for kind in ["anthropic", "vertex", "bedrock", "openai-compatible"] {
            let t = traits(kind, model);
            let all = (t.maker, t.thinking, t.max_output_tokens, t.structured_output);
            assert_eq!(all, (Maker::Anthropic, Thinking::Budget, 64_000, true), "{kind} {model}");
        }
    }
    assert_eq!(traits("anthropic", "claude-opus-4-20250514").thinking, Thinking::Budget);
    assert_eq!(traits("bedrock", "us.anthropic.claude-opus-4-7").thinking, Thinking::Adaptive);
    assert!(!traits("anthropic", "claude-opus-4-7").sampling);
    assert!(traits("anthropic", "claude-opus-4-6").sampling);
    assert_eq!(traits("bedrock", "global.anthropic.claude-fable-5-1").thinking, Thinking::Always);
    assert_eq!(traits("anthropic", "claude-sonnet-5-5").thinking, Thinking::Always);
    assert_eq!(traits("anthropic", "claude-haiku-5-5").thinking, Thinking::Adaptive);
    assert!(traits("anthropic", "claude-opus-4-1").structured_output);
    assert!(!traits("bedrock", "us.anthropic.claude-opus-4-1-20250805-v1:0").structured_output);
    assert_eq!(traits("bedrock", "anthropic.claude-v2:1").max_output_tokens, 4096);
}

#[test]
fn other_makers_have_their_own_ways() {
    for (kind, model, maker, thinking, schemas, most) in [
        ("gemini", "gemini-2.5-flash", Maker::Google, Thinking::Budget, true, 65_536),
        ("vertex", "google/gemini-2.5-pro", Maker::Google, Thinking::Always, true, 65_535),
        ("gemini", "models/gemini-3.5-flash", Maker::Google, Thinking::Level, true, 65_536),
        ("gemini", "gemini-3-unheard-of", Maker::Google, Thinking::Level, true, 65_536),
        ("gemini", "gemini-flash-latest", Maker::Google, Thinking::Level, true, 65_536),
        ("vertex", "gemini-2.0-flash-001", Maker::Google, Thinking::None, true, 8192),
        ("gemini", "gemini-2.5-pro-preview-tts", Maker::Google, Thinking::None, true, 16_384),
        ("gemini", "gemma-3-27b-it", Maker::Google, Thinking::None, true, 8192),
        ("bedrock", "us.amazon.nova-2-lite-v1:0", Maker::Amazon, Thinking::Level, false, 64_000),
        ("bedrock", "amazon.nova-pro-v1:0", Maker::Amazon, Thinking::None, false, 10_000),
        (
            "bedrock",
            "us.meta.llama4-scout-17b-instruct-v1:0",
            Maker::Meta,
            Thinking::None,
            false,
            8192,
        ),
        ("bedrock", "deepseek.v3.2", Maker::DeepSeek, Thinking::None, true, 0),
        (
            "bedrock",
            "mistral.mistral-large-3-675b-instruct",
            Maker::Mistral,
            Thinking::None,
            true,
            0,
        ),
        ("bedrock", "openai.gpt-oss-120b-1:0", Maker::OpenAi, Thinking::Level, true, 16_384),
        ("bedrock", "cohere.command-r-plus-v1:0", Maker::Cohere, Thinking::None, true, 4_000),
        ("cohere", "command-a-reasoning-08-2025", Maker::Cohere, Thinking::Budget, true, 32_000),
        ("cohere", "command-a-plus-05-2026", Maker::Cohere, Thinking::Budget, true, 64_000),
        ("cohere", "command-a-03-2025", Maker::Cohere, Thinking::None, true, 8000),
        ("openai", "gpt-5.4-mini", Maker::OpenAi, Thinking::Level, true, 128_000),
        ("openai", "gpt-4o", Maker::OpenAi, Thinking::None, true, 16_384),
        ("openai", "gpt-5-pro", Maker::OpenAi, Thinking::Level, true, 272_000),
        ("azure", "o3-mini", Maker::OpenAi, Thinking::Level, true, 100_000),
        ("mistral", "mistral-large-latest", Maker::Mistral, Thinking::None, true, 262_144),
        ("xai", "grok-4.7", Maker::Other, Thinking::None, true, 500_000),
    ] {
        let t = traits(kind, model);
        let all = (t.maker, t.thinking, t.structured_output);
        assert_eq!(all, (maker, thinking, schemas), "{kind} {model}");
        assert!(most == 0 || t.max_output_tokens == most, "{kind} {model} {}", t.max_output_tokens);
    }
    for (kind, model, reasons) in
        [("xai", "grok-4.7", true), ("mistral", "mistral-large-latest", false), ("x", "o3", true)]
    {
        assert_eq!(traits(kind, model).reasons, reasons, "{kind} {model}");
    }
    assert_eq!(traits("openai-compatible", "granite-9"), families::UNKNOWN);
}

#[test]
fn a_model_of_responses_asks_for_them() {
    assert_eq!(known("openai", "", "gpt-5-pro").api(), Some(Dialect::OpenAiResponses));
    assert_eq!(known("openai", "", "gpt-5").api(), None);
    assert_eq!(known("openai", "", "gpt-99").api(), None);
}
