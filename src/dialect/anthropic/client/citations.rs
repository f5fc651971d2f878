//! What an answer may hold beside words: links to its sources, which chat has as
//! `annotations`, become citations of search results. Their `encrypted_index` says that
//! no search of Anthropic's found them: on the way back they stay out, here and at
//! Anthropic (`sweep`). Pictures have no block in an answer, so they are told in words.
//!
//! Spec: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>.

use super::answer::string;
use super::keepsake::BEGINS;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

/// In place of a picture; a JSON string.
pub(super) const PICTURE: &[u8] = br#""(a picture, which this API cannot carry)""#;

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow)]
    url_citation: Link<'a>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    url: &'a RawValue,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
}

/// One of chat's `annotations`; `None`: it is no link.
pub(super) fn of(annotation: &RawValue) -> Option<Vec<u8>> {
    let Annotation { url_citation: link } = serde_json::from_str(annotation.get()).ok()?;
    let mut out = br#"{"type":"web_search_result_location","cited_text":"","url":"#.to_vec();
    out.extend_from_slice(string(link.url)?);
    out.extend_from_slice(br#","title":"#);
    out.extend_from_slice(link.title.and_then(string).unwrap_or(b"null"));
    out.extend_from_slice(br#","encrypted_index":"#);
    out.extend_from_slice(BEGINS);
    out.extend_from_slice(br#""}"#);
    Some(out)
}

/// Appends `citations` to a block that is not closed, where there are any.
pub(super) fn push<'a>(annotations: impl Iterator<Item = &'a &'a RawValue>, out: &mut Vec<u8>) {
    let links: Vec<Vec<u8>> = annotations.filter_map(|annotation| of(annotation)).collect();
    if !links.is_empty() {
        out.extend_from_slice(br#","citations":["#);
        out.extend_from_slice(&links.join(&b','));
        out.push(b']');
    }
}

/// Whether a block's `citations` were made here: all are, where one is.
pub(in crate::dialect::anthropic) fn are_ours(citations: &[u8]) -> bool {
    memmem::find(citations, BEGINS).is_some()
}
