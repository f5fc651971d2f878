//! Thought signatures of requests: where a chat keeps them, and where a part has them.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/thought-signatures>,
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Path, Value};
use crate::error::Error;

/// Stands for a signature that nobody has: the call was not this model's. Documented
/// for both of Google's APIs.
pub(super) const UNSIGNED: &[u8] = br#""skip_thought_signature_validator""#;

/// The signature in an `extra_content`, a JSON string.
pub(super) fn read(
    extra: Option<&[u8]>,
    at: &Value<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(raw) = extra else { return Ok(None) };
    let extra = Value { raw, path: Path::Key(&at.path, "extra_content") };
    let object = extra.object()?;
    dropped.unknown("messages.extra_content.", &object, &["google"]);
    let Some(google) = extra.field(&object, "google") else { return Ok(None) };
    let object = google.object()?;
    dropped.unknown("messages.extra_content.google.", &object, &["thought_signature"]);
    let Some(signature) = google.field(&object, "thought_signature") else { return Ok(None) };
    Ok(Some(signature.string()?.to_vec()).filter(|s| s.len() > 2))
}

/// Appends one to a part that is not closed.
pub(super) fn push(part: &mut Vec<u8>, signature: &[u8]) {
    part.extend_from_slice(br#","thoughtSignature":"#);
    part.extend_from_slice(signature);
}
