//! Plans for an Envoy that cannot be told each call's order: cut to what its route can
//! do.
//!
//! With composite clusters (`config::chains`) a plan is cut to its longest beginning
//! that there is a chain for, with its spare keys or, where that reaches more targets,
//! without; it is never ordered anew after an attempt. Without them a retry stays where
//! the first attempt went, so targets of other clusters go: else one provider would get
//! another's request and key.

use super::explain::Why;
use super::{Moment, Plan};
use crate::config::Config;
use crate::config::chains::Chains;
use crate::config::compiled::Fallback;

/// Leaves out of `plan` what the router could not reach in this order.
pub(super) fn cut(config: &Config, plan: &mut Plan, moment: &Moment<'_>) {
    let before: Vec<usize> = match &config.fallback {
        Fallback::PerCall => return,
        _ => plan.targets.iter().map(|choice| choice.target).collect(),
    };
    match &config.fallback {
        Fallback::PerCall => {}
        Fallback::Chains(chains) => follow(chains, config, plan),
        Fallback::None => stay(config, plan),
    }
    let Some(notes) = moment.notes else { return };
    let gone = |target: &&usize| !plan.targets.iter().any(|choice| choice.target == **target);
    for target in before.iter().filter(gone).filter_map(|t| config.targets.get(*t)) {
        notes.pass(config, target, Why::OutOfReach, moment);
    }
}

fn follow(chains: &Chains, config: &Config, plan: &mut Plan) {
    let find = |plan: &Plan, spares: bool| {
        let kept = plan.targets.iter().filter(|choice| spares || !choice.spare);
        let clusters: Vec<&str> = kept.filter_map(|c| config.cluster(c.target)).collect();
        let (via, length) = chains.find(&clusters)?;
        Some((via.to_owned(), length))
    };
    let own = |length: usize| {
        let kept = plan.targets.get(..length).unwrap_or_default();
        kept.iter().filter(|choice| !choice.spare).count()
    };
    let with = find(plan, true);
    let without = find(plan, false);
    let reach = |found: &Option<(String, usize)>| found.as_ref().map_or(0, |(_, length)| *length);
    if reach(&without) > own(reach(&with)) {
        plan.targets.retain(|choice| !choice.spare);
        plan.targets.truncate(reach(&without));
        plan.via = without.map(|(via, _)| via);
    } else {
        plan.targets.truncate(reach(&with));
        plan.via = with.map(|(via, _)| via);
    }
}

fn stay(config: &Config, plan: &mut Plan) {
    let first = plan.targets.first().and_then(|first| config.cluster(first.target));
    plan.targets.retain(|choice| config.cluster(choice.target) == first);
}
