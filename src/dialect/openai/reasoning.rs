//! Reasoning text under one name: `reasoning_content`, whatever the provider calls it.
//!
//! Only the key is replaced; all other bytes of an answer or a chunk stay. Where an
//! answer has both names, as some servers send for old clients' sake, it stays as it
//! is; but where only theirs says something, the two change places.

use crate::dialect::Quirks;
use crate::dialect::quirks::REASONING;
use crate::wire::json::{self, Member, Splice};
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
        let Some(choices) = json::member(answer, "choices") else { return splices };
        for choice in json::items(choices).unwrap_or_default() {
            for name in ["message", "delta"] {
                if let Some(said) = json::member(choice, name) {
                    self.rename(said, json::offset(answer, said), &mut splices);
                }
            }
        }
        splices
    }

    fn rename(&self, said: &[u8], base: usize, out: &mut Vec<Splice>) {
        let members = json::members(said).unwrap_or_default();
        let theirs = self.0.trim_matches('"');
        let Some(found) = members.iter().find(|m| m.key == theirs) else { return };
        let ours = members.iter().find(|m| m.key == REASONING);
        let mut name = |member: &Member<'_>, name: &str| {
            let range = base + member.name.start..base + member.name.end;
            out.push(Splice { range, with: format!("\"{name}\"").into_bytes() });
        };
        match ours {
            None => name(found, REASONING),
            Some(ours) if is_null(said, ours) && !is_null(said, found) => {
                let (a, b) = if ours.name.start < found.name.start {
                    ((ours, theirs), (found, REASONING))
                } else {
                    ((found, REASONING), (ours, theirs))
                };
                name(a.0, a.1);
                name(b.0, b.1);
            }
            Some(_) => {}
        }
    }
}

fn is_null(object: &[u8], member: &Member<'_>) -> bool {
    object.get(member.value.clone()) == Some(b"null")
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
            (
                r#"{"choices":[{"delta":{"reasoning_content":null,"reasoning":"a"}},{"delta":{"reasoning":null,"reasoning_content":"a"}}]}"#,
                r#"{"choices":[{"delta":{"reasoning":null,"reasoning_content":"a"}},{"delta":{"reasoning":null,"reasoning_content":"a"}}]}"#,
            ),
            (r#"{"choices":null,"x":"reasoning"}"#, r#"{"choices":null,"x":"reasoning"}"#),
        ] {
            assert!(name.is_in(answer.as_bytes()));
            let splices = name.splices(answer.as_bytes());
            assert_eq!(json::splice(answer.as_bytes(), &splices), want.as_bytes());
        }
    }
}
