//! Content blocks that mean the same in a system prompt, a message and a result.

use crate::cli::mock::vendor::Failure;

use super::fields::{Object, bad, only, string};
use super::response::SIGNATURE;

/// What a walk over all blocks sums up.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Of all texts.
    pub(super) bytes: usize,
    pub(super) cache_marks: usize,
}

/// Only what this server thought itself comes back.
pub(super) fn thinking(block: &Object, path: &str) -> Result<(), Failure> {
    let inner = format!("{path}.thinking");
    only(block, &inner, &["type", "thinking", "signature"])?;
    string(block, &inner, "thinking")?;
    if string(block, &inner, "signature")? == SIGNATURE {
        Ok(())
    } else {
        Err(bad(path, "Invalid `signature` in `thinking` block"))
    }
}

/// The same of a thought that nobody may read.
pub(super) fn redacted(block: &Object, path: &str) -> Result<(), Failure> {
    let inner = format!("{path}.redacted_thinking");
    only(block, &inner, &["type", "data"])?;
    if string(block, &inner, "data")? == SIGNATURE {
        Ok(())
    } else {
        Err(bad(path, "Invalid `data` in `redacted_thinking` block"))
    }
}

/// Blocks that are legal but say nothing to the mock.
pub(super) fn is_carried(role: &str, kind: &str) -> bool {
    match role {
        "user" => matches!(kind, "image" | "document" | "search_result" | "container_upload"),
        _ => kind == "server_tool_use" || kind.ends_with("_tool_result"),
    }
}

// === impl Reader ===

impl Reader {
    pub(super) fn marks(&mut self, block: &Object) {
        if block.get("cache_control").is_some_and(|mark| !mark.is_null()) {
            self.cache_marks += 1;
        }
    }

    pub(super) fn text<'a>(&mut self, block: &'a Object, path: &str) -> Result<&'a str, Failure> {
        let known = ["type", "text", "cache_control", "citations"];
        only(block, &format!("{path}.text"), &known)?;
        self.marks(block);
        let text = string(block, &format!("{path}.text"), "text")?;
        if text.trim().is_empty() {
            let problem = if text.is_empty() {
                "text content blocks must be non-empty"
            } else {
                "text content blocks must contain non-whitespace text"
            };
            let list = path.split('.').next().unwrap_or_default();
            return Err(bad(list, problem));
        }
        self.bytes += text.len();
        Ok(text)
    }
}
