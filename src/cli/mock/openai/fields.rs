//! Typed reads of a request's fields, and what OpenAI says when they fail.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

/// A field that is there and not null: OpenAI takes null for absent.
pub(in crate::cli::mock) fn field<'a>(
    map: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

pub(in crate::cli::mock) fn boolean(
    map: &Map<String, Value>,
    name: &str,
) -> Result<Option<bool>, Failure> {
    match field(map, name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(wrong_type(name, "a boolean", other)),
    }
}

pub(in crate::cli::mock) fn integer(
    map: &Map<String, Value>,
    name: &str,
    min: u64,
    max: u64,
) -> Result<Option<u64>, Failure> {
    let Some(value) = field(map, name) else {
        return Ok(None);
    };
    match (value.as_u64(), value.as_i64()) {
        (None, None) => Err(wrong_type(name, "an integer", value)),
        (Some(n), _) if n > max => Err(bound(name, "integer", "above maximum", "<=", max, value)),
        (Some(n), _) if n >= min => Ok(Some(n)),
        _ => Err(bound(name, "integer", "below minimum", ">=", min, value)),
    }
}

pub(in crate::cli::mock) fn number(
    map: &Map<String, Value>,
    name: &str,
    min: f64,
    max: f64,
) -> Result<(), Failure> {
    let Some(value) = field(map, name) else {
        return Ok(());
    };
    match value.as_f64() {
        None => Err(wrong_type(name, "a decimal", value)),
        Some(n) if n > max => Err(bound(name, "decimal", "above maximum", "<=", max, value)),
        Some(n) if n < min => Err(bound(name, "decimal", "below minimum", ">=", min, value)),
        Some(_) => Ok(()),
    }
}

pub(in crate::cli::mock) fn missing(param: &str) -> Failure {
    Failure::bad(format!("Missing required parameter: '{param}'."))
        .param(param)
        .code("missing_required_parameter")
}

pub(in crate::cli::mock) fn wrong_type(param: &str, expected: &str, got: &Value) -> Failure {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(n) if n.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Failure::bad(format!("Invalid type for '{param}': expected {expected}, but got {got} instead."))
        .param(param)
        .code("invalid_type")
}

pub(in crate::cli::mock) fn one_of(param: &str, got: &Value, values: &[&str]) -> Failure {
    let Some(got_text) = got.as_str() else {
        return wrong_type(param, "a string", got);
    };
    let values: Vec<_> = values.iter().map(|v| format!("'{v}'")).collect();
    let message = match values.split_last() {
        Some((last, first)) if !first.is_empty() => format!(
            "Invalid value: '{got_text}'. Supported values are: {}, and {last}.",
            first.join(", ")
        ),
        _ => format!("Invalid value: '{got_text}'. Value must be {}.", values.concat()),
    };
    Failure::bad(message).param(param).code("invalid_value")
}

pub(in crate::cli::mock) fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(legal)
}

fn bound(
    name: &str,
    kind: &str,
    side: &str,
    sign: &str,
    limit: impl std::fmt::Display,
    got: &Value,
) -> Failure {
    Failure::bad(format!(
        "Invalid '{name}': {kind} {side} value. Expected a value {sign} {limit}, \
         but got {got} instead."
    ))
    .param(name)
    .code(&format!(
        "{kind}_{}_value",
        side.replace("minimum", "min").replace("maximum", "max").replace(' ', "_")
    ))
}
