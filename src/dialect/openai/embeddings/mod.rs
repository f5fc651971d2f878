//! OpenAI embeddings: identity, and what every translation from them needs.
//!
//! Identity is bytes: the model's name is spliced, and what a provider's `Quirks` name
//! (`identity`). The rest of this folder reads a request for those who rebuild it, and
//! writes OpenAI's answer (`answer`).
//!
//! OpenAI's SDKs ask for base64 unasked, and unpack it: where a provider gives numbers
//! alone, it is made here; numbers keep the provider's digits. An answer with more or
//! fewer vectors than texts is no answer: the client would take one text's for
//! another's.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/embeddings/create>.

use super::error;
use super::read::{Object, Path, Value};
use crate::dialect::identity::Unstreamed;
use crate::dialect::loss::{self, Dropped, Field, Lost};
use crate::dialect::{Dialect, Request, Translator};
use crate::error::Error;

mod answer;
mod identity;

pub use answer::{vector, write};

pub const IDENTITY: Translator = Translator {
    client: Dialect::OpenAiEmbeddings,
    upstream: Dialect::OpenAiEmbeddings,
    gaps: &[],
    client_gaps: &[],
    request: identity::request,
    reads: Some(identity::reads),
    response: identity::response,
    error: error::from_upstream,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

/// A request, checked, for those who say it in other words.
#[derive(Debug)]
pub struct Ask<'a> {
    /// JSON strings; one at least.
    pub texts: Vec<&'a [u8]>,
    /// Vectors as base64 of little-endian floats, not as numbers.
    pub base64: bool,
    /// A whole number, as it is spelled.
    pub dimensions: Option<&'a [u8]>,
    /// What goes no further.
    pub dropped: Vec<Lost>,
    body: Object<'a>,
}

// === impl Ask ===

impl<'a> Ask<'a> {
    /// `most`: texts that the provider takes in one call.
    pub fn read(request: &Request<'a>, fields: &[Field], most: usize) -> Result<Self, Error> {
        check_count(request.facts.inputs, most)?;
        let root = Value::root(request.body);
        let body = root.object()?;
        let mut dropped = Dropped::default();
        loss::sort_out(fields, &root, &body, &mut dropped)?;
        let texts = texts(&root, &body)?;
        let base64 = wants_base64(&root, &body)?;
        let dimensions = root.field(&body, "dimensions").map(|d| positive(&d)).transpose()?;
        Ok(Self { texts, base64, dimensions, dropped: dropped.into_names(), body })
    }

    /// A field of the provider's own that is a JSON string.
    pub fn string(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        let value =
            self.body.get(name).map(|raw| Value { raw, path: Path::Key(&Path::Root, name) });
        value.map(|v| v.string()).transpose()
    }

    /// One that is true or false.
    pub fn boolean(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        let value =
            self.body.get(name).map(|raw| Value { raw, path: Path::Key(&Path::Root, name) });
        value.map(|v| v.boolean().map(|_| v.raw)).transpose()
    }

    /// One of any kind.
    pub fn own(&self, name: &str) -> Option<&'a [u8]> {
        self.body.get(name)
    }
}

/// Refuses more texts than the provider takes, before they are looked at.
fn check_count(inputs: usize, most: usize) -> Result<(), Error> {
    let words = match most {
        _ if inputs <= most => return Ok(()),
        1 => "this model takes one text in one call".to_owned(),
        _ => format!("this model takes at most {most} texts in one call"),
    };
    Err(Error::invalid("input", words))
}

/// A whole number of 1 or more, as it is spelled.
pub fn positive<'a>(value: &Value<'a, '_>) -> Result<&'a [u8], Error> {
    let number = std::str::from_utf8(value.raw).ok().and_then(|t| t.parse::<u32>().ok());
    match number {
        Some(1..) => Ok(value.raw),
        _ => Err(value.error("must be a whole number of 1 or more")),
    }
}

/// The texts of `input`, as JSON strings, for those who take no tokens.
fn texts<'a>(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Vec<&'a [u8]>, Error> {
    let Some(input) = root.field(body, "input") else {
        return Err(Error::invalid("input", "you must provide an input parameter"));
    };
    if input.is_string() {
        return Ok(vec![input.raw]);
    }
    if !input.is_array() {
        return Err(input.error("must be a string or an array of strings"));
    }
    let texts = input.items()?;
    if texts.is_empty() {
        return Err(input.error("must not be empty"));
    }
    for (i, raw) in texts.iter().enumerate() {
        let item = input.item(i, raw);
        if !item.is_string() {
            return Err(item.error(NO_TOKENS));
        }
    }
    Ok(texts)
}

/// Why tokens are refused.
const NO_TOKENS: &str = "must be text: tokens are numbers of another model's vocabulary";

/// `encoding_format`: base64 of little-endian floats, not numbers.
fn wants_base64(root: &Value<'_, '_>, body: &Object<'_>) -> Result<bool, Error> {
    let Some(format) = root.field(body, "encoding_format") else { return Ok(false) };
    match format.text()?.as_ref() {
        "float" => Ok(false),
        "base64" => Ok(true),
        _ => Err(format.error("must be float or base64")),
    }
}
