//! Thoughts that are not Claude's, taken out of a request that goes to Claude in the
//! client's own bytes: what another maker's model thought stands in blocks of ours
//! (`client::keepsake`) or in thinking blocks without a signature, and the API refuses
//! either. So do links that answers of other models had (`client::citations`). All
//! other bytes stay.
//!
//! A call in progress whose thought is taken out cannot go on with a thinking budget
//! ("Expected `thinking` or `redacted_thinking`, but found `tool_use`"), so that is
//! turned off; adaptive thinking does not mind.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>.

use super::client::{are_ours, is_keepsake};
use crate::dialect::Request;
use crate::dialect::loss::Dropped;
use crate::wire::json::{self, Splice};
use memchr::memmem;

/// Whether there may be such blocks. Cheap, and right where it says no.
pub(in crate::dialect) fn is_marked(body: &[u8]) -> bool {
    let keeps = memmem::find(body, super::client::KEEPSAKE).is_some();
    keeps || memmem::find_iter(body, SIGNATURE).any(|at| is_unsigned(body, at + SIGNATURE.len()))
}

const SIGNATURE: &[u8] = br#""signature""#;

/// Whether what stands behind the key is empty.
fn is_unsigned(body: &[u8], behind: usize) -> bool {
    let value = body.get(behind..).unwrap_or_default().trim_ascii_start();
    let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
    value.starts_with(b"\"\"") || value.starts_with(b"null")
}

/// What takes them out of `request.body`, in order.
pub(super) fn splices(request: &Request<'_>, dropped: &mut Dropped) -> Vec<Splice> {
    let body = request.body;
    let mut splices = Vec::new();
    if !request.facts.marked {
        return splices;
    }
    let Some(list) = json::member(body, "messages").and_then(json::items) else { return splices };
    // Whether the last turn of the assistant begins with a thought, now.
    let mut thoughtless = false;
    for message in &list {
        if json::member(message, "role") != Some(br#""assistant""#) {
            continue;
        }
        let Some(content) = json::member(message, "content") else { continue };
        let blocks = json::items(content).unwrap_or_default();
        let gone: Vec<bool> = blocks.iter().map(|block| is_foreign(block)).collect();
        splices.extend(blocks.iter().filter_map(|block| uncited(body, block)));
        let swept = gone.contains(&true);
        let first = blocks.iter().zip(&gone).find(|(_, gone)| !**gone).map(|(block, _)| block);
        thoughtless = swept && !first.is_some_and(|block| is_thought(block));
        if !swept {
            continue;
        }
        dropped.hint("messages.content (thoughts of another provider)");
        if first.is_none() {
            splices.push(Splice { range: json::span(body, content), with: NO_WORDS.to_vec() });
            continue;
        }
        let entries: Vec<_> = blocks.iter().map(|block| json::span(body, block)).collect();
        let cuts = json::left_out(&entries, |i| gone.get(i) == Some(&true));
        splices.extend(cuts.into_iter().map(|range| Splice { range, with: Vec::new() }));
    }
    if thoughtless && list.last().is_some_and(|last| answers_calls(last)) {
        splices.extend(no_budget(body, dropped));
    }
    splices.sort_by_key(|s| s.range.start);
    splices
}

/// A turn needs content.
const NO_WORDS: &[u8] = br#"[{"type":"text","text":"(no words)"}]"#;

/// Turns a thinking budget off.
fn no_budget(body: &[u8], dropped: &mut Dropped) -> Option<Splice> {
    let thinking = json::member(body, "thinking")?;
    if json::member(thinking, "type") != Some(br#""enabled""#) {
        return None;
    }
    dropped.add("thinking (the calls in progress came without it)");
    Some(Splice { range: json::span(body, thinking), with: br#"{"type":"disabled"}"#.to_vec() })
}

/// Takes links of ours out of a text.
fn uncited(body: &[u8], block: &[u8]) -> Option<Splice> {
    let members = json::members(block).ok()?;
    let at = members.iter().position(|m| m.key == "citations")?;
    let ours = block.get(members.get(at)?.value.clone()).is_some_and(are_ours);
    let entries: Vec<_> = members.iter().map(|m| m.name.start..m.value.end).collect();
    let cut = json::left_out(&entries, |i| i == at && ours).pop()?;
    let start = json::offset(body, block);
    Some(Splice { range: start + cut.start..start + cut.end, with: Vec::new() })
}

fn answers_calls(message: &[u8]) -> bool {
    let blocks = json::member(message, "content").and_then(json::items).unwrap_or_default();
    blocks.iter().any(|block| json::member(block, "type") == Some(br#""tool_result""#))
}

fn is_thought(block: &[u8]) -> bool {
    matches!(json::member(block, "type"), Some(br#""thinking""# | br#""redacted_thinking""#))
}

fn is_foreign(block: &[u8]) -> bool {
    let text = |name| json::member(block, name).and_then(json::text);
    match json::member(block, "type") {
        Some(br#""thinking""#) => text("signature").is_none_or(|signature| signature.is_empty()),
        Some(br#""redacted_thinking""#) => text("data").is_some_and(|data| is_keepsake(&data)),
        _ => false,
    }
}
