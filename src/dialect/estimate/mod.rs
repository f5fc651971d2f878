//! How many tokens something has, where nobody counts them: the house's one estimate.
//!
//! Text is four bytes to a token, across languages and code; a request has its strings,
//! numbers and names, punctuation aside. A picture is 1,600 tokens: Anthropic's formula,
//! width x height / 750, comes to about that for the largest it does not scale down, and
//! reading a size would mean decoding. Any other file is its bytes as text, which for a
//! PDF is far too much: rather warn too early. Signatures are not read by models.
//!
//! Must not: be taken for a count. Whoever shows it says that it is one.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/vision#calculate-image-costs>

use crate::wire::json;

pub mod factors;
pub mod measure;
pub mod pictures;
pub mod scan;
pub mod text;
mod weights;

const BYTES_PER_TOKEN: u64 = 4;
/// Indented code has that many, on an average; runs of one character have more.
const MOST_BYTES_PER_TOKEN: u64 = 8;
const IMAGE: u64 = 1_600;

/// Of text.
pub fn of_bytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Of a request in any dialect: JSON that `wire::json::object` has passed, which bounds
/// its depth.
pub fn of_request(body: &[u8]) -> u64 {
    let mut weight = Weight::default();
    weight.value(body, 0);
    of_bytes(weight.bytes + weight.files) + weight.images * IMAGE
}

/// Fewer tokens a request does not have: its text alone, written as loosely as code is.
/// The same JSON as of `of_request`.
pub fn least_of_request(body: &[u8]) -> u64 {
    let mut weight = Weight::default();
    weight.value(body, 0);
    weight.bytes / MOST_BYTES_PER_TOKEN
}

#[derive(Default)]
struct Weight {
    /// Of text.
    bytes: u64,
    /// Of files.
    files: u64,
    images: u64,
}

/// Blocks that are a picture, whatever they hold.
const IMAGES: &[&[u8]] = &[br#""image""#, br#""image_url""#, br#""input_image""#];
/// Depth of what is looked into. Every level is a pass over all below it; no picture
/// stands deeper, and the rest is its bytes.
const MAX_DEPTH: u32 = 16;
/// What tells the type of data beside it.
const TYPES: &[&str] = &["media_type", "mimeType", "mime_type"];
/// Where base64 stands, but for Gemini's and Anthropic's `data`.
const BYTES: &[&str] = &["bytes", "file_data"];
const UNREAD: &[&str] = &["signature", "thoughtSignature", "thought_signature"];

// === impl Weight ===

impl Weight {
    fn value(&mut self, raw: &[u8], depth: u32) {
        match raw.first() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => self.bytes += raw.len() as u64,
            Some(b'{') => self.object(raw, depth + 1),
            Some(b'[') => {
                let items = json::items(raw).unwrap_or_default();
                items.into_iter().for_each(|item| self.value(item, depth + 1));
            }
            Some(b'"') => self.string(raw),
            _ => self.bytes += raw.len() as u64,
        }
    }

    fn object(&mut self, raw: &[u8], depth: u32) {
        let members = json::members(raw).unwrap_or_default();
        let get = |name: &str| {
            members.iter().find(|m| m.key == name).and_then(|m| raw.get(m.value.clone()))
        };
        let type_ = TYPES.iter().find_map(|name| get(name));
        let pictured = type_.is_some_and(|t| t.starts_with(b"\"image/"));
        if pictured || get("type").is_some_and(|t| IMAGES.contains(&t)) {
            self.images += 1;
            return;
        }
        let coded = type_.is_some_and(|t| !t.starts_with(b"\"text/"));
        for member in &members {
            let name = member.key.as_ref();
            let value = raw.get(member.value.clone()).unwrap_or_default();
            if UNREAD.contains(&name) {
                continue;
            }
            self.bytes += name.len() as u64;
            // Converse has no type in its blocks, but a name.
            if name == "image" && value.starts_with(b"{") {
                self.images += 1;
            } else if coded && name == "data" || BYTES.contains(&name) {
                self.file(value.len());
            } else {
                self.value(value, depth);
            }
        }
    }

    fn string(&mut self, raw: &[u8]) {
        if raw.starts_with(b"\"data:image/") {
            self.images += 1;
        } else if raw.starts_with(b"\"data:") {
            self.file(raw.len());
        } else {
            self.bytes += raw.len().saturating_sub(2) as u64;
        }
    }

    /// Base64 of this length.
    fn file(&mut self, length: usize) {
        self.files += length as u64 / 4 * 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_not_their_bytes() {
        let text = r#"{"messages":[{"role":"user","content":"four and twenty"}]}"#;
        // messages, role, user, content and the text: 8 + 4 + 4 + 7 + 15 bytes.
        assert_eq!(of_request(text.as_bytes()), 10);
        let data = "A".repeat(4000);
        for block in [
            format!(
                r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{data}"}}}}"#
            ),
            format!(r#"{{"inlineData":{{"mimeType":"image/png","data":"{data}"}}}}"#),
            format!(r#"{{"image":{{"format":"png","source":{{"bytes":"{data}"}}}}}}"#),
            format!(r#"{{"type":"input_image","image_url":"data:image/png;base64,{data}"}}"#),
            format!(r#"{{"any":"data:image/png;base64,{data}"}}"#),
        ] {
            let tokens = of_request(format!(r#"{{"content":[{block}]}}"#).as_bytes());
            assert!((1600..1620).contains(&tokens), "{tokens}: {block}");
        }
    }

    #[test]
    fn what_stands_deep_is_its_bytes() {
        let nested = |depth| {
            let open = r#"{"a":"#.repeat(depth);
            of_request(format!("{open}7{}", "}".repeat(depth)).as_bytes())
        };
        // A name a level; below, braces, quotes and colons count too.
        assert_eq!(nested(15), 4);
        assert_eq!(nested(100), (16u64 + 84 * 6 + 1).div_ceil(4));
    }

    #[test]
    fn files_are_their_bytes() {
        let data = "A".repeat(4000);
        for (block, want) in [
            (format!(r#"{{"source":{{"media_type":"application/pdf","data":"{data}"}}}}"#), 750),
            (format!(r#"{{"source":{{"media_type":"text/plain","data":"{data}"}}}}"#), 1000),
            (format!(r#"{{"document":{{"source":{{"bytes":"{data}"}}}}}}"#), 750),
            (format!(r#"{{"type":"thinking","signature":"{data}"}}"#), 3),
        ] {
            let tokens = of_request(block.as_bytes());
            assert!((want..want + 20).contains(&tokens), "{tokens}: {block}");
        }
    }
}
