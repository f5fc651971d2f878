//! `models`: names that can be reached.

use super::{Problems, shadow, targets};
use crate::config::compiled::{MAX_MODELS, Model, Provider, Target};
use crate::config::{glob, raw};

pub(super) fn compile(
    (raw, providers): (&raw::Sluice, &[Provider]),
    all: &mut Vec<Target>,
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
        let own = targets::Own { listed: &m.targets, strategy: m.strategy, by: m.by.as_deref() };
        compiled.push(Model {
            name: m.name.clone(),
            is_glob: m.name.contains('*'),
            strategy: m.strategy,
            by: m.by.clone(),
            targets: targets::compile(&path, &own, (raw, providers), all, problems),
            shadow: None,
        });
    }
    shadow::compile(raw, &mut compiled, problems);
    compiled
}
