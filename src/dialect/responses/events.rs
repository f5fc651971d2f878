//! What is read of an event of a stream.

use super::answer::{string, text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'a RawValue>,
    pub(super) sequence_number: Option<u64>,
    pub(super) output_index: Option<u64>,
    #[serde(borrow)]
    item_id: Option<&'a RawValue>,
    pub(super) content_index: Option<u64>,
    pub(super) summary_index: Option<u64>,
    /// Of created, completed and the like.
    #[serde(borrow)]
    pub(super) response: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    /// What a part came to, in the event that ends it.
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// Which item an event is about. Some servers tell no index (llama.cpp), others no id.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) index: Option<u64>,
    /// A JSON string.
    pub(super) id: &'a [u8],
}

// === impl Event ===

impl<'a> Event<'a> {
    /// `name`: of the SSE event, for servers that leave the type out.
    pub(super) fn type_<'n>(&self, name: &'n [u8]) -> Cow<'n, str>
    where
        'a: 'n,
    {
        self.type_.and_then(text).unwrap_or_else(|| String::from_utf8_lossy(name))
    }

    /// Whom it is about.
    pub(super) fn about(&self) -> About<'a> {
        About { index: self.output_index, id: string(self.item_id) }
    }

    pub(super) fn delta(&self) -> &'a [u8] {
        string(self.delta)
    }

    /// The whole of what deltas brought.
    pub(super) fn whole(&self) -> &'a [u8] {
        string(self.text.or(self.refusal).or(self.arguments).or(self.input))
    }
}
