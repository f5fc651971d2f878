//! Writing OpenAI streams, chunk by chunk.
//!
//! For every translation whose client speaks chat completions. What all chunks
//! of a stream share is written once into `head`; a chunk is then a few copies.
//! Text comes as JSON string bytes (quotes included) and is never decoded.
//! `completion` writes the same answers whole.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/chat-streaming/streaming>.

use crate::dialect::Usage;
use crate::wire::json;

/// The chunks of one stream.
#[derive(Debug)]
pub struct Chunks {
    /// `data: {"id":...,"choices":[`
    head: Vec<u8>,
    include_usage: bool,
}

/// The first members of every answer.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub id: &'a str,
    pub created: u64,
    pub model: &'a str,
    pub service_tier: Option<&'a str>,
}

/// `: ping`: a comment keeps the connection alive and no client reads it.
pub fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b": ping\n\n");
}

pub fn done(out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: [DONE]\n\n");
}

/// The bytes between a JSON string's quotes.
pub fn inner(string: &[u8]) -> &[u8] {
    string.strip_prefix(b"\"").and_then(|s| s.strip_suffix(b"\"")).unwrap_or_default()
}

pub(super) fn push_header(out: &mut Vec<u8>, header: Header<'_>, object: &str) {
    out.extend_from_slice(br#"{"id":"#);
    json::push_text(out, header.id);
    out.extend_from_slice(br#","object":"#);
    json::push_text(out, object);
    out.extend_from_slice(br#","created":"#);
    json::push_number(out, header.created);
    out.extend_from_slice(br#","model":"#);
    json::push_text(out, header.model);
    if let Some(tier) = header.service_tier {
        out.extend_from_slice(br#","service_tier":"#);
        json::push_text(out, tier);
    }
    out.extend_from_slice(br#","choices":["#);
}

// === impl Chunks ===

impl Chunks {
    pub fn new(header: Header<'_>, include_usage: bool) -> Self {
        let mut head = b"data: ".to_vec();
        push_header(&mut head, header, "chat.completion.chunk");
        Self { head, include_usage }
    }

    /// The first chunk.
    pub fn role(&self, out: &mut Vec<u8>) {
        self.delta(out, |out| out.extend_from_slice(br#""role":"assistant","content":"""#));
    }

    /// A piece of text: `field` is `content`, `reasoning_content` or `refusal`.
    pub fn text(&self, out: &mut Vec<u8>, field: &str, string: &[u8]) {
        self.delta(out, |out| {
            out.push(b'"');
            out.extend_from_slice(field.as_bytes());
            out.extend_from_slice(br#"":"#);
            out.extend_from_slice(string);
        });
    }

    /// A new tool call; `id` and `name` are JSON strings.
    pub fn tool_start(&self, out: &mut Vec<u8>, index: u64, id: &[u8], name: &[u8]) {
        self.delta(out, |out| {
            out.extend_from_slice(br#""tool_calls":[{"index":"#);
            json::push_number(out, index);
            out.extend_from_slice(br#","id":"#);
            out.extend_from_slice(id);
            out.extend_from_slice(br#","type":"function","function":{"name":"#);
            out.extend_from_slice(name);
            out.extend_from_slice(br#","arguments":""}}]"#);
        });
    }

    /// A piece of a tool call's arguments, as a JSON string.
    pub fn tool_arguments(&self, out: &mut Vec<u8>, index: u64, string: &[u8]) {
        self.delta(out, |out| {
            out.extend_from_slice(br#""tool_calls":[{"index":"#);
            json::push_number(out, index);
            out.extend_from_slice(br#","function":{"arguments":"#);
            out.extend_from_slice(string);
            out.extend_from_slice(b"}}]");
        });
    }

    /// A new call of a custom tool; `id` and `name` are JSON strings.
    pub fn custom_start(&self, out: &mut Vec<u8>, index: u64, id: &[u8], name: &[u8]) {
        self.delta(out, |out| {
            out.extend_from_slice(br#""tool_calls":[{"index":"#);
            json::push_number(out, index);
            out.extend_from_slice(br#","id":"#);
            out.extend_from_slice(id);
            out.extend_from_slice(br#","type":"custom","custom":{"name":"#);
            out.extend_from_slice(name);
            out.extend_from_slice(br#","input":""}}]"#);
        });
    }

    /// A piece of a custom tool's input, as a JSON string.
    pub fn custom_input(&self, out: &mut Vec<u8>, index: u64, string: &[u8]) {
        self.delta(out, |out| {
            out.extend_from_slice(br#""tool_calls":[{"index":"#);
            json::push_number(out, index);
            out.extend_from_slice(br#","custom":{"input":"#);
            out.extend_from_slice(string);
            out.extend_from_slice(b"}}]");
        });
    }

    /// A chunk whose delta has the members that `members` writes.
    pub fn delta(&self, out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
        self.choice(out, 0, members, b"", None);
    }

    /// The last chunk of the choice. `beside`: members before the reason, each with a
    /// comma before it.
    pub fn finish(&self, out: &mut Vec<u8>, reason: &str, beside: &[u8]) {
        self.choice(out, 0, |_| (), beside, Some(reason));
    }

    /// A chunk of one of several choices: the members of its delta, those beside the
    /// delta (each with a comma before it), and the reason where it is the last.
    pub fn choice(
        &self,
        out: &mut Vec<u8>,
        index: u64,
        delta: impl FnOnce(&mut Vec<u8>),
        beside: &[u8],
        finish: Option<&str>,
    ) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#"{"index":"#);
        json::push_number(out, index);
        out.extend_from_slice(br#","delta":{"#);
        delta(out);
        out.push(b'}');
        out.extend_from_slice(beside);
        out.extend_from_slice(br#","finish_reason":"#);
        match finish {
            Some(reason) => json::push_text(out, reason),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}]");
        self.end(out);
    }

    /// The usage chunk, only where the client asked for it.
    pub fn usage(&self, out: &mut Vec<u8>, usage: &Usage) {
        if self.include_usage {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(br#"],"usage":"#);
            super::usage::write(out, usage);
            out.extend_from_slice(b"}\n\n");
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        let tail: &[u8] = if self.include_usage { b",\"usage\":null}\n\n" } else { b"}\n\n" };
        out.extend_from_slice(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const HEADER: Header<'_> = Header { id: "a\"b", created: 7, model: "m", service_tier: None };

    #[test]
    fn every_chunk_is_json() {
        let chunks = Chunks::new(HEADER, true);
        let mut out = Vec::new();
        chunks.role(&mut out);
        chunks.text(&mut out, "content", br#""h\u00fc""#);
        chunks.tool_start(&mut out, 0, b"\"c1\"", b"\"f\"");
        chunks.tool_arguments(&mut out, 0, br#""{\"a\":""#);
        chunks.finish(&mut out, "tool_calls", b"");
        chunks.usage(&mut out, &Usage { input: 3, output: 2, ..Default::default() });
        let text = String::from_utf8(out).unwrap();
        let parsed: Vec<Value> = text
            .split_terminator("\n\n")
            .map(|e| serde_json::from_str(e.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        assert_eq!(parsed[1]["choices"][0]["delta"], json!({"content": "hü"}));
        assert_eq!(parsed[1]["usage"], Value::Null);
        assert_eq!(parsed[4]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(parsed[5]["choices"], json!([]));
        assert_eq!(parsed[5]["usage"]["total_tokens"], 5);
    }
}
