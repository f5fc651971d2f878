//! Answers that come bit by bit: bytes that mean nothing here, and events.
//!
//! Events are `image_generation.partial_image`, `transcript.text.delta`,
//! `speech.audio.delta` and their like; the last one's type ends in `.done` or
//! `.completed` and has the usage. Imitators end with `[DONE]` (vLLM, whose chunks are
//! a chat's: <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/>).
//!
//! Spec: <https://developers.openai.com/api/docs/guides/speech-to-text>,
//! <https://developers.openai.com/api/docs/guides/image-generation>.

use super::super::MAX_EVENT;
use super::{error, usage};
use crate::dialect::{Feed, Progress, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::sse::{Decoder, Event};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whatever comes passes. Complete when the body ends: a length that is not reached, or a
/// chunk that is missing, is no end, and Envoy's to tell.
#[derive(Debug, Default)]
pub(super) struct Opaque(Progress);

pub(super) struct Events {
    decoder: Decoder,
    reader: Reader,
}

#[derive(Default)]
struct Reader {
    progress: Progress,
    /// The provider has said its last word; another picture may still follow.
    ended: bool,
}

// === impl Opaque ===

impl StreamTranslator for Opaque {
    fn feed(&mut self, chunk: &[u8], _out: &mut Vec<u8>) -> Feed {
        self.0.started |= !chunk.is_empty();
        Feed::Same
    }

    /// Nothing can be added to such an answer: an empty one only fails before it began.
    fn finish(&mut self, _out: &mut Vec<u8>) {
        self.0.complete = self.0.started;
        if !self.0.started {
            self.0.failed = Some(Error::new(Kind::BadAnswer, "the provider's answer is empty"));
        }
    }

    fn progress(&self) -> &Progress {
        &self.0
    }
}

// === impl Events ===

impl Default for Events {
    fn default() -> Self {
        Self { decoder: Decoder::new(MAX_EVENT), reader: Reader::default() }
    }
}

impl StreamTranslator for Events {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.decoder.is_idle();
        let reader = &mut self.reader;
        let fed = self.decoder.feed(chunk, |event| {
            if reader.read(&event, out) {
                out.extend_from_slice(event.raw);
            } else {
                same = false;
            }
        });
        if fed.is_err() && reader.progress.failed.is_none() {
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
            if reader.read(&event, out) {
                out.extend_from_slice(event.raw);
                // A last event without its empty line would swallow what follows.
                out.extend_from_slice(b"\n\n");
            }
        });
        if reader.progress.failed.is_some() {
            return;
        }
        reader.progress.complete = reader.ended;
        if !reader.ended {
            let words = "the provider's stream ended before the answer was complete";
            reader.fail(Error::new(Kind::BrokenStream, words), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    /// Whether the event goes to the client.
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> bool {
        if self.progress.failed.is_some() {
            return false;
        }
        let Some(data) = &event.data else { return true };
        let data = data.trim_ascii();
        if data.is_empty() {
            return true;
        }
        if data == b"[DONE]" {
            if !self.progress.started {
                let words = "the provider's stream ended without an answer";
                self.fail(Error::new(Kind::BadAnswer, words), out);
                return false;
            }
            self.ended = true;
            self.progress.complete = true;
            return true;
        }
        let wire = match serde_json::from_slice::<Wire<'_>>(data) {
            Ok(wire) => wire,
            // JSON that is no event as we know it: an extension, passed on.
            Err(e) if e.is_data() => return true,
            Err(_) => {
                let words = "the provider's stream is not valid JSON";
                self.fail(Error::new(Kind::BadAnswer, words), out);
                return false;
            }
        };
        let type_ = wire.type_.as_deref().unwrap_or_default();
        if wire.error.is_some() || type_ == "error" {
            let error = error::in_stream(data);
            if error.kind == Kind::ProviderAuth {
                // The provider's own words are about our key, and may quote it.
                self.fail(error, out);
                return false;
            }
            self.progress.failed = Some(error);
            return true;
        }
        if let Some(usage) = wire.usage.and_then(|u| usage::read(u.get().as_bytes())) {
            self.progress.usage = usage;
        }
        self.progress.started |= !type_.is_empty() || wire.choices.is_some();
        if type_.ends_with(".done") || type_.ends_with(".completed") {
            self.ended = true;
            self.progress.complete = true;
        }
        true
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        out.extend_from_slice(&error::event(&error));
        self.progress.complete = false;
        self.progress.failed = Some(error);
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type", borrow)]
    type_: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// vLLM's.
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
}
