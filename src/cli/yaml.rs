//! YAML in, YAML out, `serde_json::Value` between: what the filter reads is JSON.
//!
//! Anchors and aliases are resolved on the way in and not brought back. Must not:
//! know what a document means.

use serde_json::Value;
use std::fmt;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

/// Enough for all consumers that a gateway may have (`MAX_CONSUMERS`), keys and teams and all.
const MAX_PARTS: usize = 8_000_000;
const MAX_BYTES: usize = 256 << 20;

pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_PARTS,
            max_events: 2 * MAX_PARTS,
            max_total_scalar_bytes: MAX_BYTES,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        let message = error.without_snippet().to_string();
        // The library ends its message with the place as well.
        let message = match message.rfind(" at line ") {
            Some(end) => message.get(..end).unwrap_or_default().to_owned(),
            None => message,
        };
        SyntaxError { line, column, message }
    })
}

/// One document; keys in alphabetical order, no string folded.
pub fn print(value: &Value) -> Result<String, String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(value, options).map_err(|e| e.to_string())
}

// === impl SyntaxError ===

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn resolves_aliases() {
        let value = parse("a: &x { k: [1, 2.5, yes, 30s] }\nb: *x\n").unwrap();
        assert_eq!(value["b"]["k"], json!([1, 2.5, value["a"]["k"][2], "30s"]));
    }

    #[test]
    fn refuses_what_json_cannot_say_twice() {
        let error = parse("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(error.line, 3, "{error}");
        assert_eq!(parse("a: [1\nb: }").unwrap_err().line, 2);
    }

    #[test]
    fn strings_stay_strings() {
        let value = json!({
            "a": ["yes", "no", "on", "y", "null", "~", "1", "1.5", "0x1f", "1e3", "0", "", " x ", "30s"],
            "b": "%START_TIME%\n", "c": "{\"a\": 1}", "j": "{\n  \"a\": 1\n}\n", "k": " a\n\n", "l": "\n b", "@type": "x", "d": "a: b # c", "e": "x".repeat(200),
            "f": [{}, [], null, true, 3, 0.25], "g": "*", "h": "!a", "i": "gpt-*",
        });
        let text = print(&value).unwrap();
        assert_eq!(parse(&text).unwrap(), value, "{text}");
        assert!(text.lines().all(|l| !l.contains(": >")), "{text}");
    }
}
