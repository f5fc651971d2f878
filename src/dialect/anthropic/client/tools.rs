//! Tools and the choice among them. Only the client's own tools: those that
//! Anthropic defines or runs are refused by name.
//!
//! Spec: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview>.

use super::content::Context;
use super::fields::CHAT;
use super::request::member;
use super::schema;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;

pub(super) fn write(
    out: &mut Vec<u8>,
    root: &Value<'_, '_>,
    body: &Object<'_>,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let mut defined = Array::default();
    if let Some(list) = root.field(body, "tools") {
        for (i, raw) in list.items()?.into_iter().enumerate() {
            tool(&list.item(i, raw), defined.item(), context)?;
        }
    }
    defined.push_member(out, "tools");
    match root.field(body, "tool_choice") {
        Some(choice) => self::choice(out, &choice, defined.is_empty(), context),
        None => Ok(()),
    }
}

fn tool(tool: &Value<'_, '_>, out: &mut Vec<u8>, context: &mut Context<'_>) -> Result<(), Error> {
    let object = tool.object()?;
    if let Some(type_) = tool.field(&object, "type") {
        match type_.text()?.as_ref() {
            "custom" => {}
            "function" => return Err(type_.error(CHAT)),
            other => {
                let words = format!(
                    "{} is a tool of Anthropic's own, which this provider does not have: \
                     only tools with an input_schema are carried",
                    named(other)
                );
                return Err(type_.error(words));
            }
        }
    }
    let known = ["type", "name", "description", "input_schema", "strict", "cache_control"];
    context.dropped.unknown("tools.", &object, &known);
    let Some(name) = tool.field(&object, "name") else { return Err(tool.error("needs a name")) };
    let Some(schema) = tool.field(&object, "input_schema") else {
        return Err(tool.error("needs an input_schema"));
    };
    schema.object()?;
    out.extend_from_slice(br#"{"type":"function","function":{"name":"#);
    out.extend_from_slice(name.string()?);
    if let Some(description) = tool.field(&object, "description") {
        member(out, "description", description.string()?);
    }
    member(out, "parameters", schema.raw);
    if let Some(strict) = tool.field(&object, "strict")
        && strict.boolean()?
    {
        if context.way.is_openai() && !schema::is_strict(schema.raw) {
            context.dropped.add("tools.strict (this model takes no optional properties)");
        } else {
            out.extend_from_slice(br#","strict":true"#);
        }
    }
    out.push(b'}');
    context.cache(object.get("cache_control"), out);
    out.push(b'}');
    Ok(())
}

fn choice(
    out: &mut Vec<u8>,
    choice: &Value<'_, '_>,
    no_tools: bool,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let object = choice.object().map_err(|e| match choice.is_string() {
        true => choice.error(CHAT),
        false => e,
    })?;
    let known = ["type", "name", "disable_parallel_tool_use"];
    context.dropped.unknown("tool_choice.", &object, &known);
    let Some(type_) = choice.field(&object, "type") else {
        return Err(choice.error("needs a type"));
    };
    let type_ = type_.text()?;
    if no_tools {
        return match type_.as_ref() {
            "any" | "tool" => Err(choice.error("forces a tool, but no tool is given")),
            _ => Ok(()),
        };
    }
    match type_.as_ref() {
        "auto" => member(out, "tool_choice", br#""auto""#),
        "any" => member(out, "tool_choice", br#""required""#),
        "none" => member(out, "tool_choice", br#""none""#),
        "tool" => {
            let Some(name) = choice.field(&object, "name") else {
                return Err(choice.error("needs a name"));
            };
            let named = [br#"{"type":"function","function":{"name":"#, name.string()?, b"}}"];
            member(out, "tool_choice", &named.concat());
        }
        "function" | "allowed_tools" => return Err(choice.error(CHAT)),
        _ => return Err(choice.error("must be of type auto, any, tool or none")),
    }
    if let Some(single) = choice.field(&object, "disable_parallel_tool_use")
        && single.boolean()?
    {
        member(out, "parallel_tool_calls", b"false");
    }
    Ok(())
}

/// A type's name as the client wrote it, where it looks like one.
pub(super) fn named(type_: &str) -> &str {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    match (1..=64).contains(&type_.len()) && type_.bytes().all(harmless) {
        true => type_,
        false => "this",
    }
}
