//! OpenAI's `usage` object, read and written.
//!
//! `prompt_tokens` counts cached and cache-write tokens in, `completion_tokens`
//! counts reasoning in. What a provider charged for writing its prompt cache is
//! `prompt_tokens_details.cache_write_tokens` at OpenAI (from GPT-5.6 on) and
//! `cache_creation_tokens` among gateways: both are read, the latter is written.

use crate::dialect::Usage;
use crate::wire::json;
use serde::Deserialize;

/// Reads a `usage` value. `None` where it is null or not understood: then
/// nothing was reported, which is not zero.
pub(super) fn read(raw: &[u8]) -> Option<Usage> {
    let wire: Option<Wire> = serde_json::from_slice(raw).ok()?;
    let wire = wire?;
    let prompt = wire.prompt_tokens_details.unwrap_or_default();
    let completion = wire.completion_tokens_details.unwrap_or_default();
    Some(Usage {
        input: tokens(wire.prompt_tokens),
        output: tokens(wire.completion_tokens),
        cached_input: tokens(prompt.cached_tokens),
        cache_write: tokens(prompt.cache_creation_tokens.or(prompt.cache_write_tokens)),
        cache_write_1h: 0,
        reasoning: tokens(completion.reasoning_tokens),
        input_reported: wire.prompt_tokens.is_some(),
        output_reported: wire.completion_tokens.is_some(),
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
    fn nothing_reported_is_not_zero() {
        assert_eq!(read(b"null"), None);
        assert_eq!(read(br#""x""#), None);
        assert!(!read(b"{}").unwrap().input_reported);
        assert_eq!(read(br#"{"prompt_tokens":-3}"#).unwrap().input, 0);
        assert_eq!(read(br#"{"prompt_tokens":1e300}"#).unwrap().input, 1_000_000_000);
    }
}
