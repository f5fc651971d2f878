//! Links in a Messages request for a cloud: neither fetches anything, so they are
//! refused by name and the call may go on to a target that does.
//!
//! Which platforms take base64 alone:
//! <https://platform.claude.com/docs/en/build-with-claude/vision>.

use crate::dialect::openai::read::Value;
use crate::error::Error;
use memchr::memmem;

pub(super) fn refuse(body: &[u8]) -> Result<(), Error> {
    // Nearly no request has one, and bodies are large.
    if memmem::find(body, b"\"url\"").is_none() {
        return Ok(());
    }
    let root = Value::root(body);
    let object = root.object()?;
    let Some(messages) = root.field(&object, "messages").filter(Value::is_array) else {
        return Ok(());
    };
    for (i, raw) in messages.items()?.into_iter().enumerate() {
        content(&messages.item(i, raw))?;
    }
    Ok(())
}

/// Of a message, or of a tool's result. What has another shape is the provider's to
/// refuse.
fn content(owner: &Value<'_, '_>) -> Result<(), Error> {
    let Ok(object) = owner.object() else { return Ok(()) };
    let Some(blocks) = owner.field(&object, "content").filter(Value::is_array) else {
        return Ok(());
    };
    for (i, raw) in blocks.items()?.into_iter().enumerate() {
        let block = blocks.item(i, raw);
        let Ok(object) = block.object() else { continue };
        match object.get("type") {
            Some(br#""image""# | br#""document""#) => {
                let Some(source) = block.field(&object, "source") else { continue };
                let type_ = source.object().ok().and_then(|s| s.get("type"));
                if type_ == Some(br#""url""#) {
                    return Err(source.error("this provider fetches no images and documents"));
                }
            }
            Some(br#""tool_result""#) => content(&block)?,
            _ => {}
        }
    }
    Ok(())
}
