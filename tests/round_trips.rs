//! A client's request, through the hub and back into the client's own dialect: every
//! field that the client half's table calls mapped comes back with the same meaning.
//!
//! The requests are the golden ones of each client. Meaning, not bytes: the order of
//! members, defaults that are said or not, and a string where a list of one text may
//! stand are the same. What the call's own list names as dropped is not looked for.
//! What else does not come back is in `EXCEPTIONS`, by name and with its reason; an
//! exception that is none any more fails.
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
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "anthropic-messages",
        "documents",
        "messages",
        "documents of text are words in a chat, a context stands before its document",
    ),
    (
        "anthropic-messages",
        "failed-tool-and-stop-sequence",
        "messages",
        "a failed result has words alone at Anthropic: its picture stands behind it",
    ),
    ("anthropic-messages", "sampling-to-openai", "metadata", "user has at most 64 characters"),
    (
        "anthropic-messages",
        "tools-cached-and-strict",
        "tools",
        "a strict schema is closed on its way to Anthropic, which wants it so",
    ),
    ("gemini", "fields-dropped", "generationConfig", "an empty speechConfig asks for nothing"),
    ("gemini", "files-and-audio", "contents", "chat's words for media are fewer"),
    ("gemini", "images", "contents", "a link's media type is told by its ending"),
    ("gemini", "json-schema", "generationConfig", "`format: enum` is Google's, and says nothing"),
    ("gemini", "json-schema-own", "generationConfig", "Google takes an enum of one for a const"),
    ("gemini", "snake-case", "tools", "numbers that came as strings are numbers"),
    (
        "gemini",
        "stream-thoughts",
        "generationConfig",
        "chat cannot ask for the thoughts alone: they come where the model gives them",
    ),
    ("gemini", "text-system-and-turns", "generationConfig", "penalties are listed by chat's names"),
    ("gemini", "tool-choice-any-2", "toolConfig", "the other tools are left out instead"),
    ("gemini", "tool-choice-validated", "toolConfig", "listed, and taken as AUTO"),
    (
        "gemini",
        "tools-results-and-words",
        "contents",
        "Google's older line takes no media inside of a result",
    ),
    ("openai-responses", "logprobs", "include", "no search runs, so there are no sources"),
    ("openai-responses", "reasoning", "reasoning", "a chat shows thoughts unasked, or not at all"),
    ("openai-responses", "reasoning-led-to-nothing", "input", "nothing was said after it"),
    ("openai-responses", "reasoning-of-another-dropped", "input", SEALED),
    ("openai-responses", "foreign-reasoning", "input", SEALED),
    ("openai-responses", "text-assistant-in-parts", "input", "neighbours are one message"),
    (
        "openai-responses",
        "text-instructions",
        "metadata",
        "it is repeated in the answer, from here",
    ),
    ("openai-responses", "text-instructions", "store", "nothing is stored, and the answer says so"),
    ("openai-responses", "tools-choice-without-tools", "tool_choice", NO_TOOLS),
    ("openai-responses", "tools-choice-without-tools", "parallel_tool_calls", NO_TOOLS),
    ("openai-responses", "tools-text-behind-call", "input", "in a chat words come before calls"),
    (
        "openai-responses",
        "stream-call-never-begun",
        "tools",
        "a function without parameters takes an empty object",
    ),
];

const SEALED: &str = "what OpenAI sealed is for OpenAI itself, which gets the bytes";
const NO_TOOLS: &str = "there is nothing to choose from";

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

/// There and back, and the names of what was dropped; `None`: the request is refused.
fn back(
    row: &Translator,
    body: &[u8],
    addressed: Option<Addressed>,
) -> Option<(Value, Vec<String>)> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let facts = Facts::of(row.client, body, addressed).ok()?;
    let traits = traits(row.client, &said);
    let request =
        Request { body, facts: &facts, model: &facts.model, traits, quirks: &quirks::NONE };
    let made = (row.request)(&request).ok()?;
    let dropped = made.dropped.iter().map(|lost| lost.to_string()).collect();
    match made.body {
        Body::Whole(whole) => Some((serde_json::from_slice(&whole).unwrap(), dropped)),
        Body::Spliced(_) => panic!("the hub writes anew"),
    }
}

/// Takes out what a name in the list of the dropped stands for, wherever it is.
fn strike(value: &mut Value, path: &[&str]) {
    match (value, path) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| strike(item, path)),
        (Value::Object(members), [last]) => drop(members.remove(*last)),
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(inner) = members.get_mut(*first) {
                strike(inner, rest);
            }
        }
        _ => {}
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
            let Some((returned, dropped)) = back(row, &body, addressed) else { continue };
            came += 1;
            let mut said: Value = serde_json::from_slice(&body).unwrap();
            for name in dropped {
                let path: Vec<&str> = name.split(' ').next().unwrap().split('.').collect();
                strike(&mut said, &path);
            }
            let said = canonical(row.client, &said);
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

fn each(value: &mut Value) -> impl Iterator<Item = &mut Value> {
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
    let says = |message: &Value| message["content"] != json!([]);
    for message in each(&mut body["messages"]) {
        listed(&mut message["content"], "text");
        // Thoughts of other makers, kept for them: Anthropic has no use for these.
        if let Some(blocks) = message["content"].as_array_mut() {
            blocks.retain(|b| {
                !(b["type"] == "thinking" && b["signature"].as_str().unwrap_or_default().is_empty()
                    || b["data"].as_str().is_some_and(|data| data.starts_with("sluice:")))
            });
        }
        for block in each(&mut message["content"]) {
            forget(block, "is_error", json!(false));
            forget(block, "citations", json!({ "enabled": false }));
            // Links that an answer of another maker's had.
            if block["citations"].to_string().contains("\"sluice:") {
                block.as_object_mut().unwrap().remove("citations");
            }
            forget(block, "caller", json!({ "type": "direct" }));
            if block["type"] == "tool_result" {
                listed(&mut block["content"], "text");
                forget(block, "content", json!([]));
                forget(block, "content", Value::Null);
            }
        }
    }
    if let Some(list) = body["messages"].as_array_mut() {
        list.retain(says);
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
    for tool in each(&mut body["tools"]) {
        for function in each(&mut tool["functionDeclarations"]) {
            if let Some(schema) = function.as_object_mut().unwrap().remove("parameters") {
                function["parametersJsonSchema"] = json_schema(&schema);
            }
        }
    }
    if let Some(tier) = body["serviceTier"].as_str() {
        body["serviceTier"] = json!(tier.to_lowercase());
    }
    if let Some(config) = body["generationConfig"].as_object_mut() {
        if let Some(schema) = config.remove("responseSchema") {
            config.insert("responseJsonSchema".into(), json_schema(&schema));
        }
        // Chat's words for it are fewer: the nearest is taken.
        if let Some(thinking) = config.get_mut("thinkingConfig") {
            thinking.as_object_mut().unwrap().remove("thinkingBudget");
        }
        for (name, default) in
            [("responseModalities", json!(["TEXT"])), ("thinkingConfig", json!({}))]
        {
            if config.get(name) == Some(&default) {
                config.remove(name);
            }
        }
        if config.is_empty() {
            body.as_object_mut().unwrap().remove("generationConfig");
        }
    }
    forget(body, "generationConfig", Value::Null);
    let mut turns: Vec<Value> = Vec::new();
    for content in each(&mut body["contents"]) {
        if content.get("role").is_none() || content["role"] == "function" {
            content["role"] = json!("user");
        }
        single(&mut content["parts"]);
        let mut said = parts(content["parts"].as_array().cloned().unwrap_or_default());
        match turns.last_mut().filter(|turn| turn["role"] == content["role"]) {
            Some(turn) => {
                let before = turn["parts"].as_array().unwrap().clone();
                turn["parts"] = parts([before, said].concat()).into();
            }
            None if said.is_empty() => {}
            None => {
                content["parts"] = std::mem::take(&mut said).into();
                turns.push(content.clone());
            }
        }
    }
    body["contents"] = turns.into();
}

/// What a turn says: results first, by their functions, whoever named the calls; texts
/// that follow each other as one.
fn parts(said: Vec<Value>) -> Vec<Value> {
    // Thoughts of other makers, kept for them: Google has no use for these.
    let ours = |part: &Value| {
        part["thoughtSignature"].as_str().is_some_and(|s| s.starts_with("eyJ0aGlua2luZ19ibG9ja3Mi"))
    };
    let foreign = said.iter().any(ours);
    let (mut results, mut rest) = (Vec::<Value>::new(), Vec::<Value>::new());
    for mut part in said {
        if (foreign && part["thought"] == true) || part["text"] == "" {
            continue;
        }
        if ours(&part) || part["thoughtSignature"] == "skip_thought_signature_validator" {
            part.as_object_mut().unwrap().remove("thoughtSignature");
        }
        for call in ["functionCall", "functionResponse"] {
            if let Some(call) = part.get_mut(call) {
                call.as_object_mut().unwrap().remove("id");
            }
        }
        if let Some(blob) = part.get_mut("inlineData") {
            blob["data"] =
                blob["data"].as_str().unwrap().replace('-', "+").replace('_', "/").into();
        }
        if let Some(response) = part.pointer_mut("/functionResponse/response") {
            *response = output(response);
        }
        // Google's older line has media of results behind them.
        let inside =
            part.get_mut("functionResponse").and_then(|r| r.as_object_mut()?.remove("parts"));
        rest.extend(inside.and_then(|list| list.as_array().cloned()).unwrap_or_default());
        let plain = part.as_object().unwrap().keys().eq(["text"]);
        if part.get("functionResponse").is_some() {
            results.push(part);
        } else if let Some(last) = rest
            .last_mut()
            .filter(|last: &&mut Value| plain && last.as_object().unwrap().keys().eq(["text"]))
        {
            let joined = last["text"].as_str().unwrap().to_owned() + part["text"].as_str().unwrap();
            last["text"] = joined.into();
        } else {
            rest.push(part);
        }
    }
    results.sort_by_key(Value::to_string);
    [results, rest].concat()
}

/// A result's meaning: `output` and `result` are the whole of it, alone; what is no text
/// travels as its JSON.
fn output(response: &Value) -> Value {
    // It has been taken out before.
    let Some(members) = response.as_object() else { return response.clone() };
    if let (Some(error), 1) = (members.get("error"), members.len()) {
        return json!({ "error": output(&json!({ "output": error })) });
    }
    let alone = ["output", "result"].iter().find_map(|name| members.get(*name));
    let value = alone.filter(|_| members.len() == 1).unwrap_or(response);
    match value {
        Value::String(text) => serde_json::from_str(text).map_or(value.clone(), |v| plain(&v)),
        other => other.clone(),
    }
}

/// OpenAPI's schema, as Google had it first, in JSON Schema's words.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(json_schema).collect(),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("type", Value::String(word)) => {
                        let word = word.to_lowercase();
                        let null = members.get("nullable") == Some(&json!(true));
                        let type_ = if null { json!([word, "null"]) } else { json!(word) };
                        out.insert("type".into(), type_);
                    }
                    ("nullable", _) => {}
                    _ => drop(out.insert(name.clone(), json_schema(value))),
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
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
    for (name, default) in [
        ("stream", json!(false)),
        ("background", json!(false)),
        ("tools", json!([])),
        ("stream_options", json!({})),
    ] {
        forget(body, name, default);
    }
    if let Value::String(text) = &body["input"] {
        body["input"] = json!([{ "role": "user", "content": text }]);
    }
    // They stand where they always stood: before all others.
    if let Some(text) = body.as_object_mut().unwrap().remove("instructions")
        && let Some(input) = body["input"].as_array_mut()
    {
        input.insert(0, json!({ "role": "system", "content": text }));
    }
    // Asked for whether or not the client keeps it.
    if let Some(include) = body["include"].as_array_mut() {
        include.retain(|what| what != "reasoning.encrypted_content");
    }
    forget(body, "include", json!([]));
    forget(body, "include", Value::Null);
    // Reasoning of other makers, kept for them: OpenAI has no use for it.
    if let Some(input) = body["input"].as_array_mut() {
        input.retain(|item| {
            !item["encrypted_content"].as_str().is_some_and(|s| s.starts_with("sluice1."))
        });
    }
    for item in each(&mut body["input"]) {
        forget(item, "type", json!("message"));
        forget(item, "status", json!("completed"));
        let part = if item["role"] == "assistant" { "output_text" } else { "input_text" };
        for name in ["content", "output"] {
            if item.get(name).is_some() {
                listed(&mut item[name], part);
                for part in each(&mut item[name]) {
                    forget(part, "detail", json!("auto"));
                    forget(part, "annotations", json!([]));
                    forget(part, "logprobs", json!([]));
                }
            }
        }
        if item.get("role").is_some() || item["type"] == "function_call" {
            item.as_object_mut().unwrap().remove("id");
        }
    }
}
