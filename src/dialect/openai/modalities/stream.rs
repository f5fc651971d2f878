//! Answers that come bit by bit: bytes that mean nothing here, and events.
//!
//! Events are `image_generation.partial_image`, `transcript.text.delta`,
//! `speech.audio.delta` and their like; the last one's type ends in `.done` or
//! `.completed` and has the usage. Imitators end with `[DONE]` (vLLM, whose chunks are
//! a chat's: <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/>).
//!
//! Spec: <https://developers.openai.com/api/docs/guides/speech-to-text>,
//! <https://developers.openai.com/api/docs/guides/image-generation>.

use super::{error, usage};
use crate::dialect::relay::{self, Keep, Reader, Relay};
use crate::dialect::{Feed, Progress, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::sse::Event;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whatever comes passes. Complete when the body ends: a length that is not reached, or a
/// chunk that is missing, is no end, and Envoy's to tell.
#[derive(Debug, Default)]
pub(super) struct Opaque(Progress);

pub(super) fn events() -> Relay<Along> {
    Relay::new(Along::default())
}

/// Reads along.
#[derive(Default)]
pub(super) struct Along {
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

// === impl Along ===

impl Reader for Along {
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Keep {
        if self.progress.failed.is_some() {
            return Keep::No;
        }
        let Some(data) = &event.data else { return Keep::Yes };
        let data = data.trim_ascii();
        if data.is_empty() {
            return Keep::Yes;
        }
        if data == b"[DONE]" {
            if !self.progress.started {
                let words = "the provider's stream ended without an answer";
                self.fail(Error::new(Kind::BadAnswer, words), out);
                return Keep::No;
            }
            self.ended = true;
            self.progress.complete = true;
            return Keep::Yes;
        }
        let wire = match serde_json::from_slice::<Wire<'_>>(data) {
            // Read as an event, a list would give its items the names of fields.
            Ok(_) if data.starts_with(b"[") => return Keep::Yes,
            Ok(wire) => wire,
            // JSON that is no event as we know it: an extension, passed on.
            Err(e) if e.is_data() => return Keep::Yes,
            Err(_) => {
                self.fail(relay::no_json(), out);
                return Keep::No;
            }
        };
        let type_ = wire.type_.as_deref().unwrap_or_default();
        if wire.error.is_some() || type_ == "error" {
            let error = error::in_stream(data);
            if error.kind == Kind::ProviderAuth {
                // The provider's own words are about our key, and may quote it.
                self.fail(error, out);
                return Keep::No;
            }
            self.progress.failed = Some(error);
            return Keep::Yes;
        }
        if let Some(usage) = wire.usage.and_then(|u| usage::read(u.get().as_bytes())) {
            self.progress.usage = usage;
        }
        self.progress.started |= !type_.is_empty() || wire.choices.is_some();
        if type_.ends_with(".done") || type_.ends_with(".completed") {
            self.ended = true;
            self.progress.complete = true;
        }
        Keep::Yes
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() {
            out.extend_from_slice(&error::event(&error));
            self.progress.complete = false;
            self.progress.failed = Some(error);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.progress.complete = self.ended;
        if !self.ended {
            self.fail(relay::cut_short(), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.progress
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_no_event() {
        let read = |data: &str| {
            let (mut stream, mut out) = (events(), Vec::new());
            stream.feed(format!("data: {data}\n\n").as_bytes(), &mut out);
            let progress = stream.progress();
            (progress.started, progress.complete, progress.failed.as_ref().map(|e| e.kind))
        };
        assert_eq!(read(r#"{"type":"speech.audio.done"}"#), (true, true, None));
        assert_eq!(read(r#"["speech.audio.done",null,null,null]"#), (false, false, None));
        assert_eq!(read("[oops"), (false, false, Some(Kind::BadAnswer)));
    }
}
