//! Whole answers: a completion to a response object.

use super::frame::{Frame, Status};
use super::output::{self, Kind};
use super::seal::Seal;
use crate::dialect::hub::Completion;
use crate::dialect::hub::read::Message;
use crate::dialect::openai::completion::{Array, Text};
use crate::dialect::responses::answer::{EMPTY, string, text};
use crate::dialect::{Reply, Usage};
use crate::error::{Error, Kind as Fault};

pub(super) fn write(
    completion: &Completion<'_>,
    usage: &Usage,
    reply: &Reply,
) -> Result<Vec<u8>, Error> {
    let Some(choice) = completion.choices.first() else {
        return Err(Error::new(Fault::BadAnswer, "the provider's answer has no choice"));
    };
    let none = Message::default();
    let message = choice.message.as_ref().unwrap_or(&none);
    let names = (completion.id, completion.model, completion.service_tier);
    let frame = Frame::new(names, completion.created, reply);
    let status = Status::of_finish(choice.finish_reason.and_then(text).as_deref());
    let items = items(message, &output::tokens(choice.logprobs), &frame, status)?;
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let mut out = Vec::with_capacity(items.iter().map(|i| i.len()).sum::<usize>() + 2048);
    frame.push(&mut out, status, &items, Some(usage));
    Ok(out)
}

fn items(
    message: &Message<'_>,
    tokens: &[u8],
    frame: &Frame,
    status: Status<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut items = Vec::new();
    let calls = message.tool_calls.as_deref().unwrap_or_default();
    let mut seal = Seal::default();
    for block in message.thinking_blocks.iter().flatten() {
        seal.thinking_blocks.item().extend_from_slice(block.get().as_bytes());
    }
    if let Some(extra) = message.extra_content {
        seal.extra_content.extend_from_slice(extra.get().as_bytes());
    }
    for call in calls {
        if let (Some(id), Some(extra)) = (call.id, call.extra_content) {
            seal.call(id.get().as_bytes(), extra.get().as_bytes());
        }
    }
    let mut summary = Text::default();
    summary.add(string(message.reasoning_content));
    if !summary.is_empty() || !seal.is_empty() {
        items.push(output::reasoning(&frame.item_id("rs", 0), &summary, Some(&seal)));
    }
    for base64 in message.images.iter().flatten().filter_map(|i| output::base64_of(i)) {
        let id = frame.item_id("ig", items.len() as u64);
        items.push(output::picture(&id, &base64));
    }
    let parts = parts(message, tokens);
    if !parts.is_empty() || (items.is_empty() && calls.is_empty()) {
        let id = frame.item_id("msg", items.len() as u64);
        let status = if calls.is_empty() { status } else { Status::Completed };
        items.push(output::message(&id, status.word(), parts.items()));
    }
    for (i, call) in calls.iter().enumerate() {
        let function = call.function.as_ref();
        let name = string(function.and_then(|f| f.name));
        let call_id = string(call.id);
        if name == EMPTY || call_id == EMPTY {
            return Err(Error::new(Fault::BadAnswer, "a tool call without id or name"));
        }
        let arguments = match string(function.and_then(|f| f.arguments)) {
            EMPTY => br#""{}""#,
            arguments => arguments,
        };
        let status = if i + 1 == calls.len() { status } else { Status::Completed };
        let id = frame.item_id("fc", items.len() as u64);
        items.push(output::function_call(&id, status.word(), (call_id, name), arguments));
    }
    Ok(items)
}

fn parts(message: &Message<'_>, tokens: &[u8]) -> Array {
    let mut parts = Array::default();
    let mut annotations = Array::default();
    for citation in message.annotations.iter().flatten().filter_map(|a| output::annotation(a)) {
        annotations.item().extend_from_slice(&citation);
    }
    for (kind, said) in [(Kind::Text, message.content), (Kind::Refusal, message.refusal)] {
        let mut text = Text::default();
        text.add(string(said));
        if !text.is_empty() {
            let part = output::part(kind, &text, annotations.items(), tokens);
            parts.item().extend_from_slice(&part);
        }
    }
    parts
}
