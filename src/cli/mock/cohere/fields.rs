//! Typed reads of a request's fields, and what Cohere says when they fail.
//!
//! The API is strict: a field it does not know is an error, at the top and within.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

pub(in crate::cli::mock) type Object = Map<String, Value>;

pub(in crate::cli::mock) fn invalid(problem: impl std::fmt::Display) -> Failure {
    Failure::bad(format!("invalid request: {problem}"))
}

/// Refuses the first field not in `known`.
pub(in crate::cli::mock) fn only(map: &Object, known: &[&str]) -> Result<(), Failure> {
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let message = format!("unknown field: parameter '{name}' is not a valid field");
            Err(Failure::new(422, message))
        }
    }
}

/// A field; null is as good as absent.
pub(in crate::cli::mock) fn field<'a>(map: &'a Object, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

pub(in crate::cli::mock) fn object<'a>(
    value: &'a Value,
    what: &str,
) -> Result<&'a Object, Failure> {
    value.as_object().ok_or_else(|| invalid(format!("{what} must be an object")))
}

pub(in crate::cli::mock) fn string<'a>(map: &'a Object, name: &str) -> Result<&'a str, Failure> {
    let value = field(map, name).ok_or_else(|| invalid(format!("{name} is required")))?;
    value.as_str().ok_or_else(|| invalid(format!("{name} must be a string")))
}

pub(in crate::cli::mock) fn model(map: &Object) -> Result<&str, Failure> {
    match field(map, "model") {
        None => Err(Failure::bad("a model parameter is required for this endpoint.")),
        Some(_) => string(map, "model"),
    }
}

pub(in crate::cli::mock) fn array<'a>(map: &'a Object, name: &str) -> Result<&'a [Value], Failure> {
    match field(map, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(format!("{name} must be a list"))),
    }
}

/// A list of strings.
pub(in crate::cli::mock) fn strings<'a>(
    map: &'a Object,
    name: &str,
) -> Result<Vec<&'a str>, Failure> {
    let items = array(map, name)?.iter().map(Value::as_str);
    let items: Option<Vec<_>> = items.collect();
    items.ok_or_else(|| invalid(format!("{name} must be a list of strings")))
}

pub(in crate::cli::mock) fn boolean(map: &Object, name: &str) -> Result<bool, Failure> {
    match field(map, name) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(invalid(format!("{name} must be a boolean"))),
    }
}

/// A number from `least` to `most`, if there.
pub(in crate::cli::mock) fn number(
    map: &Object,
    name: &str,
    least: f64,
    most: f64,
) -> Result<Option<f64>, Failure> {
    let Some(value) = field(map, name) else { return Ok(None) };
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        Some(_) => Err(invalid(format!("{name} must be between {least} and {most} inclusive."))),
        None => Err(invalid(format!("{name} must be a number"))),
    }
}

/// A whole number of at least `least`, if there.
pub(in crate::cli::mock) fn whole(
    map: &Object,
    name: &str,
    least: u64,
) -> Result<Option<u64>, Failure> {
    let Some(value) = field(map, name) else { return Ok(None) };
    match value.as_u64() {
        Some(number) if number >= least => Ok(Some(number)),
        _ => Err(invalid(format!("{name} must be a whole number of at least {least}"))),
    }
}

/// One of these words, if there.
pub(in crate::cli::mock) fn word<'a>(
    map: &'a Object,
    name: &str,
    words: &[&str],
) -> Result<Option<&'a str>, Failure> {
    let Some(value) = field(map, name) else { return Ok(None) };
    match value.as_str().filter(|w| words.contains(w)) {
        Some(word) => Ok(Some(word)),
        None => Err(invalid(format!("{name} must be one of {}", words.join(", ")))),
    }
}
