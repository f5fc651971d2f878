//! Typed reads of a request's fields, and what Bedrock says when they fail.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

pub(super) type Object = Map<String, Value>;

pub(super) fn bad(message: impl Into<String>) -> Failure {
    Failure::bad(message)
}

/// Refuses the first field not in `known`. The real service ignores some unknown
/// fields; a client that sends them means something else than it gets.
pub(super) fn only(map: &Object, path: &str, known: &[&str]) -> Result<(), Failure> {
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(bad(format!(
            "The model returned the following errors: Malformed input request: extraneous key \
             [{name}] is not permitted at {path}, please reformat your input and try again."
        ))),
    }
}

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Failure> {
    value.as_object().ok_or_else(|| bad(format!("Unexpected type at {path}: expected an object")))
}

pub(super) fn sub<'a>(
    map: &'a Object,
    path: &str,
    name: &str,
) -> Result<Option<&'a Object>, Failure> {
    map.get(name).map(|value| object(value, &format!("{path}.{name}"))).transpose()
}

pub(super) fn array<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a [Value], Failure> {
    match map.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(bad(format!("Unexpected type at {path}.{name}: expected a list"))),
    }
}

pub(super) fn string<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a str, Failure> {
    map.get(name).and_then(Value::as_str).ok_or_else(|| {
        bad(format!(
            "Value at '{path}.{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// The one member of a union.
pub(super) fn union<'a>(map: &'a Object, path: &str) -> Result<(&'a str, &'a Value), Failure> {
    let mut members = map.iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(bad(format!("Exactly one member must be set at {path}"))),
    }
}

pub(super) fn one_of(value: &str, path: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(bad(format!(
        "Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value \
         set: [{}]",
        known.join(", ")
    )))
}

/// Of 1 to 64 characters of an alphabet.
pub(super) fn word(value: &str, path: &str, also: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    if (1..=64).contains(&value.len()) && value.chars().all(fits) {
        return Ok(());
    }
    Err(bad(format!(
        "Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [a-zA-Z0-9{also}]+"
    )))
}

/// Base64 that decodes.
pub(super) fn blob(value: &Value, path: &str) -> Result<(), Failure> {
    let text = value.as_str().unwrap_or_default();
    let body = text.trim_end_matches('=');
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if !body.is_empty() && text.len().is_multiple_of(4) && body.bytes().all(alphabet) {
        return Ok(());
    }
    let mut failure = bad(format!("Unable to decode base64 at {path}"));
    failure.code = Some("SerializationException".to_owned());
    Err(failure)
}
