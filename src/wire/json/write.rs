//! Writing JSON, and replacing parts of it.

use std::ops::Range;

/// A replacement of part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub range: Range<usize>,
    pub with: Vec<u8>,
}

/// Where `part`, a slice of `whole`, begins in it.
pub fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// Where all of it stands.
pub fn span(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = offset(whole, part);
    start..start + part.len()
}

/// What to cut to leave entries out of an object or an array: `entries` are where they
/// stand, `gone` says which go. One goes with the comma before it; those at the front,
/// which have none, with the comma behind.
pub fn left_out(entries: &[Range<usize>], gone: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let mut kept: Option<usize> = None;
    for (i, entry) in entries.iter().enumerate() {
        if !gone(i) {
            kept = Some(entry.end);
            continue;
        }
        let cut = match (kept, entries.get(i + 1)) {
            (Some(end), _) => end..entry.end,
            (None, Some(next)) => entry.start..next.start,
            (None, None) => entry.clone(),
        };
        kept = kept.map(|_| entry.end);
        cuts.push(cut);
    }
    cuts
}

/// Appends `text` as a JSON string, quotes and escapes included.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail and a str always serialises.
    let _ = serde_json::to_writer(out, text);
}

/// Appends an unsigned number.
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    let _ = serde_json::to_writer(out, &number);
}

/// Appends `,"name":value`. `name` needs no escapes.
pub fn push_member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// Applies splices, which must be ascending and not overlap; one that does not
/// fit is skipped, and is a bug.
pub fn splice(bytes: &[u8], splices: &[Splice]) -> Vec<u8> {
    let growth: usize = splices.iter().map(|s| s.with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + growth);
    let mut at = 0;
    for s in splices {
        let Some(kept) = bytes.get(at..s.range.start) else {
            debug_assert!(false, "splices out of order");
            continue;
        };
        out.extend_from_slice(kept);
        out.extend_from_slice(&s.with);
        at = s.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
