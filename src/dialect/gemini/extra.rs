//! Google's own controls in a chat request: `safety_settings`, and what its OpenAI
//! compatibility takes in `extra_body.google`.
//!
//! Spec: <https://ai.google.dev/gemini-api/docs/openai#extra-body>.

use crate::dialect::loss::Dropped;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json;

#[derive(Debug, Default)]
pub(super) struct Extra<'a> {
    /// The value of `thinkingConfig`.
    pub(super) thinking: Option<Vec<u8>>,
    /// A JSON array.
    pub(super) safety: Option<&'a [u8]>,
    /// A JSON string.
    pub(super) cached: Option<&'a [u8]>,
}

/// Its names in snake case, as the compatibility spells them, and in the API's own.
const THINKING: &[(&str, &str)] = &[
    ("thinking_budget", "thinkingBudget"),
    ("thinking_level", "thinkingLevel"),
    ("include_thoughts", "includeThoughts"),
];

// === impl Extra ===

impl<'a> Extra<'a> {
    pub(super) fn read(
        root: &Value<'a, '_>,
        body: &Object<'a>,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let mut extra = Extra::default();
        if let Some(outer) = root.field(body, "extra_body") {
            let object = outer.object()?;
            dropped.unknown("extra_body.", &object, &["google"]);
            if let Some(google) = outer.field(&object, "google") {
                extra.google(&google, dropped)?;
            }
        }
        if let Some(google) = root.field(body, "google") {
            extra.google(&google, dropped)?;
        }
        if let Some(settings) = root.field(body, "safety_settings") {
            settings.items()?;
            extra.safety = Some(settings.raw);
        }
        Ok(extra)
    }

    fn google(&mut self, google: &Value<'a, '_>, dropped: &mut Dropped) -> Result<(), Error> {
        let object = google.object()?;
        let known = ["thinking_config", "thinkingConfig", "safety_settings", "cached_content"];
        dropped.unknown("google.", &object, &known);
        for name in ["thinking_config", "thinkingConfig"] {
            if let Some(config) = google.field(&object, name) {
                self.thinking = Some(thinking(&config, dropped)?);
            }
        }
        if let Some(settings) = google.field(&object, "safety_settings") {
            settings.items()?;
            self.safety = Some(settings.raw);
        }
        if let Some(cached) = google.field(&object, "cached_content") {
            self.cached = Some(cached.string()?);
        }
        Ok(())
    }
}

fn thinking(config: &Value<'_, '_>, dropped: &mut Dropped) -> Result<Vec<u8>, Error> {
    let object = config.object()?;
    let mut out = b"{".to_vec();
    for (name, raw) in object.iter() {
        let Some((_, own)) = THINKING.iter().find(|(snake, own)| name == *snake || name == *own)
        else {
            dropped.client_name("google.thinking_config.", name);
            continue;
        };
        if out.len() > 1 {
            out.push(b',');
        }
        json::push_text(&mut out, own);
        out.push(b':');
        out.extend_from_slice(raw);
    }
    out.push(b'}');
    Ok(out)
}
