//! An answer's beginning, written by the client: the assistant speaks last.
//!
//! From 4.6 on no model takes one, and none takes one while it thinks; none takes one
//! that ends in white space.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response>,
//! <https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide>.

use crate::dialect::{ModelTraits, Thinking};

/// `thinks`: the model will think, this time.
pub(in crate::dialect) fn is_taken(traits: &ModelTraits, thinks: bool) -> bool {
    !thinks && !matches!(traits.thinking, Thinking::Adaptive | Thinking::Always)
}

/// Takes the white space off the end of written turns, where the last block is text.
pub(in crate::dialect) fn trim(turns: &mut Vec<u8>) {
    const TAIL: &[u8] = br#""}]}"#;
    let Some(mut text) = turns.strip_suffix(TAIL) else { return };
    loop {
        text = match text {
            [rest @ .., b' '] => rest,
            // An escape, unless its backslash is one that is escaped itself.
            [rest @ .., b'\\', b'n' | b't' | b'r']
                if rest.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0 =>
            {
                rest
            }
            _ => break,
        };
    }
    let end = text.len();
    turns.truncate(end);
    turns.extend_from_slice(TAIL);
}

#[cfg(test)]
mod tests {
    use super::trim;

    #[test]
    fn trims_white_space_and_no_backslash() {
        for (text, want) in [
            (r"It is", "It is"),
            (r"It is \n\t ", "It is"),
            (r"C:\\n", r"C:\\n"),
            (r"a \\\n", r"a \\"),
        ] {
            let mut turns = format!(r#"[{{"text":"{text}"}}]}}"#).into_bytes();
            trim(&mut turns);
            assert_eq!(String::from_utf8(turns).unwrap(), format!(r#"[{{"text":"{want}"}}]}}"#));
        }
    }
}
