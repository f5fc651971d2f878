//! JSON schemas in the subset Anthropic compiles for structured outputs and
//! strict tools.
//!
//! Every object must be closed (`additionalProperties: false`) and most limits
//! (`minimum`, `maxLength`, `pattern`, ...) are refused with a 400. As Anthropic's
//! own SDKs do, a limit moves into the description, where the model reads it.
//! What cannot be told at all (an open map, `not`, recursion) gives `None`: then the
//! schema goes into a tool that is not strict.
//!
//! Key order is kept: the model writes properties in it.
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.

use crate::wire::json::{self, Member};

/// A schema the API takes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialect) struct Native {
    pub(in crate::dialect) schema: Vec<u8>,
    /// Some limit became words.
    pub(in crate::dialect) softened: bool,
}

/// `raw` rewritten, or `None` where the subset cannot tell it.
pub(in crate::dialect) fn native(raw: &[u8]) -> Option<Native> {
    let mut native = Native { schema: Vec::with_capacity(raw.len() + 64), softened: false };
    native.schema(raw, 0)?;
    // The outermost must be an object: both uses ask for one.
    let members = json::members(raw).ok()?;
    let type_ = members.iter().find(|m| m.key == "type")?;
    (raw.get(type_.value.clone())? == br#""object""#).then_some(native)
}

/// `wire::json` bounds the body's depth; this bounds our stack.
const MAX_DEPTH: usize = 64;

/// The string formats that are compiled.
const FORMATS: &[&[u8]] = &[
    br#""date-time""#,
    br#""time""#,
    br#""date""#,
    br#""duration""#,
    br#""email""#,
    br#""hostname""#,
    br#""uri""#,
    br#""ipv4""#,
    br#""ipv6""#,
    br#""uuid""#,
];

// === impl Native ===

impl Native {
    fn schema(&mut self, raw: &[u8], depth: usize) -> Option<()> {
        let members = json::members(raw).ok()?;
        if depth > MAX_DEPTH {
            return None;
        }
        let value = |m: &Member<'_>| raw.get(m.value.clone());
        let find = |key: &str| members.iter().find(|m| m.key == key).and_then(value);
        let typed = find("type").is_some_and(|t| memchr::memmem::find(t, b"\"object\"").is_some());
        let object = typed || find("properties").is_some();
        if object && find("properties").is_none() {
            return None;
        }
        let mut limits = String::new();
        self.schema.push(b'{');
        for member in &members {
            let raw = value(member)?;
            match member.key.as_ref() {
                "$ref" if raw == br##""#""## => return None,
                "type" | "enum" | "const" | "$ref" | "default" | "required" | "title" => {
                    self.copy(&member.key, raw);
                }
                "format" if FORMATS.contains(&raw) => self.copy("format", raw),
                "minItems" if matches!(raw, b"0" | b"1") => self.copy("minItems", raw),
                "properties" | "$defs" | "definitions" => {
                    self.key(&member.key);
                    self.schemas(raw, member.key != "properties", depth)?;
                }
                "items" => {
                    self.key("items");
                    self.schema(raw, depth + 1)?;
                }
                "anyOf" | "oneOf" => {
                    self.key("anyOf");
                    self.list(raw, depth)?;
                }
                "allOf" => {
                    self.key("allOf");
                    self.list(raw, depth)?;
                }
                "additionalProperties" if raw == b"false" => {}
                "description" | "$schema" | "$id" | "$comment" => {}
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf"
                | "minLength" | "maxLength" | "pattern" | "format" | "minItems" | "maxItems"
                | "uniqueItems" | "examples" | "deprecated" | "readOnly" | "writeOnly" => {
                    let comma = if limits.is_empty() { "" } else { ", " };
                    let text = std::str::from_utf8(raw).ok()?;
                    limits.push_str(&format!("{comma}{}: {text}", member.key));
                }
                _ => return None,
            }
        }
        if object {
            self.copy("additionalProperties", b"false");
        }
        self.description(find("description"), &limits);
        self.schema.push(b'}');
        Some(())
    }

    /// A map of names to schemas. `definitions`: they may be referred to.
    fn schemas(&mut self, raw: &[u8], definitions: bool, depth: usize) -> Option<()> {
        let members = json::members(raw).ok()?;
        self.schema.push(b'{');
        for member in members {
            let raw = raw.get(member.value)?;
            // A definition that refers to itself: recursion is refused.
            let own = format!("/{}\"", member.key);
            if definitions && memchr::memmem::find(raw, own.as_bytes()).is_some() {
                return None;
            }
            self.key(&member.key);
            self.schema(raw, depth + 1)?;
        }
        self.schema.push(b'}');
        Some(())
    }

    fn list(&mut self, raw: &[u8], depth: usize) -> Option<()> {
        self.schema.push(b'[');
        for (i, item) in json::items(raw)?.into_iter().enumerate() {
            if i > 0 {
                self.schema.push(b',');
            }
            self.schema(item, depth + 1)?;
        }
        self.schema.push(b']');
        Some(())
    }

    fn description(&mut self, own: Option<&[u8]>, limits: &str) {
        let own = own.and_then(json::text);
        if limits.is_empty() {
            if let Some(own) = own {
                self.key("description");
                json::push_text(&mut self.schema, &own);
            }
            return;
        }
        self.softened = true;
        self.key("description");
        let gap = if own.is_some() { "\n\n" } else { "" };
        let text = format!("{}{gap}{{{limits}}}", own.unwrap_or_default());
        json::push_text(&mut self.schema, &text);
    }

    fn copy(&mut self, key: &str, raw: &[u8]) {
        self.key(key);
        self.schema.extend_from_slice(raw);
    }

    fn key(&mut self, key: &str) {
        if self.schema.last() != Some(&b'{') {
            self.schema.push(b',');
        }
        json::push_text(&mut self.schema, key);
        self.schema.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(raw: &str) -> Option<(String, bool)> {
        let native = native(raw.as_bytes())?;
        Some((String::from_utf8(native.schema).unwrap(), native.softened))
    }

    #[test]
    fn closes_objects_and_keeps_order() {
        let (schema, softened) = told(
            r#"{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"array","items":{"type":"object","properties":{}}}},"required":["b"],"additionalProperties":false,"$schema":"x"}"#,
        )
        .unwrap();
        assert_eq!(
            schema,
            r#"{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}}},"required":["b"],"additionalProperties":false}"#
        );
        assert!(!softened);
    }

    #[test]
    fn limits_become_words() {
        let (schema, softened) = told(
            r#"{"type":"object","properties":{"n":{"type":"integer","description":"A \"count\"","minimum":1,"maximum":9},"e":{"oneOf":[{"type":"string","format":"uuid"},{"type":"string","pattern":"^a\"$"}]}}}"#,
        )
        .unwrap();
        assert_eq!(
            schema,
            r#"{"type":"object","properties":{"n":{"type":"integer","description":"A \"count\"\n\n{minimum: 1, maximum: 9}"},"e":{"anyOf":[{"type":"string","format":"uuid"},{"type":"string","description":"{pattern: \"^a\\\"$\"}"}]}},"additionalProperties":false}"#
        );
        assert!(softened);
    }

    #[test]
    fn what_cannot_be_told_is_left_alone() {
        for raw in [
            r#"{"type":"object"}"#,
            r#"{"type":"object","properties":{},"additionalProperties":true}"#,
            r#"{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}}}"#,
            r#"{"type":"object","properties":{"a":{"not":{}}}}"#,
            r#"{"type":"object","properties":{"a":{"type":["object","null"]}}}"#,
            r#"{"type":"object","properties":{"a":true}}"#,
            r##"{"type":"object","properties":{"a":{"$ref":"#"}}}"##,
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}}}}}"##,
            r#"{"type":"array","items":{"type":"string"}}"#,
            r#"{"type":"string"}"#,
            "true",
        ] {
            assert_eq!(told(raw), None, "{raw}");
        }
        let deep = format!("{}{{}}{}", r#"{"anyOf":["#.repeat(60), "]}".repeat(60));
        assert_eq!(told(&deep), None);
    }
}
