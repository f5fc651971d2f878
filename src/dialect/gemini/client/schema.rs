//! Google's `Schema`, a subset of OpenAPI 3.0's, as JSON Schema.
//!
//! Types are in upper case there; `nullable` is a type of its own in JSON Schema;
//! bounds may be strings, as proto writes 64 bits; the order of properties has no
//! word. Key order is kept: the model writes properties in it.
//!
//! Spec: <https://ai.google.dev/api/caching#Schema>.

use super::spell::{camel, member};
use crate::dialect::loss::Dropped;
use crate::wire::json;

/// Appends `raw`, a schema, as JSON Schema.
pub(super) fn push(out: &mut Vec<u8>, raw: &[u8], prefix: &str, dropped: &mut Dropped) {
    let Ok(members) = json::members(raw) else {
        // `true` and `false` are schemas, too; what is neither is the provider's to refuse.
        out.extend_from_slice(raw);
        return;
    };
    let value = |m: &json::Member<'_>| raw.get(m.value.clone()).unwrap_or_default();
    let nullable = members.iter().any(|m| m.key == "nullable" && value(m) == b"true");
    out.push(b'{');
    for m in &members {
        let (name, raw) = (camel(&m.key), value(m));
        if raw == b"null" && name != "default" && name != "example" {
            continue;
        }
        match name.as_ref() {
            "type" => push_type(out, raw, nullable),
            "nullable" => {}
            "propertyOrdering" => dropped.add(format!("{prefix}propertyOrdering")),
            // Says only that the string is one of `enum`.
            "format" if raw == br#""enum""# => {}
            "enum" if nullable && raw.len() > 2 => {
                let inner = raw.strip_suffix(b"]").unwrap_or(raw);
                member(out, "enum", &[inner, b",null]"].concat());
            }
            "example" => member(out, "examples", &[b"[", raw, b"]"].concat()),
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
            | "maxProperties" => {
                let digits = raw.strip_prefix(b"\"").and_then(|r| r.strip_suffix(b"\""));
                let digits = digits.filter(|d| !d.is_empty() && d.iter().all(u8::is_ascii_digit));
                member(out, &name, digits.unwrap_or(raw));
            }
            "properties" | "defs" | "$defs" => {
                let name = if name == "defs" { "$defs" } else { &name };
                member(out, name, b"");
                map(out, raw, prefix, dropped);
            }
            "items" | "additionalProperties" | "not" => {
                member(out, &name, b"");
                push(out, raw, prefix, dropped);
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                member(out, &name, b"");
                list(out, raw, nullable && name == "anyOf", prefix, dropped);
            }
            "ref" => member(out, "$ref", raw),
            _ => {
                let mut key = Vec::new();
                json::push_text(&mut key, &name);
                let key = String::from_utf8_lossy(&key).into_owned();
                member(out, key.trim_matches('"'), raw);
            }
        }
    }
    out.push(b'}');
}

fn push_type(out: &mut Vec<u8>, raw: &[u8], nullable: bool) {
    let lower = raw.to_ascii_lowercase();
    if lower == br#""type_unspecified""# {
        return;
    }
    if nullable && lower.starts_with(b"\"") && lower != br#""null""# {
        member(out, "type", &[b"[", &lower[..], br#","null"]"#].concat());
    } else {
        member(out, "type", &lower);
    }
}

/// Names to schemas; names stay as they are.
fn map(out: &mut Vec<u8>, raw: &[u8], prefix: &str, dropped: &mut Dropped) {
    let Ok(members) = json::members(raw) else { return out.extend_from_slice(raw) };
    out.push(b'{');
    for (i, m) in members.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(raw.get(m.name.clone()).unwrap_or_default());
        out.push(b':');
        push(out, raw.get(m.value.clone()).unwrap_or_default(), prefix, dropped);
    }
    out.push(b'}');
}

fn list(out: &mut Vec<u8>, raw: &[u8], nullable: bool, prefix: &str, dropped: &mut Dropped) {
    let Some(items) = json::items(raw) else { return out.extend_from_slice(raw) };
    out.push(b'[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push(out, item, prefix, dropped);
    }
    if nullable {
        out.extend_from_slice(br#",{"type":"null"}"#);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn becomes_json_schema() {
        for (raw, want) in [
            (
                r#"{"type":"OBJECT","properties":{"any_of":{"type":"STRING","nullable":true,"format":"enum","enum":["a"]}},"property_ordering":["any_of"],"required":["any_of"]}"#,
                r#"{"type":"object","properties":{"any_of":{"type":["string","null"],"enum":["a",null]}},"required":["any_of"]}"#,
            ),
            (
                r#"{"type":"ARRAY","minItems":"1","items":{"any_of":[{"type":"INTEGER"},{"type":"NUMBER"}],"nullable":true}}"#,
                r#"{"type":"array","minItems":1,"items":{"anyOf":[{"type":"integer"},{"type":"number"},{"type":"null"}]}}"#,
            ),
            (r#"{"type":"TYPE_UNSPECIFIED"}"#, "{}"),
            (r#"{"title":"x","example":1}"#, r#"{"title":"x","examples":[1]}"#),
        ] {
            let (mut out, mut dropped) = (Vec::new(), Dropped::default());
            push(&mut out, raw.as_bytes(), "", &mut dropped);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }
}
