//! Every row is sound: what it says can be acted on, and does not contradict itself.

use super::*;
use crate::dialect::hints::Fields;
use crate::dialect::quirks::{FOREIGN, REASONING, ToolIds};
use crate::provider::fill;

/// All that there must be a row for.
const NAMES: &[&str] = &[
    "anthropic",
    "anthropic-compatible",
    "bedrock",
    "cerebras",
    "cloudflare",
    "cohere",
    "dashscope",
    "databricks",
    "deepinfra",
    "deepseek",
    "fireworks",
    "gemini",
    "github",
    "groq",
    "huggingface",
    "hyperbolic",
    "jina",
    "litellm",
    "llama-cpp",
    "lm-studio",
    "minimax",
    "mistral",
    "moonshot",
    "nebius",
    "novita",
    "nvidia",
    "ollama",
    "openai",
    "openai-compatible",
    "openrouter",
    "perplexity",
    "sambanova",
    "sglang",
    "stepfun",
    "tgi",
    "together",
    "vercel",
    "vertex",
    "vllm",
    "voyage",
    "xai",
    "zai",
];

#[test]
fn everybody_is_there_once() {
    let mut names: Vec<_> = KINDS.iter().map(|k| k.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for name in NAMES {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn addresses_can_be_filled() {
    for kind in KINDS {
        let all = kind.surfaces.iter().flat_map(|s| [s.path, s.stream_path]);
        let texts: Vec<_> = all.chain([kind.url]).collect();
        let filled = texts.iter().map(|text| {
            kind.settings.iter().fold((*text).to_owned(), |t, s| fill(&t, s.name, "eu-1.x"))
        });
        for text in filled.filter(|t| !t.is_empty()) {
            let rest = text.replacen("{model}", "m", 1).replacen("{foundation_model}", "m", 1);
            assert!(!rest.contains(['{', '}']), "{}: {text}", kind.name);
            let is_local = text.starts_with("http://localhost:");
            assert!(
                text.starts_with("https://") || is_local || text.starts_with('/'),
                "{}: {text}",
                kind.name
            );
            assert!(!text.ends_with('/'), "{}: {text}", kind.name);
        }
        for setting in kind.settings {
            let named = format!("{{{}", setting.name);
            assert!(texts.iter().any(|t| t.contains(&named)), "{}: {}", kind.name, setting.name);
        }
        assert!(!kind.surfaces.is_empty() && kind.source.starts_with("https://"), "{}", kind.name);
        assert!(kind.key_env.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{}", kind.name);
    }
}

#[test]
fn quirks_do_not_contradict_each_other() {
    let chats = KINDS.iter().map(|kind| (kind.quirks, kind.name));
    let embeddings =
        KINDS.iter().filter_map(|kind| Some((kind.quirks.embeddings.body?, kind.name)));
    for (q, name) in chats.chain(embeddings) {
        let renamed: Vec<_> = q.rename.iter().map(|(ours, _)| *ours).collect();
        let theirs: Vec<_> = q.rename.iter().map(|(_, theirs)| *theirs).collect();
        let left_out: Vec<_> = q.drop.iter().chain(q.refuse).copied().collect();
        let changed = || {
            let clamped = q.clamp.iter().map(|(field, ..)| *field);
            let replaced = q.replace.iter().map(|(field, ..)| *field);
            let required = q.require.iter().map(|(field, _)| *field);
            clamped.chain(replaced).chain(required)
        };
        for field in renamed.iter().chain(&theirs).copied().chain(changed()) {
            assert!(!left_out.contains(&field), "{name}: {field} goes and stays");
        }
        for field in &renamed {
            assert!(!theirs.contains(field) && !changed().any(|f| f == *field), "{name}: {field}");
        }
        let values = q.drop_value.iter().map(|(field, _)| *field);
        let all = renamed.iter().chain(&theirs).chain(&left_out).chain(q.reasoning_drop);
        for field in all.copied().chain(changed()).chain(values) {
            assert!(Fields::knows(field), "{name}: add {field} to hints::NAMES");
        }
        for (field, least, most) in q.clamp {
            assert!(least <= most, "{name}: {field}");
        }
        let raws = q.drop_value.iter().map(|(_, v)| *v);
        let raws = raws.chain(q.replace.iter().flat_map(|(_, a, b)| [*a, *b]));
        for raw in raws.chain(q.require.iter().map(|(_, v)| *v)) {
            assert!(serde_json::from_str::<serde_json::Value>(raw).is_ok(), "{name}: {raw}");
        }
        for echo in q.echoes {
            assert!(FOREIGN.contains(echo), "{name}: {echo}");
        }
        if !q.no_reasoning.is_empty() {
            assert!(serde_json::from_str::<String>(q.no_reasoning).is_ok(), "{name}");
            assert!(q.echoes.contains(&q.reasoning), "{name} insists on what it does not take");
        }
        assert!(FOREIGN.contains(&q.reasoning), "{name}: {}", q.reasoning);
        assert!(q.reasoning == REASONING || !q.echoes.contains(&REASONING), "{name}");
        if let ToolIds::Max(most) = q.tool_ids {
            assert!(most >= 17, "{name}: see calls::fitted");
        }
    }
}
