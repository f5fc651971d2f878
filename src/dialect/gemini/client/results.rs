//! Results of functions: a `functionResponse` to a tool's message.
//!
//! `output` (or `result`, as `google-genai` says) is the whole of it where it stands
//! alone; so is `error`, which a message says by `is_error` where the provider has a
//! word for that. Media go with the result where they may.
//!
//! Spec: <https://ai.google.dev/api/caching#FunctionResponse>.

use super::contents::Writer;
use super::media;
use super::spell::{field, member, unknown};
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::Value;
use crate::dialect::{Dialect, Maker, hub};
use crate::error::Error;
use crate::wire::json;

/// What a provider's results may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Results {
    /// Text alone.
    plain: bool,
    /// That a function failed can be said.
    failures: bool,
}

impl Results {
    pub(super) fn of(upstream: Dialect, maker: Maker) -> Self {
        let failures = hub::tells_failures(upstream, maker);
        Self { plain: hub::has_plain_results(upstream), failures }
    }
}

impl<'a> Writer<'a, '_> {
    pub(super) fn result(&mut self, response: &Value<'a, '_>) -> Result<(), Error> {
        let object = response.object()?;
        let known = ["id", "name", "response", "parts", "willContinue", "scheduling"];
        unknown(self.dropped, "functionResponse.", &object, &known);
        for own in ["willContinue", "scheduling"] {
            if field(response, &object, own).is_some_and(|v| v.raw != b"false") {
                self.dropped.add(format!("functionResponse.{own}"));
            }
        }
        let id = field(response, &object, "id").map(|id| id.text()).transpose()?;
        let Some(name) = field(response, &object, "name") else {
            return Err(response.error("needs a name"));
        };
        let text = name.text()?;
        let by_id =
            self.calls.iter().position(|(own, _, done)| !done && id.as_deref() == Some(own));
        let found =
            by_id.or_else(|| self.calls.iter().position(|(_, n, done)| !done && *n == text));
        let Some(found) = found else {
            return Err(name.error("answers no call of the turn before it"));
        };
        let (string, failed) = match field(response, &object, "response") {
            Some(value) => output(&value, self.results.failures)?,
            None => (b"\"\"".to_vec(), false),
        };
        let mut inside = Array::default();
        if let Some(parts) = field(response, &object, "parts") {
            for (i, raw) in parts.items()?.into_iter().enumerate() {
                self.medium(&parts.item(i, raw), failed, &mut inside)?;
            }
        }

        let Some((id, _, done)) = self.calls.get_mut(found) else { return Ok(()) };
        *done = true;
        let out = self.messages.item();
        out.extend_from_slice(br#"{"role":"tool","tool_call_id":"#);
        json::push_text(out, id);
        if failed {
            member(out, "is_error", b"true");
        }
        if inside.is_empty() {
            member(out, "content", &string);
        } else {
            out.extend_from_slice(br#","content":[{"type":"text""#);
            member(out, "text", &string);
            out.extend_from_slice(b"},");
            out.extend_from_slice(inside.items());
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }

    /// A medium of a result: inside of it, or with what the user says.
    fn medium(
        &mut self,
        part: &Value<'_, '_>,
        failed: bool,
        inside: &mut Array,
    ) -> Result<(), Error> {
        let object = part.object()?;
        unknown(self.dropped, "functionResponse.parts.", &object, &["inlineData", "fileData"]);
        let mut written = Vec::new();
        if let Some(blob) = field(part, &object, "inlineData") {
            media::inline(&blob, &mut written, self.dropped)?;
        } else if let Some(file) = field(part, &object, "fileData") {
            media::linked(&file, &mut written, self.dropped)?;
        }
        if written.is_empty() {
            return Ok(());
        }
        // No provider takes sounds there, and Claude no media in failures.
        let apart = failed || written.starts_with(br#"{"type":"input_audio""#);
        let to = if self.results.plain || apart { self.user.item() } else { inside.item() };
        to.extend_from_slice(&written);
        Ok(())
    }
}

/// A result as a JSON string, and whether it is told as a failure.
fn output(response: &Value<'_, '_>, failures: bool) -> Result<(Vec<u8>, bool), Error> {
    let object = response.object()?;
    let mut members = object.iter();
    let (raw, failed) = match (members.next(), members.next()) {
        (Some(("output" | "result", raw)), None) => (raw, false),
        (Some(("error", raw)), None) if failures && raw != b"null" => (raw, true),
        _ => (response.raw, false),
    };
    if raw.first() == Some(&b'"') {
        return Ok((raw.to_vec(), failed));
    }
    let mut string = Vec::with_capacity(raw.len() + 16);
    json::push_text(&mut string, &String::from_utf8_lossy(raw));
    Ok((string, failed))
}
