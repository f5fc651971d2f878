//! `rules`: conditions that can be met, and what they lead to.

use super::{Problems, is_label, retries, retry, targets};
use crate::config::compiled::{MAX_RULES, Provider, Rule, Target, When};
use crate::config::raw;
use crate::config::raw::Strategy;

pub(super) fn compile(
    (raw, providers): (&raw::Sluice, &[Provider]),
    all: &mut Vec<Target>,
    problems: &mut Problems,
) -> Vec<Rule> {
    if raw.rules.len() > MAX_RULES {
        problems.add("rules", format!("has more than {MAX_RULES} entries"));
        return Vec::new();
    }
    let mut compiled: Vec<Rule> = Vec::with_capacity(raw.rules.len());
    for (i, r) in raw.rules.iter().enumerate() {
        let path = format!("rules[{i}]");
        if !is_label(&r.name) {
            problems.add(format!("{path}.name"), "must be 1 to 64 of a-z A-Z 0-9 . _ -");
        }
        if compiled.iter().any(|other| other.name == r.name) {
            problems.add(format!("{path}.name"), format!("`{}` stands there twice", r.name));
        }
        targets::check_tags(&format!("{path}.require"), &r.require, problems);
        let own = r.targets.as_deref().map(|listed| {
            let strategy = r.strategy.unwrap_or_default();
            let own = targets::Own { listed, strategy, by: r.by.as_deref() };
            targets::compile(&path, &own, (raw, providers), all, problems)
        });
        if r.by.is_some() && r.strategy.is_none() {
            problems.add(format!("{path}.by"), "only means something beside a strategy");
        }
        compiled.push(Rule {
            name: r.name.clone(),
            when: When { models: r.when.models.clone() },
            strategy: r.strategy.or(own.as_ref().map(|_| Strategy::default())),
            targets: own,
            by: r.by.clone(),
            require: r.require.clone(),
            first_token_ms: r.first_token_timeout.map(|t| t.0),
            timeout_ms: r.timeout.map(|t| t.0),
            total_timeout_ms: r.total_timeout.map(|t| t.0),
            min_speed: retries::min_speed(&path, r.min_speed, problems),
            idle_ms: r.idle_timeout.map(|t| t.0),
            retry: r.retry_on.as_deref().map(retry),
        });
    }
    compiled
}
