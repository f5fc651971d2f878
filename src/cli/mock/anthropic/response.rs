//! Writes messages, whole and as events.
//!
//! JSON is written by hand, in the order Anthropic has its fields: it is the
//! quickest, and a reader sees what goes over the wire.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>

use crate::cli::mock::answer::{Answer, Ask, Finish, Usage, pieces, words};
use crate::cli::mock::vendor::{Event, Kind, quote, quote_or_null};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut content = Vec::new();
    if answer.thinking {
        content.push(format!(
            r#"{{"type":"thinking","thinking":{},"signature":"{SIGNATURE}"}}"#,
            quote(THOUGHT)
        ));
    }
    if !answer.text.is_empty() {
        content.push(format!(
            r#"{{"type":"text","text":{}}}"#,
            quote(&answer.text)
        ));
    }
    for (n, call) in answer.calls.iter().enumerate() {
        content.push(tool_use(answer, n, &call.arguments));
    }
    let output = answer.usage.map_or(0, |usage| usage.output);
    message(
        ask,
        answer,
        &content.join(","),
        &stop(answer),
        answer.usage.map(|usage| usage_json(&usage, output)),
    )
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let mut blocks = Blocks {
        index: 0,
        events: Vec::with_capacity(answer.chunks() + 16),
    };
    let usage = answer.usage.map(|usage| usage_json(&usage, 1));
    let start = message(ask, answer, "", NOT_YET, usage);
    blocks.push("message_start", &format!(r#","message":{start}"#));
    blocks.push("ping", "");
    blocks.thinking(answer);
    blocks.text(&answer.text);
    blocks.calls(answer);
    let usage = answer.usage.map_or_else(String::new, |usage| {
        format!(r#","usage":{{"output_tokens":{}}}"#, usage.output)
    });
    blocks.push(
        "message_delta",
        &format!(r#","delta":{{{}}}{usage}"#, stop(answer)),
    );
    blocks.push("message_stop", "");
    blocks.events
}

/// The events of one stream, and the index of the block in progress.
struct Blocks {
    index: usize,
    events: Vec<Event>,
}

// === impl Blocks ===

impl Blocks {
    fn thinking(&mut self, answer: &Answer) {
        if !answer.thinking {
            return;
        }
        self.start(r#"{"type":"thinking","thinking":"","signature":""}"#);
        for word in words(THOUGHT) {
            let delta = format!(r#""type":"thinking_delta","thinking":{}"#, quote(word));
            self.delta(Kind::Content, &delta);
        }
        let delta = format!(r#""type":"signature_delta","signature":"{SIGNATURE}""#);
        self.delta(Kind::Frame, &delta);
        self.stop();
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.start(r#"{"type":"text","text":""}"#);
        for word in words(text) {
            let delta = format!(r#""type":"text_delta","text":{}"#, quote(word));
            self.delta(Kind::Content, &delta);
        }
        self.stop();
    }

    fn calls(&mut self, answer: &Answer) {
        for (n, call) in answer.calls.iter().enumerate() {
            self.start(&tool_use(answer, n, "{}"));
            self.delta(
                Kind::Frame,
                r#""type":"input_json_delta","partial_json":"""#,
            );
            for piece in pieces(&call.arguments) {
                let delta = format!(
                    r#""type":"input_json_delta","partial_json":{}"#,
                    quote(piece)
                );
                self.delta(Kind::Content, &delta);
            }
            self.stop();
        }
    }

    fn start(&mut self, block: &str) {
        let index = self.index;
        let rest = format!(r#","index":{index},"content_block":{block}"#);
        self.push("content_block_start", &rest);
    }

    fn delta(&mut self, kind: Kind, delta: &str) {
        let name = "content_block_delta";
        let index = self.index;
        let data = format!(r#"{{"type":"{name}","index":{index},"delta":{{{delta}}}}}"#);
        self.events.push(Event::new(kind, name, data));
    }

    fn stop(&mut self) {
        let rest = format!(r#","index":{}"#, self.index);
        self.push("content_block_stop", &rest);
        self.index += 1;
    }

    fn push(&mut self, name: &'static str, rest: &str) {
        let kind = if name == "message_stop" {
            Kind::Done
        } else {
            Kind::Frame
        };
        let data = format!(r#"{{"type":"{name}"{rest}}}"#);
        self.events.push(Event::new(kind, name, data));
    }
}

fn message(
    ask: &Ask<'_>,
    answer: &Answer,
    content: &str,
    stop: &str,
    usage: Option<String>,
) -> String {
    let usage = usage.map_or_else(String::new, |usage| format!(r#","usage":{usage}"#));
    format!(
        r#"{{"id":"msg_{}","type":"message","role":"assistant","model":{},"content":[{content}],{stop}{usage}}}"#,
        answer.id,
        quote(ask.model),
    )
}

fn tool_use(answer: &Answer, n: usize, input: &str) -> String {
    let name = answer.calls.get(n).map_or("", |call| &call.name);
    format!(
        r#"{{"type":"tool_use","id":"toolu_{}{n}","name":{},"input":{input}}}"#,
        answer.id,
        quote(name),
    )
}

fn stop(answer: &Answer) -> String {
    let (reason, sequence) = match &answer.finish {
        Finish::Stop => ("end_turn", None),
        Finish::Sequence(text) => ("stop_sequence", Some(text.as_str())),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
    };
    let sequence = quote_or_null(sequence);
    format!(r#""stop_reason":"{reason}","stop_sequence":{sequence}"#)
}

fn usage_json(usage: &Usage, output: usize) -> String {
    format!(
        r#"{{"input_tokens":{},"cache_creation_input_tokens":{},"cache_read_input_tokens":{},"output_tokens":{output},"service_tier":"standard"}}"#,
        usage.input, usage.cache_creation, usage.cache_read,
    )
}

pub(super) const SIGNATURE: &str = "sig-mock";

const THOUGHT: &str = "Let me think.";
const NOT_YET: &str = r#""stop_reason":null,"stop_sequence":null"#;
