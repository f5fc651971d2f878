//! Content blocks: each a union with one member.

use serde_json::Value;

use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, bad, blob, object, one_of, only, string, sub, union, word};
use super::response::SIGNATURE;

/// What a walk over all blocks sums up.
pub(super) struct Reader {
    /// Claude's: it signs its thoughts.
    signs: bool,
    /// Of all texts.
    pub(super) bytes: usize,
    pub(super) cache_points: usize,
    pub(super) has_tools: bool,
    documents: Vec<String>,
}

/// A block, as far as the conversation depends on it.
pub(super) enum Block<'a> {
    Text(&'a str),
    Use(&'a str),
    /// An id, and what the tool said.
    Result(&'a str, String),
    Document,
    Other,
}

/// A block of the system prompt.
pub(super) fn system(block: &Value, path: &str, reader: &mut Reader) -> Result<(), Failure> {
    match union(object(block, path)?, path)? {
        ("text", text) => reader.text(text, path).map(drop),
        ("cachePoint", point) => reader.cache_point(point, path),
        ("guardContent", _) => Ok(()),
        (other, _) => Err(bad(format!("Unknown member '{other}' at {path}"))),
    }
}

/// A block of a message.
pub(super) fn message<'a>(
    block: &'a Value,
    role: &str,
    path: &str,
    reader: &mut Reader,
) -> Result<Block<'a>, Failure> {
    let (name, value) = union(object(block, path)?, path)?;
    match (name, role) {
        ("text", _) => reader.text(value, path).map(Block::Text),
        ("cachePoint", _) => reader.cache_point(value, path).map(|()| Block::Other),
        ("guardContent", "user") => Ok(Block::Other),
        ("image", "user") => media(value, path, IMAGES).map(|()| Block::Other),
        ("video", "user") => media(value, path, VIDEOS).map(|()| Block::Other),
        ("audio", "user") => media(value, path, SOUNDS).map(|()| Block::Other),
        ("document", "user") => reader.document(value, path).map(|()| Block::Document),
        ("toolUse", "assistant") => {
            reader.has_tools = true;
            let call = object(value, path)?;
            only(call, path, &["toolUseId", "name", "input"])?;
            word(string(call, path, "name")?, &format!("{path}.toolUse.name"), "_-")?;
            if !call.get("input").is_some_and(Value::is_object) {
                return Err(bad(format!(
                    "The format of the value at {path}.toolUse.input is invalid. Provide a json object for the field and try again."
                )));
            }
            reader.tool_id(call, path).map(Block::Use)
        }
        ("toolResult", "user") => reader.result(object(value, path)?, path),
        ("reasoningContent", "assistant") => {
            reader.reasoning(object(value, path)?, path).map(|()| Block::Other)
        }
        (other, role) => Err(bad(format!(
            "The {other} field is not allowed in a message of the {role} at {path}"
        ))),
    }
}

fn media(value: &Value, path: &str, formats: &[&str]) -> Result<(), Failure> {
    let value = object(value, path)?;
    only(value, path, &["format", "source"])?;
    one_of(string(value, path, "format")?, &format!("{path}.format"), formats)?;
    source(value, path)
}

fn source(value: &Object, path: &str) -> Result<(), Failure> {
    let source =
        sub(value, path, "source")?.ok_or_else(|| bad(format!("{path} needs a source")))?;
    match union(source, path)? {
        ("bytes", bytes) => blob(bytes, &format!("{path}.source.bytes")),
        ("s3Location", place) => string(object(place, path)?, path, "uri").map(drop),
        (other, _) => Err(bad(format!("Unknown member '{other}' at {path}.source"))),
    }
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(model: &str) -> Self {
        let signs = model.contains("anthropic.");
        Self { signs, bytes: 0, cache_points: 0, has_tools: false, documents: Vec::new() }
    }

    pub(super) fn cache_point(&mut self, point: &Value, path: &str) -> Result<(), Failure> {
        let point = object(point, path)?;
        only(point, path, &["type", "ttl"])?;
        one_of(string(point, path, "type")?, &format!("{path}.cachePoint.type"), &["default"])?;
        if let Some(ttl) = point.get("ttl") {
            one_of(ttl.as_str().unwrap_or_default(), &format!("{path}.ttl"), &["5m", "1h"])?;
        }
        self.cache_points += 1;
        Ok(())
    }

    fn text<'a>(&mut self, text: &'a Value, path: &str) -> Result<&'a str, Failure> {
        let text = text.as_str().unwrap_or_default();
        if text.trim().is_empty() {
            return Err(bad(format!(
                "The text field in the ContentBlock object at {path} is blank. Add text to the \
                 text field, and try again."
            )));
        }
        self.bytes += text.len();
        Ok(text)
    }

    fn document(&mut self, value: &Value, path: &str) -> Result<(), Failure> {
        let document = object(value, path)?;
        only(document, path, &["format", "name", "source", "context", "citations"])?;
        one_of(string(document, path, "format")?, &format!("{path}.format"), DOCUMENTS)?;
        let name = string(document, path, "name")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || " -()[]".contains(c);
        if name.is_empty() || name.len() > 200 || !name.chars().all(fits) || name.contains("  ") {
            return Err(bad(
                "The file name can only contain alphanumeric characters, whitespace characters, \
                 hyphens, parentheses, and square brackets. The name can't contain more than one \
                 consecutive whitespace character.",
            ));
        }
        if self.documents.iter().any(|own| own == name) {
            return Err(bad(
                "Messages can't contain duplicate document names. Rename the document and retry \
                 your request.",
            ));
        }
        self.documents.push(name.to_owned());
        if self.documents.len() > 5 {
            return Err(bad("You can't include more than 5 documents in a request."));
        }
        source(document, path)
    }

    fn tool_id<'a>(&self, map: &'a Object, path: &str) -> Result<&'a str, Failure> {
        let id = string(map, path, "toolUseId")?;
        // Claude's own alphabet is narrower than Bedrock's.
        word(id, &format!("{path}.toolUseId"), if self.signs { "_-" } else { "_.:-" })?;
        Ok(id)
    }

    fn result<'a>(&mut self, result: &'a Object, path: &str) -> Result<Block<'a>, Failure> {
        self.has_tools = true;
        only(result, path, &["toolUseId", "content", "status"])?;
        let id = self.tool_id(result, path)?;
        let mut texts = Vec::new();
        if result.get("content").is_none_or(|c| c.as_array().is_none_or(Vec::is_empty)) {
            return Err(bad(format!("The content field at {path}.toolResult is empty.")));
        }
        for (n, part) in array(result, path, "content")?.iter().enumerate() {
            let path = format!("{path}.toolResult.content.{n}");
            match union(object(part, &path)?, &path)? {
                ("text", text) => texts.push(self.text(text, &path)?.to_owned()),
                ("json", json) => texts.push(object(json, &path).map(|_| json.to_string())?),
                ("image", image) => media(image, &path, IMAGES)?,
                ("video", video) => media(video, &path, VIDEOS)?,
                ("document", document) => self.document(document, &path)?,
                (other, _) => return Err(bad(format!("Unknown member '{other}' at {path}"))),
            }
        }
        Ok(Block::Result(id, texts.join("\n")))
    }

    /// Only what this server thought itself comes back, and only to Claude.
    fn reasoning(&self, reasoning: &Object, path: &str) -> Result<(), Failure> {
        if !self.signs {
            return Err(bad(format!(
                "This model doesn't support the reasoningContent field at {path}. Remove \
                 reasoningContent and try again."
            )));
        }
        match union(reasoning, path)? {
            ("redactedContent", bytes) => blob(bytes, path),
            ("reasoningText", text) => {
                let text = object(text, path)?;
                string(text, path, "text")?;
                if string(text, path, "signature")? == SIGNATURE {
                    return Ok(());
                }
                Err(bad(format!("{path}: Invalid `signature` in `thinking` block")))
            }
            (other, _) => Err(bad(format!("Unknown member '{other}' at {path}"))),
        }
    }
}

const IMAGES: &[&str] = &["png", "jpeg", "gif", "webp"];
const VIDEOS: &[&str] = &["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"];
const SOUNDS: &[&str] = &[
    "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg",
    "mpga", "pcm", "webm",
];
const DOCUMENTS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];
