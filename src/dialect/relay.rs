//! Streams of server-sent events that pass as they came: the frame that the identity
//! of each dialect puts its reader into. Whole events go to the client untouched, or
//! not at all; a chunk of which nothing is changed is not even copied.
//!
//! Must not: know what an event means; that is its `Reader`'s.

use super::openai::MAX_EVENT;
use super::{Feed, Progress, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::sse::{Decoder, Event};

pub(super) struct Relay<R> {
    decoder: Decoder,
    reader: R,
}

/// What becomes of an event.
#[derive(PartialEq, Eq)]
pub(super) enum Keep {
    Yes,
    No,
    /// Something stands in `out` in its place.
    Replaced,
}

/// Reads along for what the gateway must know.
pub(super) trait Reader {
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Keep;

    /// The stream can no longer be understood. Appends an error event, unless the
    /// client was told already how it ended.
    fn fail(&mut self, error: Error, out: &mut Vec<u8>);

    /// The body has ended, and nothing has failed.
    fn end(&mut self, out: &mut Vec<u8>);

    fn progress(&self) -> &Progress;
}

/// For a reader to fail with whose stream has ended too early.
pub(super) fn cut_short() -> Error {
    Error::new(Kind::BrokenStream, "the provider's stream ended before the answer was complete")
}

pub(super) fn no_json() -> Error {
    Error::new(Kind::BadAnswer, "the provider's stream is not valid JSON")
}

// === impl Relay ===

impl<R: Reader> Relay<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { decoder: Decoder::new(MAX_EVENT), reader }
    }
}

impl<R: Reader> StreamTranslator for Relay<R> {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.decoder.is_idle();
        let reader = &mut self.reader;
        let fed = self.decoder.feed(chunk, |event| match reader.read(&event, out) {
            Keep::Yes => out.extend_from_slice(event.raw),
            Keep::No | Keep::Replaced => same = false,
        });
        if fed.is_err() {
            same = false;
            let words = "one event of the provider's stream is too long";
            reader.fail(Error::new(Kind::BadAnswer, words), out);
        }
        if same && self.decoder.is_idle() {
            out.truncate(before);
            return Feed::Same;
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        self.decoder.finish(|event| {
            let keep = reader.read(&event, out);
            if keep == Keep::Yes {
                out.extend_from_slice(event.raw);
            }
            if keep != Keep::No {
                // A last event without its empty line would swallow what follows.
                out.extend_from_slice(b"\n\n");
            }
        });
        if reader.progress().failed.is_none() {
            reader.end(out);
        }
    }

    fn progress(&self) -> &Progress {
        self.reader.progress()
    }
}
