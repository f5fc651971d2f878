//! Tools and the choice among them.
//!
//! There is no choice `none`: without tools in the history the tools are left out,
//! which is the same; with them `toolConfig` must be there (`The toolConfig field
//! must be defined when using toolUse and toolResult content blocks`), so the tools
//! stay and the choice is listed as dropped. A history with calls and a request
//! without tools gets the called names as tools, described as gone.
//!
//! Claude and Nova can be made to call one tool; others at most any.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html>.

use super::content;
use crate::dialect::claude::schema;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::tools::{Choice, Names, Tool, Tools, open_schema};
use crate::dialect::{Maker, ModelTraits};

pub(super) const NAMES: Names =
    Names { max: 64, also: b"", words: "must be 1 to 64 letters, digits, _ or -" };

/// The names of tools that stand in the history, as JSON strings.
#[derive(Debug, Default)]
pub(super) struct Called {
    pub(super) names: Vec<Vec<u8>>,
    /// There are tool blocks, with names or without.
    pub(super) any: bool,
}

/// Most tools made of the history's names.
const MAX_STUBS: usize = 64;

/// Writes `toolConfig`. `own`: a tool of ours to be added.
pub(super) fn write(
    tools: &Tools<'_>,
    traits: &ModelTraits,
    own: Option<&[u8]>,
    called: &Called,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) {
    let never = tools.choice == Choice::Never;
    if never && !called.any && own.is_none() {
        return;
    }
    let mut defined = Array::default();
    for tool in &tools.defined {
        define(tool, traits, &mut defined, dropped);
    }
    if let Some(own) = own {
        defined.item().extend_from_slice(own);
    }
    if defined.is_empty() && called.any {
        stubs(called, &mut defined);
    }
    if defined.is_empty() {
        return;
    }
    if never {
        dropped.add("tool_choice (none: the conversation's calls need their tools)");
    }
    out.extend_from_slice(br#","toolConfig":{"tools":["#);
    out.extend_from_slice(defined.items());
    out.push(b']');
    let by_name = matches!(traits.maker, Maker::Anthropic | Maker::Amazon | Maker::Other);
    match tools.choice {
        // `auto` is the default, and some models refuse the word.
        Choice::Unsaid | Choice::Auto | Choice::Never => {}
        Choice::Named(name) if by_name => {
            out.extend_from_slice(br#","toolChoice":{"tool":{"name":"#);
            out.extend_from_slice(name);
            out.extend_from_slice(b"}}");
        }
        Choice::Named(_) | Choice::Any => {
            if matches!(tools.choice, Choice::Named(_)) && tools.defined.len() > 1 {
                dropped.add("tool_choice.function (any tool: this model takes no name)");
            }
            out.extend_from_slice(br#","toolChoice":{"any":{}}"#);
        }
    }
    out.push(b'}');
}

fn define(tool: &Tool<'_>, traits: &ModelTraits, defined: &mut Array, dropped: &mut Dropped) {
    let out = defined.item();
    out.extend_from_slice(br#"{"toolSpec":{"name":"#);
    out.extend_from_slice(tool.name);
    if let Some(description) = tool.description.filter(|d| *d != b"\"\"") {
        out.extend_from_slice(br#","description":"#);
        out.extend_from_slice(description);
    }
    out.extend_from_slice(br#","inputSchema":{"json":"#);
    let wanted = tool.parameters.filter(|_| tool.strict && traits.structured_output);
    match wanted.and_then(schema::native) {
        Some(native) => {
            out.extend_from_slice(&native.schema);
            out.extend_from_slice(br#"},"strict":true}}"#);
        }
        None => {
            if tool.strict {
                dropped.add("tools.function.strict");
            }
            open_schema(out, tool.parameters);
            out.extend_from_slice(b"}}}");
        }
    }
    if let Some(cache) = tool.cache {
        content::cache_point(defined, cache, traits.maker, dropped);
    }
}

fn stubs(called: &Called, defined: &mut Array) {
    let unnamed = br#""unknown_tool""#.to_vec();
    let names =
        if called.names.is_empty() { std::slice::from_ref(&unnamed) } else { &called.names };
    for name in names.iter().take(MAX_STUBS) {
        let out = defined.item();
        out.extend_from_slice(br#"{"toolSpec":{"name":"#);
        out.extend_from_slice(name);
        out.extend_from_slice(
            br#","description":"No longer there: do not call it.","inputSchema":{"json":{"type":"object"}}}}"#,
        );
    }
}

// === impl Called ===

impl Called {
    pub(super) fn add(&mut self, name: &[u8]) {
        self.any = true;
        if self.names.len() < MAX_STUBS && !self.names.iter().any(|n| n == name) {
            self.names.push(name.to_vec());
        }
    }
}
