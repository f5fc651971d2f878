//! What tells one conversation from another, in any client's dialect, and stays the
//! same from turn to turn: for routes that keep a conversation at one target.
//!
//! A client may say it (`prompt_cache_key`, `session_id`; Claude Code's
//! `metadata.user_id` names its session). Else it is how the conversation began: the
//! system's words and the first words of the user. Only texts count: marks such as
//! `cache_control` wander from turn to turn. Must not: keep any of it; a hash leaves.

use crate::wire::json;
use xxhash_rust::xxh3::Xxh3;

/// Most bytes of one text that are looked at.
const MAX_TEXT: usize = 4096;
/// Most messages that are looked at for the first one of the user's.
const MAX_MESSAGES: usize = 8;

/// A hash; `None` where nothing tells.
pub fn key(body: &[u8]) -> Option<u64> {
    let members = json::members(body).ok()?;
    let value = |name: &str| {
        let found = members.iter().find(|m| m.key == name)?;
        body.get(found.value.clone())
    };
    let mut seen = Seen { hash: Xxh3::new(), any: false };
    let user = || value("metadata").and_then(|m| member(m, "user_id"));
    let said = [value("prompt_cache_key"), value("session_id"), user()].into_iter().flatten();
    if let Some(said) = said.into_iter().find(|raw| raw.starts_with(b"\"")) {
        seen.text(said);
        return seen.end();
    }
    for system in ["system", "instructions", "systemInstruction", "system_instruction"] {
        value(system).into_iter().for_each(|raw| seen.content(raw));
    }
    for list in ["messages", "input", "contents", "prompt"] {
        let Some(raw) = value(list) else { continue };
        match json::items(raw) {
            None => seen.content(raw),
            Some(items) => seen.beginning(&items),
        }
    }

    seen.end()
}

fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let found = json::members(object).ok()?.into_iter().find(|m| m.key == name)?;
    object.get(found.value)
}

struct Seen {
    hash: Xxh3,
    any: bool,
}

// === impl Seen ===

impl Seen {
    /// Messages up to the first one of the user's.
    fn beginning(&mut self, items: &[&[u8]]) {
        for item in items.iter().take(MAX_MESSAGES) {
            if !item.starts_with(b"{") {
                self.text(item);
                continue;
            }
            for name in ["content", "parts"] {
                member(item, name).into_iter().for_each(|raw| self.content(raw));
            }
            if member(item, "role") == Some(br#""user""#) {
                return;
            }
        }
    }

    /// A text, a list of parts, or an object that has them.
    fn content(&mut self, raw: &[u8]) {
        match raw.first() {
            Some(b'"') => self.text(raw),
            Some(b'[') => {
                for part in json::items(raw).unwrap_or_default() {
                    match member(part, "text") {
                        Some(text) => self.text(text),
                        None if part.starts_with(b"\"") => self.text(part),
                        None => {}
                    }
                }
            }
            Some(b'{') => member(raw, "parts").into_iter().for_each(|parts| self.content(parts)),
            _ => {}
        }
    }

    fn text(&mut self, raw: &[u8]) {
        self.any = true;
        self.hash.update(raw.get(..MAX_TEXT).unwrap_or(raw));
        self.hash.update(b"\0");
    }

    fn end(&self) -> Option<u64> {
        self.any.then(|| self.hash.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(body: &str) -> Option<u64> {
        key(body.as_bytes())
    }

    #[test]
    fn later_turns_are_the_same_conversation() {
        for (first, later) in [
            (
                r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"#,
                r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"},{"role":"assistant","content":"x"},{"role":"user","content":"more"}],"model":"m"}"#,
            ),
            (
                r#"{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]}"#,
                r#"{"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":"x"}]}"#,
            ),
            (
                r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
                r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"x"}]}]}"#,
            ),
            (
                r#"{"instructions":"s","input":[{"role":"user","content":"hi"}]}"#,
                r#"{"instructions":"s","input":[{"role":"user","content":"hi"},{"type":"message","role":"assistant","content":"x"}]}"#,
            ),
            (r#"{"prompt_cache_key":"k","input":"a"}"#, r#"{"prompt_cache_key":"k","input":"b"}"#),
            (
                r#"{"metadata":{"user_id":"u_session_1"},"messages":[{"role":"user","content":"a"}]}"#,
                r#"{"metadata":{"user_id":"u_session_1"},"messages":[{"role":"user","content":"b"}]}"#,
            ),
        ] {
            assert!(key_of(first).is_some(), "{first}");
            assert_eq!(key_of(first), key_of(later), "{first}");
        }
    }

    #[test]
    fn others_are_others() {
        let bodies = [
            r#"{"messages":[{"role":"user","content":"hi"}]}"#,
            r#"{"messages":[{"role":"user","content":"ho"}]}"#,
            r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"ho"}]}]}"#,
            r#"{"input":"hi there"}"#,
            r#"{"prompt_cache_key":"k"}"#,
        ];
        for (i, a) in bodies.iter().enumerate() {
            for b in bodies.iter().skip(i + 1) {
                assert_ne!(key_of(a), key_of(b), "{a} {b}");
            }
        }
        for nothing in ["{}", r#"{"messages":[]}"#, r#"{"messages":7}"#, "[]", ""] {
            assert_eq!(key_of(nothing), None, "{nothing}");
        }
    }
}
