//! OpenAI's `usage` object, read and written.
//!
//! `prompt_tokens` counts cached and cache-write tokens in, `completion_tokens`
//! counts reasoning in. What a provider charged for writing its prompt cache is
//! `prompt_tokens_details.cache_write_tokens` at OpenAI (from GPT-5.6 on) and
//! `cache_creation_tokens` among gateways: both are read, the latter is written.
//!
//! Others' ways of saying the same, where OpenAI's is absent: cached tokens as
//! `prompt_cache_hit_tokens` (DeepSeek,
//! <https://api-docs.deepseek.com/api/create-chat-completion>) or `cached_tokens`
//! (Moonshot, StepFun, <https://platform.kimi.ai/docs/api/chat>), reasoning as
//! `reasoning_tokens` (Perplexity). xAI counts reasoning beside `completion_tokens`
//! (<https://docs.x.ai/docs/guides/reasoning>); its total tells, so that no provider
//! need be known here.

use crate::dialect::{Usage, cost};
use crate::wire::json;
use serde::Deserialize;

/// Reads a `usage` value. `None` where it is null or not understood: then
/// nothing was reported, which is not zero.
pub fn read(raw: &[u8]) -> Option<Usage> {
    let wire: Option<Wire> = serde_json::from_slice(raw).ok()?;
    let wire = wire?;
    let prompt = wire.prompt_tokens_details.unwrap_or_default();
    let completion = wire.completion_tokens_details.unwrap_or_default();
    let cached = prompt.cached_tokens.or(wire.prompt_cache_hit_tokens).or(wire.cached_tokens);
    let reasoning = tokens(completion.reasoning_tokens.or(wire.reasoning_tokens));
    let (input, mut output) = (tokens(wire.prompt_tokens), tokens(wire.completion_tokens));
    let all = input.saturating_add(output).saturating_add(reasoning);
    let adds_up = reasoning > 0 && wire.total_tokens.map(Usage::tokens) == Some(all);
    // More than all of the output cannot be a part of it.
    if adds_up || reasoning > output {
        output = output.saturating_add(reasoning);
    }
    Some(Usage {
        input,
        output,
        cached_input: tokens(cached),
        cache_write: tokens(prompt.cache_creation_tokens.or(prompt.cache_write_tokens)),
        cache_write_1h: 0,
        reasoning,
        input_reported: wire.prompt_tokens.is_some(),
        output_reported: wire.completion_tokens.is_some(),
        cost: cost::told(raw),
        billed: None,
        tier: None,
    })
}

/// Appends `usage` as OpenAI's object.
pub fn write(out: &mut Vec<u8>, usage: &Usage) {
    let mut field = |name: &str, number: u64| {
        out.extend_from_slice(name.as_bytes());
        json::push_number(out, number);
    };
    field(r#"{"prompt_tokens":"#, usage.input);
    field(r#","completion_tokens":"#, usage.output);
    field(r#","total_tokens":"#, usage.input.saturating_add(usage.output));
    field(r#","prompt_tokens_details":{"cached_tokens":"#, usage.cached_input);
    field(r#","cache_creation_tokens":"#, usage.cache_write);
    field(r#"},"completion_tokens_details":{"reasoning_tokens":"#, usage.reasoning);
    out.extend_from_slice(b"}}");
}

#[derive(Deserialize)]
struct Wire {
    prompt_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    total_tokens: Option<f64>,
    cached_tokens: Option<f64>,
    prompt_cache_hit_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize, Default)]
struct PromptDetails {
    cached_tokens: Option<f64>,
    cache_creation_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
}

#[derive(Deserialize, Default)]
struct CompletionDetails {
    reasoning_tokens: Option<f64>,
}

fn tokens(number: Option<f64>) -> u64 {
    number.map_or(0, Usage::tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let raw = br#"{"prompt_tokens":10,"completion_tokens":5.0,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2,"x":null}}"#;
        let usage = read(raw).unwrap();
        assert_eq!((usage.input, usage.output, usage.cached_input, usage.reasoning), (10, 5, 4, 2));
        assert!(usage.input_reported && usage.output_reported);
        let mut out = Vec::new();
        write(&mut out, &usage);
        assert_eq!(read(&out), Some(usage));
    }

    #[test]
    fn reads_other_spellings() {
        for (raw, output, cached, reasoning) in [
            (r#"{"prompt_tokens":9,"completion_tokens":5,"prompt_cache_hit_tokens":4}"#, 5, 4, 0),
            (r#"{"prompt_tokens":9,"completion_tokens":5,"cached_tokens":3}"#, 5, 3, 0),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":34,"completion_tokens_details":{"reasoning_tokens":20}}"#,
                25,
                0,
                20,
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":25,"total_tokens":34,"completion_tokens_details":{"reasoning_tokens":20}}"#,
                25,
                0,
                20,
            ),
            (
                r#"{"prompt_tokens":33,"completion_tokens":7,"total_tokens":40,"reasoning_tokens":95}"#,
                102,
                0,
                95,
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"reasoning_tokens":2,"citation_tokens":7}"#,
                5,
                0,
                2,
            ),
        ] {
            let usage = read(raw.as_bytes()).unwrap();
            assert_eq!(
                (usage.output, usage.cached_input, usage.reasoning),
                (output, cached, reasoning),
                "{raw}"
            );
        }
    }

    #[test]
    fn nothing_reported_is_not_zero() {
        assert_eq!(read(b"null"), None);
        assert_eq!(read(br#""x""#), None);
        assert!(!read(b"{}").unwrap().input_reported);
        assert_eq!(read(br#"{"prompt_tokens":-3}"#).unwrap().input, 0);
        assert_eq!(read(br#"{"prompt_tokens":1e300}"#).unwrap().input, 1_000_000_000);
    }
}
