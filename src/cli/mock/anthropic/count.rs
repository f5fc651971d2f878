//! Reads a request to Anthropic's counter, its own and Vertex's.
//!
//! <https://platform.claude.com/docs/en/api/messages-count-tokens>

use serde_json::Value;

use crate::cli::mock::answer::Ask;
use crate::cli::mock::vendor::Failure;

use super::clouds::no_links;
use super::fields::{Object, string};
use super::request::read;

/// Whose counter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::mock) enum AtVertex {
    No,
    Yes,
}

/// What the counter takes: no output limit, no sampling.
pub(in crate::cli::mock) fn count(body: &Object, at: AtVertex) -> Result<Ask<'_>, Failure> {
    let mut known = COUNTED.to_vec();
    if at == AtVertex::Yes {
        no_links(&Value::Object(body.clone()))?;
        known.retain(|name| *name != "cache_control");
        known.push("anthropic_version");
    }
    read(body, string(body, "", "model")?, false, &known)
}

const COUNTED: &[&str] = &[
    "cache_control",
    "context_management",
    "mcp_servers",
    "messages",
    "model",
    "output_config",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];
