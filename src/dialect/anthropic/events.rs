//! The events of a Messages stream, as far as they are read. Everything is
//! optional: what an event lacks, it does not say.

use super::response::text;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The members that any event may have.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) partial_json: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) citation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop_sequence: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop_details: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(super) struct Start<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

// === impl Body ===

impl<'a> Body<'a> {
    /// The type; `name`: the `event:` field, for those without one. Google's own
    /// errors have neither.
    pub(super) fn kind<'b>(&'b self, name: &'b [u8]) -> Cow<'b, str>
    where
        'a: 'b,
    {
        match self.type_.and_then(text) {
            Some(type_) => type_,
            None if name.is_empty() && self.error.is_some() => Cow::Borrowed("error"),
            None => String::from_utf8_lossy(name),
        }
    }
}
