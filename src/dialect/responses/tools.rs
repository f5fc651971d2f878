//! Tools and the choice among them: chat's nested shapes, made flat.
//!
//! Spec: <https://developers.openai.com/api/docs/guides/function-calling>,
//! <https://developers.openai.com/api/docs/guides/tools-web-search>.

use super::calls::NAMES;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::open_schema;
use crate::error::Error;
use crate::wire::json;

/// Appends `tools` and `tool_choice`.
pub(super) fn write(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut tools = Array::default();
    if let Some(list) = root.field(body, "tools") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            tool(&list.item(i, raw), tools.item(), dropped)?;
        }
    }
    if let Some(options) = root.field(body, "web_search_options") {
        web_search(&options, tools.item(), dropped)?;
    }
    let none = tools.is_empty();
    tools.push_member(out, "tools");
    if let Some(choice) = root.field(body, "tool_choice") {
        if none && choice.raw != br#""none""# && choice.raw != br#""auto""# {
            return Err(choice.error("forces a tool, but no tool is given"));
        }
        if !none {
            out.extend_from_slice(br#","tool_choice":"#);
            self::choice(&choice, out, dropped)?;
        }
    }
    Ok(())
}

fn tool(tool: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    let object = tool.object()?;
    let type_ = tool.field(&object, "type").map(|t| t.text()).transpose()?;
    match type_.as_deref() {
        Some("function") | None => {
            let Some(function) = tool.field(&object, "function") else {
                return Err(tool.error("needs a function"));
            };
            dropped.unknown("tools.", &object, &["type", "function"]);
            self::function(&function, out, dropped)
        }
        Some("custom") => {
            let Some(custom) = tool.field(&object, "custom") else {
                return Err(tool.error("needs custom"));
            };
            dropped.unknown("tools.", &object, &["type", "custom"]);
            self::custom(&custom, out, dropped)
        }
        Some(_) => {
            let path = format!("{}.type", tool.path);
            Err(Error::invalid(path, "only function and custom tools are carried"))
        }
    }
}

fn function(
    function: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = function.object()?;
    let known = ["name", "description", "parameters", "strict"];
    dropped.unknown("tools.function.", &object, &known);
    out.extend_from_slice(br#"{"type":"function""#);
    named(function, &object, out)?;
    out.extend_from_slice(br#","parameters":"#);
    match function.field(&object, "parameters") {
        Some(parameters) => {
            parameters.object()?;
            out.extend_from_slice(parameters.raw);
        }
        None => open_schema(out, None),
    }
    let strict = match function.field(&object, "strict") {
        Some(strict) => strict.boolean()?,
        None => false,
    };
    json::push_member(out, "strict", if strict { b"true" } else { b"false" });
    out.push(b'}');
    Ok(())
}

fn custom(custom: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    let object = custom.object()?;
    dropped.unknown("tools.custom.", &object, &["name", "description", "format"]);
    out.extend_from_slice(br#"{"type":"custom""#);
    named(custom, &object, out)?;
    if let Some(format) = custom.field(&object, "format") {
        let inner = format.object()?;
        match format.field(&inner, "grammar") {
            Some(grammar) => {
                let rules = grammar.object()?;
                dropped.unknown("tools.custom.format.grammar.", &rules, &["definition", "syntax"]);
                out.extend_from_slice(br#","format":{"type":"grammar""#);
                for name in ["definition", "syntax"] {
                    let Some(text) = grammar.field(&rules, name) else {
                        return Err(grammar.error(format!("needs {name}")));
                    };
                    json::push_member(out, name, text.string()?);
                }
                out.push(b'}');
            }
            None => json::push_member(out, "format", format.raw),
        }
    }
    out.push(b'}');
    Ok(())
}

/// Name and description.
fn named(value: &Value<'_, '_>, object: &Object<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let Some(name) = value.field(object, "name") else { return Err(value.error("needs a name")) };
    NAMES.check(&name)?;
    json::push_member(out, "name", name.raw);
    if let Some(description) = value.field(object, "description") {
        json::push_member(out, "description", description.string()?);
    }
    Ok(())
}

/// In chat a search model always searches; here it may.
fn web_search(
    options: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = options.object()?;
    dropped.unknown("web_search_options.", &object, &["search_context_size", "user_location"]);
    out.extend_from_slice(br#"{"type":"web_search""#);
    if let Some(size) = options.field(&object, "search_context_size") {
        json::push_member(out, "search_context_size", size.string()?);
    }
    if let Some(place) = options.field(&object, "user_location") {
        let outer = place.object()?;
        dropped.unknown("web_search_options.user_location.", &outer, &["type", "approximate"]);
        out.extend_from_slice(br#","user_location":{"type":"approximate""#);
        if let Some(near) = place.field(&outer, "approximate") {
            const KNOWN: &[&str] = &["city", "country", "region", "timezone"];
            let inner = near.object()?;
            dropped.unknown("web_search_options.user_location.approximate.", &inner, KNOWN);
            for name in KNOWN {
                if let Some(text) = near.field(&inner, name) {
                    json::push_member(out, name, text.string()?);
                }
            }
        }
        out.push(b'}');
    }
    out.push(b'}');
    Ok(())
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
    let type_ = value.field(&object, "type").map(|t| t.text()).transpose()?;
    if type_.as_deref() != Some("allowed_tools") {
        return chosen(value, out, dropped);
    }
    let Some(allowed) = value.field(&object, "allowed_tools") else {
        return Err(value.error("needs allowed_tools"));
    };
    let inner = allowed.object()?;
    dropped.unknown("tool_choice.allowed_tools.", &inner, &["mode", "tools"]);
    out.extend_from_slice(br#"{"type":"allowed_tools""#);
    json::push_member(out, "mode", inner.get("mode").unwrap_or(br#""auto""#));
    let Some(list) = allowed.field(&inner, "tools") else {
        return Err(allowed.error("needs tools"));
    };
    let mut tools = Array::default();
    for (i, raw) in list.items()?.into_iter().enumerate() {
        chosen(&list.item(i, raw), tools.item(), dropped)?;
    }
    json::push_member(out, "tools", &[b"[", tools.items(), b"]"].concat());
    out.push(b'}');
    Ok(())
}

/// `{"type":"function","function":{"name":...}}` as `{"type":"function","name":...}`.
fn chosen(value: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    let object = value.object()?;
    let type_ = value.field(&object, "type").map(|t| t.text()).transpose()?;
    let key = match type_.as_deref() {
        Some("function") => "function",
        Some("custom") => "custom",
        _ => return Err(value.error("only function, custom and allowed_tools choices are carried")),
    };
    dropped.unknown("tool_choice.", &object, &["type", key]);
    let Some(inner) = value.field(&object, key) else {
        return Err(value.error(format!("needs {key}")));
    };
    let named = inner.object()?;
    let Some(name) = inner.field(&named, "name") else { return Err(inner.error("needs a name")) };
    NAMES.check(&name)?;
    out.extend_from_slice(br#"{"type":""#);
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    json::push_member(out, "name", name.raw);
    out.push(b'}');
    Ok(())
}
