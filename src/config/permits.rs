//! What a consumer may ask: its own words, its team's and its organization's as one.
//!
//! Made once at load; consumers whose permits do not differ share them, so that many
//! consumers stay small. Must not: judge a call (`policy::permits` does).

use super::glob;
use crate::dialect::Dialect;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Permits {
    /// Its account is closed, or its team's or organization's.
    pub disabled: bool,
    /// Bits of the dialects it may speak.
    pub endpoints: u64,
    /// Patterns of the models it may use: one of each list must match.
    pub models: Vec<Vec<String>>,
    /// No answer may be asked for that is longer.
    pub max_output_tokens: Option<u32>,
    /// Members of requests that are set whatever the client says.
    pub force: Vec<Forced>,
    /// Tags without which no target is tried.
    pub require: Vec<String>,
    /// It may ask why a call went where it went, where that is on.
    pub explain: bool,
    /// It may say who serves its calls, where that is on.
    pub preferences: bool,
}

/// A member of a request's top level.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forced {
    /// Bits of the dialects whose requests have it.
    pub clients: u64,
    /// Needs no escapes.
    pub name: String,
    /// JSON.
    pub value: Vec<u8>,
}

// === impl Permits ===

impl Permits {
    /// Judged by the name a client asks for, not by the entry that matches it.
    pub fn may_use(&self, asked: &str) -> bool {
        self.models.iter().all(|list| list.iter().any(|p| glob::matches(p, asked)))
    }

    pub fn may_call(&self, client: Dialect) -> bool {
        self.endpoints & client.bit() != 0
    }

    /// Nothing of the configuration is hidden from it.
    pub fn sees_all(&self) -> bool {
        self.models.is_empty() && self.explain && !self.disabled
    }
}

/// Everything.
impl Default for Permits {
    fn default() -> Self {
        Self {
            disabled: false,
            endpoints: u64::MAX,
            models: Vec::new(),
            max_output_tokens: None,
            force: Vec::new(),
            require: Vec::new(),
            explain: true,
            preferences: true,
        }
    }
}
