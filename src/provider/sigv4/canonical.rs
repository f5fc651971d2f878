//! The one form of a request that both ends hash.

use super::{Call, hex};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The canonical request, and the names of its headers.
pub(super) fn request(call: &Call<'_>, headers: &[(&str, &str)]) -> (String, String) {
    let (path, query) = call.target.split_once('?').unwrap_or((call.target, ""));
    let mut sorted: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let joined = sorted.entry(name).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    let lines: String = sorted.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = sorted.into_keys().collect::<Vec<_>>().join(";");
    let request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        call.method,
        encoded(&normalized(path), "/"),
        canonical_query(query),
        hex(&call.body_sha256),
    );
    (request, names)
}

/// Without `.`, `..` and empty segments.
fn normalized(path: &str) -> Cow<'_, str> {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..");
    let inner = path.strip_prefix('/').unwrap_or(path);
    if inner.strip_suffix('/').unwrap_or(inner).split('/').all(plain) {
        return Cow::Borrowed(path);
    }
    let mut kept = Vec::new();
    for segment in inner.split('/') {
        match segment {
            ".." => drop(kept.pop()),
            segment if plain(segment) => kept.push(segment),
            _ => {}
        }
    }
    let end = if !kept.is_empty() && path.ends_with('/') { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", kept.join("/")))
}

/// Pairs sorted by name, then value. What is escaped on the wire stays so, once.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(name, "%"), encoded(value, "%")))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but letters, digits, `-._~` and `keep`.
fn encoded(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
