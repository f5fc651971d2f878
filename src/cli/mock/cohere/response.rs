//! Writes chats, whole and as events.
//!
//! <https://docs.cohere.com/docs/streaming>

use crate::cli::mock::answer::{Answer, Ask, Finish, Usage, pieces, words};
use crate::cli::mock::vendor::{Event, Kind, quote};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut blocks = Vec::new();
    if answer.thinking {
        blocks.push(format!(r#"{{"type":"thinking","thinking":{}}}"#, quote(THOUGHT)));
    }
    if answer.calls.is_empty() {
        blocks.push(format!(r#"{{"type":"text","text":{}}}"#, quote(&answer.text)));
    }
    let mut message = String::from(r#"{"role":"assistant""#);
    if let Some(plan) = plan(answer) {
        message += &format!(r#","tool_plan":{}"#, quote(&plan));
    }
    if !answer.calls.is_empty() {
        let calls: Vec<_> = (0..answer.calls.len()).map(|n| call(answer, n, true)).collect();
        message += &format!(r#","tool_calls":[{}]"#, calls.join(","));
    }
    if !blocks.is_empty() {
        message += &format!(r#","content":[{}]"#, blocks.join(","));
    }
    let mut out = format!(
        r#"{{"id":"{}","finish_reason":"{}","message":{message}}}"#,
        id(answer),
        finish(answer)
    );
    if ask.logprobs {
        let items: Vec<_> = words(&answer.text).map(logprob).collect();
        out += &format!(r#","logprobs":[{}]"#, items.join(","));
    }
    if let Some(usage) = &answer.usage {
        out += &format!(r#","usage":{}"#, usage_json(usage));
    }
    out + "}"
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let mut events = Events::default();
    events.add(
        Kind::Frame,
        "message-start",
        &format!(
            r#","id":"{}","delta":{{"message":{{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}}"#,
            id(answer)
        ),
    );
    let mut index = 0;
    if answer.thinking {
        let pieces = words(THOUGHT).map(|w| (w, String::new()));
        events.block(index, "thinking", pieces);
        index += 1;
    }
    if answer.calls.is_empty() {
        let logprobs = |word| match ask.logprobs {
            true => format!(r#","logprobs":{}"#, logprob(word)),
            false => String::new(),
        };
        events.block(index, "text", words(&answer.text).map(|w| (w, logprobs(w))));
    }
    for word in plan(answer).iter().flat_map(|p| words(p)) {
        let rest = format!(r#","delta":{{"message":{{"tool_plan":{}}}}}"#, quote(word));
        events.add(Kind::Frame, "tool-plan-delta", &rest);
    }
    for (n, made) in answer.calls.iter().enumerate() {
        events.call(n, &call(answer, n, false), &made.arguments);
    }
    let usage = answer.usage.as_ref().map(|u| format!(r#","usage":{}"#, usage_json(u)));
    let rest = format!(
        r#","delta":{{"finish_reason":"{}"{}}}"#,
        finish(answer),
        usage.unwrap_or_default()
    );
    // It has all that counts, so it is no mere farewell.
    events.add(Kind::Frame, "message-end", &rest);
    events.0
}

#[derive(Default)]
struct Events(Vec<Event>);

// === impl Events ===

impl Events {
    /// `rest`: the members behind the type.
    fn add(&mut self, kind: Kind, name: &'static str, rest: &str) {
        self.0.push(Event::new(kind, name, format!(r#"{{"type":"{name}"{rest}}}"#)));
    }

    /// One content block; each word with further members of its event.
    fn block<'a>(
        &mut self,
        index: usize,
        kind: &str,
        words: impl Iterator<Item = (&'a str, String)>,
    ) {
        let start = format!(
            r#","index":{index},"delta":{{"message":{{"content":{{"type":"{kind}","{kind}":""}}}}}}"#
        );
        self.add(Kind::Frame, "content-start", &start);
        for (word, more) in words {
            let delta = format!(
                r#","index":{index},"delta":{{"message":{{"content":{{"{kind}":{}}}}}}}{more}"#,
                quote(word)
            );
            self.add(Kind::Content, "content-delta", &delta);
        }
        self.add(Kind::Frame, "content-end", &format!(r#","index":{index}"#));
    }

    fn call(&mut self, index: usize, call: &str, arguments: &str) {
        let start = format!(r#","index":{index},"delta":{{"message":{{"tool_calls":{call}}}}}"#);
        self.add(Kind::Frame, "tool-call-start", &start);
        for piece in pieces(arguments) {
            let delta = format!(
                r#","index":{index},"delta":{{"message":{{"tool_calls":{{"function":{{"arguments":{}}}}}}}}}"#,
                quote(piece)
            );
            self.add(Kind::Content, "tool-call-delta", &delta);
        }
        self.add(Kind::Frame, "tool-call-end", &format!(r#","index":{index}"#));
    }
}

fn call(answer: &Answer, n: usize, whole: bool) -> String {
    let call = &answer.calls[n];
    let arguments = if whole { call.arguments.as_str() } else { "" };
    format!(
        r#"{{"id":"{}_{}{n}","type":"function","function":{{"name":{},"arguments":{}}}}}"#,
        call.name,
        answer.id,
        quote(&call.name),
        quote(arguments)
    )
}

/// What models that do not think in blocks say before they call.
fn plan(answer: &Answer) -> Option<String> {
    let call = answer.calls.first().filter(|_| !answer.thinking)?;
    Some(format!("I will use {}.", call.name))
}

fn logprob(word: &str) -> String {
    format!(r#"{{"text":{},"token_ids":[1],"logprobs":[-0.25]}}"#, quote(word))
}

fn id(answer: &Answer) -> String {
    let (head, tail) = answer.id.split_at(answer.id.len() / 2);
    format!("{head}-0000-4000-8000-0000{tail}")
}

fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop => "COMPLETE",
        Finish::Sequence(_) => "STOP_SEQUENCE",
        Finish::Length => "MAX_TOKENS",
        Finish::Calls => "TOOL_CALL",
    }
}

fn usage_json(usage: &Usage) -> String {
    format!(
        r#"{{"billed_units":{{"input_tokens":{},"output_tokens":{}}},"tokens":{{"input_tokens":{},"output_tokens":{}}},"cached_tokens":0}}"#,
        usage.input,
        usage.output,
        usage.input + PREAMBLE,
        usage.output,
    )
}

/// Tokens of Cohere's own instructions, which are not billed.
const PREAMBLE: usize = 100;

const THOUGHT: &str = "Let me think.";
