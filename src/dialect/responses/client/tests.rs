//! Properties: whatever a client sends is a sound chat or a 400; whatever a provider
//! streams is a sequence of well-formed events, numbered without a gap.

use super::*;
use crate::dialect::hub::rows::{ToAnthropic, ToOpenAiChat};
use crate::dialect::hub::{Through, Writer as _};
use crate::dialect::{
    Body, Facts, Feed, Maker, ModelTraits, Progress, Thinking, Translator, quirks,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const CHAT: &Translator = &Through::<Responses, ToOpenAiChat>::ROW;
const ANTHROPIC: &Translator = &Through::<Responses, ToAnthropic>::ROW;

fn send(row: &Translator, body: &Value) -> Result<Value, Error> {
    let raw = serde_json::to_vec(body).unwrap();
    let facts = Facts::of(row.client, &raw, None)?;
    let traits = ModelTraits {
        max_output_tokens: 8192,
        structured_output: true,
        sampling: true,
        system_turns: false,
        thinking: Thinking::Budget,
        reasons: true,
        maker: Maker::Anthropic,
    };
    let quirks = &quirks::NONE;
    let request = Request { body: &raw, facts: &facts, model: "real", traits, quirks };
    let made = (row.request)(&request)?;
    assert!(made.dropped.len() <= 64);
    let echo = format!("{{\"x\":0{}}}", String::from_utf8(made.echo).unwrap());
    serde_json::from_str::<Value>(&echo).expect("an echo must be members");
    let Body::Whole(upstream) = made.body else { panic!("a rebuilt body must be whole") };
    Ok(serde_json::from_slice(&upstream).expect("an upstream request must be JSON"))
}

/// Any JSON, of the names that mean something.
fn tree() -> impl Strategy<Value = Value> {
    let words = [
        "message",
        "user",
        "assistant",
        "function_call",
        "function_call_output",
        "reasoning",
        "input_text",
        "output_text",
        "input_image",
        "refusal",
        "function",
        "sluice1.e30=",
        "sluice1.W10=",
        "data:image/png;base64,AAAA",
        "",
        "{}",
        "auto",
        "json_schema",
    ];
    let keys = [
        "type",
        "role",
        "content",
        "text",
        "call_id",
        "name",
        "arguments",
        "output",
        "summary",
        "encrypted_content",
        "image_url",
        "file_data",
        "refusal",
        "x",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from).boxed(),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// What a chunk may bring.
fn delta() -> impl Strategy<Value = Value> {
    let piece = "[a-z\"{}]{0,4}";
    let call = |index: u64, id: Option<String>, piece: String| {
        let name = id.as_ref().map(|_| "f");
        let call =
            json!({ "index": index, "id": id, "function": { "name": name, "arguments": piece } });
        json!({ "tool_calls": [call] })
    };
    prop_oneof![
        piece.prop_map(|t| json!({ "content": t })),
        piece.prop_map(|t| json!({ "refusal": t })),
        piece.prop_map(|t| json!({ "reasoning_content": t })),
        piece.prop_map(|t| json!({ "thinking_blocks": [{ "type": "thinking", "thinking": t }] })),
        piece.prop_map(|t| json!({ "extra_content": { "google": t } })),
        (0..3u64, prop::option::of("[a-c]"), piece).prop_map(move |(i, id, p)| call(i, id, p)),
        tree().prop_map(|t| json!({ "content": t })),
    ]
}

fn events(out: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(out).unwrap();
    let data = text.split_terminator("\n\n").filter_map(|e| e.split_once("\ndata: "));
    data.map(|(_, data)| serde_json::from_str(data).expect("an event must be JSON")).collect()
}

proptest! {
    #[test]
    fn any_request_is_sound_or_refused(input in tree(), tools in tree(), text in tree(), choice in tree()) {
        let sound = json!([{ "role": "user", "content": "x" }]);
        for row in [CHAT, ANTHROPIC] {
            for body in [
                json!({ "model": "m", "input": input }),
                json!({ "model": "m", "input": [input] }),
                json!({ "model": "m", "input": sound, "tools": tools, "text": text, "tool_choice": choice }),
                json!({ "model": "m", "input": sound, "tools": [tools], "reasoning": text, "include": choice }),
            ] {
                if let Err(e) = send(row, &body) {
                    prop_assert!(e.status() == 400, "{e}");
                }
            }
        }
    }

    #[test]
    fn any_stream_is_numbered_and_repeats_what_it_said(deltas in prop::collection::vec(delta(), 0..12)) {
        let mut raw = String::new();
        for delta in &deltas {
            let chunk = json!({ "id": "chatcmpl-1", "choices": [{ "index": 0, "delta": delta }] });
            raw.push_str(&format!("data: {chunk}\n\n"));
        }
        raw.push_str("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        let mut stream = (CHAT.stream)(&Reply::default());
        let mut out = Vec::new();
        prop_assert_eq!(stream.feed(raw.as_bytes(), &mut out), Feed::Changed);
        stream.finish(&mut out);
        let events = events(&out);
        for (i, event) in events.iter().enumerate() {
            prop_assert_eq!(&event["sequence_number"], i as u64);
        }
        let last = events.last().unwrap();
        if last["type"] == "response.failed" {
            // A piece of a call that never began, or had ended.
            let piece = |d: &Value| d["tool_calls"][0]["function"]["name"].is_null();
            prop_assert!(deltas.iter().any(|d| d["tool_calls"].is_array() && piece(d)));
            return Ok(());
        }
        prop_assert_eq!(&last["type"], "response.completed");
        let output = last["response"]["output"].as_array().unwrap();
        let done: Vec<&Value> = events.iter().filter(|e| e["type"] == "response.output_item.done").collect();
        prop_assert_eq!(done.len(), output.len());
        for event in done {
            let at = event["output_index"].as_u64().unwrap() as usize;
            prop_assert_eq!(&event["item"], &output[at]);
        }
        let said: String = events.iter().filter(|e| e["type"] == "response.output_text.delta").map(|e| e["delta"].as_str().unwrap()).collect();
        let wanted: String = deltas.iter().filter_map(|d| d["content"].as_str()).collect();
        prop_assert_eq!(said, wanted);
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let mut writer = stream::Writer::new(&Reply::default());
    let (mut out, progress) = (Vec::new(), Progress::default());
    let text = "x".repeat(1 << 20);
    let chunk = format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#);
    let chunk = serde_json::from_str(&chunk).unwrap();
    for _ in 0..20 {
        out.clear();
        writer.chunk(&chunk, &progress, &mut out);
    }
    assert!(out.is_empty(), "nothing follows an error");
    writer.finish(&progress, &mut out);
    assert!(out.is_empty());
}
