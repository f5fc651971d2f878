//! What a chat asks of its model, in any client's dialect: for rules and for the
//! filter of abilities.
//!
//! Reads the whole request, so only where somebody wants to know; `Facts` has what
//! every call needs. A count asks what the chat asks that it counts. Must not: judge, or
//! refuse what it cannot read (the translation does that).
//!
//! Quirks kept in mind: results of tools have parts of their own, Gemini's in
//! `functionResponse.parts`; Cohere's schema stands in a format of type `json_object`.

use super::{Facts, Operation, count};
use crate::wire::json;

/// What stands in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    pub tools: bool,
    pub images: bool,
    /// Documents of any kind.
    pub files: bool,
    pub audio: bool,
    /// An answer by a JSON schema.
    pub schema: bool,
    /// How much to think, in the client's word: `low`, `high`.
    pub effort: Option<String>,
}

/// The bits of `Asks::bits`.
pub const TOOLS: u64 = 1;
pub const IMAGES: u64 = 1 << 1;
pub const FILES: u64 = 1 << 2;
pub const AUDIO: u64 = 1 << 3;
pub const SCHEMA: u64 = 1 << 4;

/// How deep parts are looked for, lists and objects counted each: a part in the result of
/// a tool, which is itself a part of a message, stands at the seventh.
const MAX_DEPTH: usize = 8;

// === impl Asks ===

impl Asks {
    pub fn of(facts: &Facts, body: &[u8]) -> Self {
        let mut asks = Self::default();
        let client = count::chat(facts.client).unwrap_or(facts.client);
        if client.operation() != Operation::Chat {
            return asks;
        }
        let body = count::inner(facts.client, body);
        for member in json::members(body).unwrap_or_default() {
            let raw = body.get(member.value).unwrap_or_default();
            match member.key.as_ref() {
                "tools" | "functions" => asks.tools |= !is_empty(raw),
                "toolConfig" | "tool_config" => {
                    asks.tools |= json::member(raw, "tools").is_some_and(|t| !is_empty(t));
                }
                "messages" | "input" | "contents" | "system" => asks.parts(raw, MAX_DEPTH),
                "reasoning_effort" => asks.effort = word(raw),
                "reasoning" => asks.effort = json::member(raw, "effort").and_then(word),
                "output_config" => {
                    asks.effort = json::member(raw, "effort").and_then(word);
                    asks.schema |= json::member(raw, "format").is_some_and(is_schema);
                }
                "response_format" | "output_format" => asks.schema |= is_schema(raw),
                "text" => asks.schema |= json::member(raw, "format").is_some_and(is_schema),
                "outputConfig" => {
                    asks.schema |= json::member(raw, "textFormat").is_some_and(is_schema);
                }
                "generationConfig" | "generation_config" => asks.generation(raw),
                _ => {}
            }
        }
        asks
    }

    pub fn bits(&self) -> u64 {
        let all = [
            (self.tools, TOOLS),
            (self.images, IMAGES),
            (self.files, FILES),
            (self.audio, AUDIO),
            (self.schema, SCHEMA),
        ];
        all.iter().filter(|(asked, _)| *asked).fold(0, |bits, (_, bit)| bits | bit)
    }

    /// Gemini's.
    fn generation(&mut self, config: &[u8]) {
        let of = |names: &[&str]| names.iter().find_map(|name| json::member(config, name));
        let schemas =
            ["responseSchema", "response_schema", "responseJsonSchema", "response_json_schema"];
        self.schema |= of(&schemas).is_some();
        let thinking = of(&["thinkingConfig", "thinking_config"]);
        let level = thinking.and_then(|t| {
            json::member(t, "thinkingLevel").or_else(|| json::member(t, "thinking_level"))
        });
        self.effort = level.and_then(word);
    }

    /// Of messages, and of what stands in them.
    fn parts(&mut self, raw: &[u8], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(items) = json::items(raw) {
            items.iter().for_each(|item| self.parts(item, depth));
        }
        for member in json::members(raw).unwrap_or_default() {
            let value = raw.get(member.value).unwrap_or_default();
            match (member.key.as_ref(), value) {
                ("type", br#""image_url""# | br#""input_image""# | br#""image""#) => {
                    self.images = true;
                }
                ("type", br#""document""# | br#""file""# | br#""input_file""#) => {
                    self.files = true;
                }
                ("type", br#""input_audio""#) => self.audio = true,
                ("inlineData" | "inline_data" | "fileData" | "file_data", _) => self.blob(value),
                // Converse's.
                ("image", [b'{', ..]) => self.images = true,
                ("document", [b'{', ..]) => self.files = true,
                (
                    "content" | "parts" | "toolResult" | "functionResponse" | "function_response"
                    | "output",
                    [b'[' | b'{', ..],
                ) => self.parts(value, depth),
                _ => {}
            }
        }
    }

    /// Gemini's, by its MIME type.
    fn blob(&mut self, raw: &[u8]) {
        let named = json::member(raw, "mimeType").or_else(|| json::member(raw, "mime_type"));
        let type_ = named.and_then(word).unwrap_or_default();
        match type_.split('/').next() {
            Some("image") => self.images = true,
            Some("audio") => self.audio = true,
            _ => self.files = true,
        }
    }
}

fn is_empty(raw: &[u8]) -> bool {
    raw == b"null" || json::count(raw) == Some(0)
}

fn is_schema(raw: &[u8]) -> bool {
    let is = json::member(raw, "type").and_then(word).is_some_and(|t| t == "json_schema");
    is || json::member(raw, "json_schema").is_some_and(|s| s.starts_with(b"{"))
}

/// A short text.
fn word(raw: &[u8]) -> Option<String> {
    json::text(raw).filter(|text| text.len() <= 64).map(|text| text.into_owned())
}

#[cfg(test)]
mod tests;
