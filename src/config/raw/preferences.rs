//! `preferences`: what clients may say of who serves them.

use serde::Deserialize;

/// Whether clients may say who serves a call: which models and providers, in which
/// order, where, at what price.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Preferences {
    /// In the request header x-sluice-route. Default: false.
    pub header: bool,
    /// In the body's members `models`, `provider` and `route`, as OpenRouter's clients
    /// send them; they are taken out of the request. Default: false.
    pub body: bool,
    /// Callers without a key may, too. Default: true.
    pub anonymous: bool,
}

// === impl Preferences ===

impl Preferences {
    pub fn any(self) -> bool {
        self.header || self.body
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self { header: false, body: false, anonymous: true }
    }
}
