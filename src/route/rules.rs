//! Which rule a call falls under: the first whose conditions all fit.

use crate::config::compiled::{Rule, When};
use crate::config::{Config, glob};
use crate::dialect::Facts;

/// Its place in the configuration.
pub(super) fn find(config: &Config, facts: &Facts) -> Option<usize> {
    config.rules.iter().position(|rule: &Rule| rule.when.fits(facts))
}

// === impl When ===

impl When {
    fn fits(&self, facts: &Facts) -> bool {
        self.models.is_empty() || self.models.iter().any(|p| glob::matches(p, &facts.model))
    }
}
