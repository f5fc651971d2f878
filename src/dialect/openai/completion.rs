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
    /// Of the content's tokens.
    pub logprobs: Array,
}

/// JSON strings joined into one, without decoding.
#[derive(Debug, Default)]
pub struct Text(Vec<u8>);

/// JSON values joined into an array.
#[derive(Debug, Default)]
pub struct Array(Vec<u8>);

/// A whole completion with one choice.
pub fn completion(header: Header<'_>, message: &Message, finish: &str, usage: &Usage) -> Vec<u8> {
    let size = message.content.0.len() + message.reasoning.0.len() + message.tool_calls.0.len();
    let mut out = Vec::with_capacity(size + message.thinking_blocks.0.len() + 512);
    push_header(&mut out, header, "chat.completion");
    out.extend_from_slice(br#"{"index":0,"message":{"role":"assistant","content":"#);
    if message.tool_calls.is_empty() && message.refusal.is_empty() {
        message.content.push_string(&mut out);
    } else {
        message.content.push(&mut out);
    }
    out.extend_from_slice(br#","refusal":"#);
    message.refusal.push(&mut out);
    if !message.reasoning.is_empty() {
        out.extend_from_slice(br#","reasoning_content":"#);
        message.reasoning.push(&mut out);
    }
    message.thinking_blocks.push_member(&mut out, "thinking_blocks");
    message.tool_calls.push_member(&mut out, "tool_calls");
    message.citations.push_member(&mut out, "citations");
    message.annotations.push_member(&mut out, "annotations");
    out.extend_from_slice(br#"},"logprobs":"#);
    push_logprobs(&mut out, message.logprobs.items());
    out.extend_from_slice(br#","finish_reason":"#);
    json::push_text(&mut out, finish);
    out.extend_from_slice(br#"}],"usage":"#);
    super::usage::write(&mut out, usage);
    out.push(b'}');
    out
}

/// Of a choice: the items without brackets, or null where there are none.
pub(super) fn push_logprobs(out: &mut Vec<u8>, items: &[u8]) {
    if items.is_empty() {
        out.extend_from_slice(b"null");
    } else {
        out.extend_from_slice(br#"{"content":["#);
        out.extend_from_slice(items);
        out.extend_from_slice(br#"],"refusal":null}"#);
    }
}

// === impl Message ===

impl Message {
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
