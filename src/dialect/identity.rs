//! From a dialect to itself: the client's bytes with the model's name spliced, for
//! dialects that need nothing else; and what stands where a stream would, in
//! operations that have none.

use super::loss::Dropped;
use super::{Body, Facts, Feed, Progress, Quirks, Request, StreamTranslator, UpstreamRequest};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Splice};

pub(super) fn request(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let span = request.facts.model_span.clone();
    let mut model = Vec::with_capacity(request.model.len() + 16);
    // A request that names none has an empty place for it before its other fields.
    let absent = span.is_empty();
    if absent {
        model.extend_from_slice(br#""model":"#);
    }
    json::push_text(&mut model, request.model);
    if absent {
        model.push(b',');
    }
    let splice = Splice { range: span, with: model };
    Ok(UpstreamRequest { body: Body::Spliced(vec![splice]), ..Default::default() })
}

/// The same, with other changes beside: `splices`, in order.
pub(super) fn with(
    request: &Request<'_>,
    mut splices: Vec<Splice>,
    dropped: Dropped,
) -> Result<UpstreamRequest, Error> {
    let mut made = self::request(request)?;
    if let Body::Spliced(own) = &mut made.body {
        own.append(&mut splices);
        own.sort_by_key(|s| s.range.start);
    }
    Ok(UpstreamRequest { dropped: dropped.into_names(), ..made })
}

/// Up to the end of the name; all of it, where marks of ours are to be looked for.
pub(super) fn reads(facts: &Facts, _: &Quirks) -> usize {
    if facts.marked { facts.body_bytes } else { facts.model_span.end }
}

/// The stream of an operation that has none: whatever comes is a broken answer.
#[derive(Debug, Default)]
pub(super) struct Unstreamed(Progress);

// === impl Unstreamed ===

impl StreamTranslator for Unstreamed {
    fn feed(&mut self, _chunk: &[u8], _out: &mut Vec<u8>) -> Feed {
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let error = Error::new(Kind::BadAnswer, "the provider streams what has no stream");
        out.extend_from_slice(&super::openai::error::event(&error));
        self.0.failed = Some(error);
    }

    fn progress(&self) -> &Progress {
        &self.0
    }
}
