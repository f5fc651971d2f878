//! `providers`: kinds, addresses, keys.

use super::{Problems, is_label};
use crate::config::compiled::{Provider, Secret};
use crate::config::raw;
use crate::config::url::Url;
use crate::provider::{self, Kind};

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
        let Some(text) = p.url.as_deref().or(kind.url) else {
            problems.add(
                format!("{path}.url"),
                format!("is needed for kind {}; such as http://vllm:8000/v1", kind.name),
            );
            continue;
        };
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(e) => {
                // Not quoted: it may carry a password or a key.
                problems.add(format!("{path}.url"), e);
                continue;
            }
        };
        let cluster = p.cluster.clone().unwrap_or_else(|| name.clone());
        if !is_label(&cluster.replace(['|', '/', ':'], "_")) {
            problems.add(
                format!("{path}.cluster"),
                "is no Envoy cluster name (1 to 64 of a-z A-Z 0-9 . _ - | / :)",
            );
        }
        let keys = keys(&path, p, kind, env, problems);
        let chat_path = format!("{}{}", url.base, kind.chat_path);
        compiled.push(Provider { name: name.clone(), kind, cluster, url, chat_path, keys });
    }
    compiled
}

fn keys(
    path: &str,
    p: &raw::Provider,
    kind: &Kind,
    env: &dyn Fn(&str) -> Option<String>,
    problems: &mut Problems,
) -> Vec<Secret> {
    let default;
    let listed = match (&p.keys, kind.key_env) {
        (Some(raw::Keys::None), _) | (None, None) => return Vec::new(),
        (Some(raw::Keys::List(keys)), _) => keys,
        (None, Some(name)) => {
            default = vec![raw::Key::Env(name.to_owned())];
            &default
        }
    };
    if listed.is_empty() {
        problems.add(format!("{path}.keys"), "is empty; give a key, or write `keys: none`");
    }
    let mut secrets = Vec::with_capacity(listed.len());
    for (i, key) in listed.iter().enumerate() {
        let path =
            if p.keys.is_some() { format!("{path}.keys[{i}]") } else { format!("{path}.keys") };
        let value = match key {
            raw::Key::Value(value) => value.clone(),
            raw::Key::Env(name) => match env(name) {
                Some(value) => value,
                None => {
                    problems.add(path, format!("the environment variable {name} is not set; export it for Envoy and list it under vm_config.environment_variables.host_env_keys, or write `keys: none`"));
                    continue;
                }
            },
        };
        let value = value.trim();
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
            problems.add(path, "the key is empty or has characters that no header may carry");
            continue;
        }
        secrets.push(Secret::new(value));
    }
    secrets
}
