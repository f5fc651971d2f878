//! An entry of `catalog`: what the operator knows better than the list. And what is done
//! where neither has a price.

use crate::config::units::{Dollars, Tokens};
use serde::Deserialize;

/// Prices are USD per million tokens. An entry that gives any price replaces all of
/// the list's: what it leaves out is charged as what it is a part of.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `provider/model` as a target has it; `*` stands for any run of characters.
    pub model: String,
    /// A model of the list that this one is, as kind/model: azure/eu/gpt-5 for a
    /// deployment with a name of its own. What else stands here goes before it.
    #[serde(default)]
    pub like: Option<String>,
    /// Needed where there is any price.
    #[serde(default)]
    pub input: Option<Dollars>,
    /// Needed where the model generates.
    #[serde(default)]
    pub output: Option<Dollars>,
    /// Input read from a cache. Default: as input.
    #[serde(default)]
    pub cache_read: Option<Dollars>,
    /// Input written to a cache for five minutes. Default: as input.
    #[serde(default)]
    pub cache_write: Option<Dollars>,
    /// The same for an hour. Default: as cache_write.
    #[serde(default)]
    pub cache_write_1h: Option<Dollars>,
    /// Input of calls with more than 200,000 tokens of input. Default: as input.
    #[serde(default)]
    pub input_above_200k: Option<Dollars>,
    /// Output of such calls. Default: as output.
    #[serde(default)]
    pub output_above_200k: Option<Dollars>,
    /// Reasoning, where it is not charged as output.
    #[serde(default)]
    pub reasoning: Option<Dollars>,
    /// Most tokens of input.
    #[serde(default)]
    pub context: Option<Tokens>,
    /// Most tokens of output; also what is asked for where a provider must be told a
    /// limit and the client gave none.
    #[serde(default)]
    pub max_output: Option<Tokens>,
    /// What it can do of tools, vision, pdf, audio_in and schema, instead of what the
    /// list says: calls that ask for another of these go to others that can.
    #[serde(default)]
    pub abilities: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Unpriced {
    /// They are not made.
    Deny,
    /// They are made and counted as unpriced; budgets in dollars do not see them.
    #[default]
    Flag,
    /// They are charged by these prices, in USD per million tokens, and marked.
    Estimate { input: Dollars, output: Dollars },
}
