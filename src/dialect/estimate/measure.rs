//! What a request is made of: its text by class, its pictures and files in tokens.
//!
//! One pass over the JSON, string by string: what models read is text (messages, system
//! prompts, tools with their names), what they do not is left out (the model's name, ids,
//! signatures, whom the call is for). A picture or a file is known by its own head or by
//! what stands beside it. Must not: build a tree, recurse, allocate, or fail: JSON that
//! `wire::json::object` has not passed gives some number.

use super::factors::Factors;
use super::pictures::{self, Sight};
use super::text::{CLASSES, Class, Parts, Text};
use memchr::memchr;

/// Of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Tokens of text by class, as they are before anything is learned.
    pub parts: Parts,
    /// Bytes of text, but for runs of spaces or signs.
    pub dense: u64,
    /// Tokens of pictures and files, and of what came as tokens.
    pub other: u64,
    /// Something but text is in it.
    pub mixed: bool,
}

/// What stands under a top-level name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Under {
    /// Nothing that the model reads.
    Nothing,
    Prompt,
    /// Numbers are tokens.
    Tokens,
    Tools,
}

/// Width and height, where they are known.
type Size = Option<(u32, u32)>;

struct Walk<'a> {
    sight: &'a dyn Fn() -> Sight,
    text: Text,
    depth: u32,
    under: Under,
    name: &'a [u8],
    bytes: u64,
    other: u64,
    /// Strings that say that something is a picture, by their own name and by its type.
    said: [u32; 2],
    /// Pictures that were counted.
    seen: u32,
    /// The depth of an object whose picture is seen coarsely.
    low: Option<u32>,
    /// The picture counted last: its depth, size and tokens.
    last: Option<(u32, Size, u32)>,
    /// Files of no known kind, and their tokens.
    files: (u32, u64),
    messages: u32,
    tools: u32,
    names: u32,
}

/// Shorter base64 is text.
const SHORT: usize = 64;

// === impl Measure ===

impl Measure {
    /// `sight`: asked where there are pictures or files.
    pub fn of(body: &[u8], sight: &dyn Fn() -> Sight) -> Self {
        let mut walk = Walk::new(sight);
        walk.run(body);
        walk.done()
    }

    /// Tokens, as a model counts that these factors were learned of.
    pub fn tokens(&self, factors: &Factors) -> u64 {
        (factors.apply(&self.parts) as u64).saturating_add(self.other)
    }
}

// === impl Walk ===

impl<'a> Walk<'a> {
    fn new(sight: &'a dyn Fn() -> Sight) -> Self {
        Self {
            sight,
            text: Text::default(),
            depth: 0,
            under: Under::Nothing,
            name: b"",
            bytes: 0,
            other: 0,
            said: [0; 2],
            seen: 0,
            low: None,
            last: None,
            files: (0, 0),
            messages: 0,
            tools: 0,
            names: 0,
        }
    }

    fn run(&mut self, body: &'a [u8]) {
        let mut at = 0;
        while let Some(byte) = body.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let rest = body.get(at..).unwrap_or_default();
                    let string = &rest.get(..length(rest)).unwrap_or_default();
                    at += string.len() + 1;
                    let next = body.get(at..).unwrap_or_default();
                    match next.iter().find(|b| !b.is_ascii_whitespace()) {
                        Some(b':') => self.name(string, next),
                        _ => self.value(string),
                    }
                }
                b'{' | b'[' => {
                    self.tools +=
                        u32::from(self.under == Under::Tools && self.depth == 2 && *byte == b'{');
                    self.depth += 1;
                }
                b'}' | b']' => {
                    if self.low.is_some_and(|depth| depth >= self.depth) {
                        self.low = None;
                    }
                    self.depth = self.depth.saturating_sub(1);
                }
                b'0'..=b'9' | b'-' if self.under == Under::Tokens => {
                    let rest = body.get(at..).unwrap_or_default();
                    let end = rest.iter().position(|b| !b.is_ascii_digit());
                    at += end.unwrap_or(rest.len());
                    self.other += 1;
                }
                _ => {}
            }
        }
    }

    fn name(&mut self, name: &'a [u8], next: &[u8]) {
        self.name = name;
        if self.depth == 1 {
            self.under = under(name);
        } else if self.under == Under::Tools {
            self.names += 1;
            self.text(name);
        } else if self.under != Under::Nothing {
            match name {
                b"role" => self.messages += 1,
                b"image" => {
                    let mut after = next.iter().filter(|b| !b.is_ascii_whitespace());
                    self.said[0] += u32::from(after.nth(1) == Some(&b'{'));
                }
                _ if WRAPPING.contains(&name) || UNREAD.contains(&name) => {}
                _ => {
                    self.names += 1;
                    self.text(name);
                }
            }
        }
    }

    fn value(&mut self, string: &'a [u8]) {
        let name = self.name;
        match self.under {
            Under::Nothing => {}
            Under::Tools => self.text(string),
            _ if name == b"type" && IMAGES.contains(&string) => self.said[0] += 1,
            _ if name == b"detail" => self.detail(string == b"low"),
            _ if TYPES.contains(&name) => {
                self.said[1] += u32::from(string.starts_with(b"image/"));
            }
            _ if string.starts_with(b"data:") && string.len() > SHORT => {
                let comma = memchr(b',', string.get(..128).unwrap_or(string));
                let data = comma.and_then(|at| string.get(at + 1..)).unwrap_or_default();
                match string.starts_with(b"data:image/") {
                    true => self.picture(data),
                    false => self.file(data),
                }
            }
            _ if UNREAD.contains(&name) => {}
            _ if HOLDING.contains(&name) && string.len() > SHORT && is_base64(string) => {
                match pictures::is_picture(string) {
                    true => self.picture(string),
                    false => self.file(string),
                }
            }
            _ => self.text(string),
        }
    }

    fn text(&mut self, string: &[u8]) {
        self.bytes += string.len() as u64;
        self.text.add(string);
    }

    fn picture(&mut self, base64: &[u8]) {
        let size = pictures::size(base64);
        let tokens = (self.sight)().tokens(size, self.low.is_some());
        self.other += u64::from(tokens);
        self.last = Some((self.depth, size, tokens));
        self.seen += 1;
    }

    fn file(&mut self, base64: &[u8]) {
        let tokens = (self.sight)().file(base64, base64.len() as u64 / 4 * 3);
        self.files.0 += 1;
        self.files.1 += tokens;
    }

    /// Stands before its picture or behind it.
    fn detail(&mut self, low: bool) {
        match self.last {
            Some((depth, size, tokens)) if depth == self.depth => {
                self.other -= u64::from(tokens);
                self.other += u64::from((self.sight)().tokens(size, low));
                self.last = None;
            }
            _ => self.low = low.then_some(self.depth),
        }
    }

    fn done(self) -> Measure {
        let features = self.text.features();
        let mut parts = Text::parts(&features);
        let mut add = |class: Class, tokens: f32| {
            if let Some(part) = parts.get_mut(class as usize) {
                *part += tokens;
            }
        };
        add(Class::Frame, FRAME + MESSAGE * self.messages as f32);
        if self.tools > 0 {
            add(Class::Tools, TOOLS);
        }
        add(Class::Tools, TOOL * self.tools as f32 + SYNTAX * self.names as f32);
        let [by_name, by_type] = self.said;
        let unseen = by_name.max(by_type).saturating_sub(self.seen);
        let unknown = match unseen {
            0 => 0,
            n => u64::from(n) * u64::from((self.sight)().tokens(None, false)),
        };
        // Of pictures in formats that are not read, the bytes were taken for files.
        let (count, tokens) = self.files;
        let files = tokens / u64::from(count.max(1)) * u64::from(count.saturating_sub(unseen));
        let other = self.other + unknown + files;
        Measure {
            parts,
            dense: self.bytes.saturating_sub(Text::in_runs(&features)),
            other,
            mixed: other > 0,
        }
    }
}

const _: () = assert!(Class::Tools as usize + 1 == CLASSES);

/// Tokens around a conversation, around each message, for having tools at all, around each
/// tool, around each name within.
const FRAME: f32 = 3.0;
const MESSAGE: f32 = 4.0;
const TOOLS: f32 = 20.0;
const TOOL: f32 = 8.0;
const SYNTAX: f32 = 2.0;

/// Blocks that are a picture, whatever they hold.
const IMAGES: &[&[u8]] = &[b"image", b"image_url", b"input_image"];
/// What tells the type of data beside it.
const TYPES: &[&[u8]] = &[b"media_type", b"mimeType", b"mime_type"];
/// Where base64 stands.
const HOLDING: &[&[u8]] = &[b"data", b"bytes", b"file_data"];
/// Names whose strings no model reads.
const UNREAD: &[&[u8]] = &[
    b"role",
    b"type",
    b"id",
    b"call_id",
    b"tool_call_id",
    b"tool_use_id",
    b"toolUseId",
    b"signature",
    b"thoughtSignature",
    b"thought_signature",
    b"encrypted_content",
    b"cache_control",
    b"media_type",
    b"mimeType",
    b"mime_type",
    b"format",
    b"detail",
    b"url",
    b"image_url",
    b"file_id",
    b"file_uri",
    b"fileUri",
    b"status",
];
/// Names that are only the request's form.
const WRAPPING: &[&[u8]] = &[
    b"content",
    b"text",
    b"parts",
    b"source",
    b"image",
    b"data",
    b"bytes",
    b"file_data",
    b"inlineData",
    b"inline_data",
    b"fileData",
    b"function",
    b"tool_calls",
    b"arguments",
    b"input",
    b"args",
    b"name",
];

/// By name at the top, in any dialect.
fn under(name: &[u8]) -> Under {
    match name {
        b"tools" | b"functions" | b"toolConfig" | b"response_format" | b"output_config"
        | b"generationConfig" | b"generation_config" => Under::Tools,
        b"input" | b"prompt" => Under::Tokens,
        b"messages"
        | b"system"
        | b"instructions"
        | b"contents"
        | b"systemInstruction"
        | b"system_instruction"
        | b"texts"
        | b"inputs"
        | b"query"
        | b"documents"
        | b"requests"
        | b"content"
        | b"suffix"
        | b"preamble"
        | b"message"
        | b"chat_history"
        | b"generateContentRequest"
        | b"generate_content_request"
        | b"text"
        | b"prediction" => Under::Prompt,
        _ => Under::Nothing,
    }
}

/// Of a string, without its quotes; of one that does not end, all.
fn length(rest: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|rest| memchr(b'"', rest)) {
        let end = from + at;
        let before = rest.get(..end).unwrap_or_default();
        let slashes = before.iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 0 {
            return end;
        }
        from = end + 1;
    }
    rest.len()
}

fn is_base64(string: &[u8]) -> bool {
    let head = string.get(..SHORT).unwrap_or(string);
    head.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'='))
}
