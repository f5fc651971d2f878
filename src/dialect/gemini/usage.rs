//! Gemini's `usageMetadata`, read into OpenAI's way of counting.
//!
//! `promptTokenCount` has what came from the cache in, as OpenAI's has, but leaves
//! out what tools at Google brought (`toolUsePromptTokenCount`). Thoughts are beside
//! `candidatesTokenCount`; for OpenAI they are a part of the output. Some versions
//! counted them in: the total tells. In a stream each event has the newest counts.
//!
//! Spec: <https://ai.google.dev/api/generate-content#UsageMetadata>.

use crate::dialect::Usage;
use serde::Deserialize;

/// Takes in one `usageMetadata` value: fields that are absent keep what was known.
/// `None` where it is not understood.
pub(super) fn update(usage: &mut Usage, raw: &str) -> Option<Tier> {
    let wire: Wire = serde_json::from_str(raw).ok()?;
    let count = |number: Option<f64>| number.map_or(0, Usage::tokens);
    if wire.prompt_token_count.is_some() {
        let tools = count(wire.tool_use_prompt_token_count);
        usage.input = count(wire.prompt_token_count).saturating_add(tools);
        usage.cached_input = count(wire.cached_content_token_count);
        usage.input_reported = true;
    }
    if wire.candidates_token_count.is_some() || wire.thoughts_token_count.is_some() {
        let (told, thoughts) =
            (count(wire.candidates_token_count), count(wire.thoughts_token_count));
        let total = wire.total_token_count.map(Usage::tokens);
        let counted_in = told >= thoughts && total == Some(usage.input.saturating_add(told));
        usage.output = if counted_in { told } else { told.saturating_add(thoughts) };
        usage.reasoning = thoughts;
    }
    let tier = wire.service_tier.as_ref().and_then(|t| match t.as_str()? {
        "standard" => Some("default"),
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => None,
    });
    usage.tier = tier.or(usage.tier).filter(|t| *t != "default");
    Some(Tier(tier))
}

/// OpenAI's word for the tier that served the call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier(pub(super) Option<&'static str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    prompt_token_count: Option<f64>,
    candidates_token_count: Option<f64>,
    cached_content_token_count: Option<f64>,
    thoughts_token_count: Option<f64>,
    tool_use_prompt_token_count: Option<f64>,
    total_token_count: Option<f64>,
    service_tier: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_thoughts_as_output() {
        let mut usage = Usage::default();
        let raw = r#"{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":20,"thoughtsTokenCount":30,"toolUsePromptTokenCount":5,"totalTokenCount":155,"serviceTier":"standard"}"#;
        assert_eq!(update(&mut usage, raw), Some(Tier(Some("default"))));
        assert_eq!((usage.input, usage.cached_input, usage.output), (105, 40, 50));
        assert_eq!((usage.reasoning, usage.input_reported), (30, true));
        // A version that counted them in.
        update(
            &mut usage,
            r#"{"promptTokenCount":100,"candidatesTokenCount":50,"thoughtsTokenCount":30,"totalTokenCount":150}"#,
        );
        assert_eq!((usage.output, usage.reasoning), (50, 30));
    }

    #[test]
    fn absent_counts_keep_what_was_known() {
        let mut usage = Usage::default();
        update(&mut usage, r#"{"promptTokenCount":7,"totalTokenCount":7}"#);
        assert_eq!((usage.input, usage.output), (7, 0));
        update(&mut usage, r#"{"candidatesTokenCount":3}"#);
        assert_eq!((usage.input, usage.output), (7, 3));
        assert_eq!(update(&mut usage, "7"), None);
        update(&mut usage, r#"{"promptTokenCount":1e300,"candidatesTokenCount":-5}"#);
        assert_eq!((usage.input, usage.output), (1_000_000_000, 0));
    }
}
