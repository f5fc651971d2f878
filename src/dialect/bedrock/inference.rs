//! `inferenceConfig`, and `top_k`, which stands elsewhere for each maker.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html>.

use super::reasoning::Reasoning;
use super::request::object;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::stop;
use crate::dialect::{Maker, Request};
use crate::error::Error;
use crate::wire::json;

pub(super) fn write(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    reasoning: &Reasoning,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut config = Vec::new();
    // Unsaid, it is the model's most.
    if let Some(max) = request.facts.max_tokens {
        if reasoning.unbounded {
            dropped.add("max_tokens (not with this reasoning effort)");
        } else {
            let mut number = Vec::new();
            json::push_number(&mut number, max);
            json::push_member(&mut config, "maxTokens", &number);
        }
    }
    sampling(&mut config, request, root, body, reasoning, dropped)?;
    let mut sequences = Vec::new();
    for string in stop::read(root, body)? {
        if json::text(string).is_none_or(|text| text.trim().is_empty()) {
            dropped.add("stop (blank sequence)");
        } else {
            sequences.push(b',');
            sequences.extend_from_slice(string);
        }
    }
    if let Some(sequences) = sequences.get(1..) {
        // Claude says which one it met, to whom asks.
        if request.traits.maker == Maker::Anthropic {
            json::push_member(out, "additionalModelResponseFieldPaths", br#"["/stop_sequence"]"#);
        }
        json::push_member(&mut config, "stopSequences", &[b"[", sequences, b"]"].concat());
    }
    object(out, "inferenceConfig", &config);
    Ok(())
}

/// Thinking models sample in their own way, newer ones always; Claude takes
/// temperature or top_p, not both.
fn sampling(
    config: &mut Vec<u8>,
    request: &Request<'_>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    reasoning: &Reasoning,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let refused = match (request.traits.sampling, reasoning.own_sampling) {
        (false, _) => Some("this model takes none"),
        (_, true) => Some("not with thinking"),
        _ => None,
    };
    let mut heated = false;
    if let Some(temperature) = root.field(body, "temperature") {
        let number = temperature.number()?;
        if number < 0.0 {
            return Err(temperature.error("must not be negative"));
        }
        match refused {
            Some(_) if number == 1.0 => {}
            Some(why) => dropped.add(format!("temperature ({why})")),
            None if number > 1.0 => {
                dropped.add("temperature (clamped to 1)");
                json::push_member(config, "temperature", b"1");
                heated = true;
            }
            None => {
                json::push_member(config, "temperature", temperature.raw);
                heated = true;
            }
        }
    }
    let Some(top_p) = root.field(body, "top_p") else { return Ok(()) };
    let number = top_p.number()?;
    if !(0.0..=1.0).contains(&number) {
        return Err(top_p.error("must be 0 to 1"));
    }
    match refused {
        _ if number == 1.0 => {}
        Some(why) => dropped.add(format!("top_p ({why})")),
        None if heated && request.traits.maker == Maker::Anthropic => {
            dropped.add("top_p (not beside temperature)");
        }
        None => json::push_member(config, "topP", top_p.raw),
    }
    Ok(())
}

/// Adds `top_k` to `additionalModelRequestFields` where the maker's models have it.
pub(super) fn top_k(
    fields: &mut Vec<u8>,
    number: &[u8],
    maker: Maker,
    reasoning: &Reasoning,
    dropped: &mut Dropped,
) {
    match maker {
        _ if reasoning.own_sampling => dropped.add("top_k (not with thinking)"),
        Maker::Anthropic => json::push_member(fields, "top_k", number),
        Maker::Amazon => {
            json::push_member(fields, "inferenceConfig", &[br#"{"topK":"#, number, b"}"].concat());
        }
        _ => dropped.add("top_k (this model takes none)"),
    }
}
