//! The `response` object and its output items, as far as they are read: whole, and
//! inside the events of a stream.

use super::usage;
use crate::dialect::{Usage, cost};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// For an answer without one.
pub(super) const NO_ID: &str = "resp_unknown";

#[derive(Deserialize, Default)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) incomplete_details: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) service_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

// === impl Answer ===

impl Answer<'_> {
    /// What it says that was used; `None`: nothing.
    pub(super) fn counted(&self) -> Option<Usage> {
        let usage = usage::read(self.usage?.get())?;
        Some(Usage { tier: cost::tier(self.service_tier), ..usage })
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) call_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    /// Of a message, or of open reasoning.
    #[serde(borrow)]
    pub(super) content: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    pub(super) summary: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) type_: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<Vec<&'a RawValue>>,
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// The bytes of a JSON string, or of an empty one.
pub(super) fn string(raw: Option<&RawValue>) -> &[u8] {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"')).unwrap_or(EMPTY)
}

/// A value for an event of ours: without line ends, which only stand between tokens.
pub(super) fn one_line(raw: &RawValue) -> Vec<u8> {
    raw.get().bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect()
}

pub(super) const EMPTY: &[u8] = b"\"\"";

/// OpenAI's word for why the answer ended. `called`: it has calls for the client.
pub(super) fn finish_reason(answer: &Answer<'_>, called: bool) -> &'static str {
    #[derive(Deserialize)]
    struct Details {
        reason: Option<String>,
    }
    let details: Option<Details> =
        answer.incomplete_details.and_then(|d| serde_json::from_str(d.get()).ok());
    match details.and_then(|d| d.reason).as_deref() {
        Some("content_filter") => "content_filter",
        // max_output_tokens, and what is not known yet: it is not whole.
        Some(_) => "length",
        None if answer.status.and_then(text).as_deref() == Some("incomplete") => "length",
        None if called => "tool_calls",
        None => "stop",
    }
}

// === impl Answer ===

impl Answer<'_> {
    /// Unix seconds; some servers write a fraction.
    pub(super) fn created(&self) -> Option<u64> {
        let seconds: f64 = serde_json::from_str(self.created_at?.get()).ok()?;
        // `as` saturates.
        (seconds > 0.0).then_some(seconds as u64)
    }
}

// === impl Item ===

impl Item<'_> {
    /// The provider will take the item back.
    pub(super) fn is_sealed(&self) -> bool {
        string(self.encrypted_content) != EMPTY
    }
}
