//! An answer as Gemini writes it, whole or one event of a stream. Everything is
//! optional: what an answer lacks, it does not say.

use crate::dialect::openai::calls;
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    pub(super) prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    pub(super) usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_version: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) response_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) finish_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs_result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    pub(super) thought: Option<bool>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(borrow)]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(borrow)]
    thought_signature: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    #[serde(borrow)]
    mime_type: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback<'a> {
    #[serde(borrow)]
    pub(super) block_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) block_reason_message: Option<&'a RawValue>,
}

pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// The bytes of a JSON string, or of none.
pub(super) fn string(raw: Option<&RawValue>) -> &[u8] {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"')).unwrap_or(b"\"\"")
}

// === impl Answer ===

impl<'a> Answer<'a> {
    /// Why no candidate is to come; `None` where the prompt was not blocked.
    pub(super) fn blocked(&self) -> Option<String> {
        let feedback = self.prompt_feedback.as_ref()?;
        let reason = feedback.block_reason.and_then(text)?;
        let own = feedback.block_reason_message.and_then(text).filter(|m| !m.is_empty());
        Some(own.map_or_else(
            || format!("The prompt was blocked ({reason})."),
            |message| message.into_owned(),
        ))
    }

    pub(super) fn candidates(&self) -> &[Candidate<'a>] {
        self.candidates.as_deref().unwrap_or_default()
    }
}

// === impl Candidate ===

impl<'a> Candidate<'a> {
    pub(super) fn parts(&self) -> &[Part<'a>] {
        self.content.as_ref().and_then(|c| c.parts.as_deref()).unwrap_or_default()
    }

    /// The word for the end, where it has come.
    pub(super) fn finish(&self) -> Option<Cow<'a, str>> {
        self.finish_reason.and_then(text).filter(|reason| !reason.is_empty())
    }
}

// === impl Part ===

impl<'a> Part<'a> {
    /// A JSON string.
    pub(super) fn signature(&self) -> Option<&'a [u8]> {
        self.thought_signature.map(|s| string(Some(s))).filter(|s| s.len() > 2)
    }
}

// === impl FunctionCall ===

impl<'a> FunctionCall<'a> {
    /// Appends a tool call, from its `id` on, not closed. `false`: it has no name.
    ///
    /// `response`, `candidate` and `position` make an id where it has none; the
    /// answer's own id keeps it apart from those of other turns.
    pub(super) fn push(
        &self,
        out: &mut Vec<u8>,
        response: &str,
        candidate: u64,
        position: u64,
        signature: Option<&[u8]>,
    ) -> bool {
        let Some(name) = self.name.and_then(text).filter(|name| !name.is_empty()) else {
            return false;
        };
        out.extend_from_slice(br#""id":"#);
        match string(self.id) {
            b"\"\"" => {
                let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                let id = format!("call_{response}_{candidate}_{position}_{name}");
                json::push_text(out, &calls::fitted(&id, fits, 40));
            }
            id => out.extend_from_slice(id),
        }
        out.extend_from_slice(br#","type":"function","function":{"name":"#);
        out.extend_from_slice(string(self.name));
        out.extend_from_slice(br#","arguments":"#);
        json::push_text(out, self.arguments());
        out.push(b'}');
        if let Some(signature) = signature {
            out.extend_from_slice(br#","extra_content":"#);
            push_signature(out, signature);
        }
        true
    }

    pub(super) fn arguments(&self) -> &'a str {
        self.args.map_or("{}", RawValue::get)
    }
}

// === impl Blob ===

impl Blob<'_> {
    /// Appends a picture as an `image_url` item.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        use crate::dialect::openai::chunk::inner;
        out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"data:"#);
        out.extend_from_slice(inner(string(self.mime_type)));
        out.extend_from_slice(b";base64,");
        out.extend_from_slice(inner(string(self.data)));
        out.extend_from_slice(b"\"}}");
    }

    pub(super) fn size(&self) -> u64 {
        string(self.data).len() as u64
    }
}

/// Appends Google's `extra_content` for a signature.
pub(super) fn push_signature(out: &mut Vec<u8>, signature: &[u8]) {
    out.extend_from_slice(br#"{"google":{"thought_signature":"#);
    out.extend_from_slice(signature);
    out.extend_from_slice(b"}}");
}
