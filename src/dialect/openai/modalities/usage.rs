//! `usage` as these APIs write it: `input_tokens` and `output_tokens`, or as in the chat
//! (Mistral: <https://docs.mistral.ai/api/endpoint/audio/transcriptions>), or a duration,
//! which is no tokens.

use crate::dialect::{Usage, cost};
use crate::wire::json;
use serde::Deserialize;

/// `None`: neither tokens nor a cost were reported.
pub(super) fn read(raw: &[u8]) -> Option<Usage> {
    let wire = json::record::<Wire>(raw)?;
    if wire.input_tokens.is_none() && wire.output_tokens.is_none() {
        let usage = super::super::usage::read(raw)?;
        let says = usage.input_reported || usage.output_reported || usage.cost.is_some();
        return says.then_some(usage);
    }
    Some(Usage {
        input: wire.input_tokens.map_or(0, Usage::tokens),
        output: wire.output_tokens.map_or(0, Usage::tokens),
        input_reported: wire.input_tokens.is_some(),
        output_reported: wire.output_tokens.is_some(),
        cost: cost::told(raw),
        ..Usage::default()
    })
}

#[derive(Deserialize)]
struct Wire {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
}
