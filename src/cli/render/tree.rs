//! Finding and changing places in a JSON tree that stands for YAML.

use super::Error;
use serde_json::{Map, Value, json};

/// Adds what `least` asks for, if it is not there already.
pub(super) fn raise(object: &mut Map<String, Value>, key: &str, least: u64) {
    if object.get(key).and_then(Value::as_u64).is_none_or(|n| n < least) {
        object.insert(key.into(), json!(least));
    }
}

/// Visits every object, outer ones first.
pub(super) fn each_object(value: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            visit(map);
            map.values_mut().for_each(|child| each_object(child, visit));
        }
        Value::Array(list) => list.iter_mut().for_each(|child| each_object(child, visit)),
        _ => {}
    }
}

pub(super) fn object_at<'a>(
    base: &'a mut Value,
    path: &str,
) -> Result<&'a mut Map<String, Value>, Error> {
    let found = base.pointer_mut(path).and_then(Value::as_object_mut);
    found.ok_or_else(|| Error::Fit(format!("the base has no object at {path}")))
}

pub(super) fn list_at<'a>(base: &'a mut Value, path: &str) -> Result<&'a mut Vec<Value>, Error> {
    let found = base.pointer_mut(path).and_then(Value::as_array_mut);
    found.ok_or_else(|| Error::Fit(format!("the base has no list at {path}")))
}
