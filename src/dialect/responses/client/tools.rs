//! Tools and the choice among them: flat here, nested in chat.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json::push_member;

/// Appends `tools` and `tool_choice`; true where there are tools.
pub(super) fn write(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<bool, Error> {
    let mut tools = Array::default();
    if let Some(list) = root.field(body, "tools") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            function(&list.item(i, raw), tools.item(), dropped)?;
        }
    }
    tools.push_member(out, "tools");
    let none = tools.is_empty();
    if let Some(choice) = root.field(body, "tool_choice") {
        // Chat takes a choice only where there is something to choose.
        if none && !matches!(choice.raw, br#""none""# | br#""auto""#) {
            return Err(choice.error("forces a tool, but no tool is given"));
        }
        if !none {
            out.extend_from_slice(br#","tool_choice":"#);
            self::choice(&choice, out, dropped)?;
        }
    }
    Ok(!none)
}

fn function(tool: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    const KNOWN: &[&str] = &["name", "description", "parameters", "strict"];
    let object = tool.object()?;
    let Some(type_) = tool.field(&object, "type") else { return Err(tool.error("needs a type")) };
    is_function(&type_, "tools")?;
    dropped.unknown("tools.", &object, &[KNOWN, &["type"]].concat());
    if object.get("name").is_none() {
        return Err(tool.error("needs a name"));
    }
    let mut inside = Vec::new();
    for name in KNOWN {
        if let Some(raw) = object.get(name) {
            push_member(&mut inside, name, raw);
        }
    }
    out.extend_from_slice(br#"{"type":"function","function":{"#);
    out.extend_from_slice(inside.get(1..).unwrap_or_default());
    out.extend_from_slice(b"}}");
    Ok(())
}

/// Refuses by name what OpenAI hosts, and custom tools.
fn is_function(type_: &Value<'_, '_>, what: &str) -> Result<(), Error> {
    let text = type_.text()?;
    match text.as_ref() {
        "function" => Ok(()),
        name if is_name(name) => {
            Err(type_.error(format!("{name} {what} are not carried to this model: send functions")))
        }
        _ => Err(type_.error(format!("such {what} are not carried to this model: send functions"))),
    }
}

/// May be repeated in an error.
pub(super) fn is_name(type_: &str) -> bool {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    type_.len() <= 40 && type_.bytes().all(harmless)
}

/// Appends a choice: a word, or an object that names tools.
fn choice(value: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    if value.is_string() {
        if !matches!(value.text()?.as_ref(), "auto" | "none" | "required") {
            return Err(value.error("must be auto, none, required or an object"));
        }
        out.extend_from_slice(value.raw);
        return Ok(());
    }
    let object = value.object()?;
    if object.get("type") != Some(br#""allowed_tools""#) {
        return chosen(value, out, dropped);
    }
    dropped.unknown("tool_choice.", &object, &["type", "mode", "tools"]);
    let Some(list) = value.field(&object, "tools") else { return Err(value.error("needs tools")) };
    let mut tools = Array::default();
    for (i, raw) in list.items()?.into_iter().enumerate() {
        chosen(&list.item(i, raw), tools.item(), dropped)?;
    }
    out.extend_from_slice(br#"{"type":"allowed_tools","allowed_tools":{"mode":"#);
    let mode = value.field(&object, "mode").map(|m| m.string()).transpose()?;
    out.extend_from_slice(mode.unwrap_or(br#""auto""#));
    push_member(out, "tools", &[b"[", tools.items(), b"]"].concat());
    out.extend_from_slice(b"}}");
    Ok(())
}

/// `{"type":"function","name":...}` with the name nested.
fn chosen(value: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    let object = value.object()?;
    let Some(type_) = value.field(&object, "type") else { return Err(value.error("needs a type")) };
    is_function(&type_, "choices")?;
    dropped.unknown("tool_choice.", &object, &["type", "name"]);
    let Some(name) = value.field(&object, "name") else { return Err(value.error("needs a name")) };
    out.extend_from_slice(br#"{"type":"function","function":{"name":"#);
    out.extend_from_slice(name.string()?);
    out.extend_from_slice(b"}}");
    Ok(())
}
