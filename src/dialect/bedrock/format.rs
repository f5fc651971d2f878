//! `response_format`: how the answer is made JSON.
//!
//! A schema goes into `outputConfig.textFormat`, as a string, where the model takes
//! one and the schema can be told in the closed subset that Bedrock compiles. Else
//! the model is made to call a tool of ours whose input is the answer. Where no tool
//! can be forced, or the client wants thinking and gave no schema, the system prompt
//! asks for JSON.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>.

use super::JSON_TOOL;
use crate::dialect::claude::schema;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::format;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::tools::open_schema;
use crate::dialect::{ModelTraits, Thinking};
use crate::error::Error;
use crate::wire::json;

#[derive(Debug)]
pub(super) enum Format {
    Text,
    /// The value of `outputConfig.textFormat`.
    Native(Vec<u8>),
    /// Our tool, to be forced.
    Tool(Vec<u8>),
    /// A paragraph for the system prompt.
    Instruction(String),
}

impl Format {
    pub(super) fn read(
        root: &Value<'_, '_>,
        body: &Object<'_>,
        traits: &ModelTraits,
        thinks: bool,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let can_force = traits.thinking != Thinking::Always;
        let asked = match format::Format::read(root, body, dropped)? {
            format::Format::Text => return Ok(Format::Text),
            format::Format::Json if can_force && !thinks => {
                return Ok(Format::Tool(tool(None, br#"{"type":"object"}"#)));
            }
            format::Format::Json => return Ok(Format::Instruction(JSON_ONLY.to_owned())),
            format::Format::Schema(asked) => asked,
        };
        if let Some(native) = schema::native(asked.schema).filter(|_| traits.structured_output) {
            if native.softened {
                dropped.add("response_format.json_schema.schema (limits became words)");
            }
            let mut out = br#"{"type":"json_schema","structure":{"jsonSchema":{"schema":"#.to_vec();
            json::push_text(&mut out, &String::from_utf8_lossy(&native.schema));
            if let Some(name) = asked.name {
                out.extend_from_slice(br#","name":"#);
                out.extend_from_slice(name);
            }
            if let Some(description) = &asked.description {
                out.extend_from_slice(br#","description":"#);
                json::push_text(&mut out, description);
            }
            out.extend_from_slice(b"}}}");
            return Ok(Format::Native(out));
        }
        let mut open = Vec::with_capacity(asked.schema.len() + 24);
        open_schema(&mut open, Some(asked.schema));
        if can_force {
            return Ok(Format::Tool(tool(asked.description.as_deref(), &open)));
        }
        dropped.add("response_format.json_schema (asked for in words)");
        let about = asked.description.as_deref().unwrap_or_default();
        Ok(Format::Instruction(format!(
            "{JSON_ONLY} It must be valid under this JSON schema: {}\n{about}",
            String::from_utf8_lossy(&open)
        )))
    }
}

const JSON_ONLY: &str = "Answer with one JSON object and nothing else: no text around it and no \
                         Markdown fence.";

fn tool(description: Option<&str>, schema: &[u8]) -> Vec<u8> {
    let mut out = br#"{"toolSpec":{"name":"#.to_vec();
    json::push_text(&mut out, JSON_TOOL);
    out.extend_from_slice(br#","description":"#);
    let how = "Gives the answer to the user. Call it once; its input is the whole answer.";
    match description {
        Some(text) => json::push_text(&mut out, &format!("{how} {text}")),
        None => json::push_text(&mut out, how),
    }
    out.extend_from_slice(br#","inputSchema":{"json":"#);
    out.extend_from_slice(schema);
    out.extend_from_slice(b"}}}");
    out
}
