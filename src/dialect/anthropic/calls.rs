//! Tool calls and their ids, as they stand in a conversation.
//!
//! OpenAI's arguments are a string that holds JSON; Anthropic's input is the JSON
//! itself: it is decoded once, checked, and copied. Ids may hold only letters,
//! digits, `_` and `-`; other clients and providers use more. Such an id is
//! replaced by one made of it alone, so that calls and results still match,
//! without a table.

use super::content::Blocks;
use super::tools;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// Adds a `tool_use` block for one of `tool_calls`.
pub(super) fn call(
    call: &Value<'_, '_>,
    blocks: &mut Blocks,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = call.object()?;
    // Chunks of a stream have an index, and some clients keep it.
    let known = ["id", "type", "function", "index", "cache_control"];
    dropped.unknown("messages.tool_calls.", &object, &known);
    if let Some(type_) = call.field(&object, "type")
        && type_.text()? != "function"
    {
        return Err(type_.error("only function calls are carried"));
    }
    let Some(id_value) = call.field(&object, "id") else {
        return Err(call.error("needs an id"));
    };
    let id = id(&id_value)?;
    let Some(inner) = call.field(&object, "function") else {
        return Err(call.error("needs a function"));
    };
    function(call, &inner, &id, object.get("cache_control"), blocks)
}

/// Adds a `tool_use` block for `{"name", "arguments"}`.
pub(super) fn function(
    call: &Value<'_, '_>,
    function: &Value<'_, '_>,
    id: &str,
    cache: Option<&[u8]>,
    blocks: &mut Blocks,
) -> Result<(), Error> {
    let object = function.object()?;
    let Some(name) = function.field(&object, "name") else {
        return Err(call.error("needs a function name"));
    };
    tools::tool_name(&name)?;
    let arguments = function.field(&object, "arguments");
    let input = match &arguments {
        Some(arguments) => arguments.text()?,
        None => "".into(),
    };
    let input = if input.trim().is_empty() { "{}" } else { input.trim() };
    if let (Some(arguments), Err(e)) = (&arguments, json::object(input.as_bytes())) {
        return Err(arguments.error(format!("must hold a JSON object: {e}")));
    }
    let write = |out: &mut Vec<u8>| {
        out.extend_from_slice(br#"{"type":"tool_use","id":"#);
        json::push_text(out, id);
        out.extend_from_slice(br#","name":"#);
        out.extend_from_slice(name.raw);
        out.extend_from_slice(br#","input":"#);
        out.extend_from_slice(input.as_bytes());
    };
    blocks.block(write, cache);
    Ok(())
}

/// A tool call's id in Anthropic's alphabet; the same for the same id.
pub(super) fn id(value: &Value<'_, '_>) -> Result<String, Error> {
    let text = value.text()?;
    if text.is_empty() {
        return Err(value.error("must not be empty"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if text.chars().all(fits) {
        return Ok(text.into_owned());
    }
    let plain: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    // Two ids that only differ in what was replaced must stay two.
    Ok(format!("{plain}_{:016x}", fnv1a(text.as_bytes())))
}

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

/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_and_stay_apart() {
        let id = |text: &str| {
            let raw = serde_json::to_vec(text).unwrap();
            id(&Value::root(&raw)).unwrap()
        };
        assert_eq!(id("call_A-1"), "call_A-1");
        let (a, b) = (id("fc.1:x"), id("fc:1.x"));
        assert_ne!(a, b);
        assert_eq!(a, id("fc.1:x"));
        assert!(a.starts_with("fc_1_x_"));
    }
}
