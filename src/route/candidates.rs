//! Who might take a call, before anybody is judged.

use super::strategy::{self, Asked};
use super::terms::Terms;
use crate::catalog::Known;
use crate::config::{Provider, Target};

#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// Place in `Config::targets`.
    pub(super) index: usize,
    pub(super) target: &'a Target,
    pub(super) provider: &'a Provider,
    /// The name a client asks for.
    pub(super) asked: &'a str,
    pub(super) known: Known,
}

/// In the order of the strategy, and what the call sticks by, if it does.
pub(super) fn of<'a>(
    terms: Terms<'a>,
    asked: &'a str,
    call: Asked<'_>,
) -> (Vec<Candidate<'a>>, Option<u64>) {
    let listed = terms.targets().filter_map(|(index, target)| {
        let provider = terms.config.providers.get(target.provider)?;
        let look_up = || provider.known(target.model.as_deref().unwrap_or(asked));
        let known = target.known.unwrap_or_else(look_up);
        Some(Candidate { index, target, provider, asked, known })
    });
    let mut all: Vec<_> = listed.collect();
    let affinity = strategy::sort(&mut all, terms, call);
    (all, affinity)
}

// === impl Candidate ===

impl<'a> Candidate<'a> {
    /// The provider's name of the model.
    pub(super) fn name(&self) -> &'a str {
        self.target.model.as_deref().unwrap_or(self.asked)
    }
}
