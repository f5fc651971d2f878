//! Whether a model can do what a call asks for, by the catalog.
//!
//! A model that is known to lack it is passed over while another may take the call; if
//! none can, it is tried all the same: its provider knows better than a list. The
//! request is read at most once a plan, and only where a candidate lacks anything and is
//! not the only one.

use crate::catalog::{Abilities, Ability, Known};
use crate::dialect::Facts;
use crate::dialect::asks::Asks;

pub(super) struct Needs<'a> {
    pub(super) facts: &'a Facts,
    pub(super) body: &'a [u8],
    /// There are several candidates.
    pub(super) choice: bool,
    pub(super) asked: Option<Abilities>,
}

// === impl Needs ===

impl Needs<'_> {
    /// What is asked for and this model lacks.
    pub(super) fn lacks(&mut self, known: &Known) -> Option<Ability> {
        if !self.choice || known.lacks == Abilities::default() {
            return None;
        }
        let (facts, body) = (self.facts, self.body);
        let asked = *self.asked.get_or_insert_with(|| asked(&Asks::of(facts, body)));
        known.lacks.first_of(asked)
    }
}

fn asked(asks: &Asks) -> Abilities {
    let said = [
        (asks.tools, Ability::Tools),
        (asks.images, Ability::Vision),
        (asks.files, Ability::Pdf),
        (asks.audio, Ability::AudioIn),
        (asks.schema, Ability::Schema),
    ];
    let set =
        |set: Abilities, (is, ability): (bool, Ability)| if is { set.with(ability) } else { set };
    said.into_iter().fold(Abilities::default(), set)
}
