//! Typed reads of a request's fields, and what Google says when they fail.
//!
//! Its JSON is parsed by a schema: a field that has no place there is an error, at
//! every level but inside of JSON schemas and arguments. Names may be in camel or in
//! snake case, even mixed, as its own client mixes them.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

pub(super) type Object = Map<String, Value>;

/// Refuses the first field not in `known`.
pub(super) fn only(map: &Object, path: &str, known: &[&str]) -> Result<(), Failure> {
    match map.keys().find(|name| !known.contains(&camel(name).as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            Err(Failure::bad(format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
            )))
        }
    }
}

/// A field by its name in camel case, however it is spelled.
pub(super) fn get<'a>(map: &'a Object, name: &str) -> Option<&'a Value> {
    let found =
        map.get(name).or_else(|| map.iter().find(|(n, _)| camel(n) == name).map(|(_, v)| v));
    found.filter(|value| !value.is_null())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

pub(super) fn invalid(path: &str, kind: &str, value: &Value) -> Failure {
    Failure::bad(format!("Invalid value at '{path}' ({kind}), {value}"))
}

/// A problem found after parsing, told of the request's message.
pub(super) fn bad(path: &str, problem: &str) -> Failure {
    Failure::bad(format!("* GenerateContentRequest.{path}: {problem}\n"))
}

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Failure> {
    value.as_object().ok_or_else(|| invalid(path, "type.googleapis.com/google.ai", value))
}

/// A sub-object, if there; every field must be known.
pub(super) fn sub<'a>(
    map: &'a Object,
    path: &str,
    name: &str,
    known: &[&str],
) -> Result<Option<&'a Object>, Failure> {
    let Some(value) = get(map, name) else { return Ok(None) };
    let path = join(path, name);
    let inner = object(value, &path)?;
    only(inner, &path, known)?;
    Ok(Some(inner))
}

pub(super) fn array<'a>(map: &'a Object, path: &str, name: &str) -> Result<&'a [Value], Failure> {
    match get(map, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(invalid(&join(path, name), "repeated field", other)),
    }
}

pub(super) fn string<'a>(
    map: &'a Object,
    path: &str,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    match get(map, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(invalid(&join(path, name), "TYPE_STRING", other)),
    }
}

pub(super) fn boolean(map: &Object, path: &str, name: &str) -> Result<bool, Failure> {
    match get(map, name) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => Err(invalid(&join(path, name), "TYPE_BOOL", other)),
    }
}

/// A number within these ends, if there.
pub(super) fn number(
    map: &Object,
    path: &str,
    name: &str,
    ends: (f64, f64),
) -> Result<Option<f64>, Failure> {
    let Some(value) = get(map, name) else { return Ok(None) };
    let Some(number) = value.as_f64() else {
        return Err(invalid(&join(path, name), "TYPE_FLOAT", value));
    };
    if number < ends.0 || number > ends.1 {
        return Err(bad(
            &join(path, name),
            &format!("must be in the range [{}, {}].", ends.0, ends.1),
        ));
    }
    Ok(Some(number))
}

/// An integer of 32 bits, at least `least`, if there.
pub(super) fn integer(
    map: &Object,
    path: &str,
    name: &str,
    least: i32,
) -> Result<Option<i32>, Failure> {
    let Some(value) = get(map, name) else { return Ok(None) };
    let Some(number) = value.as_i64().and_then(|n| i32::try_from(n).ok()) else {
        return Err(invalid(&join(path, name), "TYPE_INT32", value));
    };
    if number < least {
        return Err(bad(&join(path, name), &format!("must be at least {least}.")));
    }
    Ok(Some(number))
}

/// Bytes in JSON: base64, either alphabet.
pub(super) fn bytes(map: &Object, path: &str, name: &str) -> Result<usize, Failure> {
    let Some(text) = string(map, path, name)? else { return Ok(0) };
    let body = text.trim_end_matches('=');
    let digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
    if body.len() % 4 == 1 || !body.bytes().all(digit) {
        return Err(Failure::bad(format!(
            "Invalid value at '{}' (TYPE_BYTES), Base64 decoding failed for \"{text}\"",
            join(path, name)
        )));
    }
    Ok(body.len() / 4 * 3)
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
