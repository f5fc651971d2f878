//! Identity streams: whole events pass as they came; read along for what the
//! gateway must know (first content, usage, errors, the end).

use super::reasoning::Name;
use super::template::Template;
use crate::dialect::relay::{self, Keep, Reader, Relay};
use crate::dialect::{Progress, Reply, Usage, cost};
use crate::error::{Error, Kind};
use crate::wire::json;
use crate::wire::sse::Event;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Most bytes of one event: images come whole in one.
pub(crate) const MAX_EVENT: usize = 16 << 20;

pub(super) fn identity(reply: &Reply) -> Relay<Along> {
    Relay::new(Along::new(reply))
}

/// Of the older completions.
pub(super) fn older(reply: &Reply) -> Relay<Along> {
    Relay::new(Along { older: true, ..Along::new(reply) })
}

/// Reads along.
pub(super) struct Along {
    progress: Progress,
    /// The client did not ask for the usage chunk: it is taken out again.
    strip_usage: bool,
    /// Of the older completions: text stands in `text`, not in a delta.
    older: bool,
    finish_seen: bool,
    done_seen: bool,
    template: Template,
    /// What the provider calls reasoning, where that is not what clients do.
    reasoning: Option<Name>,
}

// === impl Along ===

impl Along {
    fn new(reply: &Reply) -> Self {
        Self {
            progress: Progress::default(),
            strip_usage: !reply.include_usage,
            older: false,
            finish_seen: false,
            done_seen: false,
            template: Template::default(),
            reasoning: Name::of(reply.quirks),
        }
    }
}

impl Reader for Along {
    fn read(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Keep {
        if self.progress.failed.is_some() {
            return Keep::No;
        }
        let Some(data) = &event.data else { return Keep::Yes };
        let data = data.trim_ascii();
        if data.is_empty() {
            return Keep::Yes;
        }
        if self.done_seen {
            return Keep::No;
        }
        if data == b"[DONE]" {
            if !self.finish_seen && !self.progress.started {
                let e =
                    Error::new(Kind::BadAnswer, "the provider's stream ended without an answer");
                self.fail(e, out);
                return Keep::No;
            }
            self.done_seen = true;
            self.progress.complete = true;
            return Keep::Yes;
        }
        if let Some(bytes) = self.template.recognise(data) {
            self.progress.output_bytes += bytes;
            return Keep::Yes;
        }
        match serde_json::from_slice::<Chunk<'_>>(data) {
            Ok(chunk) => {
                let renames = self.reasoning.as_ref().is_some_and(|name| name.is_in(data));
                match self.chunk(&chunk, data, renames, out) {
                    Keep::Yes if renames => self.rename(event, data, out),
                    keep => keep,
                }
            }
            // JSON that is no chunk as we know it: an extension, passed on.
            Err(e) if e.is_data() => Keep::Yes,
            Err(_) => {
                self.fail(relay::no_json(), out);
                Keep::No
            }
        }
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.done_seen {
            out.extend_from_slice(&super::error::event(&error));
            self.progress.failed = Some(error);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.done_seen {
            return;
        }
        if self.finish_seen {
            // The answer is whole, only the farewell is missing.
            self.progress.complete = true;
            out.extend_from_slice(b"data: [DONE]\n\n");
        } else {
            self.fail(relay::cut_short(), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Along {
    /// `renames`: not all of its bytes will pass, so that it is no template.
    fn chunk(&mut self, chunk: &Chunk<'_>, data: &[u8], renames: bool, out: &mut Vec<u8>) -> Keep {
        if chunk.error.is_some() {
            let error = super::error::in_stream(data);
            if error.kind == Kind::ProviderAuth {
                // The provider's own words are about our key, and may quote it.
                self.fail(error, out);
                return Keep::No;
            }
            self.progress.failed = Some(error);
            return Keep::Yes;
        }
        let extension =
            chunk.x_groq.and_then(|x| serde_json::from_str::<Extension<'_>>(x.get()).ok());
        let usage = chunk.usage.or(extension.and_then(|x| x.usage));
        let usage = usage.and_then(|u| super::usage::read(u.get().as_bytes()));
        let tier = cost::tier(chunk.service_tier).or(self.progress.usage.tier);
        self.progress.usage = Usage { tier, ..usage.unwrap_or(self.progress.usage) };
        let choices = chunk.choices.as_deref().unwrap_or_default();
        for choice in choices {
            // What has not the operation's own field is an answer to another one.
            let (told, content) = match (self.older, choice.text) {
                (true, Some(text)) => (true, text.get().len().saturating_sub(2) as u64),
                (true, None) => (false, 0),
                (false, _) => (true, choice.delta.as_ref().map_or(0, |d| d.bytes)),
            };
            let finished = told && choice.finish_reason.is_some();
            self.finish_seen |= finished;
            self.progress.output_bytes += content;
            self.progress.started |= content > 0 || finished;
        }
        if let [
            Choice { delta: Some(Delta { text: Some(text), .. }), finish_reason: None, text: None },
        ] = choices
            && chunk.usage.is_none()
            && !renames
        {
            self.template.learn(data, text);
        }
        if usage.is_some() && choices.is_empty() && self.strip_usage { Keep::No } else { Keep::Yes }
    }

    /// Writes a chunk with reasoning under the client's name of it.
    fn rename(&self, event: &Event<'_>, data: &[u8], out: &mut Vec<u8>) -> Keep {
        let splices = self.reasoning.as_ref().map(|name| name.splices(data)).unwrap_or_default();
        if splices.is_empty() {
            return Keep::Yes;
        }
        let renamed = json::splice(data, &splices);
        let start = json::offset(event.raw, data);
        match (event.raw.get(..start), event.raw.get(start + data.len()..)) {
            (Some(before), Some(after)) if matches!(event.data, Some(Cow::Borrowed(_))) => {
                out.extend_from_slice(before);
                out.extend_from_slice(&renamed);
                out.extend_from_slice(after);
            }
            // Of several `data:` lines: no part of the raw event.
            _ => {
                for line in renamed.split(|b| *b == b'\n') {
                    out.extend_from_slice(b"data: ");
                    out.extend_from_slice(line);
                    out.push(b'\n');
                }
                out.push(b'\n');
            }
        }
        Keep::Replaced
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
    /// Groq's place for the usage of a stream, asked for or not.
    #[serde(borrow)]
    x_groq: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Extension<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    /// Of the older completions.
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
}

/// How much a delta carries, whatever its fields are called: content, reasoning
/// in any provider's spelling, a refusal, tool calls, audio.
struct Delta<'a> {
    bytes: u64,
    /// The JSON string that is all it carries, quotes included.
    text: Option<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Delta<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Delta<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Delta<'de>, M::Error> {
                let (mut bytes, mut fields, mut text) = (0, 0, None);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    let value: &'de RawValue = map.next_value()?;
                    if key.0 != "role" && !matches!(value.get(), "null" | "\"\"" | "[]") {
                        bytes += value.get().len().saturating_sub(2).max(1) as u64;
                        fields += 1;
                        text = Some(value.get()).filter(|v| fields == 1 && v.starts_with('"'));
                    }
                }
                Ok(Delta { bytes, text })
            }
        }
        d.deserialize_map(Fields)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests;
