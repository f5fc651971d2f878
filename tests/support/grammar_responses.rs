//! The grammar of a Responses stream: numbers without gaps, items that are added,
//! filled and done, and a last event that repeats what was said.

use super::grammar::{Event, wanted};
use serde_json::Value;
use std::collections::HashMap;

/// An item that is not done yet.
struct Open {
    id: Value,
    type_: String,
    /// The open part and what it says, by its index.
    part: Option<(u64, String)>,
    next: u64,
    arguments: String,
}

pub fn check(events: &[Event], complete: bool) -> Result<(), String> {
    let (last, told) = events.split_last().ok_or("nothing was said")?;
    let (mut open, mut done) = (HashMap::new(), HashMap::new());
    for (i, Event { name, data }) in events.iter().enumerate() {
        let type_ = data["type"].as_str().unwrap_or_default();
        wanted(name.as_deref() == Some(type_), "the event's name is its type", data)?;
        wanted(data["sequence_number"] == i, "numbers without a gap", data)?;
        let begins = ["response.created", "response.in_progress"].get(i);
        wanted(begins.is_none_or(|b| *b == type_ || type_ == "error"), "created first", data)?;
    }
    let failed = |e: &Event| e.data["type"] == "error";
    for Event { data, .. } in told.iter().skip(2).filter(|e| !failed(e)) {
        event(data, &mut open, &mut done)?;
    }
    let output = last.data["response"]["output"].as_array().cloned().unwrap_or_default();
    if !complete {
        wanted(events.iter().filter(|e| failed(e)).count() == 1, "one error", &last.data)?;
        let begun = events.iter().any(|e| e.data["type"] == "response.created");
        let end = if begun { "response.failed" } else { "error" };
        wanted(last.data["type"] == end, "the failed response is the last", &last.data)?;
        return wanted(output.len() == done.len(), "what was done", &last.data);
    }
    let ends = ["response.completed", "response.incomplete"].map(|e| last.data["type"] == e);
    wanted(ends.contains(&true), "the response is the last", &last.data)?;
    wanted(open.is_empty() && !output.is_empty(), "every item is done", &last.data)?;
    for (i, item) in output.iter().enumerate() {
        wanted(done.get(&(i as u64)) == Some(item), "the last event repeats the items", item)?;
    }
    wanted(output.len() == done.len(), "all items", &last.data)?;
    wanted(last.data["response"]["usage"].is_object(), "usage", &last.data)
}

fn event(
    data: &Value,
    open: &mut HashMap<u64, Open>,
    done: &mut HashMap<u64, Value>,
) -> Result<(), String> {
    let at = data["output_index"].as_u64().ok_or("no output_index")?;
    let type_ = data["type"].as_str().unwrap_or_default();
    if type_ == "response.output_item.added" {
        let item = &data["item"];
        let new = open.len() + done.len() == usize::try_from(at).unwrap_or(0);
        wanted(new, "the next place", data)?;
        let type_ = item["type"].as_str().unwrap_or_default().to_owned();
        let (part, arguments) = (None, String::new());
        open.insert(at, Open { id: item["id"].clone(), type_, part, next: 0, arguments });
        return Ok(());
    }
    let Some(item) = open.get_mut(&at) else { return Err(format!("not open: {data}")) };
    if type_ == "response.output_item.done" {
        let whole = &data["item"];
        wanted(whole["id"] == item.id && whole["type"] == item.type_, "the same item", data)?;
        wanted(item.part.is_none(), "its parts are done", data)?;
        if item.type_ == "function_call" {
            wanted(whole["arguments"] == item.arguments, "its arguments", data)?;
        }
        done.insert(at, whole.clone());
        open.remove(&at);
        return Ok(());
    }
    wanted(data["item_id"] == item.id, "the item's id", data)?;
    let part = data["content_index"].as_u64().or(data["summary_index"].as_u64());
    let piece = data["delta"].as_str().unwrap_or_default();
    let of_part = item.part.as_ref().is_some_and(|(at, _)| Some(*at) == part);
    match (type_.trim_start_matches("response."), item.type_.as_str()) {
        ("content_part.added", "message") | ("reasoning_summary_part.added", "reasoning") => {
            wanted(item.part.is_none() && part == Some(item.next), "one part at a time", data)?;
            item.part = Some((item.next, String::new()));
            item.next += 1;
        }
        ("output_text.delta" | "refusal.delta", "message")
        | ("reasoning_summary_text.delta", "reasoning") => {
            wanted(of_part, "a piece of the open part", data)?;
            if let Some((_, text)) = &mut item.part {
                text.push_str(piece);
            }
        }
        ("output_text.annotation.added", "message") => wanted(of_part, "an open part", data)?,
        ("output_text.done" | "refusal.done", "message")
        | ("reasoning_summary_text.done", "reasoning") => {
            let whole = data["text"].as_str().or(data["refusal"].as_str());
            let text = item.part.as_ref().map(|(_, text)| text.as_str());
            wanted(of_part && whole == text, "what was said", data)?;
        }
        ("content_part.done", "message") | ("reasoning_summary_part.done", "reasoning") => {
            wanted(of_part, "the open part", data)?;
            item.part = None;
        }
        ("function_call_arguments.delta", "function_call") => item.arguments.push_str(piece),
        ("function_call_arguments.done", "function_call") => {
            wanted(data["arguments"] == item.arguments, "its arguments", data)?;
        }
        _ => return Err(format!("out of place: {data}")),
    }
    Ok(())
}
