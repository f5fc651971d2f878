//! Properties of streams: cut anywhere, damaged anyhow.

use super::{FROM_OPENAI_CHAT, IDENTITY};
use crate::dialect::{Feed, Progress, Reply, Translator};
use proptest::prelude::*;
use serde_json::{Value, json};

type Piece = (&'static str, Vec<String>);

fn feed(row: &Translator, parts: &[&[u8]]) -> (Vec<u8>, Progress) {
    let mut stream = (row.stream)(&Reply::default());
    let mut out = Vec::new();
    for part in parts {
        if stream.feed(part, &mut out) == Feed::Same {
            out.extend_from_slice(part);
        }
    }
    stream.finish(&mut out);
    (out, stream.progress().clone())
}

/// A sound stream of these items.
fn stream(items: &[Piece]) -> Vec<u8> {
    let mut events = vec![json!({ "type": "response.created", "response": { "id": "r" } })];
    for (at, (kind, pieces)) in items.iter().enumerate() {
        let (type_, event) = match *kind {
            "text" => ("message", "output_text"),
            "refusal" => ("message", "refusal"),
            "thought" => ("reasoning", "reasoning_summary_text"),
            _ => ("function_call", "function_call_arguments"),
        };
        let item = json!({ "type": type_, "id": "i", "call_id": format!("c{at}"), "name": "f" });
        let mut push = |name: String, mut event: Value| {
            event["type"] = name.into();
            event["output_index"] = at.into();
            events.push(event);
        };
        push("response.output_item.added".into(), json!({ "item": item }));
        for piece in pieces {
            push(format!("response.{event}.delta"), json!({ "delta": piece }));
        }
        let whole = pieces.concat();
        let field = match *kind {
            "refusal" => "refusal",
            "call" => "arguments",
            _ => "text",
        };
        push(format!("response.{event}.done"), json!({ field: whole }));
        let mut done = item.clone();
        done["arguments"] = whole.into();
        push("response.output_item.done".into(), json!({ "item": done }));
    }
    let usage = json!({ "input_tokens": 3, "output_tokens": 9 });
    events.push(json!({ "type": "response.completed", "response": { "usage": usage } }));
    let lines =
        events.iter().map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().unwrap()));
    lines.collect::<String>().into_bytes()
}

/// What a client reads in `field` of the deltas, put together.
fn joined(out: &[u8], pointer: &str) -> String {
    let text = std::str::from_utf8(out).unwrap();
    let data =
        text.split("\n\n").filter_map(|e| e.strip_prefix("data: ")).filter(|d| *d != "[DONE]");
    let chunks = data.map(|d| serde_json::from_str::<Value>(d).unwrap());
    chunks
        .filter_map(|c| c["choices"][0]["delta"].pointer(pointer)?.as_str().map(str::to_owned))
        .collect()
}

fn items() -> impl Strategy<Value = Vec<Piece>> {
    let kind = prop::sample::select(&["text", "refusal", "thought", "call"][..]);
    prop::collection::vec((kind, prop::collection::vec(".{0,6}", 0..4)), 0..5)
}

proptest! {
    #[test]
    fn cut_anywhere_the_same(
        items in items(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let raw = stream(&items);
        let mut at: Vec<usize> = cuts.iter().map(|i| i.index(raw.len() + 1)).collect();
        at.extend([0, raw.len()]);
        at.sort_unstable();
        let parts: Vec<&[u8]> = at.windows(2).map(|w| &raw[w[0]..w[1]]).collect();
        for row in [&FROM_OPENAI_CHAT, &IDENTITY] {
            let whole = feed(row, &[&raw]);
            prop_assert_eq!(&feed(row, &parts), &whole);
            prop_assert!(whole.1.complete && whole.1.failed.is_none());
            prop_assert_eq!((whole.1.usage.input, whole.1.usage.output), (3, 9));
        }
        let (out, _) = feed(&FROM_OPENAI_CHAT, &[&raw]);
        let want = |kind: &str| -> String {
            items.iter().filter(|(k, _)| *k == kind).flat_map(|(_, p)| p.clone()).collect()
        };
        prop_assert_eq!(joined(&out, "/content"), want("text"));
        prop_assert_eq!(joined(&out, "/refusal"), want("refusal"));
        prop_assert_eq!(joined(&out, "/reasoning_content").replace("\n\n", ""), want("thought"));
        let arguments = joined(&out, "/tool_calls/0/function/arguments");
        prop_assert_eq!(arguments.replace("{}", ""), want("call").replace("{}", ""));
        prop_assert_eq!(&feed(&IDENTITY, &[&raw]).0, &raw);
    }

    #[test]
    fn damage_is_an_error(
        items in items(),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\n\r "[..])], 0..4),
    ) {
        let mut raw = stream(&items);
        let at = at.index(raw.len());
        raw.splice(at..(at + 1).min(raw.len()), bytes);
        for raw in [&raw[..], b"", b"data: {\"choices\":[]}\n\n"] {
            let (out, progress) = feed(&FROM_OPENAI_CHAT, &[raw]);
            prop_assert!(progress.complete != progress.failed.is_some());
            joined(&out, "/content");
            let (_, progress) = feed(&IDENTITY, &[raw]);
            prop_assert!(progress.complete != progress.failed.is_some());
        }
    }
}

#[test]
fn parts_that_overlap_are_told_once() {
    let delta = |at: u64, text: &str| json!({ "type": "response.output_text.delta", "output_index": at, "delta": text });
    let done = |at: u64, text: &str| json!({ "type": "response.output_text.done", "output_index": at, "text": text });
    let events = [delta(0, "a"), delta(1, "b"), done(0, "a"), done(1, "b"), done(2, "c")];
    let raw: String = events.iter().map(|e| format!("data: {e}\n\n")).collect();
    let (out, _) = feed(&FROM_OPENAI_CHAT, &[raw.as_bytes()]);
    assert_eq!(joined(&out, "/content"), "abc");
}
