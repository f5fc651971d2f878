//! The grammar of each client dialect's stream: what its SDK takes for granted.
//!
//! `check` reads a whole stream that has ended, well or not, and says the first thing
//! that is out of place; `said` is its text as a client would put it together.

use serde_json::Value;
use sluice::dialect::Dialect;
use std::collections::HashMap;

/// What is wrong with a stream; `complete`: it ended well.
pub fn check(client: Dialect, out: &[u8], complete: bool) -> Result<(), String> {
    let events = events(out)?;
    match client {
        Dialect::OpenAiChat => chat(&events, complete),
        Dialect::OpenAiCompletions => completions(&events, complete),
        Dialect::OpenAiResponses => super::grammar_responses::check(&events, complete),
        Dialect::AnthropicMessages => messages(&events, complete),
        Dialect::Gemini => gemini(&events, complete),
        other => Err(format!("{}: no grammar", other.as_str())),
    }
}

/// The text of the first choice.
pub fn said(client: Dialect, out: &[u8]) -> String {
    let mut said = String::new();
    for Event { data, .. } in events(out).unwrap_or_default() {
        let first = |list: &str| {
            let all = data[list].as_array().into_iter().flatten();
            all.filter(|c| c["index"].as_u64().unwrap_or(0) == 0).cloned().collect::<Vec<_>>()
        };
        let mut add = |text: &Value| said.push_str(text.as_str().unwrap_or_default());
        match client {
            Dialect::OpenAiChat => {
                for choice in first("choices") {
                    add(&choice["delta"]["content"]);
                    add(&choice["delta"]["refusal"]);
                }
            }
            Dialect::OpenAiCompletions => first("choices").iter().for_each(|c| add(&c["text"])),
            Dialect::OpenAiResponses => {
                let said = ["response.output_text.delta", "response.refusal.delta"];
                if said.iter().any(|type_| data["type"] == *type_) {
                    add(&data["delta"]);
                }
            }
            Dialect::AnthropicMessages => add(&data["delta"]["text"]),
            _ => {
                for candidate in first("candidates") {
                    let parts = candidate["content"]["parts"].as_array().cloned();
                    for part in parts.unwrap_or_default() {
                        if part["thought"] != true {
                            add(&part["text"]);
                        }
                    }
                }
            }
        }
    }
    said
}

pub struct Event {
    /// Of its `event` line.
    pub name: Option<String>,
    /// Null for `[DONE]`.
    pub data: Value,
}

/// Comments are left out.
fn events(out: &[u8]) -> Result<Vec<Event>, String> {
    let text = std::str::from_utf8(out).map_err(|e| e.to_string())?;
    if !text.is_empty() && !text.ends_with("\n\n") {
        return Err("the last event is not ended".into());
    }
    let mut events = Vec::new();
    for event in text.split_terminator("\n\n").filter(|e| !e.starts_with(':')) {
        let (name, data) = match event.strip_prefix("event: ").and_then(|e| e.split_once('\n')) {
            Some((name, data)) => (Some(name.to_owned()), data),
            None => (None, event),
        };
        let data = data.strip_prefix("data: ").ok_or_else(|| format!("no event: {event}"))?;
        let data = match data {
            "[DONE]" => Value::Null,
            json => serde_json::from_str(json).map_err(|e| format!("{e}: {json}"))?,
        };
        events.push(Event { name, data });
    }
    Ok(events)
}

fn chat(events: &[Event], complete: bool) -> Result<(), String> {
    let told = chunks(events, complete, "chat.completion.chunk")?;
    let mut calls: HashMap<(u64, u64), bool> = HashMap::new();
    let mut begun: HashMap<u64, bool> = HashMap::new();
    for choice in told.iter().flat_map(|c| c["choices"].as_array().into_iter().flatten()) {
        let index = choice["index"].as_u64().ok_or("a choice without an index")?;
        let delta = &choice["delta"];
        if !*begun.entry(index).or_default() {
            wanted(delta["role"] == "assistant", "the first delta has the role", choice)?;
            begun.insert(index, true);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let at = (index, call["index"].as_u64().ok_or("a call without an index")?);
            let named = call["id"].is_string();
            wanted(calls.contains_key(&at) != named, "a call begins once, with its id", call)?;
            calls.insert(at, true);
        }
    }
    Ok(())
}

fn completions(events: &[Event], complete: bool) -> Result<(), String> {
    for chunk in chunks(events, complete, "text_completion")? {
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            wanted(choice["text"].is_string(), "a choice has a text", choice)?;
        }
    }
    Ok(())
}

/// What chat and the older completions have in common.
fn chunks<'a>(events: &'a [Event], complete: bool, object: &str) -> Result<Vec<&'a Value>, String> {
    let (last, told) = events.split_last().ok_or("nothing was said")?;
    if complete {
        wanted(last.data.is_null(), "[DONE] is the last", &last.data)?;
    } else {
        wanted(last.data["error"].is_object(), "the error is the last", &last.data)?;
    }
    let (mut id, mut usages, mut finished) = (None, 0, HashMap::new());
    for Event { name, data } in told {
        wanted(name.is_none() && data["object"] == object, "a chunk", data)?;
        wanted(*id.get_or_insert(&data["id"]) == &data["id"], "one id", data)?;
        wanted(data["created"].is_u64() && data["model"].is_string(), "the frame", data)?;
        usages += u32::from(data["usage"].is_object());
        let choices = data["choices"].as_array().ok_or("a chunk without choices")?;
        wanted(usages == 0 || choices.is_empty(), "usage comes last", data)?;
        for choice in choices {
            let index = choice["index"].as_u64();
            wanted(!finished.contains_key(&index), "a finished choice says no more", data)?;
            if choice["finish_reason"].is_string() {
                finished.insert(index, true);
            }
        }
    }
    wanted(usages <= 1, "usage once", &Value::Null)?;
    wanted(!complete || !finished.is_empty(), "a reason why it ended", &Value::Null)?;
    Ok(told.iter().map(|e| &e.data).collect())
}

fn messages(events: &[Event], complete: bool) -> Result<(), String> {
    let (last, told) = events.split_last().ok_or("nothing was said")?;
    let end = if complete { "message_stop" } else { "error" };
    wanted(last.data["type"] == end, end, &last.data)?;
    let (mut started, mut open, mut next, mut ended) = (false, None, 0, false);
    for Event { name, data } in told {
        let type_ = data["type"].as_str().unwrap_or_default();
        wanted(name.as_deref() == Some(type_), "the event's name is its type", data)?;
        wanted(started != (type_ == "message_start") && !ended, "message_start first, once", data)?;
        match type_ {
            "message_start" => started = true,
            "content_block_start" => {
                wanted(open.is_none() && data["index"] == next, "one block at a time", data)?;
                open = Some(data["content_block"]["type"].as_str().unwrap_or_default());
                next += 1;
            }
            "content_block_delta" => {
                let delta = data["delta"]["type"].as_str().unwrap_or_default();
                let fits = match open {
                    Some("text") => matches!(delta, "text_delta" | "citations_delta"),
                    Some("thinking") => matches!(delta, "thinking_delta" | "signature_delta"),
                    Some("tool_use") => delta == "input_json_delta",
                    _ => false,
                };
                wanted(fits && data["index"] == next - 1, "a delta of the open block", data)?;
            }
            "content_block_stop" => {
                wanted(open.take().is_some() && data["index"] == next - 1, "an open block", data)?;
            }
            "message_delta" => {
                wanted(open.is_none(), "every block has ended", data)?;
                wanted(data["delta"]["stop_reason"].is_string(), "a stop reason", data)?;
                ended = true;
            }
            "ping" => {}
            _ => return Err(format!("out of place: {data}")),
        }
    }
    wanted(!complete || ended, "message_delta before the end", &Value::Null)
}

fn gemini(events: &[Event], complete: bool) -> Result<(), String> {
    let (last, _) = events.split_last().ok_or("nothing was said")?;
    wanted(last.data["error"].is_object() != complete, "an error ends it, or none", &last.data)?;
    let (mut finished, mut usages) = (HashMap::new(), 0);
    let told = if complete { events.len() } else { events.len() - 1 };
    for Event { data, .. } in events.iter().take(told) {
        for candidate in data["candidates"].as_array().ok_or("no candidates")? {
            let index = candidate["index"].as_u64().unwrap_or(0);
            wanted(!finished.contains_key(&index), "a finished candidate says no more", data)?;
            if candidate["finishReason"].is_string() {
                finished.insert(index, true);
            }
        }
        usages += u32::from(data["usageMetadata"].is_object());
        wanted(data["modelVersion"].is_string(), "a model", data)?;
    }
    wanted(usages <= 1, "usage once", &Value::Null)?;
    wanted(!complete || !finished.is_empty(), "a reason why it ended", &last.data)
}

pub fn wanted(so: bool, what: &str, shown: &Value) -> Result<(), String> {
    if so { Ok(()) } else { Err(format!("{what}: {shown}")) }
}
