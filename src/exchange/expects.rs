//! What a call is expected to use, before anybody has counted.
//!
//! Must not: be taken for a count.

use super::Worker;
use crate::config::Config;
use crate::dialect::{Facts, Usage};
use crate::host::Host;
use crate::route::strategy;

// === impl Worker ===

impl Worker {
    /// Tokens of a request and of its answer. `body`: empty where it flows on.
    pub(super) fn expects(
        &self,
        _host: &dyn Host,
        _config: &Config,
        facts: &Facts,
        _body: &[u8],
    ) -> Usage {
        strategy::expected(facts)
    }
}
