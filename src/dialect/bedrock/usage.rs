//! Converse's `usage`, read into OpenAI's way of counting.
//!
//! `inputTokens` leaves out what was read from or written to the prompt cache;
//! OpenAI's `prompt_tokens` has both in.
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.

use crate::dialect::{Usage, cost};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// `None` where the value is not understood.
pub(super) fn read(raw: &str) -> Option<Usage> {
    let wire: Wire = serde_json::from_str(raw).ok()?;
    let count = |n: Option<f64>| n.map_or(0, Usage::tokens);
    let cached_input = count(wire.cache_read_input_tokens);
    let cache_write = count(wire.cache_write_input_tokens);
    let details = wire.cache_details.unwrap_or_default();
    let hour = details.iter().filter(|d| d.ttl.as_deref() == Some("1h"));
    let hour = hour.fold(0u64, |sum, d| sum.saturating_add(count(d.input_tokens)));
    Some(Usage {
        input: count(wire.input_tokens).saturating_add(cached_input).saturating_add(cache_write),
        output: count(wire.output_tokens),
        cached_input,
        cache_write,
        cache_write_1h: hour.min(cache_write),
        reasoning: 0,
        input_reported: wire.input_tokens.is_some(),
        output_reported: wire.output_tokens.is_some(),
        billed: None,
        cost: None,
        tier: None,
    })
}

/// By a `serviceTier`.
pub(super) fn tier(raw: Option<&RawValue>) -> Option<&'static str> {
    let tier: Tier<'_> = json::record(raw?.get().as_bytes())?;
    cost::tier(tier.type_)
}

#[derive(Deserialize)]
struct Tier<'a> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    cache_read_input_tokens: Option<f64>,
    cache_write_input_tokens: Option<f64>,
    cache_details: Option<Vec<CacheDetail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: Option<String>,
    input_tokens: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn counts_the_cache_in() {
        let raw = r#"{"inputTokens":10,"outputTokens":5,"totalTokens":15,"cacheReadInputTokens":200,"cacheWriteInputTokens":30,"cacheDetails":[{"ttl":"1h","inputTokens":20},{"ttl":"5m","inputTokens":10}]}"#;
        let usage = read(raw).unwrap();
        assert_eq!((usage.input, usage.output, usage.cached_input), (240, 5, 200));
        assert_eq!((usage.cache_write, usage.cache_write_1h), (30, 20));
        assert!(usage.input_reported && usage.output_reported);
        let absurd = read(r#"{"inputTokens":1e300,"outputTokens":-5}"#).unwrap();
        assert_eq!((absurd.input, absurd.output), (1_000_000_000, 0));
        assert_eq!(read("7"), None);
        assert!(!read("{}").unwrap().input_reported);
    }
}
