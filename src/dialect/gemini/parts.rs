//! Content parts: text, and what `media` carries. Text is copied as the JSON string it
//! is.

use super::media;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Value;
use crate::error::Error;

/// Whose content it is: each may hold other kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// At the beginning.
    Instructions,
    /// In the middle, told as the user's.
    Instruction,
    User,
    Assistant,
    Tool,
}

/// Around an instruction that stands in the user's turn.
const TAGS: [&[u8]; 2] = [b"<system>\\n", b"\\n</system>"];

/// Adds a string or an array of parts.
pub(super) fn content(
    content: &Value<'_, '_>,
    owner: Owner,
    parts: &mut Array,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    if content.is_string() {
        match owner {
            Owner::Instruction => tagged(content.raw, parts),
            _ => text(content.raw, parts),
        }
        return Ok(());
    }
    if !content.is_array() {
        return Err(content.error("must be a string or an array of parts"));
    }
    for (i, raw) in content.items()?.into_iter().enumerate() {
        part(&content.item(i, raw), owner, parts, dropped)?;
    }
    Ok(())
}

pub(super) fn part(
    value: &Value<'_, '_>,
    owner: Owner,
    parts: &mut Array,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = value.object()?;
    let Some(type_) = value.field(&object, "type") else {
        return Err(value.error("needs a type"));
    };
    let kind = type_.text()?;
    let key = match (kind.as_ref(), owner) {
        ("text", _) => "text",
        ("refusal", Owner::Assistant) => "refusal",
        (_, Owner::Instructions | Owner::Instruction) => {
            return Err(type_.error("instructions are text"));
        }
        ("image_url", Owner::User | Owner::Tool) => "image_url",
        ("file", Owner::User | Owner::Tool) => "file",
        ("input_audio", Owner::User) => "input_audio",
        _ => return Err(type_.error("this kind of part is not carried here")),
    };
    dropped.unknown("messages.content.", &object, &["type", key]);
    let Some(inside) = value.field(&object, key) else {
        return Err(value.error(format!("needs {key}")));
    };
    match key {
        "image_url" => media::image(&inside, parts.item(), dropped)?,
        "file" => media::file(&inside, parts.item(), dropped)?,
        "input_audio" => media::audio(&inside, parts.item(), dropped)?,
        _ => {
            let string = inside.string()?;
            match owner {
                Owner::Instruction => tagged(string, parts),
                _ => text(string, parts),
            }
            return Ok(());
        }
    }
    parts.open().push(b'}');
    Ok(())
}

/// Adds a text part; the API refuses empty ones.
pub(super) fn text(string: &[u8], parts: &mut Array) {
    if !inner(string).is_empty() {
        let part = parts.item();
        part.extend_from_slice(br#"{"text":"#);
        part.extend_from_slice(string);
        part.push(b'}');
    }
}

fn tagged(string: &[u8], parts: &mut Array) {
    let [before, after] = TAGS;
    if !inner(string).is_empty() {
        text(&[b"\"", before, inner(string), after, b"\""].concat(), parts);
    }
}
