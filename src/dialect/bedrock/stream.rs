//! Streams: Converse's event stream to chat completion chunks.
//!
//! `messageStart`; for each block its start (of text it may be missing), deltas and
//! stop; `messageStop` with the reason; `metadata` with the usage and a guardrail's
//! trace, which is why the last chunks wait for it. Exceptions are messages of their
//! own kind. Events of unknown type are passed over. A message whose checksums or
//! lengths are wrong ends the stream: nothing behind it can be believed.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>.

use super::MAX_MESSAGE;
use super::blocks::Open;
use super::events::Body;
use super::response::{bad, finish_reason, id, stop_sequence, text};
use super::usage;
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header};
use crate::dialect::openai::stop;
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::eventstream::{Broken, Decoder, Message};

pub(super) struct ToOpenAiChat {
    decoder: Decoder,
    reader: Reader,
}

/// Everything but the framing.
pub(super) struct Reader {
    pub(super) reply: Reply,
    pub(super) progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// The blocks begun and not ended, by the provider's index; one, in practice.
    pub(super) open: Vec<(u64, Open)>,
    pub(super) tools: u64,
    /// Our JSON tool was called.
    pub(super) json_answer: bool,
    finish: Option<&'static str>,
    /// Beside it.
    beside: Vec<u8>,
}

/// What a broken stream is told as.
pub(super) fn broken(broken: Broken) -> Error {
    let words = match broken {
        Broken::EndsEarly => "the provider's stream ended inside a message",
        Broken::PreludeChecksum | Broken::MessageChecksum => {
            "a checksum in the provider's stream is wrong"
        }
        Broken::Lengths => "a message of the provider's stream has an impossible length",
        Broken::Headers => "a message of the provider's stream has unreadable headers",
    };
    match broken {
        Broken::EndsEarly => Error::new(Kind::BrokenStream, words),
        _ => bad(words),
    }
}

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            decoder: Decoder::new(MAX_MESSAGE),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                open: Vec::new(),
                tools: 0,
                json_answer: false,
                finish: None,
                beside: Vec::new(),
            },
        }
    }
}

impl StreamTranslator for ToOpenAiChat {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let reader = &mut self.reader;
        if let Err(e) = self.decoder.feed(chunk, |message| reader.message(&message, out)) {
            reader.fail(broken(e), out);
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        if reader.progress.complete || reader.progress.failed.is_some() {
            return;
        }
        let end = self.decoder.finish();
        if reader.finish.is_some() {
            // The answer is whole, only the metadata is missing.
            return reader.end(out);
        }
        reader.fail(
            end.err().map_or_else(
                || {
                    let words = "the provider's stream ended before the answer was complete";
                    Error::new(Kind::BrokenStream, words)
                },
                broken,
            ),
            out,
        );
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    fn message(&mut self, message: &Message<'_>, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() || self.progress.complete {
            return;
        }
        if message.text(":message-type").is_some_and(|type_| type_ != "event") {
            return self.fail(super::error::in_stream(message), out);
        }
        let body = match serde_json::from_slice::<Body<'_>>(message.payload) {
            Ok(body) => body,
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => return,
            Err(_) => return self.fail(bad("the provider's stream is not valid JSON"), out),
        };
        match message.text(":event-type").unwrap_or_default() {
            "contentBlockDelta" => self.delta(&body, out),
            "contentBlockStart" => self.start(&body, out),
            "contentBlockStop" => self.stop(body.content_block_index.unwrap_or(0), out),
            "messageStart" if self.progress.started => {
                self.fail(bad("the provider's stream begins twice"), out);
            }
            "messageStart" => self.begin(out),
            "messageStop" => self.message_stop(&body, out),
            "metadata" => self.metadata(&body, out),
            _ => {}
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.chunks.is_none() {
            let header = Header {
                id: &id(&self.reply),
                created: self.reply.created,
                model: &self.reply.model,
                service_tier: None,
            };
            let chunks = Chunks::new(header, self.reply.include_usage);
            chunks.role(out);
            self.chunks = Some(chunks);
        }
    }

    /// A chunk, where the stream has begun: nothing can come before that.
    pub(super) fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.begin(out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    fn message_stop(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let stop = body.stop_reason.and_then(text).unwrap_or_default();
        match finish_reason(&stop, self.json_answer && self.tools == 0) {
            Ok(reason) => {
                self.progress.started = true;
                self.finish = Some(reason);
                let sequence = body.additional_model_response_fields.and_then(stop_sequence);
                self.beside = stop::beside(&stop, sequence);
            }
            Err(e) => self.fail(e, out),
        }
    }

    fn metadata(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        if let Some(usage) = body.usage.and_then(|u| usage::read(u.get())) {
            self.progress.usage = usage;
        }
        self.progress.usage.tier = usage::tier(body.service_tier);
        if let Some(trace) = body.trace.as_ref().and_then(|t| t.guardrail) {
            self.chunk(out, |chunks, out| {
                chunks.delta(out, |out| {
                    out.extend_from_slice(br#""guardrail_trace":"#);
                    super::blocks::push_line(out, trace.get().as_bytes());
                });
            });
        }
        if self.finish.is_some() {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(reason) = self.finish else { return };
        while let Some(index) = self.open.last().map(|(index, _)| *index) {
            self.stop(index, out);
        }
        self.progress.complete = true;
        let usage = self.progress.usage;
        let beside = std::mem::take(&mut self.beside);
        self.chunk(out, |chunks, out| {
            chunks.finish(out, reason, &beside);
            chunks.usage(out, &usage);
        });
        chunk::done(out);
    }

    pub(super) fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&openai::error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::MAX_OPEN;
    use super::*;
    use crate::wire::eventstream;

    fn stream() -> ToOpenAiChat {
        ToOpenAiChat::new(&Reply { model: "m".into(), ..Default::default() })
    }

    fn frame(event: &str, payload: &str) -> Vec<u8> {
        let headers = [
            eventstream::Header::text(":event-type", event),
            eventstream::Header::text(":content-type", "application/json"),
            eventstream::Header::text(":message-type", "event"),
        ];
        let mut out = Vec::new();
        eventstream::encode(&mut out, &headers, payload.as_bytes());
        out
    }

    fn feed(stream: &mut ToOpenAiChat, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        stream.feed(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    const HI: &str = r#"{"contentBlockIndex":0,"delta":{"text":"hi"},"p":"abc"}"#;

    #[test]
    fn each_kind_of_content_starts() {
        for (event, payload) in [
            ("contentBlockDelta", HI),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"x"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"eA=="}}}"#,
            ),
            ("messageStop", r#"{"stopReason":"end_turn"}"#),
        ] {
            let mut s = stream();
            feed(&mut s, &frame("messageStart", r#"{"role":"assistant"}"#));
            assert!(!s.progress().started);
            feed(&mut s, &frame(event, payload));
            assert!(s.progress().started, "{payload}");
        }
    }

    #[test]
    fn nothing_is_believed_behind_a_wrong_checksum() {
        let mut bytes = frame("contentBlockDelta", HI);
        let good = bytes.len();
        bytes.extend(frame("contentBlockDelta", HI));
        bytes.extend(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
        for at in [good, good + 9, good + 20, 2 * good - 1] {
            let mut spoiled = bytes.clone();
            spoiled[at] ^= 0x40;
            let mut s = stream();
            let out = feed(&mut s, &spoiled);
            assert_eq!(out.matches(r#""content":"hi""#).count(), 1);
            let error = s.progress().failed.clone().unwrap();
            assert_eq!((error.kind, s.progress().complete), (Kind::BadAnswer, false));
            assert!(error.message.contains("checksum"), "{error}");
            let mut more = Vec::new();
            s.finish(&mut more);
            assert_eq!((feed(&mut s, &bytes), more.len()), (String::new(), 0));
        }
    }

    #[test]
    fn an_absurd_length_is_refused_at_once() {
        let mut raw = [0xFF, 0xFF, 0xFF, 0xF0, 0, 0, 0, 0].to_vec();
        raw.extend_from_slice(&eventstream::crc32(&raw).to_be_bytes());
        let mut s = stream();
        assert!(feed(&mut s, &raw).contains("impossible length"));
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
    }

    #[test]
    fn sse_in_its_place_is_an_error() {
        let mut s = stream();
        let out = feed(&mut s, b"data: {\"choices\":[]}\n\n");
        assert!(out.contains("checksum"), "{out}");
    }

    #[test]
    fn bounds_what_it_keeps() {
        let mut s = stream();
        for i in 0..=MAX_OPEN {
            let start = format!(
                r#"{{"contentBlockIndex":{i},"start":{{"toolUse":{{"toolUseId":"t{i}","name":"f"}}}}}}"#
            );
            feed(&mut s, &frame("contentBlockStart", &start));
        }
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
    }
}
