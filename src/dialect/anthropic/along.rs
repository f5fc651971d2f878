//! Streams for clients that speak Messages: whole events pass as they came, read
//! along for what the gateway must know (first content, usage, errors, the end).
//!
//! From Bedrock they come in AWS's framing and leave as server-sent events, the
//! JSON of each as it was. Events of unknown type pass, as the API's versioning
//! policy asks.

use super::error;
use super::events::{Body, Message, Start};
use super::frames::{Frame, Frames};
use super::host::Host;
use super::response::{string, text};
use super::stream::bad;
use super::usage;
use crate::dialect::openai::chunk::inner;
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use serde_json::value::RawValue;

pub(super) struct Along {
    frames: Frames,
    reader: Reader,
}

/// Everything but the framing.
struct Reader {
    progress: Progress,
    /// The provider said why the model stopped.
    stopped: bool,
    /// Events must be framed anew.
    reframe: bool,
}

// === impl Along ===

impl Along {
    pub(super) fn new(_reply: &Reply, host: Host) -> Self {
        let progress = Progress::default();
        let reader = Reader { progress, stopped: false, reframe: host == Host::Bedrock };
        Self { frames: Frames::new(host), reader }
    }
}

impl StreamTranslator for Along {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let before = out.len();
        let mut same = self.frames.is_idle_sse();
        let reader = &mut self.reader;
        let fed = self.frames.feed(chunk, |frame| same &= reader.frame(frame, out));
        if let Err(error) = fed {
            same = false;
            reader.fail(error, out);
        }
        if same && self.frames.is_idle_sse() {
            out.truncate(before);
            return Feed::Same;
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        let rest = self.frames.finish(|frame| {
            if reader.frame(frame, out) {
                // A last event without its empty line would swallow what follows.
                out.extend_from_slice(b"\n\n");
            }
        });
        if reader.progress.complete || reader.progress.failed.is_some() {
            return;
        }
        if reader.stopped {
            // The answer is whole, only the farewell is missing.
            reader.progress.complete = true;
            out.extend_from_slice(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        } else {
            let words = "the provider's stream ended before the answer was complete";
            let early = Error::new(Kind::BrokenStream, words);
            reader.fail(rest.err().unwrap_or(early), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    /// Writes the event as the client shall have it; false where that is not as it
    /// came.
    fn frame(&mut self, frame: Result<Frame<'_>, Error>, out: &mut Vec<u8>) -> bool {
        if self.progress.failed.is_some() || self.progress.complete {
            return false;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                self.fail(error, out);
                return false;
            }
        };
        let data = frame.data.map(<[u8]>::trim_ascii).filter(|data| !data.is_empty());
        let Some(data) = data else {
            out.extend_from_slice(frame.raw);
            return true;
        };
        let type_ = match self.read(data, frame.name) {
            Ok(type_) => type_,
            Err(error) => {
                self.fail(error, out);
                return false;
            }
        };
        if !self.reframe {
            out.extend_from_slice(frame.raw);
            return true;
        }
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(type_.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        // A line end can only stand between tokens, and would end the line.
        out.extend(data.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
        out.extend_from_slice(b"\n\n");
        false
    }

    /// Takes in one event; its type. An error: the client shall not see it.
    fn read(&mut self, data: &[u8], name: &[u8]) -> Result<String, Error> {
        let body = match serde_json::from_slice::<Body<'_>>(data) {
            Ok(body) => body,
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => return Ok("unknown".to_owned()),
            Err(_) => return Err(bad("the provider's stream is not valid JSON")),
        };
        let type_ = body.kind(name);
        match type_.as_ref() {
            "content_block_delta" => self.delta(&body),
            "content_block_start" => self.start(body.content_block),
            "message_start" => self.begin(body.message),
            "message_delta" => self.message_delta(&body),
            "message_stop" if self.stopped => self.progress.complete = true,
            "message_stop" => {
                return Err(bad("the provider's stream ended without a stop reason"));
            }
            "error" => {
                let error = error::in_answer(data);
                let own = body.type_.is_some() && !self.reframe;
                if error.kind == Kind::ProviderAuth || !own {
                    // About our key, which it may quote; or not in the client's shape.
                    return Err(error);
                }
                self.progress.failed = Some(error);
            }
            _ => {}
        }
        // A name of the client's line protocol, whatever the provider wrote.
        let fits = type_.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Ok(if fits { type_.into_owned() } else { "unknown".to_owned() })
    }

    fn begin(&mut self, message: Option<&RawValue>) {
        let message: Option<Message<'_>> = message.and_then(|m| serde_json::from_str(m.get()).ok());
        if let Some(raw) = message.and_then(|m| m.usage) {
            usage::update(&mut self.progress.usage, raw.get());
        }
    }

    fn start(&mut self, block: Option<&RawValue>) {
        let block: Option<Start<'_>> = block.and_then(|b| serde_json::from_str(b.get()).ok());
        let block = block.unwrap_or_default();
        self.generated(string(block.text));
        self.generated(string(block.thinking));
        // Any other kind of block is content by its mere being there.
        let type_ = block.type_.and_then(text);
        self.progress.started |= !matches!(type_.as_deref(), None | Some("text" | "thinking"));
    }

    fn delta(&mut self, body: &Body<'_>) {
        let Some(delta) = &body.delta else { return };
        for piece in [delta.text, delta.thinking, delta.partial_json] {
            self.generated(string(piece));
        }
    }

    fn message_delta(&mut self, body: &Body<'_>) {
        if let Some(usage) = body.usage {
            usage::update(&mut self.progress.usage, usage.get());
            self.progress.usage.output_reported = true;
        }
        if body.delta.as_ref().and_then(|d| d.stop_reason).is_some() {
            self.stopped = true;
            self.progress.started = true;
        }
    }

    /// `piece`: a JSON string.
    fn generated(&mut self, piece: &[u8]) {
        let length = inner(piece).len();
        self.progress.output_bytes += length as u64;
        self.progress.started |= length > 0;
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
    use crate::wire::eventstream::{Header, encode};

    fn run(host: Host, raw: &[u8]) -> (String, Progress) {
        let mut stream = Along::new(&Reply::default(), host);
        let mut out = Vec::new();
        if stream.feed(raw, &mut out) == Feed::Same {
            out.extend_from_slice(raw);
        }
        stream.finish(&mut out);
        (String::from_utf8(out).unwrap(), stream.progress().clone())
    }

    #[test]
    fn what_is_said_of_our_key_is_not_passed_on() {
        let (out, progress) = run(
            Host::Anthropic,
            b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"sk-ant-1\"}}\n\n",
        );
        assert!(!out.contains("sk-ant") && out.starts_with("event: error\ndata: {"), "{out}");
        assert_eq!(progress.failed.map(|e| e.kind), Some(Kind::ProviderAuth));
    }

    #[test]
    fn aws_messages_become_server_sent_events() {
        let mut raw = Vec::new();
        let headers =
            [Header::text(":message-type", "event"), Header::text(":event-type", "chunk")];
        // {"type":"ping"}, with a line end between two tokens.
        encode(&mut raw, &headers, br#"{"bytes":"eyJ0eXBlIjoKInBpbmcifQ==","p":"abc"}"#);
        let headers = [
            Header::text(":message-type", "exception"),
            Header::text(":exception-type", "throttlingException"),
        ];
        encode(&mut raw, &headers, br#"{"message":"Too many requests"}"#);
        let (out, progress) = run(Host::Bedrock, &raw);
        assert_eq!(
            out,
            "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Too many requests\"}}\n\n"
        );
        assert_eq!(progress.failed.map(|e| (e.kind, e.status())), Some((Kind::Busy, 429)));
    }
}
