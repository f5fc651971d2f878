//! A sluice.yaml that has been read, checked, and is ready to be embedded.

use super::Error;
use crate::cli::yaml;
use crate::config::{self, Config, raw};
use crate::provider;
use serde_json::Value;
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
            Some(raw::Keys::List(keys)) => names.extend(keys.iter().filter_map(|key| match key {
                raw::Key::Env(name) | raw::Key::BearerEnv(name) => Some(name.clone()),
                raw::Key::Value(_) => None,
            })),
            None => names.extend(
                provider::kind(&p.kind)
                    .map(|kind| kind.key_env.to_owned())
                    .filter(|e| !e.is_empty()),
            ),
        }
    }
    names.sort();
    names.dedup();
    names
}
