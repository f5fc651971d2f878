//! Reads `contents`: turns, parts, that results answer the calls of the turn before,
//! all of them, and that the turn in progress is signed.

use serde_json::Value;

use crate::cli::mock::answer::Turn;
use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, bad, boolean, bytes, get, object, only, string, sub};
use super::{SIGNATURE, signs};

/// One content, as far as the order of contents depends on it.
struct Content<'a> {
    role: &'a str,
    texts: Vec<&'a str>,
    calls: Vec<Call<'a>>,
    results: Vec<String>,
}

struct Call<'a> {
    name: &'a str,
    signed: bool,
}

pub(super) fn read(body: &Object, model: &str, input: &mut usize) -> Result<Turn, Failure> {
    let list = array(body, "", "contents")?;
    if list.is_empty() {
        return Err(bad("contents", "contents is not specified"));
    }
    let mut contents = Vec::with_capacity(list.len());
    for (n, content) in list.iter().enumerate() {
        let path = format!("contents[{n}]");
        contents.push(Content::read(object(content, &path)?, &path, input)?);
    }
    order(&contents)?;
    if signs(model) {
        signed(&contents)?;
    }
    Ok(last(&contents))
}

/// What the model must react to.
fn last(contents: &[Content<'_>]) -> Turn {
    let words = |c: &&Content<'_>| c.role == "user" && !c.texts.is_empty();
    let said = contents.iter().rev().find(words).map(|c| c.texts.join("\n")).unwrap_or_default();
    match contents.last() {
        Some(c) if !c.results.is_empty() => Turn::Tool(c.results.join("; ")),
        Some(c) if c.role == "model" => Turn::Assistant(said),
        _ => Turn::User(said),
    }
}

/// Calls come behind the user's words or behind results, results behind calls, as
/// many as these.
fn order(contents: &[Content<'_>]) -> Result<(), Failure> {
    let mut before: Option<&Content<'_>> = None;
    for content in contents {
        let open = before.map_or(0, |b| b.calls.len());
        if !content.results.is_empty() && open == 0 {
            return Err(Failure::bad(
                "Please ensure that function response turn comes immediately after a function \
                 call turn.",
            ));
        }
        if content.results.len() != open {
            return Err(Failure::bad(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ));
        }
        if !content.calls.is_empty() && before.is_none_or(|b| b.role != "user") {
            return Err(Failure::bad(
                "Please ensure that function call turn comes immediately after a user turn or \
                 after a function response turn.",
            ));
        }
        before = Some(content);
    }
    if before.is_some_and(|b| !b.calls.is_empty()) {
        return Err(Failure::bad(
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn.",
        ));
    }
    Ok(())
}

/// <https://ai.google.dev/gemini-api/docs/thought-signatures>: the first call of each
/// step behind the user's last words.
fn signed(contents: &[Content<'_>]) -> Result<(), Failure> {
    let asked = contents.iter().rposition(|c| c.role == "user" && !c.texts.is_empty());
    for (n, content) in contents.iter().enumerate().skip(asked.unwrap_or(0)) {
        if let Some(call) = content.calls.first().filter(|c| !c.signed) {
            return Err(Failure::bad(format!(
                "Function call is missing a thought_signature in functionCall parts. This is \
                 required for tools to work correctly, and missing thought_signature may lead to \
                 degraded model performance. Additional data, function call `default_api:{}` , \
                 position {}. Please refer to \
                 https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                call.name,
                n + 1
            )));
        }
    }
    Ok(())
}

// === impl Content ===

impl<'a> Content<'a> {
    fn read(content: &'a Object, path: &str, input: &mut usize) -> Result<Self, Failure> {
        only(content, path, &["role", "parts"])?;
        let role = string(content, path, "role")?.unwrap_or("user");
        if !matches!(role, "user" | "model") {
            return Err(Failure::bad("Please use a valid role: user, model."));
        }
        let parts = array(content, path, "parts")?;
        if parts.is_empty() {
            return Err(bad(&format!("{path}.parts"), "contents.parts must not be empty."));
        }
        let mut read = Content { role, texts: Vec::new(), calls: Vec::new(), results: Vec::new() };
        for (n, part) in parts.iter().enumerate() {
            let path = format!("{path}.parts[{n}]");
            read.part(object(part, &path)?, &path, input)?;
        }
        Ok(read)
    }

    fn part(&mut self, part: &'a Object, path: &str, input: &mut usize) -> Result<(), Failure> {
        only(part, path, PART)?;
        let signed = signature(part, path)?;
        let thought = boolean(part, path, "thought")?;
        let kinds = DATA.iter().filter(|kind| get(part, kind).is_some()).count();
        if kinds != 1 {
            let problem = "required oneof field 'data' must have one initialized field";
            return Err(bad(&format!("{path}.data"), problem));
        }
        if let Some(text) = string(part, path, "text")? {
            *input += text.len();
            if !thought {
                self.texts.push(text);
            }
        }
        if let Some(blob) = sub(part, path, "inlineData", &["mimeType", "data", "displayName"])? {
            let path = format!("{path}.inline_data");
            *input += bytes(blob, &path, "data")?;
            if string(blob, &path, "mimeType")?.is_none_or(|m| !m.contains('/')) {
                return Err(bad(&path, "mime_type is not specified."));
            }
        }
        if let Some(file) = sub(part, path, "fileData", &["mimeType", "fileUri", "displayName"])?
            && string(file, path, "fileUri")?.is_none_or(str::is_empty)
        {
            return Err(bad(&format!("{path}.file_data.file_uri"), "is not specified."));
        }
        if let Some(call) = sub(part, path, "functionCall", &["id", "name", "args"])? {
            self.call(call, &format!("{path}.function_call"), signed)?;
        }
        let known = ["id", "name", "response", "parts", "scheduling", "willContinue"];
        if let Some(result) = sub(part, path, "functionResponse", &known)? {
            self.result(result, &format!("{path}.function_response"), input)?;
        }
        Ok(())
    }

    fn call(&mut self, call: &'a Object, path: &str, signed: bool) -> Result<(), Failure> {
        if self.role != "model" {
            return Err(Failure::bad("Please ensure that function call is of role model."));
        }
        let name = string(call, path, "name")?.unwrap_or_default();
        if name.is_empty() {
            return Err(bad(&format!("{path}.name"), "Name cannot be empty."));
        }
        if get(call, "args").is_some_and(|args| !args.is_object()) {
            return Err(bad(&format!("{path}.args"), "must be a Struct."));
        }
        self.calls.push(Call { name, signed });
        Ok(())
    }

    fn result(&mut self, result: &Object, path: &str, input: &mut usize) -> Result<(), Failure> {
        if string(result, path, "name")?.is_none_or(str::is_empty) {
            return Err(bad(&format!("{path}.name"), "Name cannot be empty."));
        }
        let Some(Value::Object(response)) = get(result, "response") else {
            return Err(bad(&format!("{path}.response"), "must be a Struct."));
        };
        let told = response.get("output").or(response.get("result"));
        let text = match told {
            Some(Value::String(text)) => text.clone(),
            _ => Value::Object(response.clone()).to_string(),
        };
        *input += text.len();
        self.results.push(text);
        Ok(())
    }
}

/// Only what this server signed itself, and the documented stand-ins.
fn signature(part: &Object, path: &str) -> Result<bool, Failure> {
    bytes(part, path, "thoughtSignature")?;
    match string(part, path, "thoughtSignature")? {
        None | Some("") => Ok(false),
        Some(
            SIGNATURE | "skip_thought_signature_validator" | "context_engineering_is_the_way_to_go",
        ) => Ok(true),
        Some(_) => Err(Failure::bad("Thought signature is not valid.")),
    }
}

/// What a part may be: one of them.
const DATA: &[&str] = &[
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "text",
];
const PART: &[&str] = &[
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "mediaResolution",
    "partMetadata",
    "text",
    "thought",
    "thoughtSignature",
    "videoMetadata",
];
