//! Converse to Converse: bytes pass as they are, read along for usage, first
//! content, exceptions and the end.

use super::MAX_MESSAGE;
use super::error;
use super::events::Body;
use super::response::{bad, object};
use super::stream::broken;
use super::usage;
use crate::dialect::{
    ClientResponse, Feed, Progress, Reply, Request, StreamTranslator, UpstreamRequest, Usage,
};
use crate::error::{Error, Kind};
use crate::wire::eventstream::{Decoder, Message};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn request(_: &Request<'_>) -> Result<UpstreamRequest, Error> {
    Ok(UpstreamRequest::default())
}

pub(super) fn response(body: &[u8], _: &Reply) -> Result<ClientResponse, Error> {
    let answer = serde_json::from_slice::<Answer<'_>>(body).unwrap_or_default();
    if object::<Output<'_>>(answer.output).and_then(|output| output.message).is_none() {
        return Err(bad("the provider's answer is not one of Converse"));
    }
    let usage = answer.usage.and_then(|u| usage::read(u.get())).unwrap_or_default();
    let usage = Usage { tier: usage::tier(answer.service_tier), ..usage };
    Ok(ClientResponse { body: None, usage })
}

pub(super) struct Stream {
    decoder: Decoder,
    progress: Progress,
    /// The stop reason has passed.
    stopped: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
}

// === impl Stream ===

impl Default for Stream {
    fn default() -> Self {
        let decoder = Decoder::new(MAX_MESSAGE);
        Self { decoder, progress: Progress::default(), stopped: false }
    }
}

impl StreamTranslator for Stream {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.decoder.is_idle();
        let Self { decoder, progress, stopped } = self;
        let fed = decoder.feed(chunk, |message| {
            same &= read(&message, progress, stopped, out);
        });
        if let Err(e) = fed {
            same = false;
            fail(progress, *stopped, broken(e), out);
        }
        if same && decoder.is_idle() {
            out.truncate(before);
            return Feed::Same;
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let end = self.decoder.finish();
        if self.progress.failed.is_some() {
            return;
        }
        if self.stopped {
            self.progress.complete = true;
            return;
        }
        let words = "the provider's stream ended before the answer was complete";
        let error = end.err().map_or_else(|| Error::new(Kind::BrokenStream, words), broken);
        fail(&mut self.progress, false, error, out);
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }
}

/// Reads a message along and passes it on; false: something else went out.
fn read(
    message: &Message<'_>,
    progress: &mut Progress,
    stopped: &mut bool,
    out: &mut Vec<u8>,
) -> bool {
    if progress.failed.is_some() {
        return false;
    }
    if message.text(":message-type").is_some_and(|type_| type_ != "event") {
        let error = error::in_stream(message);
        if error.kind == Kind::ProviderAuth {
            // The provider's own words are about our key, and may quote it.
            fail(progress, false, error, out);
            return false;
        }
        progress.failed = Some(error);
        out.extend_from_slice(message.raw);
        return true;
    }
    match message.text(":event-type").unwrap_or_default() {
        "contentBlockDelta" => {
            let parsed = serde_json::from_slice::<Body<'_>>(message.payload).ok();
            progress.output_bytes += parsed.map_or(0, |body| body.content_bytes());
            progress.started = true;
        }
        "contentBlockStart" => progress.started = true,
        "messageStop" => {
            progress.started = true;
            *stopped = true;
        }
        "metadata" => {
            if let Ok(told) = serde_json::from_slice::<Metadata<'_>>(message.payload) {
                let usage = told.usage.and_then(|u| usage::read(u.get()));
                progress.usage = usage.unwrap_or(progress.usage);
                progress.usage.tier = usage::tier(told.service_tier);
            }
            progress.complete = *stopped;
        }
        _ => {}
    }
    out.extend_from_slice(message.raw);
    true
}

fn fail(progress: &mut Progress, stopped: bool, error: Error, out: &mut Vec<u8>) {
    if progress.failed.is_none() && !progress.complete && !stopped {
        out.extend_from_slice(&error::event(&error));
        progress.failed = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::eventstream::{Header, encode};

    #[test]
    fn bytes_pass_untouched_and_are_read() {
        let mut bytes = Vec::new();
        for (event, payload) in [
            ("messageStart", r#"{"role":"assistant"}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"hi"}}"#),
            ("messageStop", r#"{"stopReason":"end_turn"}"#),
            ("metadata", r#"{"usage":{"inputTokens":3,"outputTokens":2}}"#),
        ] {
            encode(&mut bytes, &[Header::text(":event-type", event)], payload.as_bytes());
        }
        let mut stream = Stream::default();
        let mut out = Vec::new();
        assert_eq!(stream.feed(&bytes, &mut out), Feed::Same);
        stream.finish(&mut out);
        assert!(out.is_empty() && stream.progress().complete);
        assert_eq!((stream.progress().usage.input, stream.progress().usage.output), (3, 2));
        for size in [1, 5, 64] {
            let mut stream = Stream::default();
            let mut out = Vec::new();
            for part in bytes.chunks(size) {
                if stream.feed(part, &mut out) == Feed::Same {
                    out.extend_from_slice(part);
                }
            }
            stream.finish(&mut out);
            assert!(out == bytes && stream.progress().complete);
        }
    }

    #[test]
    fn a_broken_message_becomes_an_exception() {
        let mut bytes = Vec::new();
        encode(&mut bytes, &[Header::text(":event-type", "messageStart")], b"{}");
        let good = bytes.len();
        encode(&mut bytes, &[Header::text(":event-type", "messageStop")], b"{}");
        *bytes.last_mut().unwrap() ^= 1;
        let mut stream = Stream::default();
        let mut out = Vec::new();
        assert_eq!(stream.feed(&bytes, &mut out), Feed::Changed);
        stream.finish(&mut out);
        assert_eq!(out[..good], bytes[..good]);
        let mut types = Vec::new();
        let fed = Decoder::new(4096).feed(&out, |m| {
            types.push(m.text(":exception-type").unwrap_or("event").to_owned());
        });
        assert_eq!(
            (fed, types),
            (Ok(()), vec!["event".into(), "modelStreamErrorException".into()])
        );
    }
}
