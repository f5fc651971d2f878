//! Writes answers, whole and as events.
//!
//! JSON is written by hand, in the order Bedrock has its fields: it is the quickest,
//! and a reader sees what goes over the wire.

use crate::cli::mock::answer::{Answer, Ask, Finish, Usage, pieces, words};
use crate::cli::mock::vendor::{Event, Kind, quote};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut content = Vec::new();
    if answer.thinking {
        let signature =
            if signs(ask.model) { format!(r#""signature":"{SIGNATURE}","#) } else { String::new() };
        content.push(format!(
            r#"{{"reasoningContent":{{"reasoningText":{{{signature}"text":{}}}}}}}"#,
            quote(THOUGHT)
        ));
    }
    if !answer.text.is_empty() {
        content.push(format!(r#"{{"text":{}}}"#, quote(&answer.text)));
    }
    for (n, call) in answer.calls.iter().enumerate() {
        content.push(format!(
            r#"{{"toolUse":{{"input":{},"name":{},"toolUseId":"{}"}}}}"#,
            call.arguments,
            quote(&call.name),
            id(answer, n)
        ));
    }
    format!(
        r#"{{"metrics":{{"latencyMs":7}},"output":{{"message":{{"content":[{}],"role":"assistant"}}}},"stopReason":"{}"{}}}"#,
        content.join(","),
        stop(answer),
        usage(answer.usage.as_ref())
    )
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let mut events = Vec::with_capacity(answer.chunks() + 8);
    let mut push = |kind, name, data: String| events.push(Event::framed(kind, name, data));
    let mut index = 0;
    let delta = |index: usize, delta: &str| {
        format!(r#"{{"contentBlockIndex":{index},"delta":{{{delta}}},"p":"abcdefgh"}}"#)
    };
    let end = |index: usize| format!(r#"{{"contentBlockIndex":{index},"p":"abcd"}}"#);
    push(Kind::Frame, "messageStart", r#"{"p":"abcdef","role":"assistant"}"#.to_owned());
    if answer.thinking {
        for word in words(THOUGHT) {
            let piece = format!(r#""reasoningContent":{{"text":{}}}"#, quote(word));
            push(Kind::Content, "contentBlockDelta", delta(index, &piece));
        }
        if signs(ask.model) {
            let piece = format!(r#""reasoningContent":{{"signature":"{SIGNATURE}"}}"#);
            push(Kind::Frame, "contentBlockDelta", delta(index, &piece));
        }
        push(Kind::Frame, "contentBlockStop", end(index));
        index += 1;
    }
    if !answer.text.is_empty() {
        // Text has no start.
        for word in words(&answer.text) {
            let piece = format!(r#""text":{}"#, quote(word));
            push(Kind::Content, "contentBlockDelta", delta(index, &piece));
        }
        push(Kind::Frame, "contentBlockStop", end(index));
        index += 1;
    }
    for (n, call) in answer.calls.iter().enumerate() {
        let start = format!(
            r#"{{"contentBlockIndex":{index},"p":"ab","start":{{"toolUse":{{"name":{},"toolUseId":"{}"}}}}}}"#,
            quote(&call.name),
            id(answer, n)
        );
        push(Kind::Frame, "contentBlockStart", start);
        for piece in pieces(&call.arguments) {
            let piece = format!(r#""toolUse":{{"input":{}}}"#, quote(piece));
            push(Kind::Content, "contentBlockDelta", delta(index, &piece));
        }
        push(Kind::Frame, "contentBlockStop", end(index));
        index += 1;
    }
    let stop = format!(r#"{{"p":"abc","stopReason":"{}"}}"#, stop(answer));
    push(Kind::Frame, "messageStop", stop);
    let metadata =
        format!(r#"{{"metrics":{{"latencyMs":7}},"p":"a"{}}}"#, usage(answer.usage.as_ref()));
    push(Kind::Done, "metadata", metadata);
    events
}

fn signs(model: &str) -> bool {
    model.contains("anthropic.")
}

fn id(answer: &Answer, n: usize) -> String {
    format!("tooluse_{}{n}", answer.id)
}

fn stop(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop => "end_turn",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
    }
}

fn usage(usage: Option<&Usage>) -> String {
    let Some(usage) = usage else { return String::new() };
    format!(
        r#","usage":{{"inputTokens":{},"outputTokens":{},"totalTokens":{},"cacheReadInputTokens":{},"cacheWriteInputTokens":{}}}"#,
        usage.input,
        usage.output,
        usage.input + usage.output + usage.cache_read + usage.cache_creation,
        usage.cache_read,
        usage.cache_creation,
    )
}

pub(super) const SIGNATURE: &str = "sig-mock";

const THOUGHT: &str = "Let me think.";
