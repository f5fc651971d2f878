//! The tools of a chat request and the choice among them.
//!
//! Spec: <https://platform.openai.com/docs/guides/function-calling>.

use super::read::{Object, Value};
use crate::dialect::loss::Dropped;
use crate::error::Error;
use crate::wire::json;

/// What the client lets the model call.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Narrowed by `allowed_tools` already.
    pub defined: Vec<Tool<'a>>,
    pub choice: Choice<'a>,
    /// Never two calls at once.
    pub single: bool,
}

/// A function. All but `strict` as the client spelled it.
#[derive(Debug)]
pub struct Tool<'a> {
    /// A JSON string.
    pub name: &'a [u8],
    /// A JSON string.
    pub description: Option<&'a [u8]>,
    /// A JSON object.
    pub parameters: Option<&'a [u8]>,
    pub strict: bool,
    pub cache: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// The client did not say.
    Unsaid,
    Auto,
    Never,
    Any,
    /// One tool, by its name's JSON string.
    Named(&'a [u8]),
}

/// What a provider takes as a tool's name.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// In bytes.
    pub max: usize,
    /// Beside ASCII letters, digits, `_` and `-`.
    pub also: &'static [u8],
    pub words: &'static str,
}

/// Most names in `allowed_tools`, each looked up for each tool. OpenAI's own
/// bound on tools.
const MAX_ALLOWED: usize = 128;

/// A schema for an input, which must say that it is an object.
pub fn open_schema(out: &mut Vec<u8>, parameters: Option<&[u8]>) {
    const EMPTY: &[u8] = br#"{"type":"object","properties":{}}"#;
    let Some(raw) = parameters else { return out.extend_from_slice(EMPTY) };
    let members = json::members(raw).unwrap_or_default();
    if members.iter().any(|m| m.key == "type") {
        out.extend_from_slice(raw);
    } else if members.is_empty() {
        out.extend_from_slice(EMPTY);
    } else {
        out.extend_from_slice(br#"{"type":"object","#);
        out.extend_from_slice(raw.get(1..).unwrap_or_default());
    }
}

// === impl Tools ===

impl<'a> Tools<'a> {
    pub fn read(
        root: &Value<'a, '_>,
        body: &Object<'a>,
        names: &Names,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let mut tools = Tools { defined: Vec::new(), choice: Choice::Unsaid, single: false };
        let mut allowed = None;
        if let Some(choice) = root.field(body, "tool_choice") {
            (tools.choice, allowed) = Choice::read(&choice, names)?;
        }
        if let Some(parallel) = root.field(body, "parallel_tool_calls") {
            tools.single = !parallel.boolean()?;
        }
        if let Some(list) = root.field(body, "tools") {
            for (i, raw) in list.items()?.into_iter().enumerate() {
                let (tool, name) = Tool::read(&list.item(i, raw), names, dropped)?;
                if allowed.as_ref().is_none_or(|names| names.contains(&name)) {
                    tools.defined.push(tool);
                }
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
}

// === impl Tool ===

impl<'a> Tool<'a> {
    /// The tool, and its name as text.
    fn read(
        tool: &Value<'a, '_>,
        names: &Names,
        dropped: &mut Dropped,
    ) -> Result<(Self, String), Error> {
        let object = tool.object()?;
        let type_ = tool.field(&object, "type").map(|t| t.text()).transpose()?;
        if type_.is_some_and(|t| t != "function") {
            let path = format!("{}.type", tool.path);
            return Err(Error::invalid(path, "only function tools are carried"));
        }
        let Some(function) = tool.field(&object, "function") else {
            return Err(tool.error("needs a function"));
        };
        let inner = function.object()?;
        dropped.unknown("tools.", &object, &["type", "function", "cache_control"]);
        let known = ["name", "description", "parameters", "strict", "cache_control"];
        dropped.unknown("tools.function.", &inner, &known);
        let Some(name) = function.field(&inner, "name") else {
            return Err(function.error("needs a name"));
        };
        let text = names.check(&name)?;
        let parameters = function.field(&inner, "parameters");
        if let Some(parameters) = &parameters {
            parameters.object()?;
        }
        let strict = function.field(&inner, "strict").map(|s| s.boolean()).transpose()?;
        let tool = Self {
            name: name.raw,
            description: function.field(&inner, "description").map(|d| d.string()).transpose()?,
            parameters: parameters.map(|p| p.raw),
            strict: strict.unwrap_or(false),
            cache: object.get("cache_control").or(inner.get("cache_control")),
        };
        Ok((tool, text))
    }
}

// === impl Choice ===

impl<'a> Choice<'a> {
    /// The choice, and the names it narrows the tools to.
    fn read(value: &Value<'a, '_>, names: &Names) -> Result<(Self, Option<Vec<String>>), Error> {
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
            Some("function") => Ok((Choice::Named(named(value, &object, names)?.0), None)),
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
                let mut allowed = Vec::new();
                for (i, raw) in items.into_iter().enumerate() {
                    let tool = list.item(i, raw);
                    allowed.push(named(&tool, &tool.object()?, names)?.1);
                }
                Ok((choice, Some(allowed)))
            }
            _ => Err(value.error("only function and allowed_tools choices are carried")),
        }
    }

    pub fn is_forced(self) -> bool {
        matches!(self, Choice::Any | Choice::Named(_))
    }
}

/// The name in `{"type":"function","function":{"name":...}}`, raw and as text.
fn named<'a>(
    value: &Value<'a, '_>,
    object: &Object<'a>,
    names: &Names,
) -> Result<(&'a [u8], String), Error> {
    let Some(function) = value.field(object, "function") else {
        return Err(value.error("needs a function"));
    };
    let inner = function.object()?;
    match function.field(&inner, "name") {
        Some(name) => Ok((name.raw, names.check(&name)?)),
        None => Err(function.error("needs a name")),
    }
}

// === impl Names ===

impl Names {
    /// The name as text.
    pub fn check(&self, name: &Value<'_, '_>) -> Result<String, Error> {
        let text = name.text()?;
        let fits =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || self.also.contains(&b);
        if text.is_empty() || text.len() > self.max || !text.bytes().all(fits) {
            return Err(name.error(self.words));
        }
        Ok(text.into_owned())
    }
}
