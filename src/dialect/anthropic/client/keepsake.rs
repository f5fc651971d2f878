//! What another provider wants back in the next turn, in the one place where a
//! Messages client keeps what it does not understand: the data of a
//! `redacted_thinking` block, which must come back unchanged.
//!
//! `sluice:` and what it is, then JSON as it came. A block of Claude's own never
//! begins so: its data is base64.

use crate::wire::json;

/// What the JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keepsake {
    /// `extra_content` of the call whose block comes next.
    Call,
    /// One of `thinking_blocks`.
    Thought,
}

const KINDS: &[(Keepsake, &str)] =
    &[(Keepsake::Call, "sluice:call:"), (Keepsake::Thought, "sluice:thought:")];

/// How each of them begins, as JSON.
pub(in crate::dialect::anthropic) const BEGINS: &[u8] = br#""sluice:"#;

pub(in crate::dialect::anthropic) fn is_keepsake(data: &str) -> bool {
    KINDS.iter().any(|(_, mark)| data.starts_with(mark))
}

impl Keepsake {
    /// Appends a whole block.
    pub(super) fn push(self, out: &mut Vec<u8>, json: &str) {
        let mark = KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, mark)| mark);
        out.extend_from_slice(br#"{"type":"redacted_thinking","data":"#);
        json::push_text(out, &format!("{mark}{json}"));
        out.push(b'}');
    }

    /// What the data of a block keeps; `None` where it is not of ours.
    pub(super) fn of(data: &str) -> Option<(Self, &str)> {
        let (kind, json) =
            KINDS.iter().find_map(|(kind, mark)| Some((*kind, data.strip_prefix(mark)?)))?;
        json::object(json.as_bytes()).ok()?;
        Some((kind, json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        for kind in [Keepsake::Call, Keepsake::Thought] {
            let mut block = Vec::new();
            kind.push(&mut block, r#"{"a": "\n"}"#);
            let block: serde_json::Value = serde_json::from_slice(&block).unwrap();
            let data = block["data"].as_str().unwrap();
            assert_eq!(Keepsake::of(data), Some((kind, r#"{"a": "\n"}"#)));
        }
        for foreign in ["", "EmwKAhgBEgy", "sluice:call:", "sluice:call:7", "sluice:other:{}"] {
            assert_eq!(Keepsake::of(foreign), None);
        }
    }
}
