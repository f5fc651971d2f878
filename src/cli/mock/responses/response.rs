//! Writes responses, whole and as typed events.

use serde_json::{Value, json};

use crate::cli::mock::answer::{Answer, Ask, Finish, pieces, words};
use crate::cli::mock::vendor::{Event, Kind};

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    response(ask, answer, items(ask, answer), true).to_string()
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let mut events = Events { list: Vec::new(), ask };
    for name in ["response.created", "response.in_progress"] {
        let response = response(ask, answer, Vec::new(), false);
        events.push(Kind::Frame, name, json!({ "response": response }));
    }
    let items = items(ask, answer);
    for (at, item) in items.iter().enumerate() {
        events.item(at, item);
    }
    let name = match answer.finish {
        Finish::Length => "response.incomplete",
        _ => "response.completed",
    };
    let response = response(ask, answer, items, true);
    events.push(Kind::Done, name, json!({ "response": response }));
    events.list
}

/// What this mock calls encrypted: made of the item's id, so that it can be checked.
pub(super) fn seal(id: &str) -> String {
    format!("gAAAAAmock-{id}")
}

fn items(ask: &Ask<'_>, answer: &Answer) -> Vec<Value> {
    let mut items = Vec::new();
    if ask.reasoning {
        let id = format!("rs_{}", answer.id);
        let mut item = json!({ "id": id, "type": "reasoning", "summary": [] });
        if ask.thinking {
            item["summary"] = json!([{ "type": "summary_text", "text": THOUGHT }]);
        }
        if ask.sealed {
            item["encrypted_content"] = seal(&id).into();
        }
        items.push(item);
    }
    if answer.calls.is_empty() {
        let logprobs: Vec<Value> = if ask.logprobs {
            words(&answer.text).map(|w| logprob(w, true)).collect()
        } else {
            Vec::new()
        };
        let status = if answer.finish == Finish::Length { "incomplete" } else { "completed" };
        items.push(json!({
            "id": format!("msg_{}", answer.id), "type": "message", "status": status,
            "role": "assistant", "content": [{
                "type": "output_text", "annotations": [], "logprobs": logprobs, "text": answer.text,
            }],
        }));
    }
    for (n, call) in answer.calls.iter().enumerate() {
        items.push(json!({
            "id": format!("fc_{}{n}", answer.id), "type": "function_call", "status": "completed",
            "arguments": call.arguments, "call_id": format!("call_{}{n}", answer.id),
            "name": call.name,
        }));
    }
    items
}

/// A word is a token here. Streams leave the bytes out.
fn logprob(word: &str, bytes: bool) -> Value {
    let mut token = json!({ "token": word, "logprob": -0.5, "top_logprobs": [] });
    if bytes {
        token["bytes"] = word.as_bytes().into();
    }
    token
}

fn response(ask: &Ask<'_>, answer: &Answer, output: Vec<Value>, done: bool) -> Value {
    let cut = answer.finish == Finish::Length;
    let status = match (done, cut) {
        (false, _) => "in_progress",
        (true, true) => "incomplete",
        (true, false) => "completed",
    };
    let details = (done && cut).then(|| json!({ "reason": "max_output_tokens" }));
    let usage = answer.usage.filter(|_| done).map(|usage| {
        json!({
            "input_tokens": usage.input,
            "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
            "output_tokens": usage.output,
            "output_tokens_details": { "reasoning_tokens": usage.reasoning },
            "total_tokens": usage.input + usage.output,
        })
    });
    json!({
        "id": format!("resp_{}", answer.id), "object": "response", "created_at": CREATED,
        "status": status, "background": false, "error": null, "incomplete_details": details,
        "instructions": null, "max_output_tokens": ask.max_tokens, "model": ask.model,
        "output": output, "parallel_tool_calls": !ask.one_call_at_most,
        "previous_response_id": null, "reasoning": { "effort": null, "summary": null },
        "service_tier": if done { "default" } else { "auto" }, "store": false,
        "temperature": 1.0, "text": { "format": { "type": "text" }, "verbosity": "medium" },
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled",
        "usage": usage, "metadata": {},
    })
}

struct Events<'a> {
    list: Vec<Event>,
    ask: &'a Ask<'a>,
}

// === impl Events ===

impl Events<'_> {
    fn push(&mut self, kind: Kind, name: &'static str, mut data: Value) {
        data["type"] = name.into();
        data["sequence_number"] = self.list.len().into();
        self.list.push(Event::new(kind, name, data.to_string()));
    }

    fn item(&mut self, at: usize, item: &Value) {
        let mut begun = item.clone();
        match item["type"].as_str() {
            Some("message") => begun["content"] = json!([]),
            Some("function_call") => begun["arguments"] = "".into(),
            _ => begun["summary"] = json!([]),
        }
        if item["type"] != "reasoning" {
            begun["status"] = "in_progress".into();
        }
        let data = json!({ "output_index": at, "item": begun });
        self.push(Kind::Frame, "response.output_item.added", data);
        match item["type"].as_str() {
            Some("message") => self.message(at, item),
            Some("function_call") => self.call(at, item),
            _ => self.reasoning(at, item),
        }
        let data = json!({ "output_index": at, "item": item });
        self.push(Kind::Frame, "response.output_item.done", data);
    }

    fn message(&mut self, at: usize, item: &Value) {
        let place = json!({ "item_id": item["id"], "output_index": at, "content_index": 0 });
        let empty = json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": "" });
        self.push(Kind::Frame, "response.content_part.added", with(&place, "part", empty));
        let part = &item["content"][0];
        let text = part["text"].as_str().unwrap_or_default();
        for word in words(text) {
            let mut data = with(&place, "delta", word.into());
            data["logprobs"] =
                if self.ask.logprobs { json!([logprob(word, false)]) } else { json!([]) };
            self.push(Kind::Content, "response.output_text.delta", data);
        }
        let mut data = with(&place, "text", text.into());
        data["logprobs"] = json!([]);
        self.push(Kind::Frame, "response.output_text.done", data);
        self.push(Kind::Frame, "response.content_part.done", with(&place, "part", part.clone()));
    }

    fn call(&mut self, at: usize, item: &Value) {
        let place = json!({ "item_id": item["id"], "output_index": at });
        let arguments = item["arguments"].as_str().unwrap_or_default();
        for piece in pieces(arguments) {
            let data = with(&place, "delta", piece.into());
            self.push(Kind::Content, "response.function_call_arguments.delta", data);
        }
        let data = with(&place, "arguments", arguments.into());
        self.push(Kind::Frame, "response.function_call_arguments.done", data);
    }

    fn reasoning(&mut self, at: usize, item: &Value) {
        for (n, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
            let place = json!({ "item_id": item["id"], "output_index": at, "summary_index": n });
            let empty = json!({ "type": "summary_text", "text": "" });
            let name = "response.reasoning_summary_part.added";
            self.push(Kind::Frame, name, with(&place, "part", empty));
            let text = part["text"].as_str().unwrap_or_default();
            for word in words(text) {
                let data = with(&place, "delta", word.into());
                self.push(Kind::Content, "response.reasoning_summary_text.delta", data);
            }
            let data = with(&place, "text", text.into());
            self.push(Kind::Frame, "response.reasoning_summary_text.done", data);
            let name = "response.reasoning_summary_part.done";
            self.push(Kind::Frame, name, with(&place, "part", part.clone()));
        }
    }
}

fn with(place: &Value, name: &str, value: Value) -> Value {
    let mut data = place.clone();
    data[name] = value;
    data
}

const THOUGHT: &str = "Let me think.";
/// Fixed: the same request has the same answer.
const CREATED: u64 = 1_700_000_000;
