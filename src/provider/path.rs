//! Paths of calls: templates of the provider table, filled in once per provider
//! but for the model, which each call has its own.

use crate::catalog;

/// A path with its settings filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    before: String,
    /// What follows the model; `None`: it has no model.
    after: Option<String>,
    /// The model's own id, without the inference profile's part of it.
    foundation: bool,
}

impl Path {
    /// `base`: of the URL, without a trailing slash. `template`: with `{model}` or
    /// `{foundation_model}` at most once.
    pub fn new(base: &str, template: &str) -> Self {
        let split = |name| template.split_once(name);
        let foundation = split("{foundation_model}");
        let (before, after) = match foundation.or_else(|| split("{model}")) {
            Some((before, after)) => (before, Some(after.to_owned())),
            None => (template, None),
        };
        Self { before: format!("{base}{before}"), after, foundation: foundation.is_some() }
    }

    /// For this model. Everything but letters, digits and `-._~@` is escaped: an ARN's
    /// colons and slashes, too, are part of one segment.
    pub fn of(&self, model: &str) -> String {
        let Some(after) = &self.after else { return self.before.clone() };
        let model = if self.foundation { catalog::foundation_model(model) } else { model };
        let mut out = String::with_capacity(self.before.len() + model.len() + after.len() + 16);
        out.push_str(&self.before);
        encode(model, &mut out);
        out.push_str(after);
        out
    }
}

fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            let digit = |n: u8| HEX.get(usize::from(n)).map_or('0', |b| char::from(*b));
            out.extend([digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Fills `{name}` by `value`; `{name-}` by the value and a dash, but by nothing for
/// the value `global`.
pub fn fill(template: &str, name: &str, value: &str) -> String {
    let dashed = if value == "global" { String::new() } else { format!("{value}-") };
    template.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}-}}"), &dashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment() {
        let path = Path::new("/base", "/model/{model}/converse");
        assert_eq!(path.of("a.b-v1:0"), "/base/model/a.b-v1%3A0/converse");
        assert_eq!(
            path.of("arn:aws:bedrock:us-east-1:1:inference-profile/x"),
            "/base/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse"
        );
        let count = Path::new("", "/model/{foundation_model}/count-tokens");
        assert_eq!(count.of("us.a.b-v1:0"), "/model/a.b-v1%3A0/count-tokens");
        assert_eq!(
            count.of("arn:aws:bedrock:us-east-1:1:inference-profile/eu.a.b"),
            "/model/a.b/count-tokens"
        );
        assert_eq!(Path::new("/v1", "/chat/completions").of("x/y"), "/v1/chat/completions");
    }

    #[test]
    fn the_global_region_has_no_prefix() {
        let url = "https://{region-}aiplatform.googleapis.com/{region}";
        assert_eq!(
            fill(url, "region", "us-east5"),
            "https://us-east5-aiplatform.googleapis.com/us-east5"
        );
        assert_eq!(fill(url, "region", "global"), "https://aiplatform.googleapis.com/global");
    }
}
