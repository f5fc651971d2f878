//! Cohere's counts, read into OpenAI's way of counting.
//!
//! Chat: `usage.tokens`, which is what the model read and wrote; `billed_units` where
//! there are no others; `cached_tokens` of what was read. Embeddings and rerank:
//! `meta`, with the same inside. A rerank is billed by `search_units` (a query with up
//! to 100 documents), which are no tokens and are never counted as such: where no
//! tokens are told, its input counts as not reported, and is estimated like any other.
//!
//! The billed ones are fewer, as a model's own template is not among them: a call of
//! which both are told costs by these.
//!
//! Spec: <https://docs.cohere.com/docs/how-does-cohere-pricing-work>.

use crate::dialect::Usage;
use serde::Deserialize;

/// Reads a chat's `usage`. `None` where it is not understood.
pub(super) fn of_chat(raw: &str) -> Option<Usage> {
    let wire: Wire = serde_json::from_str(raw).ok()?;
    let (tokens, billed) = (wire.tokens.unwrap_or_default(), wire.billed_units.unwrap_or_default());
    let input = tokens.input_tokens.or(billed.input_tokens);
    let output = tokens.output_tokens.or(billed.output_tokens);
    let charged = billed.input_tokens.zip(billed.output_tokens);
    Some(Usage {
        input: count(input),
        output: count(output),
        cached_input: count(wire.cached_tokens).min(count(input)),
        reasoning: count(tokens.reasoning_tokens).min(count(output)),
        input_reported: input.is_some(),
        output_reported: output.is_some(),
        billed: charged.map(|(i, o)| (Usage::tokens(i), Usage::tokens(o))),
        ..Usage::default()
    })
}

/// Reads the `meta` of embeddings: what is billed is what was read.
pub(super) fn of_embed(raw: Option<&str>) -> Usage {
    let wire: Wire = raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    let (tokens, billed) = (wire.tokens.unwrap_or_default(), wire.billed_units.unwrap_or_default());
    let parts = match (billed.text_tokens, billed.image_tokens) {
        (None, None) => None,
        (text, image) => Some(text.unwrap_or(0.0) + image.unwrap_or(0.0)),
    };
    Usage::input_only(billed.input_tokens.or(parts).or(tokens.input_tokens))
}

/// Reads the `meta` of a rerank.
pub(super) fn of_rerank(raw: Option<&str>) -> Usage {
    let wire: Wire = raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    let (tokens, billed) = (wire.tokens.unwrap_or_default(), wire.billed_units.unwrap_or_default());
    Usage::input_only(billed.input_tokens.or(tokens.input_tokens))
}

fn count(number: Option<f64>) -> u64 {
    number.map_or(0, Usage::tokens)
}

#[derive(Deserialize, Default)]
struct Wire {
    tokens: Option<Tokens>,
    billed_units: Option<Tokens>,
    cached_tokens: Option<f64>,
}

#[derive(Deserialize, Default)]
struct Tokens {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
    text_tokens: Option<f64>,
    image_tokens: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_before_billed_units() {
        let usage = of_chat(
            r#"{"billed_units":{"input_tokens":1,"output_tokens":9},"tokens":{"input_tokens":496.0,"output_tokens":11},"cached_tokens":448}"#,
        )
        .unwrap();
        assert_eq!((usage.input, usage.output, usage.cached_input), (496, 11, 448));
        assert!(usage.input_reported && usage.output_reported);
        assert_eq!(usage.billed, Some((1, 9)));
        let usage = of_chat(r#"{"billed_units":{"input_tokens":1,"output_tokens":9}}"#).unwrap();
        assert_eq!((usage.input, usage.output), (1, 9));
        assert!(!of_chat("{}").unwrap().input_reported);
        assert_eq!(of_chat("7"), None);
    }

    #[test]
    fn absurd_counts_are_bounded() {
        let usage =
            of_chat(r#"{"tokens":{"input_tokens":-4,"output_tokens":1e300},"cached_tokens":9}"#);
        let usage = usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.cached_input), (0, 1_000_000_000, 0));
    }

    #[test]
    fn search_units_are_no_tokens() {
        let usage = of_rerank(Some(r#"{"billed_units":{"search_units":1}}"#));
        assert!(!usage.input_reported && usage.output_reported && usage.input == 0);
        let usage = of_rerank(Some(r#"{"tokens":{"input_tokens":7}}"#));
        assert!(usage.input_reported && usage.input == 7);
        assert_eq!(of_embed(Some(r#"{"billed_units":{"input_tokens":5}}"#)).input, 5);
        assert_eq!(of_embed(Some(r#"{"billed_units":{"images":1,"image_tokens":6}}"#)).input, 6);
        assert!(!of_embed(None).input_reported);
    }
}
