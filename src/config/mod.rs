//! The configuration: `raw` mirrors the YAML, `compile` turns it into what the
//! rest of the crate reads, or says by JSON path what is wrong and how to mend it.
//!
//! The filter and `sluice check` run this same code. Must not: read files or the
//! environment itself (the caller hands in a look-up), keep a key where `Debug`
//! could print it, or accept a field it does not know.

use std::fmt;

pub mod aws;
pub mod calendar;
pub mod chains;
mod compile;
pub mod compiled;
pub mod glob;
pub mod index;
pub mod limits;
pub mod patterns;
mod protobuf;
pub mod raw;
pub mod units;
pub mod url;
pub mod when;

pub use compiled::{Config, Consumer, Model, Provider, Secret, Target};

/// One thing that is wrong, where it stands, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON path, such as `models[1].targets[0]`.
    pub path: String,
    pub message: String,
}

/// Reads the configuration as Envoy hands it over: JSON, or a serialised
/// `google.protobuf.Struct`. `env` looks up an environment variable.
pub fn load(bytes: &[u8], env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Vec<Problem>> {
    let value = match protobuf::object(bytes) {
        Some(value) if !bytes.is_empty() => value,
        _ => serde_json::from_slice(bytes).map_err(|e| vec![Problem::of_serde(".", &e)])?,
    };
    let raw = serde_path_to_error::deserialize(value)
        .map_err(|e| vec![Problem::of_serde(&e.path().to_string(), e.inner())])?;
    compile::compile(&raw, env)
}

// === impl Problem ===

impl Problem {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// A parser's complaint. `path` as serde_path_to_error prints it.
    pub fn of_serde(path: &str, error: &dyn fmt::Display) -> Self {
        Self::new(if path == "." { "(top)" } else { path }, error.to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

#[cfg(test)]
mod tests;
