//! Identity: the client speaks Responses too. Bytes pass as they came, but for the
//! model's name; answers are read along for usage, errors and their end.

use super::answer::{Answer, EMPTY, Item, text};
use super::error;
use super::events::Event;
use super::usage;
use crate::dialect::openai::MAX_EVENT;
use crate::dialect::openai::chunk::inner;
use crate::dialect::{ClientResponse, Feed, Progress, Reply, StreamTranslator, Usage};
use crate::error::{Error, Kind};
use crate::wire::sse;
use serde_json::value::RawValue;

pub(super) fn response(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = super::response::read(body)?;
    let usage = answer.usage.and_then(|u| usage::read(u.get())).unwrap_or_default();
    Ok(ClientResponse { body: None, usage })
}

pub(super) struct Stream {
    decoder: sse::Decoder,
    reader: Reader,
}

#[derive(Default)]
struct Reader {
    progress: Progress,
    /// For an event of ours: one more than the last.
    sequence: u64,
}

// === impl Stream ===

impl Stream {
    pub(super) fn new() -> Self {
        Self { decoder: sse::Decoder::new(MAX_EVENT), reader: Reader::default() }
    }
}

impl StreamTranslator for Stream {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.decoder.is_idle();
        let reader = &mut self.reader;
        let fed = self.decoder.feed(chunk, |event| {
            if reader.keeps(&event, out) {
                out.extend_from_slice(event.raw);
            } else {
                same = false;
            }
        });
        if fed.is_err() {
            same = false;
            reader.fail(bad("one event of the provider's stream is too long"), out);
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
            if reader.keeps(&event, out) {
                out.extend_from_slice(event.raw);
                // A last event without its empty line would swallow what follows.
                out.extend_from_slice(b"\n\n");
            }
        });
        let words = "the provider's stream ended before the answer was complete";
        reader.fail(Error::new(Kind::BrokenStream, words), out);
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    /// Whether the client gets the event as it is.
    fn keeps(&mut self, event: &sse::Event<'_>, out: &mut Vec<u8>) -> bool {
        if self.progress.failed.is_some() {
            return false;
        }
        let Some(data) = event.data.as_deref().map(<[u8]>::trim_ascii) else { return true };
        if self.progress.complete || data.is_empty() || data == b"[DONE]" {
            return true;
        }
        match serde_json::from_slice::<Event<'_>>(data) {
            Ok(known) => self.read(&known, event.name, data, out),
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => true,
            Err(_) => {
                self.fail(bad("the provider's stream is not valid JSON"), out);
                false
            }
        }
    }

    fn read(&mut self, event: &Event<'_>, name: &[u8], data: &[u8], out: &mut Vec<u8>) -> bool {
        self.sequence = event.sequence_number.map_or(self.sequence, |n| n.saturating_add(1));
        let answer = |raw: Option<&RawValue>| -> Option<Usage> {
            let answer: Answer<'_> = serde_json::from_str(raw?.get()).ok()?;
            answer.usage.and_then(|u| usage::read(u.get()))
        };
        let type_ = event.type_(name);
        match type_.as_ref() {
            "response.completed" | "response.incomplete" => {
                self.progress.usage = answer(event.response).unwrap_or_default();
                self.progress.started = true;
                self.progress.complete = true;
            }
            "response.failed" => {
                if let Some(usage) = answer(event.response) {
                    self.progress.usage = usage;
                }
                return self.failed(failure(event.response), out);
            }
            "error" => return self.failed(error::of_event(data, event.error.is_some()), out),
            "response.output_item.added" => {
                let item: Option<Item<'_>> =
                    event.item.and_then(|i| serde_json::from_str(i.get()).ok());
                let type_ = item.and_then(|i| i.type_).and_then(text);
                self.progress.started |= type_.is_some_and(|t| t.ends_with("_call"));
            }
            _ if type_.ends_with(".delta") && event.delta() != EMPTY => {
                self.progress.started = true;
                self.progress.output_bytes += inner(event.delta()).len() as u64;
            }
            _ => {}
        }
        true
    }

    /// The provider's own word of its failure passes, but for what it says of our key.
    fn failed(&mut self, error: Error, out: &mut Vec<u8>) -> bool {
        if error.kind == Kind::ProviderAuth {
            self.fail(error, out);
            return false;
        }
        self.progress.failed = Some(error);
        true
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&super::error::event(&error, self.sequence));
            self.progress.failed = Some(error);
        }
    }
}

/// Why a `response.failed` failed.
pub(super) fn failure(response: Option<&RawValue>) -> Error {
    let answer: Option<Answer<'_>> = response.and_then(|r| serde_json::from_str(r.get()).ok());
    match answer.and_then(|a| a.error) {
        Some(error) => super::error::of_object(error.get().as_bytes()),
        None => Error::new(Kind::ProviderFault, "the provider failed to answer"),
    }
}

fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}
