//! JSON from a JSON schema: one value that fits, the same every time.
//!
//! It knows the part of <https://json-schema.org/draft/2020-12> that tools and
//! structured outputs use: `type`, `properties`, `enum`, `const`, `anyOf`,
//! `$ref` within the document. It does not validate.

use serde_json::{Map, Value, json};

/// A value that fits `schema`.
pub(super) fn sample(schema: &Value) -> Value {
    fit(schema, schema, 0)
}

/// Does every object of `schema` forbid further properties? Both vendors
/// demand it of strict schemas.
pub(super) fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let open = map.get("type").and_then(Value::as_str) == Some("object")
                && map.get("additionalProperties") != Some(&Value::Bool(false));
            !open && map.values().all(is_closed)
        }
        Value::Array(items) => items.iter().all(is_closed),
        _ => true,
    }
}

fn fit(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(fixed) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
        return fixed.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|p| root.pointer(p));
        return found.map_or(Value::Null, |s| fit(s, root, depth + 1));
    }
    if let Some(first) = schema.get("anyOf").and_then(|list| list.get(0)) {
        return fit(first, root, depth + 1);
    }
    match type_of(schema) {
        "string" => json!("Paris"),
        "number" | "integer" => json!(1),
        "boolean" => json!(true),
        "array" => json!([]),
        "null" => Value::Null,
        _ => object(schema, root, depth),
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let pairs = properties.into_iter().flatten();
    Value::Object(
        pairs
            .map(|(name, inner)| (name.clone(), fit(inner, root, depth + 1)))
            .collect::<Map<_, _>>(),
    )
}

/// The first type that is not null: `["null", "string"]` is an optional string.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("null"),
        _ => "object",
    }
}

const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples() {
        let table = [
            (json!({}), json!({})),
            (json!({"type": "object"}), json!({})),
            (
                json!({"type": "object", "properties": {
                    "a": {"type": "string"}, "b": {"type": "number"}, "c": {"type": "integer"},
                    "d": {"type": "boolean"}, "e": {"type": "array"}, "f": {"type": "object"},
                }}),
                json!({"a": "Paris", "b": 1, "c": 1, "d": true, "e": [], "f": {}}),
            ),
            (json!({"type": ["null", "string"]}), json!("Paris")),
            (json!({"enum": ["x", "y"]}), json!("x")),
            (json!({"anyOf": [{"type": "boolean"}]}), json!(true)),
            (
                json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "string"}}}),
                json!("Paris"),
            ),
        ];
        for (schema, value) in table {
            assert_eq!(sample(&schema), value, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        sample(&json!({"$ref": "#"}));
        sample(&json!({"properties": {"next": {"$ref": "#"}}}));
    }

    #[test]
    fn closed() {
        assert!(is_closed(
            &json!({"type": "object", "additionalProperties": false})
        ));
        assert!(!is_closed(&json!({"type": "object"})));
        assert!(!is_closed(&json!({"items": {"type": "object"}})));
    }
}
