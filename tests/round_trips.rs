//! A client's request, through the hub and back into the client's own dialect: every
//! field that the client half's table calls mapped comes back with the same meaning.
//!
//! The requests are the golden ones of each client. Meaning, not bytes: the order of
//! members, defaults that are said or not, and a string where a list of one text may
//! stand are the same. What does not come back is in `EXCEPTIONS`, by name and with
//! its reason; an exception that is none any more fails.
//!
//! Older completions are not here: nothing is translated into them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Map, Value, json};
use sluice::dialect::anthropic::client::Messages;
use sluice::dialect::hub::Through;
use sluice::dialect::hub::rows::{ToAnthropic, ToGemini, ToResponses};
use sluice::dialect::loss::Fate;
use sluice::dialect::responses::client::Responses;
use sluice::dialect::{
    Addressed, Body, Dialect, Facts, Maker, ModelTraits, Request, Thinking, Translator, gemini,
    quirks,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const MESSAGES: Translator = Through::<Messages, ToAnthropic>::ROW;
const GEMINI: Translator = Through::<gemini::Client, ToGemini>::ROW;
const RESPONSES: Translator = Through::<Responses, ToResponses>::ROW;

/// Client, case (by its folder's name), field, and why it comes back otherwise.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[];

fn traits(client: Dialect, body: &Value) -> ModelTraits {
    let level =
        body.to_string().contains("thinkingLevel") || body.to_string().contains("thinking_level");
    let (maker, thinking) = match client {
        Dialect::AnthropicMessages if body["thinking"]["type"] == "enabled" => {
            (Maker::Anthropic, Thinking::Budget)
        }
        Dialect::AnthropicMessages => (Maker::Anthropic, Thinking::Adaptive),
        Dialect::Gemini if level => (Maker::Google, Thinking::Level),
        Dialect::Gemini => (Maker::Google, Thinking::Budget),
        _ => (Maker::OpenAi, Thinking::None),
    };
    ModelTraits {
        max_output_tokens: 64_000,
        structured_output: true,
        sampling: true,
        system_turns: true,
        thinking,
        reasons: true,
        maker,
    }
}

/// There and back; `None`: the request is refused by name.
fn back(row: &Translator, body: &[u8], addressed: Option<Addressed>) -> Option<Value> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let facts = Facts::of(row.client, body, addressed).ok()?;
    let traits = traits(row.client, &said);
    let request =
        Request { body, facts: &facts, model: &facts.model, traits, quirks: &quirks::NONE };
    match (row.request)(&request).ok()?.body {
        Body::Whole(whole) => Some(serde_json::from_slice(&whole).unwrap()),
        Body::Spliced(_) => panic!("the hub writes anew"),
    }
}

#[test]
fn what_is_mapped_comes_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (row, least) in [(&MESSAGES, 60), (&GEMINI, 60), (&RESPONSES, 60)] {
        let client = row.client.as_str();
        let mut came = 0;
        let mut folders: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with(&format!("{client}-")))
            .flat_map(|pair| fs::read_dir(pair).unwrap().map(|e| e.unwrap().path()))
            .collect();
        folders.sort();
        for folder in folders {
            let Ok(body) = fs::read(folder.join("request.json")) else { continue };
            let case = fs::read(folder.join("case.json"))
                .map_or(Value::Null, |raw| serde_json::from_slice(&raw).unwrap());
            let addressed = (row.client == Dialect::Gemini).then(|| Addressed {
                model: case["path"]["model"].as_str().unwrap_or("m").to_owned(),
                stream: case["path"]["stream"].as_bool().unwrap_or(false),
            });
            let Some(returned) = back(row, &body, addressed) else { continue };
            came += 1;
            let said = canonical(row.client, &serde_json::from_slice(&body).unwrap());
            let returned = canonical(row.client, &returned);
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            for field in row.fields.iter().filter(|f| f.fate == Fate::Mapped) {
                let (a, b) = (&said[field.name], &returned[field.name]);
                if a == b || a.is_null() {
                    continue;
                }
                let known = EXCEPTIONS.iter().position(|(c, n, f, _)| {
                    (*c, *f) == (client, field.name) && (*n == name || *n == "*")
                });
                match known {
                    Some(at) => drop(used.insert(at)),
                    None => wrong.push(format!(
                        "{}: {}\n  said {a}\n  came {b}",
                        folder.strip_prefix(&root).unwrap().display(),
                        field.name
                    )),
                }
            }
        }
        assert!(came >= least, "{client}: only {came} requests came back");
    }
    for (at, (client, name, field, _)) in EXCEPTIONS.iter().enumerate() {
        if !used.contains(&at) {
            wrong.push(format!("{client} {name} {field}: is no exception any more"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A request with one spelling for each meaning.
fn canonical(client: Dialect, body: &Value) -> Value {
    let mut body = plain(body);
    match client {
        Dialect::AnthropicMessages => messages(&mut body),
        Dialect::Gemini => google(&mut body),
        _ => responses(&mut body),
    }
    body
}

/// Numbers by their value, no nulls, and no empty lists and objects but at the leaves.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(n) => json!(n.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let said = members.iter().filter(|(_, v)| !v.is_null());
            Value::Object(said.map(|(k, v)| (k.clone(), plain(v))).collect())
        }
        other => other.clone(),
    }
}

fn forget(object: &mut Value, name: &str, default: Value) {
    if object.get(name) == Some(&default) {
        object.as_object_mut().unwrap().remove(name);
    }
}

/// A string as the list of one text that it stands for.
fn listed(value: &mut Value, type_: &str) {
    if let Value::String(text) = value {
        *value = if text.is_empty() { json!([]) } else { json!([{ "type": type_, "text": text }]) };
    }
}

fn each<'a>(value: &'a mut Value) -> impl Iterator<Item = &'a mut Value> {
    value.as_array_mut().into_iter().flatten()
}

fn messages(body: &mut Value) {
    forget(body, "stream", json!(false));
    forget(body, "tools", json!([]));
    forget(body, "stop_sequences", json!([]));
    forget(body, "temperature", json!(1.0));
    forget(body, "top_p", json!(1.0));
    forget(body, "anthropic_version", body["anthropic_version"].clone());
    // Its older name.
    if let Some(format) = body.as_object_mut().unwrap().remove("output_format") {
        body["output_config"]["format"] = format;
    }
    listed(&mut body["system"], "text");
    forget(body, "system", json!([]));
    forget(body, "system", Value::Null);
    for tool in each(&mut body["tools"]) {
        forget(tool, "type", json!("custom"));
        forget(tool, "strict", json!(false));
    }
    for message in each(&mut body["messages"]) {
        listed(&mut message["content"], "text");
        for block in each(&mut message["content"]) {
            forget(block, "is_error", json!(false));
            forget(block, "citations", json!({ "enabled": false }));
            forget(block, "caller", json!({ "type": "direct" }));
            if block["type"] == "tool_result" {
                listed(&mut block["content"], "text");
                forget(block, "content", json!([]));
                forget(block, "content", Value::Null);
            }
        }
    }
}

fn google(body: &mut Value) {
    *body = camel(body);
    forget(body, "tools", json!([]));
    let single = |value: &mut Value| {
        if value.is_object() {
            *value = json!([value.clone()]);
        }
    };
    if body["systemInstruction"].is_object() {
        let system = &mut body["systemInstruction"];
        single(&mut system["parts"]);
        system.as_object_mut().unwrap().remove("role");
    }
    single(&mut body["tools"]);
    forget(body, "tools", Value::Null);
    forget(body, "systemInstruction", Value::Null);
    for content in each(&mut body["contents"]) {
        if content.get("role").is_none() || content["role"] == "function" {
            content["role"] = json!("user");
        }
        single(&mut content["parts"]);
    }
}

/// Google takes both spellings of its own names.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(camel).collect(),
        Value::Object(members) => {
            let mut renamed = Map::new();
            for (name, value) in members {
                let mut own = String::new();
                let mut up = false;
                for c in name.chars() {
                    match c {
                        '_' => up = true,
                        c if up => {
                            own.extend(c.to_uppercase());
                            up = false;
                        }
                        c => own.push(c),
                    }
                }
                // What functions are called with is the application's.
                let deep = !matches!(own.as_str(), "args" | "response" | "properties");
                renamed.insert(own, if deep { camel(value) } else { value.clone() });
            }
            Value::Object(renamed)
        }
        other => other.clone(),
    }
}

fn responses(body: &mut Value) {
    forget(body, "stream", json!(false));
    forget(body, "tools", json!([]));
    if let Value::String(text) = &body["input"] {
        body["input"] = json!([{ "role": "user", "content": text }]);
    }
    for item in each(&mut body["input"]) {
        forget(item, "type", json!("message"));
        forget(item, "status", json!("completed"));
        let part = if item["role"] == "assistant" { "output_text" } else { "input_text" };
        if item.get("content").is_some() {
            listed(&mut item["content"], part);
        }
        if item.get("role").is_some() || item["type"] == "function_call" {
            item.as_object_mut().unwrap().remove("id");
        }
    }
}
