//! `response_format`: what shape the client wants the answer in.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/chat/create#chat_create-response_format>.

use super::read::{Object, Value};
use crate::dialect::loss::Dropped;
use crate::error::Error;
use std::borrow::Cow;

#[derive(Debug)]
pub enum Format<'a> {
    Text,
    /// Any JSON object.
    Json,
    Schema(Schema<'a>),
}

#[derive(Debug)]
pub struct Schema<'a> {
    /// A JSON string.
    pub name: Option<&'a [u8]>,
    pub description: Option<Cow<'a, str>>,
    /// A JSON object.
    pub schema: &'a [u8],
    pub strict: bool,
}

impl<'a> Format<'a> {
    pub fn read(
        root: &Value<'a, '_>,
        body: &Object<'a>,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let Some(format) = root.field(body, "response_format") else { return Ok(Format::Text) };
        let object = format.object()?;
        let Some(type_) = format.field(&object, "type") else {
            return Err(format.error("needs a type"));
        };
        match type_.text()?.as_ref() {
            "text" => Ok(Format::Text),
            "json_object" => Ok(Format::Json),
            "json_schema" => {
                let Some(outer) = format.field(&object, "json_schema") else {
                    return Err(format.error("needs json_schema"));
                };
                let inner = outer.object()?;
                let known = ["name", "description", "schema", "strict"];
                dropped.unknown("response_format.json_schema.", &inner, &known);
                let description =
                    outer.field(&inner, "description").map(|d| d.text()).transpose()?;
                let Some(schema) = outer.field(&inner, "schema") else {
                    return Err(outer.error("needs a schema"));
                };
                schema.object()?;
                let strict = outer.field(&inner, "strict").map(|s| s.boolean()).transpose()?;
                Ok(Format::Schema(Schema {
                    name: outer.field(&inner, "name").map(|n| n.string()).transpose()?,
                    description,
                    schema: schema.raw,
                    strict: strict.unwrap_or(false),
                }))
            }
            _ => Err(type_.error("must be text, json_object or json_schema")),
        }
    }
}
