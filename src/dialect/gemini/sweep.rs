//! Signatures that are not Google's, taken out of a request that goes to Google in the
//! client's own bytes: what another maker signed stands in `thoughtSignature` under a
//! mark of ours (`client::signature`), and Google refuses it. All other bytes stay.
//!
//! A call keeps the value that Google documents for calls of other models, where its
//! line insists on one. A part that held nothing but the signature goes with it.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use super::client::{KEEPSAKE, is_keepsake};
use super::signature::UNSIGNED;
use crate::dialect::loss::Dropped;
use crate::dialect::{Request, Thinking};
use crate::wire::json::{self, Member, Splice};
use memchr::memmem;

/// Whether there may be such signatures. Cheap, and right where it says no.
pub(in crate::dialect) fn is_marked(body: &[u8]) -> bool {
    memmem::find(body, KEEPSAKE).is_some()
}

/// What takes them out of `request.body`, in order.
pub(super) fn splices(request: &Request<'_>, dropped: &mut Dropped) -> Vec<Splice> {
    let body = request.body;
    let mut splices = Vec::new();
    if !request.facts.marked {
        return splices;
    }
    let insists = request.traits.thinking == Thinking::Level;
    let Some(contents) = json::member(body, "contents") else { return splices };
    // One content may stand without its list.
    let list = json::items(contents).unwrap_or_else(|| vec![contents]);
    for parts in list.iter().filter_map(|content| json::member(content, "parts")) {
        let items = json::items(parts).unwrap_or_else(|| vec![parts]);
        let ours: Vec<Option<Part<'_>>> = items.iter().map(|part| Part::of_ours(part)).collect();
        if ours.iter().all(Option::is_none) {
            continue;
        }
        dropped.hint("contents.parts.thoughtSignature (of another provider)");
        let goes = |i: usize| ours.get(i).is_some_and(|p| p.as_ref().is_some_and(Part::is_empty));
        if (0..items.len()).all(goes) {
            splices.push(Splice { range: json::span(body, parts), with: NO_WORDS.to_vec() });
            continue;
        }
        let entries: Vec<_> = items.iter().map(|part| json::span(body, part)).collect();
        let cuts = json::left_out(&entries, goes);
        splices.extend(cuts.into_iter().map(|range| Splice { range, with: Vec::new() }));
        for (i, part) in ours.iter().enumerate().filter(|(i, _)| !goes(*i)) {
            if let (Some(part), Some(at)) = (part, entries.get(i)) {
                splices.push(part.unsign(at.start, insists));
            }
        }
    }
    splices.sort_by_key(|s| s.range.start);
    splices
}

/// A content needs parts.
const NO_WORDS: &[u8] = br#"[{"text":"(no words)"}]"#;

/// A part with a signature of ours.
struct Part<'a> {
    raw: &'a [u8],
    members: Vec<Member<'a>>,
    /// Which of them is the signature.
    signature: usize,
}

// === impl Part ===

impl<'a> Part<'a> {
    fn of_ours(raw: &'a [u8]) -> Option<Self> {
        let members = json::members(raw).ok()?;
        let signature = members.iter().position(|member| {
            matches!(member.key.as_ref(), "thoughtSignature" | "thought_signature")
                && raw.get(member.value.clone()).is_some_and(is_keepsake)
        })?;
        Some(Self { raw, members, signature })
    }

    fn has(&self, names: [&str; 2]) -> bool {
        self.members.iter().any(|m| names.contains(&m.key.as_ref()))
    }

    /// An empty text, or nothing at all.
    fn is_empty(&self) -> bool {
        let is_empty = |m: &Member<'_>| {
            m.key == "text" && self.raw.get(m.value.clone()) == Some(b"\"\"".as_slice())
        };
        let rest = self.members.iter().enumerate().filter(|(i, _)| *i != self.signature);
        rest.into_iter().all(|(_, m)| is_empty(m) || m.key == "thought")
    }

    /// `start`: where it begins in the body.
    fn unsign(&self, start: usize, insists: bool) -> Splice {
        let value = self.members.get(self.signature).map_or(0..0, |m| m.value.clone());
        if insists && self.has(["functionCall", "function_call"]) {
            let range = start + value.start..start + value.end;
            return Splice { range, with: UNSIGNED.to_vec() };
        }
        let entries: Vec<_> = self.members.iter().map(|m| m.name.start..m.value.end).collect();
        let cut = json::left_out(&entries, |i| i == self.signature).pop().unwrap_or_default();
        Splice { range: start + cut.start..start + cut.end, with: Vec::new() }
    }
}
