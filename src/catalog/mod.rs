//! What is known of models: prices, windows, abilities, and how they are spoken to.
//!
//! Two sources. `models.tsv` (`table`) is a public list of what a provider charges
//! for a model and what the model can do; `names` knows the names it goes by.
//! `families` is ours: what a translation must know, by a model's own name, whoever
//! serves it. `price` turns tokens into money.
//!
//! Must not: guess. A model that its provider's list does not have is unpriced, which
//! is not free; a name that no family has gets what every model takes. What the list
//! has wrong or has not is put right by `catalog` in the configuration.

use crate::dialect::{Dialect, ModelTraits};
pub use names::{find, foundation_model, sections};
pub use price::Price;
pub use table::{Abilities, Ability, Listing, Mode, VERSION, all};

mod families;
mod names;
pub mod price;
pub mod table;

/// All that is known of a target's model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// `None`: not listed, so most likely a chat model.
    pub mode: Option<Mode>,
    /// What the list says it can do; empty where it is not listed.
    pub abilities: Abilities,
    /// What calls may ask for and it surely has not. The list is believed in tools and
    /// images alone, and only where it says anything of the model: flags of files, audio
    /// and schemas are missing there for models that have them.
    pub lacks: Abilities,
    /// `None`: unpriced.
    pub price: Option<Price>,
    /// The operator said so, not the list.
    pub own_price: bool,
    /// Most tokens of input.
    pub context: Option<u32>,
    pub traits: ModelTraits,
}

/// What is known of the model that a kind of provider calls `model`. `region`: where
/// it is called; empty: not known.
pub fn known(kind: &str, region: &str, model: &str) -> Known {
    let listing = find(kind, region, model);
    Known {
        mode: listing.map(|l| l.mode),
        abilities: listing.map(|l| l.abilities).unwrap_or_default(),
        lacks: listing.map(|l| l.lacks()).unwrap_or_default(),
        price: listing.and_then(|l| l.per_token()),
        own_price: false,
        context: listing.and_then(|l| l.context),
        traits: families::traits(model, listing.as_ref()),
    }
}

/// The traits alone.
pub fn traits(kind: &str, model: &str) -> ModelTraits {
    known(kind, "", model).traits
}

// === impl Known ===

impl Known {
    /// The dialect that the model asks for, where it is not its provider's first.
    pub fn api(&self) -> Option<Dialect> {
        (self.mode == Some(Mode::Responses)).then_some(Dialect::OpenAiResponses)
    }
}

#[cfg(test)]
mod tests;
