//! Writing whole OpenAI completions, from pieces gathered in any order.
//!
//! Beside OpenAI's own fields a message may carry `reasoning_content` (text) and
//! `thinking_blocks` (a provider's signed blocks, to be sent back with the next
//! turn): the names other gateways and DeepSeek made common.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/chat/object>.

use super::chunk::{Header, inner, push_header};
use crate::dialect::Usage;
use crate::wire::json;

/// The message of a whole completion, gathered piece by piece.
#[derive(Debug, Default)]
pub struct Message {
    pub content: Text,
    pub reasoning: Text,
    pub refusal: Text,
    pub tool_calls: Array,
    pub thinking_blocks: Array,
    pub citations: Array,
    /// OpenAI's own citations.
    pub annotations: Array,
    /// `{"type":"image_url","image_url":{"url"}}`, as other gateways give them.
    pub images: Array,
    /// What a provider wants back with the message; a JSON value, or empty.
    pub extra_content: Vec<u8>,
    /// Members of the choice behind all others, each with a comma before it.
    pub beside: Vec<u8>,
}

/// JSON strings joined into one, without decoding.
#[derive(Debug, Default)]
pub struct Text(Vec<u8>);

/// JSON values joined into an array.
#[derive(Debug, Default)]
pub struct Array(Vec<u8>);

/// One choice of a completion.
#[derive(Debug)]
pub struct Choice<'a> {
    pub message: &'a Message,
    pub finish: &'a str,
    /// A JSON value.
    pub logprobs: Option<&'a [u8]>,
}

/// A whole completion with one choice.
pub fn completion(header: Header<'_>, message: &Message, finish: &str, usage: &Usage) -> Vec<u8> {
    completion_of(header, &[Choice { message, finish, logprobs: None }], usage)
}

/// A whole completion.
pub fn completion_of(header: Header<'_>, choices: &[Choice<'_>], usage: &Usage) -> Vec<u8> {
    let size: usize = choices.iter().map(|c| c.message.size()).sum();
    let mut out = Vec::with_capacity(size + 512);
    push_header(&mut out, header, "chat.completion");
    for (index, choice) in choices.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        choice.push(&mut out, index as u64);
    }
    out.extend_from_slice(br#"],"usage":"#);
    super::usage::write(&mut out, usage);
    out.push(b'}');
    out
}

// === impl Choice ===

impl Choice<'_> {
    fn push(&self, out: &mut Vec<u8>, index: u64) {
        let message = self.message;
        out.extend_from_slice(br#"{"index":"#);
        json::push_number(out, index);
        out.extend_from_slice(br#","message":{"role":"assistant","content":"#);
        if message.tool_calls.is_empty() && message.refusal.is_empty() {
            message.content.push_string(out);
        } else {
            message.content.push(out);
        }
        out.extend_from_slice(br#","refusal":"#);
        message.refusal.push(out);
        if !message.reasoning.is_empty() {
            out.extend_from_slice(br#","reasoning_content":"#);
            message.reasoning.push(out);
        }
        message.thinking_blocks.push_member(out, "thinking_blocks");
        message.tool_calls.push_member(out, "tool_calls");
        message.citations.push_member(out, "citations");
        message.annotations.push_member(out, "annotations");
        message.images.push_member(out, "images");
        if !message.extra_content.is_empty() {
            out.extend_from_slice(br#","extra_content":"#);
            out.extend_from_slice(&message.extra_content);
        }
        out.extend_from_slice(br#"},"logprobs":"#);
        out.extend_from_slice(self.logprobs.unwrap_or(b"null"));
        out.extend_from_slice(br#","finish_reason":"#);
        json::push_text(out, self.finish);
        out.extend_from_slice(&message.beside);
        out.push(b'}');
    }
}

// === impl Message ===

impl Message {
    fn size(&self) -> usize {
        let Self { content, reasoning, tool_calls, thinking_blocks, images, .. } = self;
        content.0.len()
            + reasoning.0.len()
            + tool_calls.0.len()
            + thinking_blocks.0.len()
            + images.0.len()
    }

    /// `id` and `name` are JSON strings, `input` a JSON value.
    pub fn tool_call(&mut self, id: &[u8], name: &[u8], input: &str) {
        let call = self.tool_calls.item();
        call.extend_from_slice(br#"{"id":"#);
        call.extend_from_slice(id);
        call.extend_from_slice(br#","type":"function","function":{"name":"#);
        call.extend_from_slice(name);
        call.extend_from_slice(br#","arguments":"#);
        json::push_text(call, input);
        call.extend_from_slice(b"}}");
    }
}

// === impl Text ===

impl Text {
    /// Appends a JSON string.
    pub fn add(&mut self, string: &[u8]) {
        self.0.extend_from_slice(inner(string));
    }

    pub fn add_plain(&mut self, text: &str) {
        let mut string = Vec::with_capacity(text.len() + 2);
        json::push_text(&mut string, text);
        self.add(&string);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes gathered so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// As one JSON string, or null where nothing was added.
    pub fn push(&self, out: &mut Vec<u8>) {
        if self.0.is_empty() {
            out.extend_from_slice(b"null");
        } else {
            self.push_string(out);
        }
    }

    /// As one JSON string, even an empty one.
    pub fn push_string(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(&self.0);
        out.push(b'"');
    }
}

// === impl Array ===

impl Array {
    /// Where the next item is to be written.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        &mut self.0
    }

    /// The last item, to be written on.
    pub fn open(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items without brackets.
    pub fn items(&self) -> &[u8] {
        &self.0
    }

    /// `,"name":[items]`, or nothing where there are none.
    pub fn push_member(&self, out: &mut Vec<u8>, name: &str) {
        if !self.0.is_empty() {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":[");
            out.extend_from_slice(&self.0);
            out.push(b']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn joins_strings_raw() {
        let mut message = Message::default();
        message.content.add(br#""a\n""#);
        message.content.add(br#""\u00fc""#);
        message.tool_call(b"\"c\"", b"\"f\"", r#"{"x": "y"}"#);
        let header = Header { id: "a", created: 7, model: "m", service_tier: None };
        let body = completion(header, &message, "stop", &Usage::default());
        let v: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(v["choices"][0]["message"]["content"], "a\nü");
        let arguments = &v["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"];
        assert_eq!(arguments, r#"{"x": "y"}"#);
    }
}
