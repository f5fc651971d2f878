//! Streams: Messages events to chat completion chunks.
//!
//! `message_start` names the answer and says what went in; blocks follow one
//! after another, each start, deltas, stop; `message_delta` brings the stop
//! reason and what came out; `message_stop` ends. Events and deltas of unknown
//! type are passed over, as the API's versioning policy asks. A piece of text is
//! copied into its chunk as the JSON string it came in.
//!
//! `ping` becomes an SSE comment, so that the keep-alive reaches the client. A
//! tool call that got no arguments gets `{}` at its end: an empty string is not
//! JSON, and SDKs parse it.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use super::JSON_TOOL;
use super::blocks::{Block, Thinking, Tool};
use super::events::{Body, Message, Start};
use super::response::{NO_ID, finish_reason, refusal, string, text};
use super::usage::{self, Tier};
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header, inner};
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::json;
use crate::wire::sse::{Decoder, Event};
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) struct ToOpenAiChat {
    decoder: Decoder,
    reader: Reader,
}

/// Everything but the framing.
struct Reader {
    reply: Reply,
    progress: Progress,
    /// From the first event on.
    chunks: Option<Chunks>,
    /// The blocks begun and not ended, by the provider's index; one, in practice.
    open: Vec<(u64, Block)>,
    tools: u64,
    /// Our JSON tool was called.
    json_answer: bool,
    finish: Option<&'static str>,
}

/// Most blocks begun and not ended.
const MAX_OPEN: usize = 64;

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            decoder: Decoder::new(openai::MAX_EVENT),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                open: Vec::new(),
                tools: 0,
                json_answer: false,
                finish: None,
            },
        }
    }
}

impl StreamTranslator for ToOpenAiChat {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let reader = &mut self.reader;
        if self.decoder.feed(chunk, |event| reader.event(&event, out)).is_err() {
            reader.fail(bad("one event of the provider's stream is too long"), out);
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        self.decoder.finish(|event| reader.event(&event, out));
        if reader.progress.complete || reader.progress.failed.is_some() {
            return;
        }
        if reader.finish.is_some() {
            // The answer is whole, only the farewell is missing.
            reader.end(out);
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
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() || self.progress.complete {
            return;
        }
        let Some(data) = event.data.as_deref() else {
            if event.raw.starts_with(b":") {
                chunk::ping(out);
            }
            return;
        };
        let data = data.trim_ascii();
        if data.is_empty() {
            return;
        }
        let body = match serde_json::from_slice::<Body<'_>>(data) {
            Ok(body) => body,
            // JSON of another shape: an event that is not known yet.
            Err(e) if e.is_data() => return,
            Err(_) => return self.fail(bad("the provider's stream is not valid JSON"), out),
        };
        let type_ = match body.type_.and_then(text) {
            Some(type_) => type_,
            None => String::from_utf8_lossy(event.name),
        };
        match type_.as_ref() {
            "content_block_delta" => self.delta(&body, out),
            "content_block_start" => self.start(&body, out),
            "content_block_stop" => self.stop(&body, out),
            "message_start" => self.begin(body.message, out),
            "message_delta" => self.message_delta(&body, out),
            "message_stop" => self.end(out),
            "ping" => chunk::ping(out),
            "error" => self.fail(super::error::in_answer(data), out),
            _ => {}
        }
    }

    fn begin(&mut self, message: Option<&RawValue>, out: &mut Vec<u8>) {
        let message: Option<Message<'_>> = message.and_then(|m| serde_json::from_str(m.get()).ok());
        let message = message.unwrap_or_default();
        let usage = &mut self.progress.usage;
        let Tier(tier) =
            message.usage.and_then(|u| usage::update(usage, u.get())).unwrap_or_default();
        let id = message.id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
        let model = message.model.and_then(text);
        self.open_stream(&id, model.as_deref(), tier, out);
    }

    fn open_stream(
        &mut self,
        id: &str,
        model: Option<&str>,
        tier: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        if self.chunks.is_none() {
            let header = Header {
                id,
                created: self.reply.created,
                model: model.unwrap_or(&self.reply.model),
                service_tier: tier,
            };
            let chunks = Chunks::new(header, self.reply.include_usage);
            chunks.role(out);
            self.chunks = Some(chunks);
        }
    }

    /// A chunk, where the stream has begun: nothing can come before that.
    fn chunk(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&Chunks, &mut Vec<u8>)) {
        self.open_stream(NO_ID, None, None, out);
        if let Some(chunks) = &self.chunks {
            write(chunks, out);
        }
    }

    /// A piece of generated text for the client.
    fn piece(&mut self, field: &str, piece: &[u8], out: &mut Vec<u8>) {
        if !inner(piece).is_empty() {
            self.generated(piece);
            self.chunk(out, |chunks, out| chunks.text(out, field, piece));
        }
    }

    fn generated(&mut self, piece: &[u8]) {
        self.progress.started = true;
        self.progress.output_bytes += inner(piece).len() as u64;
    }

    fn start(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let raw = body.content_block;
        let parsed: Option<Start<'_>> = raw.and_then(|b| serde_json::from_str(b.get()).ok());
        let start = parsed.unwrap_or_default();
        let block = match start.type_.and_then(text).as_deref() {
            Some("text") => {
                self.piece("content", string(start.text), out);
                Block::Text
            }
            Some("thinking") => {
                let mut thinking = Thinking::default();
                thinking.add(string(start.thinking));
                thinking.sign(string(start.signature));
                self.piece("reasoning_content", string(start.thinking), out);
                Block::Thinking(thinking)
            }
            Some("redacted_thinking") => {
                self.progress.started = true;
                Block::Redacted(raw.map(|r| r.get().as_bytes().to_vec()).unwrap_or_default())
            }
            Some("tool_use") => {
                self.progress.started = true;
                Block::Tool(Tool::new(self.tool(&start, out), start.input))
            }
            _ => Block::Unknown,
        };
        if self.open.len() == MAX_OPEN {
            return self.fail(bad("the provider's stream leaves too many blocks open"), out);
        }
        self.open.push((body.index.unwrap_or(0), block));
    }

    /// Tells of a tool call; `None` for the call of our own tool.
    fn tool(&mut self, start: &Start<'_>, out: &mut Vec<u8>) -> Option<u64> {
        let (id, name) = (string(start.id), string(start.name));
        if self.reply.json_tool && json::text(name).as_deref() == Some(JSON_TOOL) {
            self.json_answer = true;
            return None;
        }
        let index = self.tools;
        self.tools += 1;
        self.chunk(out, |chunks, out| chunks.tool_start(out, index, id, name));
        Some(index)
    }

    /// A piece of a tool's arguments; our own tool's are the answer.
    fn arguments(&mut self, index: Option<u64>, piece: &[u8], out: &mut Vec<u8>) {
        let Some(index) = index else { return self.piece("content", piece, out) };
        self.generated(piece);
        self.chunk(out, |chunks, out| chunks.tool_arguments(out, index, piece));
    }

    fn delta(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let Some(delta) = &body.delta else { return };
        let index = body.index.unwrap_or(0);
        let block = self.open.iter_mut().rev().find(|(i, _)| *i == index).map(|(_, b)| b);
        match delta.type_.and_then(text).as_deref() {
            Some("text_delta") => self.piece("content", string(delta.text), out),
            Some("thinking_delta") => {
                let piece = string(delta.thinking);
                if let Some(Block::Thinking(thinking)) = block {
                    thinking.add(piece);
                }
                self.piece("reasoning_content", piece, out);
            }
            Some("signature_delta") => {
                if let Some(Block::Thinking(thinking)) = block {
                    thinking.sign(string(delta.signature));
                }
            }
            Some("input_json_delta") => {
                let piece = string(delta.partial_json);
                if let Some(Block::Tool(tool)) = block
                    && !inner(piece).is_empty()
                {
                    tool.sent = true;
                    let index = tool.index;
                    self.arguments(index, piece, out);
                }
            }
            Some("citations_delta") => {
                if let Some(citation) = delta.citation {
                    self.chunk(out, |chunks, out| {
                        chunks.delta(out, |out| array(out, "citations", citation.get().as_bytes()));
                    });
                }
            }
            _ => {}
        }
    }

    fn stop(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let index = body.index.unwrap_or(0);
        let Some(at) = self.open.iter().rposition(|(i, _)| *i == index) else { return };
        match self.open.swap_remove(at).1 {
            Block::Tool(tool) => {
                if let Some(input) = tool.unsent() {
                    self.arguments(tool.index, &input, out);
                }
            }
            Block::Thinking(thinking) => {
                if let Some(block) = thinking.block() {
                    self.thinking_block(&block, out);
                }
            }
            Block::Redacted(block) => self.thinking_block(&block, out),
            _ => {}
        }
    }

    fn thinking_block(&mut self, block: &[u8], out: &mut Vec<u8>) {
        self.chunk(out, |chunks, out| {
            chunks.delta(out, |out| array(out, "thinking_blocks", block));
        });
    }

    fn message_delta(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        if let Some(usage) = body.usage {
            usage::update(&mut self.progress.usage, usage.get());
            self.progress.usage.output_reported = true;
        }
        let Some(delta) = &body.delta else { return };
        let Some(stop) = delta.stop_reason.and_then(text) else { return };
        self.progress.started = true;
        if stop == "refusal" {
            let mut words = Vec::new();
            json::push_text(&mut words, &refusal(delta.stop_details));
            self.chunk(out, |chunks, out| chunks.text(out, "refusal", &words));
        }
        self.finish = Some(finish_reason(&stop, self.json_answer && self.tools == 0));
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(reason) = self.finish else {
            return self.fail(bad("the provider's stream ended without a stop reason"), out);
        };
        self.progress.complete = true;
        let usage = self.progress.usage;
        self.chunk(out, |chunks, out| {
            chunks.finish(out, reason);
            chunks.usage(out, &usage);
        });
        chunk::done(out);
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&openai::error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}

/// A member that is an array of one raw value. A line end can only stand between
/// its tokens, and would end the event's line.
fn array(out: &mut Vec<u8>, name: &str, item: &[u8]) {
    out.extend_from_slice(b"\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    out.extend(item.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
    out.push(b']');
}
