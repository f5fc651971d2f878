//! `stop`: one sequence, or a list of them. And why the model stopped, where chat's
//! reason says less than its provider: the provider's own word as a choice's
//! `native_finish_reason` (OpenRouter's name,
//! <https://openrouter.ai/announcements/standardized-finish-reasons>), the sequence that was met as
//! its `stop_reason` (vLLM's,
//! <https://github.com/vllm-project/vllm/pull/2976>).

use super::read::{Object, Value};
use crate::error::Error;
use crate::wire::json;

/// The sequences' JSON strings.
pub fn read<'a>(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Vec<&'a [u8]>, Error> {
    let Some(stop) = root.field(body, "stop") else { return Ok(Vec::new()) };
    if stop.is_string() {
        return Ok(vec![stop.raw]);
    }
    let items = stop.items()?;
    items.into_iter().enumerate().map(|(i, raw)| stop.item(i, raw).string()).collect()
}

/// Members of a choice, each with a comma before it. `sequence`: a JSON string.
pub fn beside(stop: &str, sequence: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    if NATIVE.contains(&stop) {
        json::push_member(&mut out, "native_finish_reason", format!("\"{stop}\"").as_bytes());
        if let Some(sequence) = sequence.filter(|s| s.first() == Some(&b'"')) {
            json::push_member(&mut out, "stop_reason", sequence);
        }
    }
    out
}

/// Those that chat has no word for; Messages clients are told them.
pub const NATIVE: &[&str] = &["stop_sequence", "model_context_window_exceeded", "pause_turn"];
