//! `response_format`: how the answer is made JSON.
//!
//! Natively where the model takes schemas and there are no tools: the API refuses
//! both together. Beside tools a schema becomes one more tool and the model must
//! call one; `response` and `stream` unwrap ours. What is left is asked for in words.

use super::JSON_TOOL;
use crate::dialect::ModelTraits;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::format;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::{Choice, Tools, open_schema};
use crate::error::Error;
use crate::wire::json;

#[derive(Debug)]
pub(super) enum Format {
    Text,
    /// The value of `response_format`, and a sentence for the system message.
    Native {
        format: Vec<u8>,
        instruction: Option<String>,
    },
    /// Our tool, to be added.
    Tool(Vec<u8>),
    /// A paragraph for the system message.
    Words(String),
}

impl Format {
    pub(super) fn read(
        root: &Value<'_, '_>,
        body: &Object<'_>,
        traits: &ModelTraits,
        tools: &Tools<'_>,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let alone = tools.defined.is_empty() || tools.choice == Choice::Never;
        let native = alone && traits.structured_output;
        let asked = match format::Format::read(root, body, dropped)? {
            format::Format::Text => return Ok(Format::Text),
            // A tool must be called: there will be no JSON answer this time.
            _ if tools.choice.is_forced() => return Ok(Format::Text),
            format::Format::Json if native => {
                let format = br#"{"type":"json_object"}"#.to_vec();
                return Ok(Format::Native { format, instruction: None });
            }
            format::Format::Json => {
                dropped.add("response_format (asked for in words)");
                return Ok(Format::Words(JSON_ONLY.to_owned()));
            }
            format::Format::Schema(asked) => asked,
        };
        let mut schema = Vec::with_capacity(asked.schema.len() + 24);
        open_schema(&mut schema, Some(asked.schema));
        let about = asked.description.as_deref().unwrap_or_default();
        if native {
            let mut format = br#"{"type":"json_object""#.to_vec();
            json::push_member(&mut format, "json_schema", &schema);
            format.push(b'}');
            let instruction = Some(with(BY_SCHEMA, about));
            return Ok(Format::Native { format, instruction });
        }
        if !alone {
            return Ok(Format::Tool(tool(about, &schema)));
        }
        dropped.add("response_format.json_schema (asked for in words)");
        let schema = String::from_utf8_lossy(&schema);
        let words = format!("{JSON_ONLY} It must be valid under this JSON schema: {schema}");
        Ok(Format::Words(with(&words, about)))
    }

    pub(super) fn instruction(&self) -> Option<&str> {
        match self {
            Format::Native { instruction, .. } => instruction.as_deref(),
            Format::Words(words) => Some(words),
            Format::Text | Format::Tool(_) => None,
        }
    }
}

const BY_SCHEMA: &str = "Generate a JSON object that follows the given JSON schema.";

const JSON_ONLY: &str = "Answer with one JSON object and nothing else: no text around it and no \
                         Markdown fence.";

fn with(words: &str, about: &str) -> String {
    if about.is_empty() { words.to_owned() } else { format!("{words} {about}") }
}

fn tool(about: &str, schema: &[u8]) -> Vec<u8> {
    let how = "Gives the answer to the user. Call it once; its parameters are the whole answer.";
    let mut out = br#"{"type":"function","function":{"name":"#.to_vec();
    json::push_text(&mut out, JSON_TOOL);
    out.extend_from_slice(br#","description":"#);
    json::push_text(&mut out, &with(how, about));
    json::push_member(&mut out, "parameters", schema);
    out.extend_from_slice(b"}}");
    out
}
