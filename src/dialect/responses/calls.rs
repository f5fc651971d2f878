//! Calls in the conversation: chat's nested shape to flat items.
//!
//! Arguments are not looked into: the model that wrote them, badly perhaps, reads
//! them again.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls::{fitted, read_id};
use crate::dialect::openai::read::Value;
use crate::dialect::openai::tools::Names;
use crate::error::Error;
use crate::wire::json;

pub(super) const NAMES: Names =
    Names { max: 128, also: b"", words: "must be 1 to 128 letters, digits, _ or -" };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Custom,
}

/// Longest `call_id` the API takes.
const MAX_ID: usize = 64;

/// Appends an item for one of `tool_calls`; its id, and what kind it is.
pub(super) fn write(
    call: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(String, Kind), Error> {
    let object = call.object()?;
    let type_ = call.field(&object, "type").map(|t| t.text()).transpose()?;
    let (kind, key, value) = match type_.as_deref() {
        Some("function") | None => (Kind::Function, "function", "arguments"),
        Some("custom") => (Kind::Custom, "custom", "input"),
        Some(_) => return Err(call.error("only function and custom calls are carried")),
    };
    // Chunks of a stream have an index, and some clients keep it.
    dropped.unknown("messages.tool_calls.", &object, &["id", "type", "index", key]);
    let Some(id) = call.field(&object, "id") else { return Err(call.error("needs an id")) };
    let id = self::id(&read_id(&id)?);
    let Some(inner) = call.field(&object, key) else {
        return Err(call.error(format!("needs {key}")));
    };
    let inside = inner.object()?;
    let Some(name) = inner.field(&inside, "name") else { return Err(inner.error("needs a name")) };
    NAMES.check(&name)?;
    let text = inner.field(&inside, value).map(|v| v.string()).transpose()?;
    match kind {
        Kind::Function => {
            let text = text.filter(|t| *t != b"\"\"").unwrap_or(br#""{}""#);
            function_call(&id, name.raw, text, out);
        }
        Kind::Custom => {
            out.extend_from_slice(br#"{"type":"custom_tool_call","call_id":"#);
            json::push_text(out, &id);
            json::push_member(out, "name", name.raw);
            json::push_member(out, "input", text.unwrap_or(b"\"\""));
            out.push(b'}');
        }
    }
    Ok((id, kind))
}

/// `name` and `arguments` are JSON strings.
pub(super) fn function_call(id: &str, name: &[u8], arguments: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"function_call","call_id":"#);
    json::push_text(out, id);
    json::push_member(out, "name", name);
    json::push_member(out, "arguments", arguments);
    out.push(b'}');
}

/// A call's id as the API takes it; the same for the same id.
pub(super) fn id(id: &str) -> String {
    fitted(id, |c| c.is_ascii_graphic(), MAX_ID).into_owned()
}
