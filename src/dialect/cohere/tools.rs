//! Tools and the choice among them.
//!
//! A choice is `REQUIRED`, `NONE` or none at all; a named tool is the only one given.
//! `strict_tools` is said for all tools or for none, and such a tool must have a
//! required parameter.
//!
//! The errors page wants names of letters, digits and `_` that begin with no digit;
//! today's models are served with `-`, too, so that is left to the API.
//!
//! Spec: <https://docs.cohere.com/docs/tool-use-overview>,
//! <https://docs.cohere.com/docs/structured-outputs#structured-outputs-tools>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Object;
use crate::dialect::openai::tools::{Choice, Names, Tool, Tools, open_schema};
use crate::wire::json;

pub(super) const NAMES: Names =
    Names { max: 128, also: b"", words: "must be 1 to 128 letters, digits, _ or -" };

/// `own`: a tool of ours to be added, and one must be called. `takes_strict`: the
/// model takes `strict_tools`.
pub(super) fn write(
    tools: &Tools<'_>,
    own: Option<&[u8]>,
    takes_strict: bool,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) {
    let only = |tool: &Tool<'_>| match tools.choice {
        Choice::Named(name) => json::text(name) == json::text(tool.name),
        _ => true,
    };
    let mut defined = Array::default();
    let (mut strict, mut loose) = (0, 0);
    for tool in tools.defined.iter().filter(|tool| only(tool)) {
        define(tool, defined.item());
        if tool.strict {
            strict += 1;
        }
        if !tool.strict || !has_required(tool) {
            loose += 1;
        }
    }
    if let Some(own) = own {
        defined.item().extend_from_slice(own);
    }
    if defined.is_empty() {
        if body.get("strict_tools").is_some() {
            dropped.add("strict_tools (no tools)");
        }
        return;
    }
    defined.push_member(out, "tools");
    match body.get("strict_tools") {
        Some(asked) => json::push_member(out, "strict_tools", asked),
        None if strict > 0 && loose == 0 && takes_strict => {
            json::push_member(out, "strict_tools", b"true")
        }
        None if strict > 0 => dropped.add("tools.function.strict"),
        None => {}
    }
    match tools.choice {
        _ if own.is_some() => json::push_member(out, "tool_choice", br#""REQUIRED""#),
        Choice::Any | Choice::Named(_) => json::push_member(out, "tool_choice", br#""REQUIRED""#),
        Choice::Never => json::push_member(out, "tool_choice", br#""NONE""#),
        Choice::Auto | Choice::Unsaid => {}
    }
}

fn define(tool: &Tool<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"function","function":{"name":"#);
    out.extend_from_slice(tool.name);
    if let Some(description) = tool.description {
        json::push_member(out, "description", description);
    }
    out.extend_from_slice(br#","parameters":"#);
    open_schema(out, tool.parameters);
    out.extend_from_slice(b"}}");
}

fn has_required(tool: &Tool<'_>) -> bool {
    let raw = tool.parameters.unwrap_or_default();
    let members = json::members(raw).unwrap_or_default();
    let required = members.iter().find(|m| m.key == "required");
    required
        .and_then(|m| json::items(raw.get(m.value.clone())?))
        .is_some_and(|names| !names.is_empty())
}
