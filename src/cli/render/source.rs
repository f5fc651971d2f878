//! A sluice.yaml that has been read, checked, and is ready to be embedded.

use super::{Error, Release};
use crate::cli::yaml;
use crate::config::{self, Config, aws, raw};
use crate::provider;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A configuration without problems. The keys' values are not known here.
#[derive(Debug)]
pub struct Source {
    /// As written; what the filter will get.
    pub json: Value,
    pub config: Config,
    /// The environment variables the filter must see, in alphabetical order.
    pub env: Vec<String>,
}

// === impl Source ===

impl Source {
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Error::Read { file: file.to_owned(), error })?;
        Self::parse(file, &text)
    }

    /// `file` is for the messages only.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let json =
            yaml::parse(text).map_err(|error| Error::Syntax { file: file.to_owned(), error })?;
        Self::of_json(file.to_owned(), json)
    }

    /// With `envoy.fallback` as this release wants it; as written where none is named.
    pub fn for_envoy(mut self, file: &Path, release: Option<Release>) -> Result<Self, Error> {
        let Some(release) = release else { return Ok(self) };
        let fallback = release.fallback()?;
        if let Some(top) = self.json.as_object_mut() {
            match fallback {
                raw::Fallback::PerCall => drop(top.remove("envoy")),
                _ => drop(top.insert("envoy".into(), json!({ "fallback": fallback.as_str() }))),
            }
        }
        Self::of_json(file.to_owned(), self.json)
    }

    /// Checks a configuration that was changed after reading.
    pub fn of_json(file: PathBuf, json: Value) -> Result<Self, Error> {
        let present = |_: &str| Some("assumed".to_owned());
        let config = config::load(json.to_string().as_bytes(), &present)
            .map_err(|problems| Error::Config { file: file.clone(), problems })?;
        let raw: raw::Sluice = serde_json::from_value(json.clone())
            .map_err(|e| Error::Fit(format!("{}: {e}", file.display())))?;
        Ok(Self { json, config, env: env(&raw) })
    }
}

fn env(raw: &raw::Sluice) -> Vec<String> {
    let mut names = Vec::new();
    for p in raw.providers.values() {
        match &p.keys {
            Some(raw::Keys::None) => {}
            Some(raw::Keys::List(keys)) => keys.iter().for_each(|listed| match &listed.key {
                raw::Key::Env(name) | raw::Key::BearerEnv(name) => names.push(name.clone()),
                raw::Key::Value(_) => {}
                raw::Key::Aws(own) => add_aws(own, &mut names),
            }),
            None => {
                let Some(kind) = provider::kind(&p.kind) else { continue };
                if !kind.key_env.is_empty() {
                    names.push(kind.key_env.to_owned());
                }
                if matches!(kind.auth, provider::Auth::Aws(_)) {
                    add_aws(&aws::Names::default(), &mut names);
                }
            }
        }
    }
    names.extend(raw.identity.pepper.iter().map(|pepper| pepper.env.clone()));
    names.sort();
    names.dedup();
    names
}

fn add_aws(own: &aws::Names, names: &mut Vec<String>) {
    let token = own.session_token().map(|(name, _)| name);
    let own = [own.access_key_id(), own.secret_access_key()];
    names.extend(own.into_iter().chain(token).map(str::to_owned));
}
