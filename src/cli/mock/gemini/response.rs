//! Writes answers, whole and as events, and embeddings.
//!
//! JSON is written by hand, in the order Google has its fields: it is the quickest,
//! and a reader sees what goes over the wire.

use crate::cli::mock::answer::{Answer, Ask, Finish, Usage, words};
use crate::cli::mock::vendor::{Event, Kind, quote};

use super::{SIGNATURE, predict, signs};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    if !ask.vectors.texts.is_empty() {
        return predict::write(ask, answer);
    }
    if let Some(embed) = &ask.embed {
        let list: Vec<_> = embed.texts.iter().map(|t| embed.vector(t)).collect();
        let list: Vec<_> = list.iter().map(|v| format!(r#"{{"values":{v:?}}}"#)).collect();
        let count = ask.input_bytes.div_ceil(4);
        return format!(
            r#"{{"embeddings":[{}],"usageMetadata":{{"promptTokenCount":{count},"totalTokenCount":{count}}}}}"#,
            list.join(",")
        );
    }
    let mut parts = Vec::new();
    if answer.thinking {
        parts.push(thought(THOUGHT));
    }
    if answer.calls.is_empty() {
        parts.push(text(&answer.text, signs(ask.model)));
    }
    for n in 0..answer.calls.len() {
        parts.push(call(ask, answer, n));
    }
    let logprobs = logprobs(ask, words(&answer.text));
    let candidates: Vec<_> = (0..ask.choices)
        .map(|index| candidate(index, &parts.join(","), &logprobs, Some(finish(answer))))
        .collect();
    response(ask, answer, &candidates.join(","), answer.usage.as_ref())
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let mut events = Vec::with_capacity(answer.chunks() * ask.choices + 4);
    // The counts so far: what went in.
    let early = answer.usage.map(|usage| Usage { output: 0, reasoning: 0, ..usage });
    for index in 0..ask.choices {
        let mut push = |part: &str, logprobs: &str| {
            let candidate = candidate(index, part, logprobs, None);
            let data = response(ask, answer, &candidate, early.as_ref());
            events.push(Event::new(Kind::Content, "", data));
        };
        if answer.thinking {
            words(THOUGHT).for_each(|word| push(&thought(word), ""));
        }
        for word in words(&answer.text) {
            push(&text(word, false), &logprobs(ask, std::iter::once(word)));
        }
        // Calls come whole.
        (0..answer.calls.len()).for_each(|n| push(&call(ask, answer, n), ""));
    }
    for index in 0..ask.choices {
        let part = text("", signs(ask.model) && answer.calls.is_empty());
        let usage = answer.usage.as_ref().filter(|_| index + 1 == ask.choices);
        let candidate = candidate(index, &part, "", Some(finish(answer)));
        let data = response(ask, answer, &candidate, usage.or(early.as_ref()));
        events.push(Event::new(Kind::Frame, "", data));
    }
    events
}

fn response(ask: &Ask<'_>, answer: &Answer, candidates: &str, usage: Option<&Usage>) -> String {
    let usage = usage.map_or_else(String::new, |u| format!(r#","usageMetadata":{}"#, counts(u)));
    let model = ask.model.split('!').next().unwrap_or_default();
    format!(
        r#"{{"candidates":[{candidates}]{usage},"modelVersion":{},"responseId":"{}"}}"#,
        quote(model),
        answer.id,
    )
}

fn candidate(index: usize, parts: &str, logprobs: &str, finish: Option<&str>) -> String {
    let finish = finish.map_or_else(String::new, |f| format!(r#","finishReason":"{f}""#));
    format!(
        r#"{{"content":{{"parts":[{parts}],"role":"model"}}{finish},"index":{index}{logprobs}}}"#
    )
}

fn thought(words: &str) -> String {
    format!(r#"{{"text":{},"thought":true}}"#, quote(words))
}

fn text(text: &str, signed: bool) -> String {
    let signature = if signed { signature() } else { String::new() };
    format!(r#"{{"text":{}{signature}}}"#, quote(text))
}

/// Of several calls only the first is signed. The older generation gives no ids.
fn call(ask: &Ask<'_>, answer: &Answer, n: usize) -> String {
    let Some(call) = answer.calls.get(n) else { return String::new() };
    let signed = signs(ask.model);
    let signature = if signed && n == 0 { signature() } else { String::new() };
    let id = if signed { format!(r#","id":"fc-{}{n}""#, answer.id) } else { String::new() };
    format!(
        r#"{{"functionCall":{{"name":{},"args":{}{id}}}{signature}}}"#,
        quote(&call.name),
        call.arguments,
    )
}

fn signature() -> String {
    format!(r#","thoughtSignature":"{SIGNATURE}""#)
}

/// A word is a token here.
fn logprobs<'a>(ask: &Ask<'_>, tokens: impl Iterator<Item = &'a str>) -> String {
    if !ask.logprobs {
        return String::new();
    }
    let token = |t: &str| format!(r#"{{"token":{},"tokenId":7,"logProbability":-0.5}}"#, quote(t));
    let tokens: Vec<_> = tokens.map(token).collect();
    let top: Vec<_> = tokens.iter().map(|t| format!(r#"{{"candidates":[{t}]}}"#)).collect();
    format!(
        r#","avgLogprobs":-0.5,"logprobsResult":{{"topCandidates":[{}],"chosenCandidates":[{}]}}"#,
        top.join(","),
        tokens.join(",")
    )
}

/// A call is a `STOP`, too, and so is a stop sequence.
fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Length => "MAX_TOKENS",
        Finish::Stop | Finish::Sequence(_) | Finish::Calls => "STOP",
    }
}

fn counts(usage: &Usage) -> String {
    let told = usage.output - usage.reasoning;
    let mut out = format!(r#"{{"promptTokenCount":{}"#, usage.input);
    if told > 0 {
        out.push_str(&format!(r#","candidatesTokenCount":{told}"#));
    }
    out.push_str(&format!(r#","totalTokenCount":{}"#, usage.input + usage.output));
    if usage.reasoning > 0 {
        out.push_str(&format!(r#","thoughtsTokenCount":{}"#, usage.reasoning));
    }
    out.push('}');
    out
}

const THOUGHT: &str = "Let me think.";
