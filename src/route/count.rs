//! Counts that no vendor makes: the plan's own answer.
//!
//! A count belongs to the target that would take the call. Where that one has no
//! counter, another's is asked only if its model is of the same maker, whose models
//! share their vocabulary; else the gateway estimates. Must not: estimate for a model
//! that would refuse the call.

use crate::catalog::Known;
use crate::config::{Config, Target};
use crate::dialect::estimate::pictures::Sight;
use crate::dialect::{Addressed, Dialect, Facts, Maker, Request, Translator, count, estimate};
use crate::error::Error;
use crate::provider::Kind;

/// The first target that would take the call and has no counter.
pub(super) struct Uncounted<'a> {
    kind: &'static Kind,
    row: &'static Translator,
    chat: Dialect,
    name: &'a str,
    known: Known,
}

// === impl Uncounted ===

impl<'a> Uncounted<'a> {
    /// `None`: this target takes no such call, or the client counts nothing.
    pub(super) fn find(
        client: Dialect,
        kind: &'static Kind,
        target: &Target,
        name: &'a str,
        known: Known,
    ) -> Option<Self> {
        let chat = count::chat(client)?;
        let api = target.api.or_else(|| known.api());
        let (_, row) = kind.surface(chat, name, known.traits.maker, api)?;
        Some(Self { kind, row, chat, name, known })
    }

    /// May a counter for this model speak for it?
    pub(super) fn is_like(&self, known: &Known) -> bool {
        let maker = self.known.traits.maker;
        maker != Maker::Other && maker == known.traits.maker
    }

    /// Tokens, if the target would take the call.
    pub(super) fn estimate(
        &self,
        config: &Config,
        facts: &Facts,
        body: &[u8],
    ) -> Result<u64, Error> {
        let call = count::inner(facts.client, body);
        // Its paths tell both dialects' models, so that the bodies need not.
        let addressed = Addressed { model: facts.model.clone(), stream: false };
        let own = Facts { client: facts.client, ..Facts::of(self.chat, call, Some(addressed))? };
        let (traits, quirks) = (self.known.traits, self.kind.quirks);
        let (model, betas) = (self.name, "");
        let request = Request { body: call, facts: &own, model, traits, quirks, betas };
        (self.row.request)(&request)?.allow(config.strict)?;
        Ok(estimate::of_request(call, Sight::of(traits.maker, self.name)))
    }
}
