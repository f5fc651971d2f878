//! The conversation: `systemInstruction` and `contents` to chat messages.
//!
//! Contents of the model in a row are one message: clients keep a stream's events as
//! contents of their own. A content of the user's is its results, then one message of
//! the rest; what stands beside results waits until the last of them.
//!
//! Spec: <https://ai.google.dev/api/caching#Content>,
//! <https://ai.google.dev/api/caching#FunctionResponse>.

use super::media;
use super::results::Results;
use super::signature::Signature;
use super::spell::{field, member, unknown};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::{Array, Text};
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

/// The messages.
pub(super) fn read(
    system: Option<&Value<'_, '_>>,
    contents: &Value<'_, '_>,
    results: Results,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut writer = Writer {
        messages: Array::default(),
        model: None,
        calls: Vec::new(),
        user: User::default(),
        results,
        dropped,
    };
    if let Some(system) = system {
        writer.system(system)?;
    }
    for (i, raw) in contents.items()?.into_iter().enumerate() {
        writer.content(&contents.item(i, raw), i)?;
    }
    writer.settle();
    if writer.messages.is_empty() {
        return Err(contents.error("no content has parts"));
    }
    Ok(writer.messages)
}

pub(super) struct Writer<'a, 'd> {
    pub(super) messages: Array,
    /// The model's turn that is being read.
    model: Option<Model>,
    /// Calls of the model's last turn: id, name, whether it has a result.
    pub(super) calls: Vec<(String, Cow<'a, str>, bool)>,
    /// Parts of the user's that wait for the last result.
    pub(super) user: User<'a>,
    pub(super) results: Results,
    pub(super) dropped: &'d mut Dropped,
}

/// One message of the model's, gathered.
#[derive(Default)]
struct Model {
    text: Text,
    thoughts: Text,
    blocks: Array,
    calls: Array,
    /// Google's signature of the last text; a JSON string.
    signature: Vec<u8>,
}

#[derive(Default)]
pub(super) struct User<'a> {
    parts: Array,
    count: usize,
    /// The JSON string of the last text.
    text: Option<&'a [u8]>,
}

/// One part, sorted.
#[derive(Default)]
struct Part<'a, 'c> {
    text: Option<Value<'a, 'c>>,
    thought: bool,
    signature: Option<Signature>,
    inline: Option<Value<'a, 'c>>,
    file: Option<Value<'a, 'c>>,
    call: Option<Value<'a, 'c>>,
    response: Option<Value<'a, 'c>>,
}

const PART: &[&str] = &[
    "text",
    "thought",
    "thoughtSignature",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

// === impl Writer ===

impl<'a> Writer<'a, '_> {
    fn system(&mut self, system: &Value<'a, '_>) -> Result<(), Error> {
        let object = system.object()?;
        unknown(self.dropped, "systemInstruction.", &object, &["role", "parts"]);
        let Some(parts) = field(system, &object, "parts") else { return Ok(()) };
        let mut gathered = User::default();
        // Google's parsers take one message where a list is asked for.
        let single = !parts.is_array();
        let items = if single { vec![parts.raw] } else { parts.items()? };
        for (i, raw) in items.into_iter().enumerate() {
            let value = if single { parts } else { parts.item(i, raw) };
            let object = value.object()?;
            unknown(self.dropped, "systemInstruction.parts.", &object, &["text"]);
            match field(&value, &object, "text") {
                Some(text) => gathered.text(text.string()?),
                None => return Err(value.error("only text is carried here")),
            }
        }
        gathered.flush("system", &mut self.messages);
        Ok(())
    }

    fn content(&mut self, content: &Value<'a, '_>, index: usize) -> Result<(), Error> {
        let object = content.object()?;
        unknown(self.dropped, "contents.", &object, &["role", "parts"]);
        let role = field(content, &object, "role");
        let is_model = match &role {
            None => false,
            Some(role) => match role.text()?.as_ref() {
                "model" => true,
                "user" | "function" | "tool" | "" => false,
                _ => return Err(role.error("must be user or model")),
            },
        };
        let Some(list) = field(content, &object, "parts") else { return Ok(()) };
        let single = !list.is_array();
        let items = if single { vec![list.raw] } else { list.items()? };
        if is_model {
            self.user.flush("user", &mut self.messages);
            if self.model.is_none() {
                self.calls.clear();
                self.model = Some(Model::default());
            }
        } else {
            self.end_model();
            let answers = |raw: &&[u8]| {
                let value = Value::root(raw);
                value.object().is_ok_and(|o| field(&value, &o, "functionResponse").is_some())
            };
            if !items.iter().any(answers) {
                self.user.flush("user", &mut self.messages);
            }
        }
        for (i, raw) in items.into_iter().enumerate() {
            let value = if single { list } else { list.item(i, raw) };
            let object = value.object()?;
            unknown(self.dropped, "contents.parts.", &object, PART);
            for own in ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] {
                if let Some(value) = field(&value, &object, own) {
                    return Err(value.error("is of a tool that runs at Google: not carried"));
                }
            }
            let signature = field(&value, &object, "thoughtSignature");
            let thought = field(&value, &object, "thought");
            let part = Part {
                text: field(&value, &object, "text"),
                thought: thought.map(|t| t.boolean()).transpose()?.unwrap_or(false),
                signature: signature.map(|s| Signature::read(&s)).transpose()?.flatten(),
                inline: field(&value, &object, "inlineData"),
                file: field(&value, &object, "fileData"),
                call: field(&value, &object, "functionCall"),
                response: field(&value, &object, "functionResponse"),
            };
            if is_model {
                self.said(&value, part, (index, i))?;
            } else {
                self.heard(&value, part)?;
            }
        }
        Ok(())
    }

    /// A part of the model's.
    fn said(
        &mut self,
        value: &Value<'a, '_>,
        part: Part<'a, '_>,
        place: (usize, usize),
    ) -> Result<(), Error> {
        let mut model = self.model.take().unwrap_or_default();
        let mut google = None;
        match part.signature {
            Some(Signature::Blocks(blocks)) if !blocks.is_empty() => {
                model.blocks.item().extend_from_slice(&blocks);
            }
            Some(Signature::Google(raw)) => google = Some(raw),
            _ => {}
        }
        if let Some(call) = part.call {
            let (id, name) =
                read_call(&call, place, &mut model.calls, google.take(), self.dropped)?;
            self.calls.push((id, name, false));
        } else if part.inline.is_some() || part.file.is_some() {
            self.dropped.add("contents.parts (media of the model's)");
        } else if part.response.is_some() {
            return Err(value.error("a functionResponse is the user's"));
        } else if let Some(text) = part.text {
            let field = if part.thought { &mut model.thoughts } else { &mut model.text };
            field.add(text.string()?);
        }
        if let Some(raw) = google {
            model.signature = raw;
        }
        self.model = Some(model);
        Ok(())
    }

    /// A part of the user's.
    fn heard(&mut self, value: &Value<'a, '_>, part: Part<'a, '_>) -> Result<(), Error> {
        if part.signature.is_some() {
            self.dropped.add("contents.parts.thoughtSignature (of the user's)");
        }
        if let Some(response) = part.response {
            self.result(&response)
        } else if let Some(blob) = part.inline {
            media::inline(&blob, self.user.item(), self.dropped)
        } else if let Some(file) = part.file {
            media::linked(&file, self.user.item(), self.dropped)
        } else if let Some(text) = part.text {
            self.user.text(text.string()?);
            Ok(())
        } else if part.call.is_some() {
            Err(value.error("a functionCall is the model's"))
        } else {
            Err(value.error("has nothing that is carried"))
        }
    }

    fn end_model(&mut self) {
        if let Some(model) = self.model.take() {
            model.push(&mut self.messages);
        }
    }

    fn settle(&mut self) {
        self.end_model();
        self.user.flush("user", &mut self.messages);
    }
}

/// Adds a call to `calls`; its id and name.
fn read_call<'a>(
    call: &Value<'a, '_>,
    (content, part): (usize, usize),
    calls: &mut Array,
    signature: Option<Vec<u8>>,
    dropped: &mut Dropped,
) -> Result<(String, Cow<'a, str>), Error> {
    let object = call.object()?;
    unknown(dropped, "functionCall.", &object, &["id", "name", "args"]);
    let Some(name) = field(call, &object, "name") else {
        return Err(call.error("needs a name"));
    };
    let id = field(call, &object, "id").map(|id| id.text()).transpose()?;
    let id = match id.filter(|id| !id.is_empty()) {
        Some(id) => id.into_owned(),
        None => format!("call_{content}_{part}"),
    };
    let args: &[u8] = match field(call, &object, "args") {
        Some(args) => {
            args.object()?;
            args.raw
        }
        None => b"{}",
    };
    let out = calls.item();
    out.extend_from_slice(br#"{"id":"#);
    json::push_text(out, &id);
    out.extend_from_slice(br#","type":"function","function":{"name":"#);
    out.extend_from_slice(name.string()?);
    out.extend_from_slice(br#","arguments":"#);
    json::push_text(out, &String::from_utf8_lossy(args));
    out.push(b'}');
    if let Some(signature) = signature {
        out.extend_from_slice(br#","extra_content":"#);
        super::super::answer::push_signature(out, &signature);
    }
    out.push(b'}');
    Ok((id, name.text()?))
}

// === impl Model ===

impl Model {
    fn push(self, messages: &mut Array) {
        let Self { text, thoughts, blocks, calls, signature } = self;
        if text.is_empty() && thoughts.is_empty() && blocks.is_empty() && calls.is_empty() {
            return;
        }
        let out = messages.item();
        out.extend_from_slice(br#"{"role":"assistant","content":"#);
        // Null only beside calls: a chat's answer says something.
        if calls.is_empty() {
            text.push_string(out)
        } else {
            text.push(out)
        }
        if !blocks.is_empty() {
            blocks.push_member(out, "thinking_blocks");
        } else if !thoughts.is_empty() {
            out.extend_from_slice(br#","reasoning_content":"#);
            thoughts.push(out);
        }
        calls.push_member(out, "tool_calls");
        if !signature.is_empty() {
            out.extend_from_slice(br#","extra_content":"#);
            super::super::answer::push_signature(out, &signature);
        }
        out.push(b'}');
    }
}

// === impl User ===

impl<'a> User<'a> {
    pub(super) fn item(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        self.text = None;
        self.parts.item()
    }

    fn text(&mut self, string: &'a [u8]) {
        if string.len() > 2 {
            let mut part = Vec::with_capacity(string.len() + 24);
            part.extend_from_slice(br#"{"type":"text""#);
            member(&mut part, "text", string);
            part.push(b'}');
            self.item().extend_from_slice(&part);
            self.text = Some(string);
        }
    }

    fn flush(&mut self, role: &str, messages: &mut Array) {
        let user = std::mem::take(self);
        if user.parts.is_empty() {
            return;
        }
        let out = messages.item();
        out.extend_from_slice(br#"{"role":"#);
        json::push_text(out, role);
        out.extend_from_slice(br#","content":"#);
        match user.text {
            Some(text) if user.count == 1 => out.extend_from_slice(text),
            _ => {
                out.push(b'[');
                out.extend_from_slice(user.parts.items());
                out.push(b']');
            }
        }
        out.push(b'}');
    }
}
