//! A model's entry: what clients ask for, who may answer, and in which order.

use super::{Shadow, Target};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What clients ask for; `*` stands for any run of characters.
    pub name: String,
    /// Who may answer: tried one after the other, in the order of `strategy`.
    pub targets: Vec<Target>,
    /// In which order the targets are tried. Default: order.
    #[serde(default)]
    pub strategy: Strategy,
    /// weighted and sticky: the request header whose value decides, such as x-user-id.
    /// Calls without it go by chance (weighted) or by their conversation (sticky).
    #[serde(default)]
    pub by: Option<String>,
    /// Copies of some of its calls go to another model, whose answers nobody reads.
    #[serde(default)]
    pub shadow: Option<Shadow>,
}

#[derive(Debug, Deserialize, Serialize, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// As they are listed.
    #[default]
    Order,
    /// By chance, in proportion to their weights.
    Weighted,
    /// By what the catalog says this call will cost; those without a price last.
    Cheapest,
    /// A conversation stays with its target, so that the provider's prompt cache is hit.
    Sticky,
    /// By what all workers have learned of first tokens and tokens per second; one call in
    /// 20 finds out how fast the others are now.
    Fastest,
    /// By attempts in flight over all workers, for each unit of weight.
    LeastBusy,
}
