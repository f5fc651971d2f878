//! Identity: the client speaks Responses too. Bytes pass as they came, but for the
//! model's name; answers are read along for usage, errors and their end.

use super::answer::{Answer, EMPTY, Item, text};
use super::error;
use super::events::Event;
use crate::dialect::openai::chunk::inner;
use crate::dialect::relay::{self, Keep, Reader, Relay};
use crate::dialect::{ClientResponse, Progress, Reply, Usage};
use crate::error::{Error, Kind};
use crate::wire::sse;
use serde_json::value::RawValue;

pub(super) fn response(body: &[u8], _reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = super::response::read(body)?;
    let usage = answer.counted().unwrap_or_default();
    Ok(ClientResponse { body: None, usage })
}

pub(super) fn stream() -> Relay<Along> {
    Relay::new(Along::default())
}

/// Reads along.
#[derive(Default)]
pub(super) struct Along {
    progress: Progress,
    /// For an event of ours: one more than the last.
    sequence: u64,
}

// === impl Along ===

impl Reader for Along {
    fn read(&mut self, event: &sse::Event<'_>, out: &mut Vec<u8>) -> Keep {
        if self.progress.failed.is_some() {
            return Keep::No;
        }
        let Some(data) = event.data.as_deref().map(<[u8]>::trim_ascii) else { return Keep::Yes };
        if self.progress.complete || data.is_empty() || data == b"[DONE]" {
            return Keep::Yes;
        }
        match serde_json::from_slice::<Event<'_>>(data) {
            Ok(known) => self.known(&known, event.name, data, out),
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => Keep::Yes,
            Err(_) => {
                self.fail(relay::no_json(), out);
                Keep::No
            }
        }
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&super::error::event(&error, self.sequence));
            self.progress.failed = Some(error);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.fail(relay::cut_short(), out);
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Along {
    fn known(&mut self, event: &Event<'_>, name: &[u8], data: &[u8], out: &mut Vec<u8>) -> Keep {
        self.sequence = event.sequence_number.map_or(self.sequence, |n| n.saturating_add(1));
        let answer = |raw: Option<&RawValue>| -> Option<Usage> {
            let answer: Answer<'_> = serde_json::from_str(raw?.get()).ok()?;
            answer.counted()
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
        Keep::Yes
    }

    /// The provider's own word of its failure passes, but for what it says of our key.
    fn failed(&mut self, error: Error, out: &mut Vec<u8>) -> Keep {
        if error.kind == Kind::ProviderAuth {
            self.fail(error, out);
            return Keep::No;
        }
        self.progress.failed = Some(error);
        Keep::Yes
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
