//! Citations: flat here, nested in chat. Chat knows `url_citation` only; the other
//! kinds are about files and containers that no request of ours names.

use super::answer::string;
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Citation<'a> {
    #[serde(rename = "type")]
    type_: String,
    start_index: u64,
    end_index: u64,
    #[serde(borrow)]
    url: &'a RawValue,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
}

/// A citation in chat's shape. `before`: characters of the message that stand in
/// parts before the cited one.
pub(super) fn write(raw: &RawValue, before: u64) -> Option<Vec<u8>> {
    let citation: Citation<'_> = serde_json::from_str(raw.get()).ok()?;
    if citation.type_ != "url_citation" {
        return None;
    }
    let mut out = br#"{"type":"url_citation","url_citation":{"start_index":"#.to_vec();
    json::push_number(&mut out, citation.start_index.saturating_add(before));
    out.extend_from_slice(br#","end_index":"#);
    json::push_number(&mut out, citation.end_index.saturating_add(before));
    out.extend_from_slice(br#","url":"#);
    out.extend_from_slice(string(Some(citation.url)));
    out.extend_from_slice(br#","title":"#);
    out.extend_from_slice(string(citation.title));
    out.extend_from_slice(b"}}");
    Some(out)
}

/// Characters of a JSON string.
pub(super) fn characters(string: &[u8]) -> u64 {
    json::text(string).map_or(0, |text| text.chars().count() as u64)
}
