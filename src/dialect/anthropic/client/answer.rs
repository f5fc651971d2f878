//! Whole answers: a completion as a message.

use super::citations;
use super::echo::Echo;
use super::keepsake::Keepsake;
use super::stop::Stop;
use crate::dialect::hub::Completion;
use crate::dialect::hub::read::{self, ToolCall};
use crate::dialect::openai::completion::Array;
use crate::dialect::{Reply, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn message(
    completion: &Completion<'_>,
    usage: &Usage,
    reply: &Reply,
) -> Result<Vec<u8>, Error> {
    let Some(choice) = completion.choices.first() else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer has no choice"));
    };
    let nothing = read::Message::default();
    let said = choice.message.as_ref().unwrap_or(&nothing);
    let calls = said.tool_calls.as_deref().unwrap_or_default();
    let refused = said.refusal.and_then(string).is_some();
    let echo = Echo::read(&reply.echo);
    let mut stop = Stop::of(!calls.is_empty(), refused);
    stop.read(choice, &echo);
    let mut content = Array::default();
    // Who asked for no thoughts reads the first block as the answer; before a call
    // they are worth keeping all the same.
    if echo.thinking || !calls.is_empty() {
        thoughts(said, &mut content);
    }
    for words in [said.content, said.refusal] {
        if let Some(words) = words.and_then(string) {
            let out = content.item();
            out.extend_from_slice(br#"{"type":"text","text":"#);
            out.extend_from_slice(words);
            citations::push(said.annotations.iter().flatten(), out);
            out.push(b'}');
        }
    }
    for _ in said.images.iter().flatten() {
        let out = content.item();
        out.extend_from_slice(br#"{"type":"text","text":"#);
        out.extend_from_slice(citations::PICTURE);
        out.push(b'}');
    }
    for call in calls {
        self::call(call, stop.is_cut(), &mut content)?;
    }

    let mut out = Vec::with_capacity(content.items().len() + 320);
    open(&mut out, completion.id, completion.model, &reply.model);
    out.extend_from_slice(br#","content":["#);
    out.extend_from_slice(content.items());
    out.extend_from_slice(br#"],"#);
    stop.push(&mut out);
    out.extend_from_slice(br#","usage":"#);
    push_usage(&mut out, usage);
    out.push(b'}');
    Ok(out)
}

/// A message's head: `{"id":...,"model":...`
pub(super) fn open(
    out: &mut Vec<u8>,
    id: Option<&RawValue>,
    model: Option<&RawValue>,
    known_model: &str,
) {
    let id = id.and_then(text).unwrap_or_default();
    let id = id.strip_prefix("chatcmpl-").unwrap_or(&id);
    out.extend_from_slice(br#"{"id":"#);
    match id {
        "" => json::push_text(out, super::super::response::NO_ID),
        id if id.starts_with("msg_") => json::push_text(out, id),
        id => json::push_text(out, &format!("msg_{id}")),
    }
    out.extend_from_slice(br#","type":"message","role":"assistant","model":"#);
    match model.and_then(string) {
        Some(model) => out.extend_from_slice(model),
        None => json::push_text(out, known_model),
    }
}

/// Usage in Anthropic's way of counting: what the cache gave or took is no part of
/// `input_tokens`.
pub(super) fn push_usage(out: &mut Vec<u8>, usage: &Usage) {
    let Usage { input, output, cached_input, cache_write, cache_write_1h, reasoning, .. } = *usage;
    let fresh = input.saturating_sub(cached_input).saturating_sub(cache_write);
    out.extend_from_slice(br#"{"input_tokens":"#);
    json::push_number(out, fresh);
    out.extend_from_slice(br#","cache_creation_input_tokens":"#);
    json::push_number(out, cache_write);
    out.extend_from_slice(br#","cache_read_input_tokens":"#);
    json::push_number(out, cached_input);
    if cache_write > 0 {
        out.extend_from_slice(br#","cache_creation":{"ephemeral_5m_input_tokens":"#);
        json::push_number(out, cache_write.saturating_sub(cache_write_1h));
        out.extend_from_slice(br#","ephemeral_1h_input_tokens":"#);
        json::push_number(out, cache_write_1h);
        out.push(b'}');
    }
    out.extend_from_slice(br#","output_tokens":"#);
    json::push_number(out, output);
    if reasoning > 0 {
        out.extend_from_slice(br#","output_tokens_details":{"thinking_tokens":"#);
        json::push_number(out, reasoning);
        out.push(b'}');
    }
    out.push(b'}');
}

/// One of `thinking_blocks`.
#[derive(Debug)]
pub(super) enum Thought<'a> {
    /// Claude's own: JSON strings.
    Signed { thinking: &'a [u8], signature: &'a [u8] },
    /// Claude's own: the data, a JSON string.
    Redacted(&'a [u8]),
    /// Of another provider.
    Foreign(&'a str),
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

// === impl Thought ===

impl<'a> Thought<'a> {
    pub(super) fn read(raw: &'a RawValue) -> Self {
        let Ok(block) = serde_json::from_str::<Block<'a>>(raw.get()) else {
            return Thought::Foreign(raw.get());
        };
        let type_ = block.type_.and_then(text).unwrap_or_default();
        match (type_.as_ref(), block.signature.and_then(string), block.data.and_then(string)) {
            ("thinking", Some(signature), _) => {
                let thinking = block.thinking.and_then(string).unwrap_or(b"\"\"");
                Thought::Signed { thinking, signature }
            }
            ("redacted_thinking", _, Some(data)) => Thought::Redacted(data),
            _ => Thought::Foreign(raw.get()),
        }
    }

    /// As a whole block.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match self {
            Thought::Signed { thinking, signature } => push_thinking(out, thinking, signature),
            Thought::Redacted(data) => {
                out.extend_from_slice(br#"{"type":"redacted_thinking","data":"#);
                out.extend_from_slice(data);
                out.push(b'}');
            }
            Thought::Foreign(json) => Keepsake::Thought.push(out, json),
        }
    }
}

fn push_thinking(out: &mut Vec<u8>, thinking: &[u8], signature: &[u8]) {
    out.extend_from_slice(br#"{"type":"thinking","thinking":"#);
    out.extend_from_slice(thinking);
    out.extend_from_slice(br#","signature":"#);
    out.extend_from_slice(signature);
    out.push(b'}');
}

/// Thoughts go first. Their text stands in signed blocks already, where there are any.
fn thoughts(said: &read::Message<'_>, content: &mut Array) {
    let blocks = said.thinking_blocks.iter().flatten();
    let blocks: Vec<Thought<'_>> = blocks.map(|raw| Thought::read(raw)).collect();
    let told = blocks.iter().any(|b| matches!(b, Thought::Signed { .. }));
    if let Some(text) = said.reasoning_content.and_then(string).filter(|_| !told) {
        push_thinking(content.item(), text, b"\"\"");
    }
    for block in blocks {
        block.push(content.item());
    }
}

/// `cut`: the answer hit its limit, maybe within the arguments.
fn call(call: &ToolCall<'_>, cut: bool, content: &mut Array) -> Result<(), Error> {
    let function = call.function.as_ref();
    let (Some(id), Some(name)) =
        (call.id.and_then(string), function.and_then(|f| f.name).and_then(string))
    else {
        return Err(Error::new(Kind::BadAnswer, "a tool call without id or name"));
    };
    let arguments = function.and_then(|f| f.arguments).and_then(text).unwrap_or_default();
    let arguments = arguments.trim();
    let input = match json::object(arguments.as_bytes()) {
        Ok(_) => arguments,
        Err(_) if arguments.is_empty() || cut => "{}",
        Err(_) => {
            let words = "a tool call's arguments are no JSON object";
            return Err(Error::new(Kind::BadAnswer, words));
        }
    };
    if let Some(extra) = call.extra_content {
        Keepsake::Call.push(content.item(), extra.get());
    }
    let out = content.item();
    push_call(out, id, name);
    out.pop();
    out.pop();
    out.extend_from_slice(input.as_bytes());
    out.push(b'}');
    Ok(())
}

/// `{"type":"tool_use",...,"input":{}`, not closed.
pub(super) fn push_call(out: &mut Vec<u8>, id: &[u8], name: &[u8]) {
    out.extend_from_slice(br#"{"type":"tool_use","id":"#);
    out.extend_from_slice(id);
    out.extend_from_slice(br#","name":"#);
    out.extend_from_slice(name);
    out.extend_from_slice(br#","input":{}"#);
}

pub(super) fn text(raw: &RawValue) -> Option<std::borrow::Cow<'_, str>> {
    json::text(raw.get().as_bytes())
}

/// The bytes of a JSON string that says something.
pub(super) fn string(raw: &RawValue) -> Option<&[u8]> {
    Some(raw.get().as_bytes()).filter(|r| r.first() == Some(&b'"') && *r != b"\"\"")
}
