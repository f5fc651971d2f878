//! What a target is to a translation: its model's name and traits, its kind's quirks.

use serde_json::{Value, json};
use sluice::dialect::{Addressed, Maker, ModelTraits, Quirks, Thinking, quirks};
use sluice::provider;
use std::path::Path;

/// Read from `case.json` or from a provider dialect's `model.json`.
pub struct Settings(Value);

// === impl Settings ===

impl Settings {
    /// Of a file; all defaults where there is none.
    pub fn read(path: &Path) -> Self {
        let raw = std::fs::read(path).ok();
        Self(raw.map_or(json!({}), |raw| serde_json::from_slice(&raw).unwrap()))
    }

    /// The same of a call whose path names the model.
    pub fn addressed_as(&self, model: &str, stream: bool) -> Self {
        let mut all = self.0.clone();
        all["path"] = json!({ "model": model, "stream": stream });
        Self(all)
    }

    /// Of a refusal.
    pub fn status(&self) -> Option<u16> {
        self.0["status"].as_u64().map(|status| u16::try_from(status).unwrap())
    }

    /// What the provider's headers say went in.
    pub fn told_input(&self) -> Option<u64> {
        self.0["told_input"].as_u64()
    }

    pub fn model(&self) -> &str {
        self.0["model"].as_str().unwrap_or("claude-test-1")
    }

    pub fn addressed(&self) -> Option<Addressed> {
        let path = &self.0["path"];
        path["model"].as_str().map(|model| Addressed {
            model: model.to_owned(),
            stream: path["stream"].as_bool().unwrap_or(false),
        })
    }

    pub fn quirks(&self) -> &'static Quirks {
        match self.0["kind"].as_str() {
            Some(name) => provider::kind(name).unwrap_or_else(|| panic!("kind: {name}")).quirks,
            None => &quirks::NONE,
        }
    }

    pub fn traits(&self) -> ModelTraits {
        let given = &self.0["traits"];
        let flag = |name: &str| given[name].as_bool().unwrap_or(true);
        let tokens = given["max_output_tokens"].as_u64().unwrap_or(64_000);
        ModelTraits {
            max_output_tokens: u32::try_from(tokens).unwrap(),
            structured_output: flag("structured_output"),
            sampling: flag("sampling"),
            system_turns: flag("system_turns"),
            thinking: match given["thinking"].as_str() {
                Some("none") => Thinking::None,
                Some("budget") | None => Thinking::Budget,
                Some("adaptive") => Thinking::Adaptive,
                Some("level") => Thinking::Level,
                Some("always") => Thinking::Always,
                Some(other) => panic!("thinking: {other}"),
            },
            reasons: flag("reasons"),
            maker: match given["maker"].as_str() {
                Some("amazon") => Maker::Amazon,
                Some("anthropic") => Maker::Anthropic,
                Some("cohere") => Maker::Cohere,
                Some("deepseek") => Maker::DeepSeek,
                Some("google") => Maker::Google,
                Some("meta") => Maker::Meta,
                Some("mistral") => Maker::Mistral,
                Some("openai") => Maker::OpenAi,
                Some("other") | None => Maker::Other,
                Some(other) => panic!("maker: {other}"),
            },
        }
    }
}
