//! Responses' `usage` object. It counts as chat's does, under other names: cached
//! and written tokens are parts of `input_tokens`, reasoning of `output_tokens`.

use crate::dialect::{Usage, cost};
use serde::Deserialize;

/// `None` where it is null or not understood: nothing was reported.
pub(super) fn read(raw: &str) -> Option<Usage> {
    let wire: Wire = serde_json::from_str::<Option<Wire>>(raw).ok()??;
    let input = wire.input_tokens_details.unwrap_or_default();
    let output = wire.output_tokens_details.unwrap_or_default();
    Some(Usage {
        input: tokens(wire.input_tokens),
        output: tokens(wire.output_tokens),
        cached_input: tokens(input.cached_tokens),
        cache_write: tokens(input.cache_write_tokens),
        cache_write_1h: 0,
        reasoning: tokens(output.reasoning_tokens),
        input_reported: wire.input_tokens.is_some(),
        output_reported: wire.output_tokens.is_some(),
        cost: cost::told(raw.as_bytes()),
        billed: None,
        tier: None,
    })
}

fn tokens(number: Option<f64>) -> u64 {
    number.map_or(0, Usage::tokens)
}

#[derive(Deserialize)]
struct Wire {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    input_tokens_details: Option<Input>,
    output_tokens_details: Option<Output>,
}

#[derive(Deserialize, Default)]
struct Input {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
}

#[derive(Deserialize, Default)]
struct Output {
    reasoning_tokens: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let raw = r#"{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}"#;
        let usage = read(raw).unwrap();
        assert_eq!((usage.input, usage.cached_input, usage.cache_write), (10, 4, 3));
        assert_eq!((usage.output, usage.reasoning), (5, 2));
        assert!(usage.input_reported && usage.output_reported);
        assert_eq!(read("null"), None);
        assert_eq!(read("[7]"), None);
        assert!(!read("{}").unwrap().input_reported);
    }
}
