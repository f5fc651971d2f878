//! The events of a Converse stream, as far as they are read. Everything is optional:
//! what an event lacks, it does not say.

use super::response::{ToolUse, Trace, string};
use crate::dialect::openai::chunk::inner;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members that any event may have.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    pub(super) content_block_index: Option<u64>,
    #[serde(borrow)]
    pub(super) start: Option<Start<'a>>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) service_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) additional_model_response_fields: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) trace: Option<Trace<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start<'a> {
    #[serde(borrow)]
    pub(super) tool_use: Option<ToolUse<'a>>,
}

/// A union: one member is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    pub(super) reasoning_content: Option<ReasoningDelta<'a>>,
    #[serde(borrow)]
    pub(super) citation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReasoningDelta<'a> {
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) redacted_content: Option<&'a RawValue>,
}

// === impl Body ===

impl Body<'_> {
    /// Bytes of generated text in a delta.
    pub(super) fn content_bytes(&self) -> u64 {
        let Some(delta) = &self.delta else { return 0 };
        let thought = delta.reasoning_content.as_ref().and_then(|r| r.text);
        let call = delta.tool_use.as_ref().and_then(|t| t.input);
        let strings = [delta.text, thought, call];
        strings.iter().map(|s| inner(string(*s)).len() as u64).sum()
    }
}
