//! Log probabilities: a piece of text with those of its tokens, to OpenAI's list of
//! tokens.
//!
//! A piece may be several tokens, and the text of each is not told: it counts as one
//! token as likely as all of them together, which is the sum. What else could have
//! come is not told, either. Spec: <https://docs.cohere.com/reference/chat>.

use super::response::string;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Appends OpenAI's item for one of Cohere's; nothing where it tells no text.
pub(super) fn push(raw: &str, out: &mut Vec<u8>) {
    let Ok(item) = serde_json::from_str::<Item<'_>>(raw) else { return };
    let (Some(text), Some(logprobs)) = (item.text, item.logprobs) else { return };
    let sum: f64 = logprobs.iter().sum();
    if logprobs.is_empty() || !sum.is_finite() {
        return;
    }
    out.extend_from_slice(br#"{"token":"#);
    out.extend_from_slice(string(Some(text)));
    out.extend_from_slice(br#","logprob":"#);
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(&mut *out, &sum);
    out.extend_from_slice(br#","bytes":null,"top_logprobs":[]}"#);
}

/// A choice's `logprobs` from such items with commas between them.
pub(super) fn list(items: &[u8]) -> Vec<u8> {
    [br#"{"content":["#, items, br#"],"refusal":null}"#].concat()
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    logprobs: Option<Vec<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_as_likely_as_its_tokens_together() {
        let push = |raw: &str| {
            let mut out = Vec::new();
            push(raw, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            push(r#"{"text":"h\u00fc","token_ids":[1,2],"logprobs":[-0.5,-0.25]}"#),
            r#"{"token":"h\u00fc","logprob":-0.75,"bytes":null,"top_logprobs":[]}"#
        );
        for nothing in ["7", r#"{"token_ids":[1]}"#, r#"{"text":"x","logprobs":[]}"#] {
            assert_eq!(push(nothing), "", "{nothing}");
        }
    }
}
