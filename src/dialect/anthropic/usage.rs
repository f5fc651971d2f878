//! Anthropic's `usage` object, read into OpenAI's way of counting.
//!
//! `input_tokens` leaves out what was read from or written to the prompt cache;
//! OpenAI's `prompt_tokens` has both in. In a stream `message_start` says what
//! went in and `message_delta` what came out, cumulatively; the latter may repeat
//! the former's fields, and then it is the newer word.

use crate::dialect::{Usage, cost};
use serde::Deserialize;

/// Takes in one `usage` value: fields that are absent keep what was known.
/// `None` where it is not understood.
pub(super) fn update(usage: &mut Usage, raw: &str) -> Option<Tier> {
    let wire: Wire = serde_json::from_str(raw).ok()?;
    // What is neither read nor written, from the parts known so far.
    let fresh = usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_write);
    let fresh = wire.input_tokens.map_or(fresh, Usage::tokens);
    set(&mut usage.cached_input, wire.cache_read_input_tokens);
    set(&mut usage.cache_write, wire.cache_creation_input_tokens);
    if let Some(parts) = wire.cache_creation {
        set(&mut usage.cache_write_1h, parts.ephemeral_1h_input_tokens);
    }
    usage.input = fresh.saturating_add(usage.cached_input).saturating_add(usage.cache_write);
    set(&mut usage.output, wire.output_tokens);
    if let Some(details) = wire.output_tokens_details {
        set(&mut usage.reasoning, details.thinking_tokens);
    }
    usage.input_reported |= wire.input_tokens.is_some();
    // Of servers that speak Anthropic's language, not of Anthropic's own.
    usage.cost = cost::told(raw.as_bytes()).or(usage.cost);
    let tier = wire.service_tier.as_ref().and_then(|t| match t.as_str()? {
        "standard" => Some("default"),
        "priority" => Some("priority"),
        _ => None,
    });
    usage.tier = tier.or(usage.tier).filter(|t| *t != "default");
    Some(Tier(tier))
}

/// OpenAI's word for the tier that served the call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier(pub(super) Option<&'static str>);

fn set(field: &mut u64, number: Option<f64>) {
    if let Some(number) = number {
        *field = Usage::tokens(number);
    }
}

#[derive(Deserialize)]
struct Wire {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    cache_read_input_tokens: Option<f64>,
    cache_creation_input_tokens: Option<f64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    service_tier: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Option<f64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_cache_in() {
        let mut usage = Usage::default();
        let start = r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1,"service_tier":"standard"}"#;
        assert_eq!(update(&mut usage, start), Some(Tier(Some("default"))));
        assert_eq!((usage.input, usage.cached_input, usage.cache_write), (240, 200, 30));
        assert_eq!((usage.cache_write_1h, usage.input_reported), (20, true));
        let delta = r#"{"output_tokens":55,"output_tokens_details":{"thinking_tokens":40}}"#;
        update(&mut usage, delta);
        assert_eq!((usage.input, usage.output, usage.reasoning), (240, 55, 40));
        update(&mut usage, r#"{"input_tokens":12,"cache_read_input_tokens":0,"output_tokens":56}"#);
        assert_eq!((usage.input, usage.cached_input, usage.output), (42, 0, 56));
        assert_eq!(update(&mut usage, "7"), None);
    }

    #[test]
    fn an_absurd_count_is_bounded() {
        let mut usage = Usage::default();
        update(&mut usage, r#"{"input_tokens":1e300,"output_tokens":-5}"#);
        assert_eq!((usage.input, usage.output), (1_000_000_000, 0));
    }
}
