//! Field names in either spelling: Google's APIs read `inlineData` and `inline_data`
//! alike, and clients send both.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Path, Value};
use std::borrow::Cow;

/// A name as the reference spells it.
pub(super) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for c in name.chars() {
        if c == '_' && !out.is_empty() {
            up = true;
        } else if up {
            out.push(c.to_ascii_uppercase());
            up = false;
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The value of the field that the reference calls `own`; `None` where it is absent
/// or null.
pub(super) fn field<'a, 'c>(
    value: &'c Value<'a, '_>,
    object: &'c Object<'a>,
    own: &str,
) -> Option<Value<'a, 'c>> {
    let (name, raw) = object.iter().find(|(name, raw)| *raw != b"null" && camel(name) == own)?;
    Some(Value { raw, path: Path::Key(&value.path, name) })
}

/// Lists every field that is not in `known` and says something.
pub(super) fn unknown(dropped: &mut Dropped, prefix: &str, object: &Object<'_>, known: &[&str]) {
    for (name, raw) in object.iter() {
        let own = camel(name);
        if !known.contains(&own.as_ref()) && !matches!(raw, b"null" | b"[]" | b"{}") {
            dropped.client_name(prefix, name);
        }
    }
}

/// Appends `,"name":value`; the comma only behind something.
pub(super) fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if !matches!(out.last(), None | Some(b'{')) {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_as_the_reference() {
        assert_eq!(camel("inline_data"), "inlineData");
        assert_eq!(camel("parametersJsonSchema"), "parametersJsonSchema");
        assert_eq!(camel("any_of"), "anyOf");
        assert_eq!(camel("_x__y_"), "_xY");
    }
}
