//! Tool calls and signed thinking, as they stand in a conversation.

use super::content::Blocks;
use crate::dialect::openai::calls::fitted;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Adds a `tool_use` block. `input`: a JSON object.
pub(super) fn tool_use(
    blocks: &mut Blocks,
    id: &str,
    name: &[u8],
    input: &str,
    cache: Option<&[u8]>,
) {
    let write = |out: &mut Vec<u8>| {
        out.extend_from_slice(br#"{"type":"tool_use","id":"#);
        json::push_text(out, &self::id(id));
        out.extend_from_slice(br#","name":"#);
        out.extend_from_slice(name);
        out.extend_from_slice(br#","input":"#);
        out.extend_from_slice(input.as_bytes());
    };
    blocks.block(write, cache);
}

/// A tool call's id in Anthropic's alphabet; the same for the same id.
pub(super) fn id(text: &str) -> std::borrow::Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    fitted(text, fits, MAX_ID)
}

/// No bound is documented; this one keeps a hostile id from doubling a body.
const MAX_ID: usize = 256;

/// A block the API will take back.
pub(super) fn is_signed_thinking(block: &Value<'_, '_>) -> Result<bool, Error> {
    let object = block.object()?;
    let filled = |key: &str| object.get(key).is_some_and(|v| v.starts_with(b"\"") && v.len() > 2);
    Ok(match object.get("type") {
        Some(br#""thinking""#) => object.get("thinking").is_some() && filled("signature"),
        Some(br#""redacted_thinking""#) => filled("data"),
        _ => false,
    })
}
