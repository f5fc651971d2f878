//! Tools and the choice among them.
//!
//! All functions are declared in one tool. OpenAI's `strict` is the mode `VALIDATED`
//! (the model may talk, but its calls fit their schemas); a forced call (`ANY`)
//! always fits.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes>,
//! <https://ai.google.dev/api/caching#FunctionDeclaration>.

use super::schema;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::{Choice, Names, Tool, Tools, open_schema};
use crate::error::Error;
use crate::wire::json;

pub(super) const NAMES: Names =
    Names { max: 128, also: b".:", words: "must be 1 to 128 letters, digits, _, ., : or -" };

pub(super) fn read<'a>(
    root: &Value<'a, '_>,
    body: &Object<'a>,
    dropped: &mut Dropped,
) -> Result<Tools<'a>, Error> {
    let tools = Tools::read(root, body, &NAMES, dropped)?;
    if tools.single && !tools.defined.is_empty() && tools.choice != Choice::Never {
        dropped.add("parallel_tool_calls (this model may call several at once)");
    }
    Ok(tools)
}

/// Writes `tools` and `toolConfig`.
pub(super) fn write(tools: &Tools<'_>, out: &mut Vec<u8>, dropped: &mut Dropped) {
    if tools.defined.is_empty() {
        return;
    }
    out.extend_from_slice(br#","tools":[{"functionDeclarations":["#);
    for (i, tool) in tools.defined.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        declaration(tool, out, dropped);
    }
    out.extend_from_slice(b"]}]");
    let strict = tools.defined.iter().any(|tool| tool.strict);
    let mode = match tools.choice {
        Choice::Unsaid | Choice::Auto if strict => "VALIDATED",
        Choice::Unsaid => return,
        Choice::Auto => "AUTO",
        Choice::Never => "NONE",
        Choice::Any | Choice::Named(_) => "ANY",
    };
    out.extend_from_slice(br#","toolConfig":{"functionCallingConfig":{"mode":"#);
    json::push_text(out, mode);
    if let Choice::Named(name) = tools.choice {
        out.extend_from_slice(br#","allowedFunctionNames":["#);
        out.extend_from_slice(name);
        out.push(b']');
    }
    out.extend_from_slice(b"}}");
}

fn declaration(tool: &Tool<'_>, out: &mut Vec<u8>, dropped: &mut Dropped) {
    if tool.cache.is_some() {
        dropped.hint("tools.cache_control");
    }
    out.extend_from_slice(br#"{"name":"#);
    out.extend_from_slice(tool.name);
    if let Some(description) = tool.description {
        out.extend_from_slice(br#","description":"#);
        out.extend_from_slice(description);
    }
    // One without parameters is told by leaving them out.
    if let Some(parameters) = tool.parameters.filter(|p| !is_bare(p)) {
        out.extend_from_slice(br#","parametersJsonSchema":"#);
        let mut open = Vec::with_capacity(parameters.len() + 20);
        open_schema(&mut open, Some(parameters));
        if schema::push(out, &open) {
            dropped.add("tools.function.parameters (members beside $ref)");
        }
    }
    out.push(b'}');
}

/// A schema of no parameters.
fn is_bare(schema: &[u8]) -> bool {
    let members = json::members(schema).unwrap_or_default();
    members.iter().all(|m| {
        let raw = schema.get(m.value.clone()).unwrap_or_default();
        match m.key.as_ref() {
            "type" => raw == br#""object""#,
            "properties" => json::members(raw).is_ok_and(|inner| inner.is_empty()),
            "required" => json::items(raw).is_some_and(|inner| inner.is_empty()),
            "additionalProperties" => raw == b"false",
            "$schema" | "title" => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_schema_without_parameters() {
        for (schema, bare) in [
            ("{}", true),
            (r#"{"type":"object","properties":{}}"#, true),
            (r#"{"type":"object","properties":{ },"additionalProperties":false}"#, true),
            (r#"{"type":"object","properties":{"a":{}}}"#, false),
            (r#"{"type":"object","additionalProperties":true}"#, false),
            (r##"{"$ref":"#/$defs/A"}"##, false),
        ] {
            assert_eq!(is_bare(schema.as_bytes()), bare, "{schema}");
        }
    }
}
