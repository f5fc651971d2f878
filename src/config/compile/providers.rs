//! `providers`: kinds, addresses, keys.

use super::keys::keys;
use super::{Problems, health, is_label, targets};
use crate::config::compiled::{Provider, Secret};
use crate::config::raw;
use crate::config::url::Url;
use crate::provider::{self, Kind, Path};

pub(super) fn compile(
    raw: &raw::Sluice,
    env: &dyn Fn(&str) -> Option<String>,
    problems: &mut Problems,
) -> Vec<Provider> {
    if raw.providers.is_empty() {
        problems
            .add("providers", "is empty; name at least one, such as `openai: { kind: openai }`");
    }
    let mut compiled = Vec::with_capacity(raw.providers.len());
    for (name, p) in &raw.providers {
        let path = format!("providers.{name}");
        if !is_label(name) {
            problems.add(&path, "a provider's name is 1 to 64 of a-z A-Z 0-9 . _ -");
        }
        let Some(kind) = provider::kind(&p.kind) else {
            let known: Vec<_> = provider::KINDS.iter().map(|k| k.name).collect();
            problems.add(
                format!("{path}.kind"),
                format!("`{}` is no kind of provider; known: {}", p.kind, known.join(", ")),
            );
            continue;
        };
        let text = p.url.as_deref().unwrap_or(kind.url);
        let settings = settings(&path, p, kind, text, problems);
        if text.is_empty() {
            problems.add(
                format!("{path}.url"),
                format!("is needed for kind {}; such as http://vllm:8000/v1", kind.name),
            );
            continue;
        }
        let url = match Url::parse(&fill(text, &settings)) {
            Ok(url) => url,
            Err(e) => {
                // Not quoted: it may carry a password or a key.
                problems.add(format!("{path}.url"), e);
                continue;
            }
        };
        targets::check_tags(&format!("{path}.tags"), &p.tags, problems);
        let cluster = p.cluster.clone().unwrap_or_else(|| name.clone());
        if !is_label(&cluster.replace(['|', '/', ':'], "_")) {
            problems.add(
                format!("{path}.cluster"),
                "is no Envoy cluster name (1 to 64 of a-z A-Z 0-9 . _ - | / :)",
            );
        }
        let (keys, shares): (Vec<_>, _) = keys(&path, p, kind, env, problems).into_iter().unzip();
        let paths = kind.surfaces.iter().map(|surface| {
            let streamed = Some(surface.stream_path).filter(|p| !p.is_empty());
            [surface.path, streamed.unwrap_or(surface.path)]
                .map(|template| Path::new(&url.base, &fill(template, &settings)))
        });
        let region = settings.iter().find(|(name, _)| *name == "region");
        let unsaid = p.url.is_some() && p.region.as_deref().unwrap_or_default().is_empty();
        if unsaid && keys.iter().any(|k| matches!(k, Secret::Aws(_))) {
            let words = "is needed for AWS signatures, such as `region: us-east-1`";
            problems.add(format!("{path}.region"), words);
        }
        compiled.push(Provider {
            name: name.clone(),
            kind,
            cluster,
            paths: paths.collect(),
            region: region.map(|(_, value)| value.clone()).unwrap_or_default(),
            url,
            key_ids: keys.iter().map(|key| health::key_id(name, key)).collect(),
            keys,
            shares,
            catalog: Vec::new(),
            price_version: String::new(),
        });
    }
    compiled
}

/// The values of what the kind's addresses need, by name.
fn settings(
    path: &str,
    p: &raw::Provider,
    kind: &Kind,
    url: &str,
    problems: &mut Problems,
) -> Vec<(&'static str, String)> {
    // An operator's own URL may have made the setting needless.
    let needed = |name: &str| {
        let mut places = kind.surfaces.iter().flat_map(|s| [s.path, s.stream_path]);
        let named = |text: &str| {
            [format!("{{{name}}}"), format!("{{{name}-}}")].iter().any(|n| text.contains(n))
        };
        named(url) || places.any(named)
    };
    let given = [
        ("region", &p.region, "us-east-1"),
        ("project", &p.project, "my-project"),
        ("account", &p.account, "0123abcd"),
        ("resource", &p.resource, "my-resource"),
        ("api_version", &p.api_version, "2024-10-21"),
    ];
    let mut values = Vec::new();
    for (name, value, example) in given {
        let setting = kind.settings.iter().find(|s| s.name == name);
        let Some(setting) = setting else {
            if value.is_some() {
                let words = format!("means nothing for kind {}; remove it", kind.name);
                problems.add(format!("{path}.{name}"), words);
            }
            continue;
        };
        let value = value.as_deref().unwrap_or(setting.default);
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if value.is_empty() && !needed(name) {
            continue;
        } else if value.is_empty() {
            let words = format!("is needed for kind {}, such as `{name}: {example}`", kind.name);
            problems.add(format!("{path}.{name}"), words);
        } else if !value.bytes().all(fits) {
            problems.add(format!("{path}.{name}"), "may hold letters, digits and - _ . : only");
        } else {
            values.push((name, value.to_owned()));
        }
    }
    values
}

fn fill(template: &str, settings: &[(&'static str, String)]) -> String {
    settings
        .iter()
        .fold(template.to_owned(), |text, (name, value)| provider::fill(&text, name, value))
}
