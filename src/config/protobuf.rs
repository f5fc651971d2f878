//! `google.protobuf.Struct` on the wire, to JSON.
//!
//! Envoy documents that a plugin gets a Struct as JSON; Envoy 1.40 was seen to
//! hand over the message's bytes. Both are taken, so operators can write YAML in
//! place. Strict: any byte that does not fit means "this is no Struct".
//!
//! Spec: <https://protobuf.dev/reference/protobuf/google.protobuf/#struct>.

use crate::wire::protobuf::{Field, for_each};
use serde_json::{Map, Number, Value};

/// Deepest nesting taken: the reader recurses.
const MAX_DEPTH: u32 = 32;

/// The object a serialised Struct stands for.
pub(super) fn object(bytes: &[u8]) -> Option<Value> {
    structure(bytes, MAX_DEPTH).map(Value::Object)
}

/// The member `name` of what the filter `filter` left in a serialised
/// `envoy.config.core.v3.Metadata`; the others are not read.
/// <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/base.proto#config-core-v3-metadata>
pub fn metadata(bytes: &[u8], filter: &str, name: &str) -> Option<Value> {
    let fields = entry(bytes, filter)?;
    value(entry(fields, name)?, MAX_DEPTH)
}

/// The value under `key` of the map that is the message's field 1.
fn entry<'a>(message: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut found = None;
    for_each(message, |number, field| {
        let (1, Field::Bytes(entry)) = (number, field) else { return Some(()) };
        let (mut name, mut inner) = (&[][..], &[][..]);
        for_each(entry, |number, field| {
            match (number, field) {
                (1, Field::Bytes(text)) => name = text,
                (2, Field::Bytes(bytes)) => inner = bytes,
                _ => return None,
            }
            Some(())
        })?;
        if name == key.as_bytes() {
            found = Some(inner);
        }
        Some(())
    })?;
    found
}

fn structure(bytes: &[u8], depth: u32) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    for_each(bytes, |number, field| match (number, field) {
        (1, Field::Bytes(entry)) => {
            let (mut key, mut value) = (String::new(), Value::Null);
            for_each(entry, |number, field| match (number, field) {
                (1, Field::Bytes(text)) => {
                    std::str::from_utf8(text).ok().map(|t| t.clone_into(&mut key))
                }
                (2, Field::Bytes(inner)) => {
                    self::value(inner, depth.checked_sub(1)?).map(|v| value = v)
                }
                _ => None,
            })?;
            map.insert(key, value);
            Some(())
        }
        _ => None,
    })?;
    Some(map)
}

fn value(bytes: &[u8], depth: u32) -> Option<Value> {
    let mut value = Value::Null;
    for_each(bytes, |number, field| {
        value = match (number, field) {
            (1, Field::Varint(0)) => Value::Null,
            (2, Field::Fixed64(bits)) => number_of(f64::from_le_bytes(bits))?,
            (3, Field::Bytes(text)) => Value::String(std::str::from_utf8(text).ok()?.to_owned()),
            (4, Field::Varint(flag @ 0..=1)) => Value::Bool(flag == 1),
            (5, Field::Bytes(inner)) => Value::Object(structure(inner, depth)?),
            (6, Field::Bytes(inner)) => Value::Array(list(inner, depth)?),
            _ => return None,
        };
        Some(())
    })?;
    Some(value)
}

fn list(bytes: &[u8], depth: u32) -> Option<Vec<Value>> {
    let mut out = Vec::new();
    for_each(bytes, |number, field| match (number, field) {
        (1, Field::Bytes(inner)) => {
            out.push(value(inner, depth.checked_sub(1)?)?);
            Some(())
        }
        _ => None,
    })?;
    Some(out)
}

/// Whole numbers become integers again: a Struct knows only doubles.
fn number_of(n: f64) -> Option<Value> {
    // `as` saturates; only numbers that survive the way there and back are whole.
    let whole = n as i64;
    if whole as f64 == n && n.abs() < 9e15 {
        return Some(whole.into());
    }
    Number::from_f64(n).map(Value::Number)
}

/// As protobuf writes it.
#[cfg(test)]
pub(crate) mod written {
    use serde_json::{Map, Value};

    pub(crate) fn field(number: u8, inner: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut n = inner.len();
        while n >= 0x80 {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out.extend_from_slice(inner);
        out
    }

    pub(crate) fn structure(map: &Map<String, Value>) -> Vec<u8> {
        map.iter()
            .flat_map(|(k, v)| field(1, &[field(1, k.as_bytes()), field(2, &value(v))].concat()))
            .collect()
    }

    fn value(value: &Value) -> Vec<u8> {
        match value {
            Value::Null => vec![1 << 3, 0],
            Value::Bool(b) => vec![4 << 3, u8::from(*b)],
            Value::Number(n) => [&[2 << 3 | 1][..], &n.as_f64().unwrap().to_le_bytes()].concat(),
            Value::String(s) => field(3, s.as_bytes()),
            Value::Array(items) => {
                field(6, &items.iter().flat_map(|i| field(1, &self::value(i))).collect::<Vec<_>>())
            }
            Value::Object(map) => field(5, &structure(map)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_protobuf_writes() {
        let value =
            json!({ "a": [1, 2.5, "x", null, true, {}], "b": { "c": "y".repeat(300) }, "": -7 });
        let inner = &written::structure(value.as_object().unwrap());
        assert_eq!(object(inner), Some(value));
        for cut in 1..inner.len() {
            let _ = object(&inner[..cut]);
        }
        assert_eq!(object(b"\n{\"providers\": 1}"), None);
        assert_eq!(object(b"{}"), None);
    }
}
