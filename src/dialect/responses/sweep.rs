//! Reasoning that is not OpenAI's, taken out of a request that goes to OpenAI in the
//! client's own bytes: items whose `encrypted_content` this gateway sealed
//! (`client::seal`), which nobody there can open. All other bytes stay.
//!
//! Spec: <https://developers.openai.com/api/docs/guides/reasoning>.

use super::client::is_sealed;
use crate::dialect::Request;
use crate::dialect::loss::Dropped;
use crate::wire::json::{self, Splice};
use memchr::memmem;

/// Whether there may be such items. Cheap, and right where it says no.
pub(in crate::dialect) fn is_marked(body: &[u8]) -> bool {
    memmem::find(body, super::client::SEAL).is_some()
}

/// What takes them out of `request.body`, in order.
pub(super) fn splices(request: &Request<'_>, dropped: &mut Dropped) -> Vec<Splice> {
    let body = request.body;
    if !request.facts.marked {
        return Vec::new();
    }
    let items = json::member(body, "input").and_then(json::items).unwrap_or_default();
    let entries: Vec<_> = items.iter().map(|item| json::span(body, item)).collect();
    let cuts = json::left_out(&entries, |i| items.get(i).is_some_and(|item| is_ours(item)));
    if !cuts.is_empty() {
        dropped.hint("input.reasoning (of another provider)");
    }
    cuts.into_iter().map(|range| Splice { range, with: Vec::new() }).collect()
}

fn is_ours(item: &[u8]) -> bool {
    let text = |name| json::member(item, name).and_then(json::text);
    text("type").is_some_and(|type_| type_ == "reasoning")
        && text("encrypted_content").is_some_and(|sealed| is_sealed(&sealed))
}
