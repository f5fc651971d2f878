//! What a target's calls are charged by: its price, what `unpriced` says where it has none,
//! and what a provider says itself, which goes before both.
//!
//! The one place that decides this: what is reserved, settled, logged and shown to clients
//! comes from here. Must not: read usage, or round (`catalog::price` does, once a call).

use super::{Plan, Resolved};
use crate::catalog::price::dearest;
use crate::catalog::{self, Known, Price};
use crate::config::Config;
use crate::config::compiled::Unpriced;
use crate::dialect::{Operation, Usage};
use crate::error::Error;

/// What a call costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge<'a> {
    pub nano: u64,
    /// Which prices made it: the list's version and, where the configuration set this one,
    /// that of its `catalog`; or `PROVIDER`, or `ESTIMATE`.
    pub version: &'a str,
    /// The tier that served it (`Usage::tier`), which these prices are not about.
    pub tier: Option<&'static str>,
}

/// The provider told the cost itself.
pub const PROVIDER: &str = "provider";
/// The price is that of `unpriced.estimate`.
pub const ESTIMATE: &str = "estimate";

/// The price of a model for such calls, if it is known.
fn known_price(known: &Known, operation: Operation) -> Option<Price> {
    known.price.filter(|price| price.covers(operation == Operation::Chat))
}

/// Whether such calls must not be sent there for want of a price. Counts are free.
pub(super) fn is_denied(config: &Config, known: &Known, operation: Operation) -> bool {
    config.unpriced == Unpriced::Deny
        && operation != Operation::CountTokens
        && known_price(known, operation).is_none()
}

pub(super) fn denied() -> Error {
    let words = "no price is known for this model, and calls whose cost is not known are \
                 refused here; the operator can give it one under `catalog`";
    Error::invalid("model", words)
}

// === impl Resolved ===

impl<'a> Resolved<'a> {
    /// What its calls are charged by; `None`: nobody can tell what they cost.
    pub fn price(&self) -> Option<Price> {
        known_price(&self.known, self.surface.dialect.operation()).or(
            match self.terms.config.unpriced {
                Unpriced::Estimate(price) => Some(price),
                Unpriced::Deny | Unpriced::Flag => None,
            },
        )
    }

    /// `counted`: all of the tokens are known, or estimated from text.
    pub fn charge(&self, usage: &Usage, counted: bool) -> Option<Charge<'a>> {
        if let Some(nano) = usage.cost {
            return Some(Charge { nano, version: PROVIDER, tier: None });
        }
        let price = self.price().filter(|price| counted || price.is_free())?;
        let known = known_price(&self.known, self.surface.dialect.operation());
        let version = match known {
            None => ESTIMATE,
            Some(_) if self.known.own_price => &self.provider.price_version,
            Some(_) => catalog::VERSION,
        };
        Some(Charge { nano: price.cost(usage)?, version, tier: usage.tier })
    }
}

// === impl Charge ===

impl Charge<'_> {
    /// Surely what the provider's bill will say.
    pub fn is_exact(&self) -> bool {
        self.version != ESTIMATE && self.tier.is_none()
    }
}

// === impl Plan ===

impl Plan {
    /// The most that a call of this plan costs, in nanodollars, if it uses so much.
    /// `None`: none of its targets has a price.
    pub fn dearest(&self, config: &Config, usage: &Usage) -> Option<u64> {
        let targets = (0..self.targets.len()).filter_map(|n| self.resolve(config, n));
        dearest(targets.map(|at| at.price()), usage)
    }
}
