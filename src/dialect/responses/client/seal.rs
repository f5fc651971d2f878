//! What a provider wants back with the next turn, as a reasoning item's
//! `encrypted_content`: a mark of ours, and base64 of a JSON object with
//!
//! - `thinking_blocks` and `extra_content`, a chat message's own;
//! - `calls`: `{"id","extra_content"}` for calls that have some.
//!
//! It is signed by its provider, not by us, and holds nothing that chat clients do
//! not see: a client that changes it deceives only itself. Reasoning without any of
//! it is sealed too, for clients that send back nothing else.

use crate::dialect::openai::completion::Array;
use crate::dialect::openai::media::{decode_base64, push_base64};
use crate::wire::json::{self, push_member};

const MARK: &str = "sluice1.";

/// The same as JSON begins with it.
pub(in crate::dialect::responses) const BEGINS: &[u8] = br#""sluice1."#;

pub(in crate::dialect::responses) fn is_sealed(encrypted: &str) -> bool {
    encrypted.starts_with(MARK)
}

#[derive(Debug, Default)]
pub(super) struct Seal {
    pub(super) thinking_blocks: Array,
    /// A JSON value, or empty.
    pub(super) extra_content: Vec<u8>,
    pub(super) calls: Array,
}

/// The sealed object; `None`: it is not ours.
pub(super) fn open(encrypted: &str) -> Option<Vec<u8>> {
    let object = decode_base64(encrypted.strip_prefix(MARK)?)?;
    json::object(&object).is_ok().then_some(object)
}

// === impl Seal ===

impl Seal {
    pub(super) fn is_empty(&self) -> bool {
        self.thinking_blocks.is_empty() && self.extra_content.is_empty() && self.calls.is_empty()
    }

    /// `id`: a JSON string.
    pub(super) fn call(&mut self, id: &[u8], extra: &[u8]) {
        let out = self.calls.item();
        out.extend_from_slice(br#"{"id":"#);
        out.extend_from_slice(id);
        push_member(out, "extra_content", extra);
        out.push(b'}');
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.thinking_blocks.items().len() + self.extra_content.len() + self.calls.items().len()
    }

    /// Appends it as a JSON string.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        let mut members = Vec::new();
        self.thinking_blocks.push_member(&mut members, "thinking_blocks");
        if !self.extra_content.is_empty() {
            push_member(&mut members, "extra_content", &self.extra_content);
        }
        self.calls.push_member(&mut members, "calls");
        let object = [b"{", members.get(1..).unwrap_or_default(), b"}"].concat();
        out.push(b'"');
        out.extend_from_slice(MARK.as_bytes());
        push_base64(&object, out);
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed() {
        let mut seal = Seal::default();
        seal.thinking_blocks.item().extend_from_slice(br#"{"type":"thinking"}"#);
        seal.call(br#""c1""#, b"{}");
        let mut out = Vec::new();
        seal.push(&mut out);
        let text = json::text(&out).unwrap();
        let want = br#"{"thinking_blocks":[{"type":"thinking"}],"calls":[{"id":"c1","extra_content":{}}]}"#;
        assert_eq!(open(&text).unwrap(), want);
        for foreign in ["", "gAAAA", "sluice1.", "sluice1.!", "sluice1.W10="] {
            assert_eq!(open(foreign), None, "{foreign}");
        }
    }
}
