//! Whether a schema may be called strict in a chat: OpenAI compiles closed objects
//! whose properties are all required, Anthropic takes optional ones, too.
//!
//! Spec: <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>.

use crate::wire::json;

/// The body's depth is bounded, so this recursion is.
pub(super) fn is_strict(schema: &[u8]) -> bool {
    if let Some(items) = json::items(schema) {
        return items.into_iter().all(is_strict);
    }
    let Ok(members) = json::members(schema) else { return true };
    let member = |name: &str| {
        members.iter().find(|m| m.key == name).and_then(|m| schema.get(m.value.clone()))
    };
    let is_object = member("type") == Some(br#""object""#);
    if is_object || member("properties").is_some() {
        let properties = json::members(member("properties").unwrap_or(b"{}")).unwrap_or_default();
        let required = json::items(member("required").unwrap_or(b"[]")).unwrap_or_default();
        let required: Vec<_> = required.into_iter().filter_map(json::text).collect();
        let closed = member("additionalProperties") == Some(b"false");
        if !closed || !properties.iter().all(|p| required.contains(&p.key)) {
            return false;
        }
    }
    members.iter().all(|m| schema.get(m.value.clone()).is_none_or(is_strict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_strict_where_all_is_closed_and_required() {
        for (schema, want) in [
            (r#"{"type":"string"}"#, true),
            (
                r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#,
                true,
            ),
            (
                r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#,
                false,
            ),
            (r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#, false),
            (r#"{"anyOf":[{"type":"object"},{"type":"null"}]}"#, false),
            (r#"{"type":"object"}"#, false),
        ] {
            assert_eq!(is_strict(schema.as_bytes()), want, "{schema}");
        }
    }
}
