//! JSON schemas as Gemini takes them in `parametersJsonSchema` and
//! `responseJsonSchema`.
//!
//! Both take JSON Schema itself, where `parameters` and `responseSchema` take a
//! subset of OpenAPI's and refuse a request for one unknown keyword. Google's own
//! clients prefer them, so schemas are copied as they are, but for what is documented
//! not to work and can be told in another way: `const` is an `enum` of one,
//! `definitions` are `$defs`, an `allOf` of one is an `anyOf` of one, and beside
//! `$ref` only `description` and `default` stay (the reference allows nothing but `$`
//! names; the API's own error allows those two). Other keywords are passed; those
//! that Gemini does not know it does not enforce.
//!
//! A reference is never followed here, so cycles cost nothing; Gemini unrolls them a
//! few times where the property is not required.
//!
//! Key order is kept: the model writes properties in it.
//! Spec: <https://ai.google.dev/api/generate-content#FIELDS.response_json_schema>.

use crate::wire::json::{self, Member};

/// Appends `raw`, a schema. `true`: something beside a `$ref` was left out.
pub(super) fn push(out: &mut Vec<u8>, raw: &[u8]) -> bool {
    const REWRITTEN: &[&[u8]] =
        &[b"\"$ref\"", b"\"const\"", b"\"definitions\"", b"\"allOf\"", b"\"$schema\""];
    // Escaped keys are nobody's spelling of a keyword.
    if !REWRITTEN.iter().any(|word| memchr::memmem::find(raw, word).is_some()) {
        out.extend_from_slice(raw);
        return false;
    }
    let mut writer = Writer { out, cut: false };
    writer.schema(raw);
    writer.cut
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    cut: bool,
}

// === impl Writer ===

impl Writer<'_> {
    /// A schema. The depth of the body is bounded, and so is this.
    fn schema(&mut self, raw: &[u8]) {
        let Ok(members) = json::members(raw) else { return self.copy(raw) };
        let value = |m: &Member<'_>| raw.get(m.value.clone()).unwrap_or_default();
        let refers = members.iter().any(|m| m.key == "$ref" && value(m).starts_with(b"\""));
        self.out.push(b'{');
        for member in &members {
            let (key, raw) = (member.key.as_ref(), value(member));
            if refers && !key.starts_with('$') && !matches!(key, "description" | "default") {
                self.cut = true;
                continue;
            }
            match key {
                "$schema" | "$comment" => {}
                "$ref" => {
                    self.key("$ref");
                    self.reference(raw);
                }
                "const" if matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9')) => {
                    self.key("enum");
                    self.out.push(b'[');
                    self.copy(raw);
                    self.out.push(b']');
                }
                "properties" | "$defs" | "definitions" | "patternProperties" => {
                    self.key(if key == "definitions" { "$defs" } else { key });
                    self.map(raw);
                }
                "allOf" if json::items(raw).is_some_and(|all| all.len() == 1) => {
                    self.key("anyOf");
                    self.list(raw);
                }
                "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                    self.key(key);
                    self.list(raw);
                }
                "items" | "additionalProperties" | "not" => {
                    self.key(key);
                    self.schema(raw);
                }
                _ => {
                    self.key(key);
                    self.copy(raw);
                }
            }
        }
        self.out.push(b'}');
    }

    /// Names to schemas.
    fn map(&mut self, raw: &[u8]) {
        let Ok(members) = json::members(raw) else { return self.copy(raw) };
        self.out.push(b'{');
        for member in &members {
            self.key(&member.key);
            self.schema(raw.get(member.value.clone()).unwrap_or_default());
        }
        self.out.push(b'}');
    }

    fn list(&mut self, raw: &[u8]) {
        let Some(items) = json::items(raw) else { return self.copy(raw) };
        self.out.push(b'[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.schema(item);
        }
        self.out.push(b']');
    }

    fn reference(&mut self, raw: &[u8]) {
        match raw.strip_prefix(b"\"#/definitions/") {
            Some(rest) => {
                self.copy(b"\"#/$defs/");
                self.copy(rest);
            }
            None => self.copy(raw),
        }
    }

    fn key(&mut self, key: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        json::push_text(self.out, key);
        self.out.push(b':');
    }

    fn copy(&mut self, raw: &[u8]) {
        self.out.extend_from_slice(raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(raw: &str) -> (String, bool) {
        let mut out = Vec::new();
        let cut = push(&mut out, raw.as_bytes());
        (String::from_utf8(out).unwrap(), cut)
    }

    #[test]
    fn rewrites_what_is_refused() {
        for (raw, want, cut) in [
            (r#"{"type": "object" }"#, r#"{"type": "object" }"#, false),
            (
                r##"{"$schema":"x","properties":{"a":{"$ref":"#/definitions/A","title":"t","description":"d"}},"definitions":{"A":{"const":1}}}"##,
                r##"{"properties":{"a":{"$ref":"#/$defs/A","description":"d"}},"$defs":{"A":{"enum":[1]}}}"##,
                true,
            ),
            (r#"{"allOf":[{"type":"string"}]}"#, r#"{"anyOf":[{"type":"string"}]}"#, false),
            // Names of properties, not keywords.
            (
                r#"{"properties":{"const":{"type":"string"},"$ref":{"type":"string"}}}"#,
                r#"{"properties":{"const":{"type":"string"},"$ref":{"type":"string"}}}"#,
                false,
            ),
            (r#"{"items":true,"const":null}"#, r#"{"items":true,"const":null}"#, false),
        ] {
            assert_eq!(pushed(raw), (want.to_owned(), cut), "{raw}");
        }
    }

    #[test]
    fn cycles_stay_as_they_are() {
        let raw =
            r##"{"$ref":"#/$defs/N","$defs":{"N":{"properties":{"next":{"$ref":"#/$defs/N"}}}}}"##;
        assert_eq!(pushed(raw), (raw.to_owned(), false));
    }
}
