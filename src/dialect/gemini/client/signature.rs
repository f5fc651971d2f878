//! `thoughtSignature`: Google's own, or other providers' signed blocks in base64.
//!
//! The field is bytes to Google's clients: they decode it and encode it anew, Python's
//! in the URL's alphabet, Go's in the plain one. A provider's signature put there
//! as it is would come back spelled otherwise and be refused. So the blocks go in as
//! base64 of an object of ours, which says by its first bytes what it is. One without
//! blocks marks a call that nobody signed (the `sweep` of requests to Google).

use crate::dialect::openai::media::decode_base64;
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// What a client sent back.
pub(super) enum Signature {
    /// Google's; a JSON string.
    Google(Vec<u8>),
    /// `thinking_blocks`, without the brackets around them.
    Blocks(Vec<u8>),
}

const BEGINS: &[u8] = br#"{"thinking_blocks":["#;
const ENDS: &[u8] = b"]}";
/// What all that is ours begins with, in either alphabet, as JSON.
pub(in crate::dialect::gemini) const KEEPSAKE: &[u8] = br#""eyJ0aGlua2luZ19ibG9ja3Mi"#;

/// `raw`: a JSON string.
pub(in crate::dialect::gemini) fn is_keepsake(raw: &[u8]) -> bool {
    raw.starts_with(KEEPSAKE)
}

/// Appends a JSON string that holds `blocks`, JSON values with commas between, or none.
pub(super) fn wrap(blocks: &[u8], out: &mut Vec<u8>) {
    let plain = [BEGINS, blocks, ENDS].concat();
    out.push(b'"');
    crate::dialect::openai::media::push_base64(&plain, out);
    out.push(b'"');
}

// === impl Signature ===

impl Signature {
    /// `None`: it is empty, or says that nobody signed.
    pub(super) fn read(value: &Value<'_, '_>) -> Result<Option<Self>, Error> {
        let text = value.text()?;
        if text.is_empty() {
            return Ok(None);
        }
        let plain = text.replace('-', "+").replace('_', "/");
        let Some(bytes) = decode_base64(&plain).filter(|b| b.starts_with(BEGINS)) else {
            return Ok(Some(Signature::Google(value.raw.to_vec())));
        };
        let blocks = bytes.strip_prefix(BEGINS).and_then(|b| b.strip_suffix(ENDS));
        match (json::object(&bytes), blocks) {
            (Ok(_), Some(b"")) => Ok(None),
            (Ok(members), Some(blocks)) if members.len() == 1 => {
                Ok(Some(Signature::Blocks(blocks.to_vec())))
            }
            _ => Err(value.error("is not as this gateway wrote it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_either_alphabet() {
        let blocks = r#"{"type":"thinking","thinking":"ü>?~","signature":"a+/="}"#;
        let mut wrapped = Vec::new();
        wrap(blocks.as_bytes(), &mut wrapped);
        let urls = String::from_utf8(wrapped.clone()).unwrap().replace('+', "-").replace('/', "_");
        for raw in [&wrapped[..], urls.as_bytes()] {
            assert!(is_keepsake(raw));
            match Signature::read(&Value::root(raw)).unwrap() {
                Some(Signature::Blocks(read)) => assert_eq!(read, blocks.as_bytes()),
                _ => panic!("not ours"),
            }
        }
        assert!(matches!(
            Signature::read(&Value::root(br#""CiQBjz1rX+w=""#)),
            Ok(Some(Signature::Google(_)))
        ));
        let mut bad = Vec::new();
        wrap(b"{", &mut bad);
        assert!(Signature::read(&Value::root(&bad)).is_err());
    }
}
