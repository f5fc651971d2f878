//! From what is written to what is meant: names resolved, defaults applied,
//! everything that can be wrong found now, and all of it at once.

use super::raw::{self, RetryClass};
use super::url::Url;
use super::{Problem, glob};
use crate::catalog;
use crate::dialect::{self, Dialect, ModelTraits};
use crate::provider::{self, Kind};
use hashbrown::HashMap;
use std::fmt;

/// The compiled configuration. Immutable; shared by all calls of a VM.
#[derive(Debug)]
pub struct Config {
    pub providers: Vec<Provider>,
    pub models: Vec<Model>,
    /// SHA-256 of a key to an index into `consumers`.
    pub consumers_by_key: HashMap<[u8; 32], usize>,
    pub consumers: Vec<Consumer>,
    pub allow_anonymous: bool,
    pub max_body: usize,
    pub total_timeout_ms: u64,
    pub expose: raw::Expose,
    /// `x-envoy-retry-on`.
    pub retry_on: String,
    /// `x-envoy-retriable-status-codes`.
    pub retry_codes: String,
    pub retry_classes: Vec<RetryClass>,
    pub passthrough: Vec<Passthrough>,
    pub max_usage_rows: u32,
}

#[derive(Debug)]
pub struct Provider {
    pub name: String,
    pub kind: &'static Kind,
    pub cluster: String,
    pub url: Url,
    /// The whole path of a chat call.
    pub chat_path: String,
    /// Empty: Envoy adds the credentials.
    pub keys: Vec<Secret>,
}

#[derive(Debug)]
pub struct Model {
    /// As configured; the label in usage and metrics.
    pub name: String,
    pub is_glob: bool,
    pub targets: Vec<Target>,
}

#[derive(Debug)]
pub struct Target {
    /// Index into `Config::providers`.
    pub provider: usize,
    /// The provider's name of the model; `None`: the name the client asked for.
    pub model: Option<String>,
    /// As configured: the model part of the label in usage and metrics.
    pub label: String,
    pub first_token_ms: u64,
    pub timeout_ms: u64,
    pub traits: ModelTraits,
}

#[derive(Debug)]
pub struct Consumer {
    pub name: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Passthrough {
    Exact(String),
    Prefix(String),
}

/// A provider's key. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Most targets of a model: Envoy's route names that many clusters.
pub const MAX_TARGETS: usize = 8;
pub const MAX_MODELS: usize = 4096;
pub const MAX_CONSUMERS: usize = 10_000;
pub const ANONYMOUS: &str = "anonymous";

pub fn compile(
    raw: &raw::Sluice,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Problem>> {
    let mut problems = Problems(Vec::new());
    let providers = providers(raw, env, &mut problems);
    let models = models(raw, &providers, &mut problems);
    let (consumers, consumers_by_key) = consumers(raw, &mut problems);
    let d = &raw.defaults;
    for (path, millis) in [("first_token_timeout", d.first_token_timeout), ("timeout", d.timeout)] {
        if millis > d.total_timeout {
            problems.add(
                format!("defaults.{path}"),
                "is longer than defaults.total_timeout; raise that or lower this",
            );
        }
    }
    if !(1..=4096).contains(&raw.usage.max_rows) {
        problems.add("usage.max_rows", "must be 1 to 4096");
    }
    let passthrough = passthrough(raw, &mut problems);
    let (retry_on, retry_codes) = retry_rules(&d.retry_on);
    let config = Config {
        providers,
        models,
        consumers_by_key,
        allow_anonymous: raw.allow_anonymous.unwrap_or(raw.consumers.is_none()),
        consumers,
        max_body: usize::try_from(d.max_body.0).unwrap_or(usize::MAX),
        total_timeout_ms: d.total_timeout.0,
        expose: raw.expose,
        retry_on,
        retry_codes,
        retry_classes: d.retry_on.clone(),
        passthrough,
        max_usage_rows: raw.usage.max_rows,
    };
    if problems.0.is_empty() { Ok(config) } else { Err(problems.0) }
}

struct Problems(Vec<Problem>);

fn providers(
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
                problems.add(format!("{path}.url"), format!("`{text}` {e}"));
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
        secrets.push(Secret(value.to_owned()));
    }
    secrets
}

fn models(raw: &raw::Sluice, providers: &[Provider], problems: &mut Problems) -> Vec<Model> {
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
        compiled.push(Model { name: m.name.clone(), is_glob: m.name.contains('*'), targets });
    }
    compiled
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
    let upstream = providers.get(index)?.kind.dialect;
    if dialect::translator(Dialect::OpenAiChat, upstream).is_none() {
        problems.add(
            path,
            format!(
                "no translation from {} to {}",
                Dialect::OpenAiChat.as_str(),
                upstream.as_str()
            ),
        );
    }
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
    Some(Target {
        provider: index,
        model: (model != "*").then(|| model.to_owned()),
        label: model.to_owned(),
        first_token_ms: first_token.0,
        timeout_ms: timeout.0,
        traits: catalog::traits(model),
    })
}

fn consumers(
    raw: &raw::Sluice,
    problems: &mut Problems,
) -> (Vec<Consumer>, HashMap<[u8; 32], usize>) {
    let listed = raw.consumers.as_deref().unwrap_or_default();
    let mut by_key = HashMap::new();
    let mut compiled: Vec<Consumer> = Vec::with_capacity(listed.len());
    if listed.len() > MAX_CONSUMERS {
        problems.add("consumers", format!("has more than {MAX_CONSUMERS} entries"));
        return (compiled, by_key);
    }
    for (i, c) in listed.iter().enumerate() {
        let path = format!("consumers[{i}]");
        if !is_label(&c.name) || c.name == ANONYMOUS {
            problems.add(
                format!("{path}.name"),
                "a consumer's name is 1 to 64 of a-z A-Z 0-9 . _ - and not `anonymous`",
            );
        }
        if compiled.iter().any(|other| other.name == c.name) {
            problems.add(format!("{path}.name"), format!("`{}` stands there twice", c.name));
        }
        if c.key_sha256.is_empty() {
            problems.add(format!("{path}.key_sha256"), "is empty; give at least one digest");
        }
        for (j, text) in c.key_sha256.iter().enumerate() {
            let path = format!("{path}.key_sha256[{j}]");
            match digest(text) {
                None => problems
                    .add(path, "must be 64 hexadecimal digits: printf %s \"$KEY\" | sha256sum"),
                Some(digest) => {
                    if by_key.insert(digest, i).is_some() {
                        problems
                            .add(path, "this key belongs to an earlier consumer; keys must differ");
                    }
                }
            }
        }
        compiled.push(Consumer { name: c.name.clone() });
    }
    (compiled, by_key)
}

fn passthrough(raw: &raw::Sluice, problems: &mut Problems) -> Vec<Passthrough> {
    let mut compiled = Vec::with_capacity(raw.passthrough_paths.len());
    for (i, path) in raw.passthrough_paths.iter().enumerate() {
        if !path.starts_with('/') || path == "/*" {
            problems.add(format!("passthrough_paths[{i}]"), "must begin with / and not be /*");
        }
        compiled.push(match path.strip_suffix('*') {
            Some(prefix) => Passthrough::Prefix(prefix.to_owned()),
            None => Passthrough::Exact(path.clone()),
        });
    }
    compiled
}

/// Envoy's `x-envoy-retry-on` and `x-envoy-retriable-status-codes` for the classes.
/// `reset` and `5xx` overlap in Envoy (5xx includes resets), so 5xx is only used
/// where both are wanted; else the statuses are listed one by one.
fn retry_rules(classes: &[RetryClass]) -> (String, String) {
    let has = |c: RetryClass| classes.contains(&c);
    let mut on = vec!["retriable-status-codes"];
    let mut codes: Vec<&str> = Vec::new();
    if has(RetryClass::Connect) {
        on.push("connect-failure");
    }
    if has(RetryClass::Reset) {
        on.push("reset");
    }
    if has(RetryClass::Busy) {
        codes.extend(["408", "409", "425", "429"]);
    }
    if has(RetryClass::Auth) {
        codes.extend(["401", "403"]);
    }
    if has(RetryClass::Server) {
        if has(RetryClass::Reset) && has(RetryClass::Connect) {
            on.push("5xx");
        } else {
            codes.extend([
                "500", "501", "502", "503", "504", "520", "521", "522", "523", "524", "525", "526",
                "527", "529", "530",
            ]);
        }
    } else if has(RetryClass::Stream) {
        codes.push("502");
    }
    (on.join(","), codes.join(","))
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks(2)) {
        let mut value = 0;
        for c in pair {
            value = value * 16 + char::from(*c).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(out)
}

fn is_label(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

// === impl Config ===

impl Config {
    /// The first entry that matches the name a client asked for.
    pub fn model(&self, asked: &str) -> Option<(usize, &Model)> {
        self.models
            .iter()
            .enumerate()
            .find(|(_, m)| if m.is_glob { glob::matches(&m.name, asked) } else { m.name == asked })
    }

    pub fn passes_through(&self, path: &str) -> bool {
        self.passthrough.iter().any(|p| match p {
            Passthrough::Exact(exact) => path == exact,
            Passthrough::Prefix(prefix) => path.starts_with(prefix),
        })
    }
}

// === impl Secret ===

impl Secret {
    /// For the one header that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

// === impl Problems ===

impl Problems {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(path, message));
    }
}
