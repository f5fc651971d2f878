//! `tools` and `toolConfig` to the chat's tools and the choice among them.
//!
//! Spec: <https://ai.google.dev/api/caching#Tool>,
//! <https://ai.google.dev/api/caching#FunctionCallingConfig>.

use super::schema;
use super::spell::{camel, field, member, unknown};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Path, Value};
use crate::error::Error;
use crate::wire::json;

pub(super) fn write(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut tools = Array::default();
    if let Some(list) = field(root, body, "tools") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            tool(&list.item(i, raw), &mut tools, dropped)?;
        }
    }
    let any = !tools.is_empty();
    tools.push_member(out, "tools");
    let Some(config) = field(root, body, "toolConfig") else { return Ok(()) };
    let object = config.object()?;
    unknown(dropped, "toolConfig.", &object, &["functionCallingConfig"]);
    match field(&config, &object, "functionCallingConfig") {
        Some(calling) if any => choice(&calling, out, dropped),
        _ => Ok(()),
    }
}

fn tool(tool: &Value<'_, '_>, tools: &mut Array, dropped: &mut Dropped) -> Result<(), Error> {
    let object = tool.object()?;
    for (name, raw) in object.iter() {
        if camel(name) != "functionDeclarations" && raw != b"null" {
            let value = Value { raw, path: Path::Key(&tool.path, name) };
            return Err(value.error("runs at Google and is not carried: only functions are"));
        }
    }
    let Some(list) = field(tool, &object, "functionDeclarations") else { return Ok(()) };
    for (i, raw) in list.items()?.into_iter().enumerate() {
        declaration(&list.item(i, raw), tools.item(), dropped)?;
    }
    Ok(())
}

fn declaration(
    function: &Value<'_, '_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let object = function.object()?;
    let known = ["name", "description", "parameters", "parametersJsonSchema"];
    unknown(dropped, "tools.functionDeclarations.", &object, &known);
    let Some(name) = field(function, &object, "name") else {
        return Err(function.error("needs a name"));
    };
    out.extend_from_slice(br#"{"type":"function","function":{"#);
    member(out, "name", name.string()?);
    if let Some(description) = field(function, &object, "description") {
        member(out, "description", description.string()?);
    }
    if let Some(parameters) = field(function, &object, "parametersJsonSchema") {
        parameters.object()?;
        member(out, "parameters", parameters.raw);
    } else if let Some(parameters) = field(function, &object, "parameters") {
        parameters.object()?;
        member(out, "parameters", b"");
        let prefix = "tools.functionDeclarations.parameters.";
        schema::push(out, parameters.raw, prefix, dropped);
    }
    out.extend_from_slice(b"}}");
    Ok(())
}

fn choice(calling: &Value<'_, '_>, out: &mut Vec<u8>, dropped: &mut Dropped) -> Result<(), Error> {
    let object = calling.object()?;
    let prefix = "toolConfig.functionCallingConfig.";
    unknown(dropped, prefix, &object, &["mode", "allowedFunctionNames"]);
    let mut names = Vec::new();
    if let Some(list) = field(calling, &object, "allowedFunctionNames") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            names.push(list.item(i, raw).string()?);
        }
    }
    let Some(mode) = field(calling, &object, "mode") else { return Ok(()) };
    let word = match mode.text()?.to_ascii_uppercase().as_str() {
        "MODE_UNSPECIFIED" | "" => return Ok(()),
        "AUTO" => "auto",
        "ANY" => "required",
        "NONE" => "none",
        "VALIDATED" => {
            dropped.add("toolConfig.functionCallingConfig.mode (VALIDATED taken as AUTO)");
            "auto"
        }
        _ => return Err(mode.error("must be AUTO, ANY, NONE or VALIDATED")),
    };
    member(out, "tool_choice", b"");
    match (word, names.as_slice()) {
        ("none", _) | (_, []) => json::push_text(out, word),
        ("required", [name]) => {
            out.extend_from_slice(br#"{"type":"function","function":{"name":"#);
            out.extend_from_slice(name);
            out.extend_from_slice(b"}}");
        }
        (_, names) => {
            out.extend_from_slice(br#"{"type":"allowed_tools","allowed_tools":{"mode":"#);
            json::push_text(out, word);
            out.extend_from_slice(br#","tools":["#);
            for (i, name) in names.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(br#"{"type":"function","function":{"name":"#);
                out.extend_from_slice(name);
                out.extend_from_slice(b"}}");
            }
            out.extend_from_slice(b"]}}");
        }
    }
    Ok(())
}
