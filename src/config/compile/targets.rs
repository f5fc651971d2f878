//! Targets of models and of rules: that they exist, and that what is said of them is
//! heard.

use super::{Problems, health, is_label};
use crate::catalog::Known;
use crate::config::compiled::{MAX_TARGETS, Provider, Target};
use crate::config::raw;
use crate::config::raw::Strategy;
use crate::dialect::Dialect;
use std::ops::Range;

/// The targets of one entry, as they are written.
pub(super) struct Own<'a> {
    pub(super) listed: &'a [raw::Target],
    pub(super) strategy: Strategy,
    pub(super) by: Option<&'a str>,
}

/// Most tags of a target.
const MAX_TAGS: usize = 16;

/// Their places in `all`.
pub(super) fn compile(
    path: &str,
    own: &Own<'_>,
    (raw, providers): (&raw::Sluice, &[Provider]),
    all: &mut Vec<Target>,
    problems: &mut Problems,
) -> Range<usize> {
    if own.listed.is_empty() || own.listed.len() > MAX_TARGETS {
        problems.add(format!("{path}.targets"), format!("must list 1 to {MAX_TARGETS} targets"));
    }
    let first = all.len();
    for (j, t) in own.listed.iter().enumerate() {
        let path = format!("{path}.targets[{j}]");
        all.extend(target(&path, t, raw, providers, problems));
    }
    check_strategy(path, own, problems);
    first..all.len()
}

/// What says something that the strategy does not hear is a mistake.
fn check_strategy(path: &str, own: &Own<'_>, problems: &mut Problems) {
    check_by(path, own.strategy, own.by, problems);
    use Strategy::{LeastBusy, Sticky, Weighted};
    let shares = matches!(own.strategy, Weighted | Sticky | LeastBusy);
    for (j, t) in own.listed.iter().enumerate() {
        let path = format!("{path}.targets[{j}].weight");
        match t.weight {
            Some(_) if !shares => {
                problems.add(path, "only means something to weighted, sticky and least_busy");
            }
            Some(weight) if weight > 10_000 => problems.add(path, "must be 0 to 10000"),
            _ => {}
        }
    }
    let weights = own.listed.iter().map(|t| t.weight.unwrap_or(1));
    if shares && weights.sum::<u32>() == 0 {
        problems.add(format!("{path}.targets"), "give one of them a weight above 0");
    }
}

pub(super) fn check_by(path: &str, strategy: Strategy, by: Option<&str>, problems: &mut Problems) {
    let Some(by) = by else { return };
    let words = match strategy {
        Strategy::Weighted | Strategy::Sticky => header_fault(by),
        _ => Some("only means something to weighted and sticky"),
    };
    if let Some(words) = words {
        problems.add(format!("{path}.by"), words);
    }
}

/// What is wrong with the name of a header that calls are known by.
pub(super) fn header_fault(name: &str) -> Option<&'static str> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(fits) {
        Some("must be a header's name in lower case")
    } else if name.starts_with("x-sluice-") || name.starts_with("x-envoy-") {
        Some("is a header that clients cannot send")
    } else {
        None
    }
}

fn target(
    path: &str,
    t: &raw::Target,
    raw: &raw::Sluice,
    providers: &[Provider],
    problems: &mut Problems,
) -> Option<Target> {
    let Some((provider, model)) =
        t.target.split_once('/').filter(|(p, m)| !p.is_empty() && !m.is_empty())
    else {
        problems
            .add(path, format!("`{}` must be provider/model, such as openai/gpt-5-mini", t.target));
        return None;
    };
    let Some(index) = providers.iter().position(|p| p.name == provider) else {
        // A provider that is written but wrong has been reported already.
        if !raw.providers.contains_key(provider) {
            let known: Vec<_> = raw.providers.keys().map(String::as_str).collect();
            problems.add(
                path,
                format!("there is no provider `{provider}`; known: {}", known.join(", ")),
            );
        }
        return None;
    };
    let provider = providers.get(index)?;
    let kind = provider.kind;
    let api = t.api.as_deref().and_then(|name| {
        let found = Dialect::named(name).filter(|d| kind.surfaces.iter().any(|s| s.dialect == *d));
        if found.is_none() {
            let known: Vec<_> = kind.surfaces.iter().map(|s| s.dialect.as_str()).collect();
            let words =
                format!("kind {} does not speak that; it has {}", kind.name, known.join(", "));
            problems.add(format!("{path}.api"), words);
        }
        found
    });
    if model.len() > 128 || model.chars().any(|c| c.is_control() || !c.is_ascii()) {
        problems.add(path, "the model's name must be at most 128 printable ASCII characters");
    }
    let d = &raw.defaults;
    let first_token = t.first_token_timeout.unwrap_or(d.first_token_timeout);
    let timeout = t.timeout.unwrap_or(d.timeout);
    for (name, own, millis) in [
        ("first_token_timeout", t.first_token_timeout.is_some(), first_token),
        ("timeout", t.timeout.is_some(), timeout),
    ] {
        if own && millis > d.total_timeout {
            problems.add(
                format!("{path}.{name}"),
                "is longer than defaults.total_timeout; raise that or lower this",
            );
        }
    }
    let known = (model != "*").then(|| provider.known(model));
    Some(Target {
        provider: index,
        model: (model != "*").then(|| model.to_owned()),
        label: model.to_owned(),
        id: health::target_id(&provider.name, model),
        first_token_ms: first_token.0,
        timeout_ms: timeout.0,
        api: api.or_else(|| known.as_ref().and_then(Known::api)),
        weight: t.weight.unwrap_or(1),
        tags: tags(path, t, raw.providers.get(provider.name.as_str()), problems),
        known,
    })
}

/// Its provider's, its region, its own.
fn tags(
    path: &str,
    t: &raw::Target,
    provider: Option<&raw::Provider>,
    problems: &mut Problems,
) -> Vec<String> {
    check_tags(&format!("{path}.tags"), &t.tags, problems);
    let theirs = provider.iter().flat_map(|p| p.region.iter().chain(&p.tags));
    let mut all: Vec<String> = theirs.chain(&t.tags).cloned().collect();
    all.sort();
    all.dedup();
    all
}

pub(super) fn check_tags(path: &str, tags: &[String], problems: &mut Problems) {
    if tags.len() > MAX_TAGS {
        problems.add(path, format!("has more than {MAX_TAGS} entries"));
    }
    for (i, tag) in tags.iter().enumerate().filter(|(_, tag)| !is_label(tag)) {
        problems
            .add(format!("{path}[{i}]"), format!("`{tag}` must be 1 to 64 of a-z A-Z 0-9 . _ -"));
    }
}
