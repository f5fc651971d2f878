//! Tools and the choice among them.
//!
//! Spec: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools>,
//! strict <https://platform.claude.com/docs/en/agents-and-tools/tool-use/strict-tool-use>.
//! OpenAI's `strict` is kept where the model takes schemas natively and the
//! schema can be told in the subset Anthropic compiles (`schema`).

use super::schema;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json;

/// What the client lets the model call.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    pub(super) defined: Array,
    pub(super) choice: Choice<'a>,
    /// Never two calls at once.
    pub(super) single: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// The client did not say.
    Unsaid,
    Auto,
    Never,
    Any,
    /// One tool, by its name's JSON string.
    Named(&'a [u8]),
}

/// Longest tool name the API takes.
const MAX_NAME: usize = 128;

/// Most names in `allowed_tools`, each looked up for each tool. OpenAI's own
/// bound on tools.
const MAX_ALLOWED: usize = 128;

impl<'a> Tools<'a> {
    /// `strict`: the model takes strict tools.
    pub(super) fn read(
        root: &Value<'a, '_>,
        body: &Object<'a>,
        strict: bool,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let mut tools = Tools { defined: Array::default(), choice: Choice::Unsaid, single: false };
        let mut allowed = None;
        if let Some(choice) = root.field(body, "tool_choice") {
            (tools.choice, allowed) = Choice::read(&choice)?;
        }
        if let Some(parallel) = root.field(body, "parallel_tool_calls") {
            tools.single = !parallel.boolean()?;
        }
        if let Some(list) = root.field(body, "tools") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                tools.define(&list.item(i, raw), allowed.as_deref(), strict, dropped)?;
            }
        }
        if tools.defined.is_empty() {
            if tools.choice.is_forced() {
                return Err(Error::invalid("tool_choice", "forces a tool, but no tool is given"));
            }
            tools.choice = Choice::Unsaid;
        }
        Ok(tools)
    }

    fn define(
        &mut self,
        tool: &Value<'a, '_>,
        allowed: Option<&[String]>,
        strict: bool,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        let object = tool.object()?;
        let type_ = tool.field(&object, "type").map(|t| t.text()).transpose()?;
        match (type_.as_deref(), tool.field(&object, "function")) {
            (Some("function") | None, Some(function)) => {
                let inner = function.object()?;
                dropped.unknown("tools.", &object, &["type", "function", "cache_control"]);
                let known = ["name", "description", "parameters", "strict", "cache_control"];
                dropped.unknown("tools.function.", &inner, &known);
                let Some(name) = function.field(&inner, "name") else {
                    return Err(function.error("needs a name"));
                };
                let text = tool_name(&name)?;
                if allowed.is_some_and(|names| !names.contains(&text)) {
                    return Ok(());
                }
                let cache = object.get("cache_control").or(inner.get("cache_control"));
                let out = self.defined.item();
                out.extend_from_slice(br#"{"name":"#);
                out.extend_from_slice(name.raw);
                if let Some(description) = function.field(&inner, "description") {
                    out.extend_from_slice(br#","description":"#);
                    out.extend_from_slice(description.string()?);
                }
                let asked = match function.field(&inner, "strict") {
                    Some(asked) => asked.boolean()?,
                    None => false,
                };
                let parameters = function.field(&inner, "parameters");
                out.extend_from_slice(br#","input_schema":"#);
                let native = match &parameters {
                    Some(parameters) if asked && strict => schema::native(parameters.raw),
                    _ => None,
                };
                match (native, parameters) {
                    (Some(native), _) => {
                        out.extend_from_slice(&native.schema);
                        out.extend_from_slice(br#","strict":true"#);
                    }
                    (None, parameters) => {
                        if asked {
                            dropped.add("tools.function.strict");
                        }
                        open_schema(out, parameters)?;
                    }
                }
                if let Some(cache) = cache {
                    out.extend_from_slice(br#","cache_control":"#);
                    out.extend_from_slice(cache);
                }
                out.push(b'}');
                Ok(())
            }
            (Some("function") | None, None) => Err(tool.error("needs a function")),
            (Some(_), _) => Err(Error::invalid(
                format!("{}.type", tool.path),
                "only function tools are carried",
            )),
        }
    }

    /// Writes `tools` and `tool_choice`. `own`: a tool of ours to be added.
    pub(super) fn write(mut self, out: &mut Vec<u8>, own: Option<&[u8]>) {
        if let Some(own) = own {
            self.defined.item().extend_from_slice(own);
        }
        if self.defined.is_empty() {
            return;
        }
        self.defined.push_member(out, "tools");
        let type_ = match self.choice {
            Choice::Unsaid if !self.single => return,
            Choice::Unsaid | Choice::Auto => "auto",
            Choice::Never => "none",
            Choice::Any => "any",
            Choice::Named(_) => "tool",
        };
        out.extend_from_slice(br#","tool_choice":{"type":"#);
        json::push_text(out, type_);
        if let Choice::Named(name) = self.choice {
            out.extend_from_slice(br#","name":"#);
            out.extend_from_slice(name);
        }
        if self.single && self.choice != Choice::Never {
            out.extend_from_slice(br#","disable_parallel_tool_use":true"#);
        }
        out.push(b'}');
    }
}

/// A tool's name, checked against the API's alphabet and length.
pub(super) fn tool_name(name: &Value<'_, '_>) -> Result<String, Error> {
    let text = name.text()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(fits) {
        return Err(name.error("must be 1 to 128 letters, digits, _ or -"));
    }
    Ok(text.into_owned())
}

/// A schema for an input, which must say that it is an object.
pub(super) fn open_schema(
    out: &mut Vec<u8>,
    parameters: Option<Value<'_, '_>>,
) -> Result<(), Error> {
    let Some(parameters) = parameters else {
        out.extend_from_slice(br#"{"type":"object","properties":{}}"#);
        return Ok(());
    };
    let object = parameters.object()?;
    if object.get("type").is_some() {
        out.extend_from_slice(parameters.raw);
    } else if object.is_empty() {
        out.extend_from_slice(br#"{"type":"object","properties":{}}"#);
    } else {
        out.extend_from_slice(br#"{"type":"object","#);
        out.extend_from_slice(parameters.raw.get(1..).unwrap_or_default());
    }
    Ok(())
}

// === impl Choice ===

impl<'a> Choice<'a> {
    /// The choice, and the names it narrows the tools to.
    fn read(value: &Value<'a, '_>) -> Result<(Self, Option<Vec<String>>), Error> {
        if value.is_string() {
            let choice = match value.text()?.as_ref() {
                "auto" => Choice::Auto,
                "none" => Choice::Never,
                "required" => Choice::Any,
                _ => return Err(value.error("must be auto, none, required or an object")),
            };
            return Ok((choice, None));
        }
        let object = value.object()?;
        let type_ = value.field(&object, "type").map(|t| t.text()).transpose()?;
        match type_.as_deref() {
            Some("function") => Ok((Choice::Named(function_name(value, &object)?.0), None)),
            Some("allowed_tools") => {
                let Some(inner) = value.field(&object, "allowed_tools") else {
                    return Err(value.error("needs allowed_tools"));
                };
                let object = inner.object()?;
                let mode = inner.field(&object, "mode").map(|m| m.text()).transpose()?;
                let choice = match mode.as_deref() {
                    Some("required") => Choice::Any,
                    Some("auto") | None => Choice::Auto,
                    Some(_) => return Err(inner.error("mode must be auto or required")),
                };
                let Some(list) = inner.field(&object, "tools") else {
                    return Err(inner.error("needs tools"));
                };
                let items = list.items()?;
                if items.len() > MAX_ALLOWED {
                    return Err(list.error("must name at most 128 tools"));
                }
                let mut names = Vec::new();
                for (i, raw) in items.into_iter().enumerate() {
                    let tool = list.item(i, raw);
                    names.push(function_name(&tool, &tool.object()?)?.1);
                }
                Ok((choice, Some(names)))
            }
            _ => Err(value.error("only function and allowed_tools choices are carried")),
        }
    }

    pub(super) fn is_forced(self) -> bool {
        matches!(self, Choice::Any | Choice::Named(_))
    }
}

/// The name in `{"type":"function","function":{"name":...}}`, raw and as text.
fn function_name<'a>(
    value: &Value<'a, '_>,
    object: &Object<'a>,
) -> Result<(&'a [u8], String), Error> {
    let Some(function) = value.field(object, "function") else {
        return Err(value.error("needs a function"));
    };
    let inner = function.object()?;
    match function.field(&inner, "name") {
        Some(name) => Ok((name.raw, tool_name(&name)?)),
        None => Err(function.error("needs a name")),
    }
}
