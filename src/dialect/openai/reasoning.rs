//! Reasoning text under one name: `reasoning_content`, whatever the provider calls it.
//!
//! Only the key is replaced; all other bytes of an answer or a chunk stay. Where an
//! answer has both names, as some servers send for old clients' sake, it stays as it
//! is.

use super::adapt::offset;
use crate::dialect::Quirks;
use crate::dialect::quirks::REASONING;
use crate::wire::json::{self, Splice};
use memchr::memmem;

/// What a provider calls it, in quotes, ready to be searched for.
#[derive(Debug)]
pub(super) struct Name(String);

// === impl Name ===

impl Name {
    /// `None`: as the client does.
    pub(super) fn of(quirks: &Quirks) -> Option<Self> {
        (quirks.reasoning != REASONING).then(|| Self(format!("\"{}\"", quirks.reasoning)))
    }

    /// Whether the word stands in these bytes at all.
    pub(super) fn is_in(&self, answer: &[u8]) -> bool {
        memmem::find(answer, self.0.as_bytes()).is_some()
    }

    /// What to replace in an answer or a chunk, which must be valid JSON.
    pub(super) fn splices(&self, answer: &[u8]) -> Vec<Splice> {
        let mut splices = Vec::new();
        let Some(choices) = member(answer, "choices") else { return splices };
        for choice in json::items(choices).unwrap_or_default() {
            for name in ["message", "delta"] {
                if let Some(said) = member(choice, name) {
                    self.rename(said, offset(answer, said), &mut splices);
                }
            }
        }
        splices
    }

    fn rename(&self, said: &[u8], base: usize, out: &mut Vec<Splice>) {
        let members = json::members(said).unwrap_or_default();
        if members.iter().any(|m| m.key == REASONING) {
            return;
        }
        let theirs = self.0.trim_matches('"');
        if let Some(found) = members.iter().find(|m| m.key == theirs) {
            let range = base + found.name.start..base + found.name.end;
            out.push(Splice { range, with: format!("\"{REASONING}\"").into_bytes() });
        }
    }
}

fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let members = json::members(object).ok()?;
    let found = members.iter().find(|m| m.key == name)?;
    object.get(found.value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::quirks::NONE;

    #[test]
    fn renames_the_key_and_nothing_else() {
        assert!(Name::of(&NONE).is_none());
        let name = Name::of(&Quirks { reasoning: "reasoning", ..NONE }).unwrap();
        for (answer, want) in [
            (
                r#"{"choices":[{"message":{"reasoning" : "a","content":"\"reasoning\""}}, {"message":{"reasoning":null}}]}"#,
                r#"{"choices":[{"message":{"reasoning_content" : "a","content":"\"reasoning\""}}, {"message":{"reasoning_content":null}}]}"#,
            ),
            (
                r#"{"reasoning":1,"choices":[{"delta":{"reasoning":"a","reasoning_content":"a"}}]}"#,
                r#"{"reasoning":1,"choices":[{"delta":{"reasoning":"a","reasoning_content":"a"}}]}"#,
            ),
            (r#"{"choices":null,"x":"reasoning"}"#, r#"{"choices":null,"x":"reasoning"}"#),
        ] {
            assert!(name.is_in(answer.as_bytes()));
            let splices = name.splices(answer.as_bytes());
            assert_eq!(json::splice(answer.as_bytes(), &splices), want.as_bytes());
        }
    }
}
