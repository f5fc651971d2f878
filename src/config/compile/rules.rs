//! `rules`: conditions that can be met (`when`), and what they lead to.

use super::{Problems, is_label, retries, retry, targets, when};
use crate::config::compiled::{MAX_RULES, Model, Provider, Rule, Target};
use crate::config::index::Index;
use crate::config::raw;
use crate::config::raw::Strategy;
use crate::config::{glob, when::When};

pub(super) fn compile(
    (raw, providers): (&raw::Sluice, &[Provider]),
    models: &[Model],
    all: &mut Vec<Target>,
    problems: &mut Problems,
) -> (Vec<Rule>, Index) {
    if raw.rules.len() > MAX_RULES {
        problems.add("rules", format!("has more than {MAX_RULES} entries"));
        return (Vec::new(), Index::default());
    }
    let mut compiled: Vec<Rule> = Vec::with_capacity(raw.rules.len());
    let mut whens: Vec<When> = Vec::with_capacity(raw.rules.len());
    for (i, r) in raw.rules.iter().enumerate() {
        let path = format!("rules[{i}]");
        if !is_label(&r.name) {
            problems.add(format!("{path}.name"), "must be 1 to 64 of a-z A-Z 0-9 . _ -");
        }
        if compiled.iter().any(|other| other.name == r.name) {
            problems.add(format!("{path}.name"), format!("`{}` stands there twice", r.name));
        }
        if says_nothing(r) {
            let words = "changes nothing; give it targets, a strategy, require, deadlines or \
                         retry_on. To keep calls from later rules, name their model's strategy";
            problems.add(path.clone(), words);
        }
        let when = when::compile(&format!("{path}.when"), &r.when, raw, problems);
        let cover = whens.iter().position(|earlier| earlier.covers(&when));
        if let Some((j, earlier)) = cover.and_then(|j| Some((j, compiled.get(j)?))) {
            let words = format!(
                "`{}` can never be reached: rules[{j}] `{}` fits all its calls; move this rule \
                 above it, or narrow that one",
                r.name, earlier.name
            );
            problems.add(path.clone(), words);
        }
        let own = r.targets.as_deref().map(|listed| {
            let strategy = r.strategy.unwrap_or_default();
            let own = targets::Own { listed, strategy, by: r.by.as_deref() };
            targets::compile(&path, &own, (raw, providers), all, problems)
        });
        match (&own, r.strategy) {
            (_, None) if r.by.is_some() => {
                problems.add(format!("{path}.by"), "only means something beside a strategy");
            }
            (None, Some(strategy)) => targets::check_by(&path, strategy, r.by.as_deref(), problems),
            _ => {}
        }
        let targets = match &own {
            Some(own) => all.get(own.clone()).unwrap_or_default().iter().collect(),
            None => reached(&when, models, all),
        };
        check_require(&path, (&r.require, "calls of this rule"), &targets, problems);
        check_deadlines(&path, r, &raw.defaults, problems);
        compiled.push(Rule {
            name: r.name.clone(),
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
        whens.push(when);
    }
    when::check_names(&whens, problems);
    let index = if problems.0.is_empty() { Index::new(&whens) } else { Index::default() };
    (compiled, index)
}

/// Must know each field: what is new may be what a rule is for.
fn says_nothing(rule: &raw::Rule) -> bool {
    let raw::Rule {
        name: _,
        when: _,
        targets,
        strategy,
        by: _,
        require,
        first_token_timeout,
        timeout,
        total_timeout,
        retry_on,
        min_speed,
        idle_timeout,
    } = rule;
    let times = [first_token_timeout, timeout, total_timeout, idle_timeout];
    targets.is_none()
        && strategy.is_none()
        && require.is_empty()
        && times.iter().all(|t| t.is_none())
        && retry_on.is_none()
        && min_speed.is_none()
}

/// Targets of the models that a rule without its own can meet.
fn reached<'a>(when: &When, models: &[Model], all: &'a [Target]) -> Vec<&'a Target> {
    let meets = |model: &&Model| {
        when.models.is_empty() || when.models.iter().any(|p| glob::may_meet(p, &model.name))
    };
    let own = |model: &Model| all.get(model.targets.clone()).unwrap_or_default();
    models.iter().filter(meets).flat_map(own).collect()
}

/// Tags that no target has leave nobody to try.
pub(super) fn check_require(
    path: &str,
    (require, whose): (&[String], &str),
    targets: &[&Target],
    problems: &mut Problems,
) {
    targets::check_tags(&format!("{path}.require"), require, problems);
    let lacking = |tag: &&String| !targets.iter().any(|t| t.tags.contains(tag));
    // What is wrong with targets has been reported already.
    if targets.is_empty() || targets.iter().any(|t| require.iter().all(|tag| t.tags.contains(tag)))
    {
        return;
    }
    let words = match require.iter().find(lacking) {
        Some(tag) => format!("no target that {whose} may go to has the tag `{tag}`"),
        None => format!("no target that {whose} may go to has all of these tags"),
    };
    problems.add(format!("{path}.require"), words);
}

fn check_deadlines(
    path: &str,
    rule: &raw::Rule,
    defaults: &raw::Defaults,
    problems: &mut Problems,
) {
    let total = rule.total_timeout.unwrap_or(defaults.total_timeout);
    for (name, own) in
        [("first_token_timeout", rule.first_token_timeout), ("timeout", rule.timeout)]
    {
        if own.is_some_and(|own| own > total) {
            let words = "is longer than the rule's total_timeout (or defaults.total_timeout); \
                         raise that or lower this";
            problems.add(format!("{path}.{name}"), words);
        }
    }
}
