//! Typed reads of a request's fields, and what Anthropic says when they fail.
//!
//! The API is strict: a field it does not know is an error, at every level.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

pub(super) type Object = Map<String, Value>;

pub(super) fn bad(path: &str, problem: &str) -> Failure {
    Failure::bad(format!("{path}: {problem}"))
}

/// Refuses the first field not in `known`.
pub(super) fn only(map: &Object, path: &str, known: &[&str]) -> Result<(), Failure> {
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(bad(&join(path, name), "Extra inputs are not permitted")),
    }
}

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Failure> {
    value
        .as_object()
        .ok_or_else(|| bad(path, "Input should be an object"))
}

pub(super) fn required<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a Value, Failure> {
    map.get(name)
        .ok_or_else(|| bad(&join(path, name), "Field required"))
}

pub(super) fn string<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a str, Failure> {
    let value = required(map, path, name)?;
    value
        .as_str()
        .ok_or_else(|| bad(&join(path, name), "Input should be a valid string"))
}

pub(super) fn array<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a [Value], Failure> {
    match map.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(bad(&join(path, name), "Input should be a valid array")),
    }
}

pub(super) fn boolean(map: &Object, path: &str, name: &str) -> Result<bool, Failure> {
    match map.get(name) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(bad(&join(path, name), "Input should be a valid boolean")),
    }
}

pub(super) fn unsigned(map: &Object, path: &str, name: &str) -> Result<u64, Failure> {
    let value = required(map, path, name)?;
    let path = join(path, name);
    match (value.as_u64(), value.as_i64()) {
        (Some(n), _) => Ok(n),
        (None, Some(_)) => Err(bad(&path, "Input should be greater than or equal to 0")),
        (None, None) => Err(bad(&path, "Input should be a valid integer")),
    }
}

/// A number between 0 and 1, if there.
pub(super) fn share(map: &Object, name: &str) -> Result<Option<f64>, Failure> {
    let Some(value) = map.get(name) else {
        return Ok(None);
    };
    match value.as_f64() {
        None => Err(bad(name, "Input should be a valid number")),
        Some(n) if n > 1.0 => Err(bad(name, "range: 0..1")),
        Some(n) if n < 0.0 => Err(bad(name, "range: 0..1")),
        Some(n) => Ok(Some(n)),
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
