//! Identity: a client that speaks Gemini, bytes as they are, read along for usage,
//! errors and the end.
//!
//! The model and whether to stream stand in the path, so not even the model is
//! spliced. A stream that breaks ends with an error event in Google's own shape;
//! `google-genai` raises on an event that has `error`.

use super::answer::{Answer, text};
use super::error;
use super::{sweep, usage};
use crate::dialect::loss::Dropped;
use crate::dialect::openai;
use crate::dialect::{
    Body, ClientResponse, Feed, Progress, Reply, Request, StreamTranslator, UpstreamRequest, Usage,
};
use crate::error::{Error, Kind};
use crate::wire::sse::{Decoder, Event};

pub(super) fn request(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut dropped = Dropped::default();
    let body = Body::Spliced(sweep::splices(request, &mut dropped));
    Ok(UpstreamRequest { body, dropped: dropped.into_names(), ..Default::default() })
}

pub(super) fn response(body: &[u8], _: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(error::of_odd_answer(body));
    };
    if answer.error.is_some() {
        return Err(error::in_answer(body));
    }
    if answer.candidates().is_empty() && answer.blocked().is_none() {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no candidates"));
    }
    let mut usage = Usage::default();
    let _ = answer.usage_metadata.and_then(|u| usage::update(&mut usage, u.get()));
    usage.output_reported = usage.input_reported;
    Ok(ClientResponse { body: None, usage })
}

pub(super) struct Stream {
    decoder: Decoder,
    reader: Reader,
}

#[derive(Default)]
struct Reader {
    progress: Progress,
    /// The candidates seen, by index, and whether each has ended.
    ends: Vec<(u64, bool)>,
    /// The provider's error was passed on as it is.
    told: bool,
}

/// Most candidates told apart; further ones are passed, not watched.
const MAX_CANDIDATES: usize = 64;

#[derive(PartialEq, Eq)]
enum Keep {
    Yes,
    No,
}

// === impl Stream ===

impl Default for Stream {
    fn default() -> Self {
        Self { decoder: Decoder::new(openai::MAX_EVENT), reader: Reader::default() }
    }
}

impl StreamTranslator for Stream {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.decoder.is_idle();
        let reader = &mut self.reader;
        let fed = self.decoder.feed(chunk, |event| {
            if reader.read(&event, out) == Keep::Yes {
                out.extend_from_slice(event.raw);
            } else {
                same = false;
            }
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
            if reader.read(&event, out) == Keep::Yes {
                out.extend_from_slice(event.raw);
                // A last event without its empty line would swallow what follows.
                out.extend_from_slice(b"\n\n");
            }
        });
        if reader.progress.failed.is_some() {
            return;
        }
        if reader.ended() {
            reader.progress.complete = true;
            reader.progress.usage.output_reported |= reader.progress.usage.input_reported;
        } else {
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
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Keep {
        if self.progress.failed.is_some() {
            // The LF of the CRLF that ended the provider's own error, behind a cut.
            return if self.told && event.raw == b"\n" { Keep::Yes } else { Keep::No };
        }
        let raw = event.raw.trim_ascii();
        let data = match event.data.as_deref() {
            Some(data) => data.trim_ascii(),
            // An error that is not told as an event: a body of its own.
            None if matches!(raw.first(), Some(b'{' | b'[')) => {
                self.fail(error::in_answer(raw), out);
                return Keep::No;
            }
            None => return Keep::Yes,
        };
        // No event of Google's own, but of servers that imitate it.
        if data.is_empty() || data == b"[DONE]" {
            return Keep::Yes;
        }
        match serde_json::from_slice::<Answer<'_>>(data) {
            Ok(answer) if answer.error.is_some() => self.error(data, out),
            Ok(answer) => {
                self.answer(&answer);
                Keep::Yes
            }
            Err(_) if data.starts_with(b"[") => self.error(data, out),
            // JSON of another shape: an extension, passed on.
            Err(e) if e.is_data() => Keep::Yes,
            Err(_) => {
                let words = "the provider's stream is not valid JSON";
                self.fail(Error::new(Kind::BadAnswer, words), out);
                Keep::No
            }
        }
    }

    fn error(&mut self, data: &[u8], out: &mut Vec<u8>) -> Keep {
        let error = error::in_answer(data);
        if error.kind == Kind::ProviderAuth || data.starts_with(b"[") {
            // About our key, and may quote it; or in no event's shape.
            self.fail(error, out);
            return Keep::No;
        }
        self.progress.failed = Some(error);
        self.told = true;
        Keep::Yes
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        let progress = &mut self.progress;
        let usage = answer.usage_metadata;
        let counted = usage.and_then(|u| usage::update(&mut progress.usage, u.get())).is_some();
        if answer.candidates().is_empty() && answer.blocked().is_some() {
            progress.started = true;
            self.ends.push((0, true));
        }
        for (position, candidate) in answer.candidates().iter().enumerate() {
            let mut bytes = 0;
            for part in candidate.parts() {
                let text = part.text.and_then(text).map_or(0, |t| t.len());
                let call = part.function_call.as_ref().map_or(0, |c| c.arguments().len());
                let blob = part.inline_data.as_ref().map_or(0, |b| b.size());
                bytes += text as u64 + call as u64 + blob;
            }
            let finished = candidate.finish().is_some();
            self.progress.output_bytes += bytes;
            self.progress.started |= bytes > 0 || finished;
            let index = candidate.index.unwrap_or(position as u64);
            if let Some((_, end)) = self.ends.iter_mut().find(|(i, _)| *i == index) {
                *end |= finished;
            } else if self.ends.len() < MAX_CANDIDATES {
                self.ends.push((index, finished));
            }
        }
        let reported = counted && self.ended() && self.progress.usage.input_reported;
        self.progress.usage.output_reported |= reported;
    }

    fn ended(&self) -> bool {
        !self.ends.is_empty() && self.ends.iter().all(|(_, end)| *end)
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"h\u{fc}\"}]}}]}\r\n\r\n";
    const STOP: &str = "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":2}}\r\n\r\n";

    /// Feeds whole, byte by byte and cut at each position; all must agree.
    fn run(stream: &str) -> (String, Progress) {
        let feed = |parts: &[&[u8]]| {
            let mut s = Stream::default();
            let mut out = Vec::new();
            for part in parts {
                if s.feed(part, &mut out) == Feed::Same {
                    out.extend_from_slice(part);
                }
            }
            s.finish(&mut out);
            (String::from_utf8(out).unwrap(), s.progress().clone())
        };
        let bytes = stream.as_bytes();
        let whole = feed(&[bytes]);
        assert_eq!(whole, feed(&bytes.chunks(1).collect::<Vec<_>>()));
        for cut in 0..=bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(whole, feed(&[a, b]), "cut at {cut}");
        }
        whole
    }

    #[test]
    fn passes_bytes_and_reads_usage() {
        let stream = [TEXT, ": ping\r\n\r\n", STOP].concat();
        let (out, progress) = run(&stream);
        assert_eq!(out, stream);
        assert!(progress.started && progress.complete && progress.usage.output_reported);
        assert_eq!((progress.usage.input, progress.usage.output, progress.output_bytes), (3, 2, 3));
    }

    #[test]
    fn a_broken_stream_ends_with_an_error() {
        let (out, progress) = run(TEXT);
        assert!(out.contains(r#""status":"UNAVAILABLE""#), "{out}");
        assert_eq!(progress.failed.unwrap().kind, Kind::BrokenStream);
        let error =
            "data: {\"error\":{\"code\":503,\"message\":\"full\",\"status\":\"UNAVAILABLE\"}}\n\n";
        let (out, progress) = run(&[TEXT, error].concat());
        assert!(out.ends_with(error));
        assert_eq!(progress.failed.unwrap().kind, Kind::ProviderFault);
        let ours = "data: {\"error\":{\"code\":403,\"message\":\"AIza1\"}}\n\n";
        assert!(!run(ours).0.contains("AIza1"));
    }

    #[test]
    fn a_blocked_prompt_is_an_answer() {
        let blocked = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n";
        let (out, progress) = run(blocked);
        assert_eq!(out, blocked);
        assert!(progress.complete && progress.started);
    }
}
