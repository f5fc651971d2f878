//! Tools and the choice among them.
//!
//! Spec: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools>,
//! strict <https://platform.claude.com/docs/en/agents-and-tools/tool-use/strict-tool-use>.
//! OpenAI's `strict` is kept where the model takes schemas natively and the
//! schema can be told in the subset Anthropic compiles (`schema`).

use crate::dialect::claude::schema;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::tools::{Choice, Names, Tool, Tools, open_schema};
use crate::wire::json;

pub(super) const NAMES: Names =
    Names { max: 128, also: b"", words: "must be 1 to 128 letters, digits, _ or -" };

/// Writes `tools` and `tool_choice`. `strict`: the model takes strict tools. `own`: a
/// tool of ours to be added.
pub(super) fn write(
    tools: &Tools<'_>,
    strict: bool,
    own: Option<&[u8]>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) {
    let mut defined = Array::default();
    for tool in &tools.defined {
        define(tool, strict, defined.item(), dropped);
    }
    if let Some(own) = own {
        defined.item().extend_from_slice(own);
    }
    if defined.is_empty() {
        return;
    }
    defined.push_member(out, "tools");
    let type_ = match tools.choice {
        Choice::Unsaid if !tools.single => return,
        Choice::Unsaid | Choice::Auto => "auto",
        Choice::Never => "none",
        Choice::Any => "any",
        Choice::Named(_) => "tool",
    };
    out.extend_from_slice(br#","tool_choice":{"type":"#);
    json::push_text(out, type_);
    if let Choice::Named(name) = tools.choice {
        out.extend_from_slice(br#","name":"#);
        out.extend_from_slice(name);
    }
    if tools.single && tools.choice != Choice::Never {
        out.extend_from_slice(br#","disable_parallel_tool_use":true"#);
    }
    out.push(b'}');
}

fn define(tool: &Tool<'_>, strict: bool, out: &mut Vec<u8>, dropped: &mut Dropped) {
    out.extend_from_slice(br#"{"name":"#);
    out.extend_from_slice(tool.name);
    if let Some(description) = tool.description {
        out.extend_from_slice(br#","description":"#);
        out.extend_from_slice(description);
    }
    out.extend_from_slice(br#","input_schema":"#);
    let wanted = tool.parameters.filter(|_| tool.strict && strict);
    match wanted.and_then(schema::native) {
        Some(native) => {
            out.extend_from_slice(&native.schema);
            out.extend_from_slice(br#","strict":true"#);
        }
        None => {
            if tool.strict {
                dropped.add("tools.function.strict");
            }
            open_schema(out, tool.parameters);
        }
    }
    if let Some(cache) = tool.cache {
        out.extend_from_slice(br#","cache_control":"#);
        out.extend_from_slice(cache);
    }
    out.push(b'}');
}
