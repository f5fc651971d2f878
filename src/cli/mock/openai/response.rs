//! Writes chat completions, whole and as chunks.
//!
//! JSON is written by hand, in the order OpenAI has its fields: it is the
//! quickest, and a reader sees what goes over the wire.
//!
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

use std::fmt::Write;

use crate::cli::mock::answer::{Answer, Ask, Finish, Usage, pieces, words};
use crate::cli::mock::vendor::{Event, Kind, quote};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut out = format!(
        r#"{{"id":"chatcmpl-{}","object":"chat.completion","created":{CREATED},"model":{},"choices":["#,
        answer.id,
        quote(ask.model),
    );
    for choice in 0..ask.choices.max(1) {
        let comma = if choice == 0 { "" } else { "," };
        let (content, calls) = message(answer, choice);
        // Writing to a String does not fail.
        let _ = write!(
            out,
            r#"{comma}{{"index":{choice},"message":{{"role":"assistant","content":{content}{calls},"refusal":null,"annotations":[]}},"logprobs":{},"finish_reason":"{}"}}"#,
            logprobs(ask, words(&answer.text)),
            finish(answer),
        );
    }
    out.push(']');
    if let Some(usage) = &answer.usage {
        let _ = write!(out, r#","usage":{}"#, usage_json(usage));
    }
    out.push_str(r#","service_tier":"default","system_fingerprint":"fp_mock"}"#);
    out
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let choices = 0..ask.choices.max(1);
    let mut chunks = Chunks::new(ask, answer);
    for choice in choices.clone() {
        let content = if answer.calls.is_empty() { r#""""# } else { "null" };
        let delta = format!(r#""role":"assistant","content":{content},"refusal":null"#);
        chunks.delta(Kind::Frame, choice, &delta);
    }
    for word in words(&answer.text) {
        let delta = format!(r#""content":{}"#, quote(word));
        let logprobs = logprobs(ask, std::iter::once(word));
        for choice in choices.clone() {
            chunks.chunk(Kind::Content, choice, &delta, &logprobs, "null");
        }
    }
    for choice in choices.clone() {
        chunks.calls(choice, answer);
    }
    for choice in choices {
        chunks.finish(choice, finish(answer));
    }
    chunks.usage(answer);
    chunks.events
}

/// The chunks of one stream: the same head and tail on each.
struct Chunks {
    head: String,
    tail: &'static str,
    include_usage: bool,
    events: Vec<Event>,
}

// === impl Chunks ===

impl Chunks {
    fn new(ask: &Ask<'_>, answer: &Answer) -> Chunks {
        Chunks {
            head: format!(
                r#"{{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":{CREATED},"model":{},"service_tier":"default","system_fingerprint":"fp_mock","choices":["#,
                answer.id,
                quote(ask.model),
            ),
            tail: if ask.include_usage { r#"],"usage":null}"# } else { "]}" },
            include_usage: ask.include_usage,
            events: Vec::with_capacity(answer.chunks() * ask.choices.max(1) + 4),
        }
    }

    fn delta(&mut self, kind: Kind, choice: usize, delta: &str) {
        self.chunk(kind, choice, delta, "null", "null");
    }

    fn calls(&mut self, choice: usize, answer: &Answer) {
        for (n, call) in answer.calls.iter().enumerate() {
            let id = call_id(answer, choice, n);
            let name = quote(&call.name);
            self.delta(Kind::Frame, choice, &format!(
                r#""tool_calls":[{{"index":{n},"id":"{id}","type":"function","function":{{"name":{name},"arguments":""}}}}]"#
            ));
            for piece in pieces(&call.arguments) {
                let piece = quote(piece);
                self.delta(
                    Kind::Content,
                    choice,
                    &format!(
                        r#""tool_calls":[{{"index":{n},"function":{{"arguments":{piece}}}}}]"#
                    ),
                );
            }
        }
    }

    fn finish(&mut self, choice: usize, reason: &str) {
        self.chunk(Kind::Frame, choice, "", "null", &format!(r#""{reason}""#));
    }

    fn usage(&mut self, answer: &Answer) {
        if let Some(usage) = answer.usage.as_ref().filter(|_| self.include_usage) {
            let data = format!(r#"{}],"usage":{}}}"#, self.head, usage_json(usage));
            self.events.push(Event::new(Kind::Frame, "", data));
        }
        self.events.push(Event::new(Kind::Done, "", "[DONE]".to_owned()));
    }

    fn chunk(&mut self, kind: Kind, choice: usize, delta: &str, logprobs: &str, reason: &str) {
        let (head, tail) = (&self.head, self.tail);
        let data = format!(
            r#"{head}{{"index":{choice},"delta":{{{delta}}},"logprobs":{logprobs},"finish_reason":{reason}}}{tail}"#
        );
        self.events.push(Event::new(kind, "", data));
    }
}

/// A choice's `logprobs`: a word is a token here.
fn logprobs<'a>(ask: &Ask<'_>, tokens: impl Iterator<Item = &'a str>) -> String {
    if !ask.logprobs {
        return "null".to_owned();
    }
    let token = |t: &str| {
        let t = quote(t);
        format!(r#"{{"token":{t},"logprob":-0.5,"bytes":null,"top_logprobs":[]}}"#)
    };
    let tokens: Vec<_> = tokens.map(token).collect();
    format!(r#"{{"content":[{}],"refusal":null}}"#, tokens.join(","))
}

/// The content, and the `tool_calls` field where there are any.
fn message(answer: &Answer, choice: usize) -> (String, String) {
    if answer.calls.is_empty() {
        return (quote(&answer.text), String::new());
    }
    let calls: Vec<_> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(n, call)| {
            format!(
                r#"{{"id":"{}","type":"function","function":{{"name":{},"arguments":{}}}}}"#,
                call_id(answer, choice, n),
                quote(&call.name),
                quote(&call.arguments),
            )
        })
        .collect();
    ("null".to_owned(), format!(r#","tool_calls":[{}]"#, calls.join(",")))
}

fn call_id(answer: &Answer, choice: usize, n: usize) -> String {
    format!("call_{}{choice}{n}", answer.id)
}

fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop | Finish::Sequence(_) => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

pub(super) fn usage_json(usage: &Usage) -> String {
    format!(
        r#"{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#,
        usage.input,
        usage.output,
        usage.input + usage.output,
        usage.reasoning,
    )
}

/// Fixed: the same request has the same answer.
pub(super) const CREATED: u64 = 1_700_000_000;
