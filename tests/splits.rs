//! Properties: whatever comes, translations do not panic, give well-formed JSON
//! or an error, keep every text, and do not care where bytes are cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use sluice::dialect::{
    Body, Dialect, Facts, Feed, Maker, ModelTraits, Progress, Reply, Request, TRANSLATORS,
    Thinking, Translator, UpstreamRequest,
};
use sluice::dialect::{Quirks, features, quirks};
use sluice::error::Error;
use sluice::provider::KINDS;
use sluice::wire::json as wire;

proptest! {
    /// Any JSON where messages, parts, tools and fields belong.
    #[test]
    fn any_request_is_json_or_an_error(body in wild_body(), traits in traits()) {
        let raw = serde_json::to_vec(&body).unwrap();
        for (translator, quirks) in pairs() {
            if let Ok((upstream, made)) = translate(translator, &raw, traits, quirks) {
                prop_assert!(serde_json::from_slice::<Value>(&upstream).is_ok());
                prop_assert!(made.dropped.len() <= 32);
                for name in made.dropped {
                    prop_assert!(name.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", &*name);
                }
            }
        }
    }

    /// Every text of a sound conversation reaches the provider, in order.
    #[test]
    fn texts_are_kept(messages in prop::collection::vec(message(), 1..8), traits in traits()) {
        let messages = messages.concat();
        let body = json!({ "model": "m", "messages": messages });
        let raw = serde_json::to_vec(&body).unwrap();
        let mut given = Vec::new();
        texts(&body["messages"], &mut given);
        given.retain(|t| !t.trim().is_empty());
        for (translator, quirks) in pairs() {
            match translate(translator, &raw, traits, quirks) {
                Ok((upstream, made)) => {
                    let said_no = made.dropped.iter().any(|name| name == "messages.refusal");
                    let seen: Value = serde_json::from_slice(&upstream).unwrap();
                    let mut kept = Vec::new();
                    texts(&seen, &mut kept);
                    for text in &given {
                        // Claude refuses white space at the end of an answer's beginning.
                        let found = said_no || kept.iter().any(|k| k.contains(text.trim_end()));
                        prop_assert!(found, "{} in {}", text, seen);
                    }
                }
                Err(e) => prop_assert!(given.is_empty(), "{}", e),
            }
        }
    }

    /// A sound stream: cut anywhere, the same bytes; joined again, the same answer.
    #[test]
    fn streams_do_not_care_for_cuts(
        blocks in prop::collection::vec(block(), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        for (raw, upstream) in sound_streams(&blocks) {
            let translator = row(upstream);
            let (whole, progress) = feed(translator, &[&raw]);
            let mut at: Vec<usize> = cuts.iter().map(|i| i.index(raw.len() + 1)).collect();
            at.extend([0, raw.len()]);
            at.sort_unstable();
            let parts: Vec<&[u8]> = at.windows(2).map(|w| &raw[w[0]..w[1]]).collect();
            let again = feed(translator, &parts);
            prop_assert_eq!(&again, &(whole.clone(), progress.clone()));
            prop_assert!(progress.complete && progress.failed.is_none());
            let (text, thought, arguments) = joined(&whole);
            let want = |kind: &str| -> String {
                blocks.iter().filter(|(k, _)| *k == kind).flat_map(|(_, p)| p.clone()).collect()
            };
            prop_assert_eq!(text, want("text"));
            prop_assert_eq!(thought, want("thinking"));
            prop_assert_eq!(arguments.replace("{}", ""), want("tool_use").replace("{}", ""));
        }
    }

    /// A damaged stream or answer never panics and never gives a client bad JSON.
    #[test]
    fn damage_is_an_error(
        blocks in prop::collection::vec(block(), 0..4),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\n\r "[..])], 0..4),
        json in tree(),
    ) {
        for (mut raw, _) in sound_streams(&blocks) {
            let at = at.index(raw.len());
            raw.splice(at..(at + 1).min(raw.len()), bytes.clone());
            // The other dialect's bytes, and none at all, are damage too.
            for raw in [&raw[..], b"", &serde_json::to_vec(&json).unwrap()] {
                for translator in chats().filter(|t| !t.fields.is_empty()) {
                    let (out, progress) = feed(translator, &[raw]);
                    prop_assert!(progress.complete != progress.failed.is_some());
                    for event in events(&out) {
                        prop_assert!(serde_json::from_str::<Value>(&event).is_ok(), "{}", event);
                    }
                }
                for translator in TRANSLATORS {
                    if let Ok(response) = (translator.response)(raw, &Reply::default())
                        && let Some(body) = response.body
                    {
                        prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
                    }
                    let e = (translator.error)(500, raw).error;
                    prop_assert!((400..600).contains(&e.status()));
                }
            }
        }
    }
}

/// The pairs that take a chat.
fn chats() -> impl Iterator<Item = &'static Translator> {
    TRANSLATORS.iter().filter(|t| t.client == Dialect::OpenAiChat)
}

/// The row of a chat client and this upstream.
fn row(upstream: Dialect) -> &'static Translator {
    sluice::dialect::translator(Dialect::OpenAiChat, upstream).unwrap()
}

/// The same answer as several vendors stream it.
fn sound_streams(blocks: &[(&'static str, Vec<String>)]) -> [(Vec<u8>, Dialect); 2] {
    [
        (anthropic_stream(blocks), Dialect::AnthropicMessages),
        (cohere_stream(blocks), Dialect::CohereChat),
    ]
}

/// The same, and the pair of like to like once for each kind's quirks.
fn pairs() -> impl Iterator<Item = (&'static Translator, &'static Quirks)> {
    chats().flat_map(|t| {
        let kinds = KINDS.iter().filter(|k| k.surfaces.iter().any(|s| s.dialect == t.upstream));
        let own = kinds.filter(|_| t.fields.is_empty()).map(move |k| (t, k.quirks));
        own.chain([(t, &quirks::NONE)])
    })
}

fn translate(
    translator: &Translator,
    body: &[u8],
    traits: ModelTraits,
    quirks: &'static Quirks,
) -> Result<(Vec<u8>, UpstreamRequest), Error> {
    let facts = Facts::read(body)?;
    features::check(translator.gaps, &facts)?;
    let made =
        (translator.request)(&Request { body, facts: &facts, model: "real", traits, quirks })?;
    let upstream = match &made.body {
        Body::Spliced(splices) => {
            let read = translator.reads.map_or(body.len(), |reads| reads(&facts, quirks));
            assert!(splices.iter().all(|s| s.range.end <= read), "more is changed than was read");
            wire::splice(body, splices)
        }
        Body::Whole(whole) => whole.clone(),
    };
    Ok((upstream, made))
}

fn feed(translator: &Translator, parts: &[&[u8]]) -> (Vec<u8>, Progress) {
    let mut stream = (translator.stream)(&Reply::default());
    let mut out = Vec::new();
    for part in parts {
        if stream.feed(part, &mut out) == Feed::Same {
            out.extend_from_slice(part);
        }
    }
    stream.finish(&mut out);
    (out, stream.progress().clone())
}

/// The JSON of a stream's events.
fn events(out: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(out).expect("UTF-8");
    let data = text.split("\n\n").filter_map(|e| e.strip_prefix("data: "));
    data.filter(|d| *d != "[DONE]").map(str::to_owned).collect()
}

/// Content, reasoning and arguments, put together as a client does.
fn joined(out: &[u8]) -> (String, String, String) {
    let (mut text, mut thought, mut arguments) = (String::new(), String::new(), String::new());
    for event in events(out) {
        let event: Value = serde_json::from_str(&event).unwrap();
        let delta = &event["choices"][0]["delta"];
        text.push_str(delta["content"].as_str().unwrap_or_default());
        thought.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        let call = &delta["tool_calls"][0]["function"]["arguments"];
        arguments.push_str(call.as_str().unwrap_or_default());
    }
    (text, thought, arguments)
}

/// All values of `text`, `content`, `refusal` and `output` that are strings.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|i| texts(i, out)),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("text" | "content" | "refusal" | "output", Value::String(text)) => {
                        out.push(text.clone())
                    }
                    _ => texts(value, out),
                }
            }
        }
        _ => {}
    }
}

fn anthropic_stream(blocks: &[(&'static str, Vec<String>)]) -> Vec<u8> {
    let mut events = vec![json!({"type": "message_start", "message": {"id": "msg_1", "model": "m",
        "usage": {"input_tokens": 3, "output_tokens": 1}}})];
    for (i, (kind, pieces)) in blocks.iter().enumerate() {
        let (field, delta) = match *kind {
            "text" => ("text", "text_delta"),
            "thinking" => ("thinking", "thinking_delta"),
            _ => ("partial_json", "input_json_delta"),
        };
        events.push(json!({"type": "content_block_start", "index": i,
            "content_block": {"type": kind, "id": format!("t{i}"), "name": "f", "input": {}}}));
        for piece in pieces {
            events.push(json!({"type": "content_block_delta", "index": i,
                "delta": {"type": delta, field: piece}}));
        }
        events.push(json!({"type": "content_block_stop", "index": i}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 9}}));
    events.push(json!({"type": "message_stop"}));
    let text: String = events
        .iter()
        .map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().unwrap()))
        .collect();
    text.into_bytes()
}

fn cohere_stream(blocks: &[(&'static str, Vec<String>)]) -> Vec<u8> {
    let mut events = vec![json!({"type": "message-start", "id": "c1",
        "delta": {"message": {"role": "assistant", "content": [], "tool_plan": ""}}})];
    for (i, (kind, pieces)) in blocks.iter().enumerate() {
        let mut add = |type_: &str, message: Value| {
            events.push(json!({"type": type_, "index": i, "delta": {"message": message}}));
        };
        if *kind == "tool_use" {
            let call = |id: Value, arguments: &str| {
                let function = json!({"name": "f", "arguments": arguments});
                json!({"tool_calls": {"id": id, "type": "function", "function": function}})
            };
            add("tool-call-start", call(json!(format!("t{i}")), ""));
            pieces.iter().for_each(|piece| add("tool-call-delta", call(Value::Null, piece)));
            add("tool-call-end", json!({}));
        } else {
            add("content-start", json!({"content": {"type": kind, *kind: ""}}));
            pieces.iter().for_each(|p| add("content-delta", json!({"content": {*kind: p}})));
            add("content-end", json!({}));
        }
    }
    events.push(json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE",
        "usage": {"tokens": {"input_tokens": 3, "output_tokens": 9}}}}));
    let text: String = events
        .iter()
        .map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().unwrap()))
        .collect();
    text.into_bytes()
}

fn block() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let kind = prop::sample::select(&["text", "thinking", "tool_use"][..]);
    (kind, prop::collection::vec(".{0,6}", 0..4))
}

fn traits() -> impl Strategy<Value = ModelTraits> {
    let thinking = prop::sample::select(
        &[Thinking::None, Thinking::Budget, Thinking::Level, Thinking::Adaptive, Thinking::Always]
            [..],
    );
    let maker = prop::sample::select(
        &[Maker::Amazon, Maker::Anthropic, Maker::DeepSeek, Maker::Google, Maker::Other][..],
    );
    (any::<[bool; 3]>(), thinking, maker).prop_map(|([a, b, c], thinking, maker)| ModelTraits {
        max_output_tokens: 8192,
        structured_output: a,
        sampling: b,
        system_turns: c,
        thinking,
        reasons: thinking != Thinking::None,
        maker,
    })
}

/// A message, or a call with its result: one does not stand without the other.
fn message() -> impl Strategy<Value = Vec<Value>> {
    let text = || ".{0,12}";
    let content = prop_oneof![
        text().prop_map(Value::from),
        prop::collection::vec(text().prop_map(|t| json!({"type": "text", "text": t})), 0..4)
            .prop_map(Value::from),
    ];
    let role = prop::sample::select(&["system", "developer", "user", "assistant", "calls"][..]);
    (role, content, text()).prop_map(|(role, content, id)| match role {
        "calls" => vec![
            json!({"role": "assistant", "content": content, "refusal": id, "tool_calls": [
                {"id": format!("x{id}"), "type": "function",
                 "function": {"name": "f", "arguments": json!({"text": id}).to_string()}},
            ]}),
            json!({"role": "tool", "tool_call_id": format!("x{id}"), "content": content}),
        ],
        _ => vec![json!({"role": role, "content": content})],
    })
}

/// Words that the reader looks for, and any others.
fn word() -> impl Strategy<Value = String> {
    let known = &[
        "text",
        "image_url",
        "file",
        "function",
        "name",
        "arguments",
        "parameters",
        "url",
        "type",
        "content",
        "role",
        "id",
        "tool_calls",
        "thinking_blocks",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "extra_content",
        "developer",
        "cache_control",
        "refusal",
        "json_schema",
        "schema",
        "auto",
        "required",
        "user",
        "assistant",
        "tool",
        "system",
        "high",
        "data:image/png;base64,AA==",
        "properties",
        "object",
        "tool_call_id",
        "file_data",
        "{}",
        "function_call",
        "signature",
        "thinking",
        "allowed_tools",
        "mode",
        "tools",
        "strict",
        "extra_content",
        "google",
        "thought_signature",
        "reasoning_content",
        "thinking_config",
    ][..];
    prop_oneof![4 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Any JSON tree, small.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        word().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(word(), inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// A chat request in which anything may stand anywhere.
fn wild_body() -> impl Strategy<Value = Value> {
    let names = &[
        "tools",
        "tool_choice",
        "response_format",
        "reasoning_effort",
        "stop",
        "temperature",
        "thinking",
        "metadata",
        "user",
        "service_tier",
        "parallel_tool_calls",
        "top_k",
        "seed",
        "stream_options",
        "cache_control",
        "functions",
        "frequency_penalty",
        "logit_bias",
        "store",
        "verbosity",
        "extra_body",
        "safety_settings",
        "modalities",
        "x\r\ny",
    ][..];
    let role = prop::sample::select(&["system", "user", "assistant", "tool", "function"][..]);
    let message =
        (role, prop::collection::btree_map(word(), tree(), 0..6)).prop_map(|(role, m)| {
            let mut message: serde_json::Map<String, Value> = m.into_iter().collect();
            message.insert("role".into(), role.into());
            Value::Object(message)
        });
    let messages = prop::collection::vec(prop_oneof![9 => message, 1 => tree()], 1..5);
    let fields = prop::collection::btree_map(prop::sample::select(names), tree(), 0..3);
    (messages, fields).prop_map(|(messages, fields)| {
        let mut body: serde_json::Map<String, Value> =
            fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        body.insert("model".into(), "m".into());
        body.insert("messages".into(), messages.into());
        Value::Object(body)
    })
}
