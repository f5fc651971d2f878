//! Which consumer asks: the SHA-256 of its key, looked up.
//!
//! Keys are never stored, only digests; the look-up compares digests of a secret,
//! so its timing tells nothing about a key that would pass. Must not: say which
//! part of a credential was wrong, or log any.

use super::admin;
use crate::config::{Config, Consumer};
use crate::error::{Error, Kind};
use crate::host::{Headers, text};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What it may do.
    pub consumer: Rc<Consumer>,
    /// Its name, where its identity gives another than the consumer's.
    pub own_name: Option<Rc<str>>,
    /// The name of the key it came with.
    pub key: Option<Rc<str>>,
}

/// The caller. A key may stand in `authorization: Bearer`, `x-api-key`,
/// `api-key` or `x-goog-api-key`: where each vendor's SDK puts it.
pub fn identify(config: &Config, headers: &Headers) -> Result<Caller, Error> {
    if !(config.consumers.is_empty() && config.admin_keys.is_empty())
        && let Some(key) = key(headers)
    {
        let digest = digest(key);
        let found = config.consumers_by_key.get(&digest).and_then(|i| config.consumers.get(*i));
        if let Some(consumer) = found {
            return Ok(Caller::of(consumer));
        }
        if admin::holds(config, &digest) {
            let words = "this is an admin key: it reads /sluice/usage and makes no calls";
            return Err(Error::new(Kind::Unauthenticated, words).with_status(403));
        }
    }
    if config.allow_anonymous {
        return Ok(Caller::of(&config.anonymous));
    }
    Err(Error::new(
        Kind::Unauthenticated,
        "no valid API key: send it as `authorization: Bearer KEY`",
    ))
}

pub(super) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

pub(super) fn key(headers: &Headers) -> Option<&str> {
    let bearer = text(headers, "authorization").and_then(|v| {
        let (scheme, key) = v.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let named = ["x-api-key", "api-key", "x-goog-api-key"];
    bearer.or_else(|| named.iter().find_map(|name| text(headers, name)))
}

// === impl Caller ===

impl Caller {
    pub fn of(consumer: &Rc<Consumer>) -> Self {
        Self { consumer: Rc::clone(consumer), own_name: None, key: None }
    }

    /// In usage, metrics and logs.
    pub fn name(&self) -> &str {
        self.own_name.as_deref().unwrap_or(&self.consumer.name)
    }
}
