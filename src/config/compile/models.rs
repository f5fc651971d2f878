//! `models`: names that can be reached, targets that exist.

use super::{Problems, health};
use crate::catalog::Known;
use crate::config::compiled::{MAX_MODELS, MAX_TARGETS, Model, Provider, Target};
use crate::config::raw::Strategy;
use crate::config::{glob, raw};
use crate::dialect::Dialect;

pub(super) fn compile(
    raw: &raw::Sluice,
    providers: &[Provider],
    problems: &mut Problems,
) -> Vec<Model> {
    if raw.models.is_empty() {
        problems.add(
            "models",
            "is empty; name at least one, such as { name: fast, targets: [openai/gpt-5-mini] }",
        );
    }
    if raw.models.len() > MAX_MODELS {
        problems.add("models", format!("has more than {MAX_MODELS} entries"));
        return Vec::new();
    }
    let mut compiled: Vec<Model> = Vec::with_capacity(raw.models.len());
    for (i, m) in raw.models.iter().enumerate() {
        let path = format!("models[{i}]");
        if m.name.is_empty() || m.name.len() > 128 || m.name.chars().any(char::is_control) {
            problems.add(
                format!("{path}.name"),
                "must have 1 to 128 characters, none of them control characters",
            );
        }
        if let Some((j, earlier)) =
            compiled.iter().enumerate().find(|(_, e)| glob::covers(&e.name, &m.name))
        {
            let message = if earlier.name == m.name {
                format!("`{}` stands at models[{j}] already; remove one", m.name)
            } else {
                format!(
                    "`{}` can never be reached: models[{j}] `{}` matches first; move this entry above it",
                    m.name, earlier.name
                )
            };
            problems.add(format!("{path}.name"), message);
        }
        if m.targets.is_empty() || m.targets.len() > MAX_TARGETS {
            problems
                .add(format!("{path}.targets"), format!("must list 1 to {MAX_TARGETS} targets"));
        }
        let targets = m
            .targets
            .iter()
            .enumerate()
            .filter_map(|(j, t)| {
                target(&format!("{path}.targets[{j}]"), t, raw, providers, problems)
            })
            .collect();
        check_strategy(&path, m, problems);
        compiled.push(Model {
            name: m.name.clone(),
            is_glob: m.name.contains('*'),
            strategy: m.strategy,
            by: m.by.clone(),
            targets,
        });
    }
    compiled
}

/// What says something that this model's strategy does not hear is a mistake.
fn check_strategy(path: &str, m: &raw::Model, problems: &mut Problems) {
    if let Some(by) = &m.by {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !matches!(m.strategy, Strategy::Weighted | Strategy::Sticky) {
            problems.add(format!("{path}.by"), "only means something to weighted and sticky");
        } else if by.is_empty() || !by.bytes().all(fits) {
            problems.add(format!("{path}.by"), "must be a header's name in lower case");
        } else if by.starts_with("x-sluice-") || by.starts_with("x-envoy-") {
            problems.add(format!("{path}.by"), "is a header that clients cannot send");
        }
    }
    for (j, t) in m.targets.iter().enumerate() {
        let path = format!("{path}.targets[{j}].weight");
        match t.weight {
            Some(_) if m.strategy != Strategy::Weighted => {
                problems.add(path, "only means something to the strategy weighted");
            }
            Some(weight) if weight > 10_000 => problems.add(path, "must be 0 to 10000"),
            _ => {}
        }
    }
    let weights = m.targets.iter().map(|t| t.weight.unwrap_or(1));
    if m.strategy == Strategy::Weighted && weights.sum::<u32>() == 0 {
        problems.add(format!("{path}.targets"), "give one of them a weight above 0");
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
        known,
    })
}
