//! Streams: chunks of a chat as events of a message.
//!
//! One block is open at a time; what belongs to another closes it. Pieces are
//! passed as the JSON strings they are.

use super::answer::{self, Thought, push_usage, string};
use super::citations;
use super::echo::Echo;
use super::keepsake::Keepsake;
use super::stop::Stop;
use crate::dialect::anthropic::error;
use crate::dialect::hub::read::{Message, ToolCall};
use crate::dialect::hub::{self, Chunk};
use crate::dialect::{Progress, Reply};
use crate::error::{Error, Kind};
use crate::wire::json;

pub struct Writer {
    /// For answers that lack the name.
    model: String,
    started: bool,
    /// The index of the next block.
    next: u64,
    open: Open,
    stop: Stop,
    /// Of the request.
    echo: Vec<u8>,
    /// An error has been told: nothing may follow.
    dead: bool,
    gave_up: Option<Error>,
}

#[derive(Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Thinking,
    Text,
    /// The chat's index of the call, and its id's JSON string.
    Call(u64, Vec<u8>),
}

impl hub::Writer for Writer {
    fn new(reply: &Reply) -> Self {
        Self {
            model: reply.model.clone(),
            started: false,
            next: 0,
            open: Open::Nothing,
            stop: Stop::default(),
            echo: reply.echo.clone(),
            dead: false,
            gave_up: None,
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, _: &Progress, out: &mut Vec<u8>) {
        if self.dead {
            return;
        }
        self.start(Some(chunk), out);
        let Some(choice) = chunk.choices.iter().find(|c| c.index == 0) else { return };
        if let Some(delta) = &choice.delta {
            self.delta(delta, out);
        }
        self.stop.read(choice, &Echo::read(&self.echo));
    }

    fn ping(&mut self, out: &mut Vec<u8>) {
        if self.dead {
            return;
        }
        // Before the message begins only a comment disturbs nobody.
        out.extend_from_slice(match self.started {
            true => b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
            false => b": ping\n\n",
        });
    }

    fn finish(&mut self, progress: &Progress, out: &mut Vec<u8>) {
        if self.dead {
            return;
        }
        self.start(None, out);
        self.close(out);
        out.extend_from_slice(b"event: message_delta\n");
        out.extend_from_slice(br#"data: {"type":"message_delta","delta":{"#);
        self.stop.push(out);
        out.extend_from_slice(br#"},"usage":"#);
        push_usage(out, &progress.usage);
        out.extend_from_slice(b"}\n\n");
        out.extend_from_slice(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }

    fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        if !self.dead {
            self.dead = true;
            out.extend_from_slice(&error::event(error));
        }
    }

    fn gave_up(&self) -> Option<&Error> {
        self.gave_up.as_ref()
    }
}

// === impl Writer ===

impl Writer {
    fn start(&mut self, chunk: Option<&Chunk<'_>>, out: &mut Vec<u8>) {
        if self.started {
            return;
        }
        self.started = true;
        out.extend_from_slice(b"event: message_start\n");
        out.extend_from_slice(br#"data: {"type":"message_start","message":"#);
        let (id, model) = (chunk.and_then(|c| c.id), chunk.and_then(|c| c.model));
        answer::open(out, id, model, &self.model);
        out.extend_from_slice(br#","content":[],"stop_reason":null,"stop_sequence":null,"usage":"#);
        // Most tell it at the end: `message_delta` has it all.
        push_usage(out, &chunk.and_then(Chunk::usage).unwrap_or_default());
        out.extend_from_slice(b"}}\n\n");
    }

    fn delta(&mut self, delta: &Message<'_>, out: &mut Vec<u8>) {
        if let Some(piece) = delta.reasoning_content.and_then(string) {
            self.thinking(piece, out);
        }
        for raw in delta.thinking_blocks.iter().flatten() {
            self.thought(&Thought::read(raw), out);
        }
        if let Some(piece) = delta.content.and_then(string) {
            self.text(piece, out);
        }
        if let Some(piece) = delta.refusal.and_then(string) {
            self.stop.refused = true;
            self.text(piece, out);
        }
        for citation in delta.annotations.iter().flatten() {
            if let (Open::Text, Some(citation)) = (&self.open, citations::of(citation)) {
                self.piece("citations_delta", "citation", &citation, out);
            }
        }
        for _ in delta.images.iter().flatten() {
            self.close(out);
            self.text(citations::PICTURE, out);
            self.close(out);
        }
        for call in delta.tool_calls.iter().flatten() {
            if !self.dead {
                self.call(call, out);
            }
        }
    }

    fn thinking(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.open != Open::Thinking {
            let block: &[u8] = br#"{"type":"thinking","thinking":"","signature":""}"#;
            self.begin(Open::Thinking, |out| out.extend_from_slice(block), out);
        }
        self.piece("thinking_delta", "thinking", piece, out);
    }

    fn text(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.open != Open::Text {
            let block: &[u8] = br#"{"type":"text","text":""}"#;
            self.begin(Open::Text, |out| out.extend_from_slice(block), out);
        }
        self.piece("text_delta", "text", piece, out);
    }

    /// A whole block. The text of a signed one has been told piece by piece.
    fn thought(&mut self, thought: &Thought<'_>, out: &mut Vec<u8>) {
        let Thought::Signed { thinking, signature } = thought else {
            return self.whole(|out| thought.push(out), out);
        };
        if self.open != Open::Thinking {
            let block: &[u8] = br#"{"type":"thinking","thinking":"","signature":""}"#;
            self.begin(Open::Thinking, |out| out.extend_from_slice(block), out);
            if *thinking != b"\"\"" {
                self.piece("thinking_delta", "thinking", thinking, out);
            }
        }
        self.piece("signature_delta", "signature", signature, out);
        self.close(out);
    }

    fn call(&mut self, call: &ToolCall<'_>, out: &mut Vec<u8>) {
        let id = call.id.and_then(string);
        let function = call.function.as_ref();
        let name = function.and_then(|f| f.name).and_then(string);
        let (open, open_id) = match &self.open {
            Open::Call(index, id) => (Some(*index), id.as_slice()),
            _ => (None, b"".as_slice()),
        };
        let index = call.index.or(open).unwrap_or(0);
        // Some providers give every call the same index: another id is another call.
        let goes_on = open == Some(index) && id.is_none_or(|id| id == open_id);
        if !goes_on {
            let (Some(id), Some(name)) = (id, name) else {
                let words = "the provider's stream adds to a tool call that is not open";
                let error = Error::new(Kind::BrokenStream, words);
                hub::Writer::fail(self, &error, out);
                self.gave_up = Some(error);
                return;
            };
            if let Some(extra) = call.extra_content {
                self.whole(|out| Keepsake::Call.push(out, extra.get()), out);
            }
            self.stop.called = true;
            let block = |out: &mut Vec<u8>| {
                answer::push_call(out, id, name);
                out.push(b'}');
            };
            self.begin(Open::Call(index, id.to_vec()), block, out);
        }
        if let Some(piece) = function.and_then(|f| f.arguments).and_then(string) {
            self.piece("input_json_delta", "partial_json", piece, out);
        }
    }

    /// Opens a block; `block` writes it as it begins.
    fn begin(&mut self, open: Open, block: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
        self.close(out);
        self.open = open;
        out.extend_from_slice(b"event: content_block_start\n");
        out.extend_from_slice(br#"data: {"type":"content_block_start","index":"#);
        json::push_number(out, self.next);
        out.extend_from_slice(br#","content_block":"#);
        block(out);
        out.extend_from_slice(b"}\n\n");
    }

    fn piece(&self, type_: &str, name: &str, piece: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: content_block_delta\n");
        out.extend_from_slice(br#"data: {"type":"content_block_delta","index":"#);
        json::push_number(out, self.next);
        out.extend_from_slice(format!(r#","delta":{{"type":"{type_}","{name}":"#).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"}}\n\n");
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Nothing {
            return;
        }
        self.open = Open::Nothing;
        self.stop(out);
    }

    /// A block without pieces.
    fn whole(&mut self, block: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
        self.begin(Open::Nothing, block, out);
        self.stop(out);
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: content_block_stop\n");
        out.extend_from_slice(br#"data: {"type":"content_block_stop","index":"#);
        json::push_number(out, self.next);
        out.extend_from_slice(b"}\n\n");
        self.next += 1;
    }
}
