//! `usage` as these APIs write it: `input_tokens` and `output_tokens`, or as in the chat
//! (Mistral: <https://docs.mistral.ai/api/endpoint/audio/transcriptions>), or a duration,
//! which is no tokens.

use crate::dialect::Usage;
use serde::Deserialize;

/// `None`: no tokens were reported.
pub(super) fn read(raw: &[u8]) -> Option<Usage> {
    let wire = serde_json::from_slice::<Option<Wire>>(raw).ok()??;
    if wire.input_tokens.is_none() && wire.output_tokens.is_none() {
        let usage = super::super::usage::read(raw)?;
        return (usage.input_reported || usage.output_reported).then_some(usage);
    }
    Some(Usage {
        input: wire.input_tokens.map_or(0, Usage::tokens),
        output: wire.output_tokens.map_or(0, Usage::tokens),
        input_reported: wire.input_tokens.is_some(),
        output_reported: wire.output_tokens.is_some(),
        ..Usage::default()
    })
}

#[derive(Deserialize)]
struct Wire {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
}
