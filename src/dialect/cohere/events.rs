//! The events of a chat's stream, as far as they are read. Everything is optional:
//! what an event lacks, it does not say.

use super::response::ToolCall;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members that any event may have; `delta` is read by type.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    /// Only of an error that came in an event's place.
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
}

/// `content-start`, `content-delta`.
#[derive(Deserialize, Default)]
pub(super) struct ContentDelta<'a> {
    #[serde(borrow)]
    pub(super) message: Option<ContentMessage<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ContentMessage<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thinking: Option<&'a RawValue>,
}

/// `tool-plan-delta`, `tool-call-start`, `tool-call-delta`, `citation-start`.
#[derive(Deserialize, Default)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) tool_plan: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) citations: Option<&'a RawValue>,
}

/// `message-end`.
#[derive(Deserialize, Default)]
pub(super) struct End<'a> {
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

// === impl Message ===

impl<'a> Message<'a> {
    /// Of one call: the object, or a list of one. `None`: neither.
    pub(super) fn call(&self) -> Option<ToolCall<'a>> {
        let raw = self.tool_calls?.get();
        if raw.starts_with('[') {
            let list: Vec<ToolCall<'a>> = serde_json::from_str(raw).ok()?;
            return list.into_iter().next();
        }
        serde_json::from_str(raw).ok()
    }
}
