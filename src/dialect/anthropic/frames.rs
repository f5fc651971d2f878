//! The events of a Messages stream, however they are framed: as server-sent
//! events, or by Bedrock as AWS messages.
//!
//! A Bedrock message of type `event` holds `{"bytes": base64 of one event's JSON}`
//! (and padding that hides its length); one of type `exception` or `error` ends
//! the stream. Both kinds of framing end in the same `Frame`, so that what reads
//! events knows of neither.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html>.

use super::error;
use super::host::Host;
use super::stream::bad;
use crate::dialect::openai;
use crate::dialect::openai::media::decode_base64;
use crate::error::{Error, Kind};
use crate::wire::eventstream::{self, Message};
use crate::wire::sse;
use serde::Deserialize;

/// One event, or a comment.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// The `event:` field; empty where the framing has none.
    pub(super) name: &'a [u8],
    /// JSON; `None` for a comment.
    pub(super) data: Option<&'a [u8]>,
    /// The bytes of the event in its own framing.
    pub(super) raw: &'a [u8],
}

pub(super) enum Frames {
    Sse(sse::Decoder),
    Aws(eventstream::Decoder),
}

/// What an AWS message's payload may say.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    bytes: Option<&'a str>,
}

// === impl Frames ===

impl Frames {
    pub(super) fn new(host: Host) -> Self {
        match host {
            Host::Anthropic | Host::Vertex => Frames::Sse(sse::Decoder::new(openai::MAX_EVENT)),
            Host::Bedrock => Frames::Aws(eventstream::Decoder::new(openai::MAX_EVENT)),
        }
    }

    /// Reports what is whole; an error ends the stream.
    pub(super) fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(Result<Frame<'_>, Error>),
    ) -> Result<(), Error> {
        match self {
            Frames::Sse(decoder) => decoder
                .feed(chunk, |event| each(Ok(Frame::of_sse(&event))))
                .map_err(|_| bad("one event of the provider's stream is too long")),
            Frames::Aws(decoder) => {
                decoder.feed(chunk, |message| of_aws(&message, &mut each)).map_err(broken)
            }
        }
    }

    /// The body has ended: what was left of it.
    pub(super) fn finish(
        &mut self,
        mut each: impl FnMut(Result<Frame<'_>, Error>),
    ) -> Result<(), Error> {
        match self {
            Frames::Sse(decoder) => {
                decoder.finish(|event| each(Ok(Frame::of_sse(&event))));
                Ok(())
            }
            Frames::Aws(decoder) => decoder.finish().map_err(broken),
        }
    }

    /// Nothing is held back, and what was fed is server-sent events.
    pub(super) fn is_idle_sse(&self) -> bool {
        matches!(self, Frames::Sse(decoder) if decoder.is_idle())
    }
}

fn broken(why: eventstream::Broken) -> Error {
    if why == eventstream::Broken::EndsEarly {
        let words = "the provider's stream ended before the answer was complete";
        return Error::new(Kind::BrokenStream, words);
    }
    Error::new(Kind::BadAnswer, format!("the provider's stream is broken: {why}"))
}

/// Reports the event a message holds, if any.
fn of_aws(message: &Message<'_>, each: &mut impl FnMut(Result<Frame<'_>, Error>)) {
    match message.text(":message-type") {
        Some("exception") => {
            let type_ = message.text(":exception-type").unwrap_or_default();
            return each(Err(error::exception(type_, message.payload)));
        }
        Some("error") => {
            let type_ = message.text(":error-code").unwrap_or_default();
            let words = message.text(":error-message").unwrap_or_default();
            return each(Err(error::spoken(type_, words)));
        }
        _ => {}
    }
    if message.text(":event-type").is_some_and(|type_| type_ != "chunk") {
        // Not known yet.
        return;
    }
    let payload = serde_json::from_slice::<Payload<'_>>(message.payload).ok();
    let Some(bytes) = payload.and_then(|p| p.bytes) else {
        return each(Err(bad("a message of the provider's stream has no bytes")));
    };
    match decode_base64(bytes) {
        Some(data) => each(Ok(Frame { name: b"", data: Some(&data), raw: message.raw })),
        None => each(Err(bad("the bytes of a message are not base64"))),
    }
}

// === impl Frame ===

impl<'a> Frame<'a> {
    fn of_sse(event: &'a sse::Event<'a>) -> Self {
        Self { name: event.name, data: event.data.as_deref(), raw: event.raw }
    }
}
