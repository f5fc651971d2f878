//! Who asks: by a key, a verified token, a client certificate, or a trusted gateway's word,
//! in this order.
//!
//! ```text
//!   key ───────── is there: its consumer, or nobody     (keys)
//!   token ─────── verified by Envoy's jwt_authn         (jwt)
//!   certificate ─ verified by the listener              (certificate)
//!   header ────── from configured peers                 (header)
//!   anonymous ─── where that is allowed
//! ```
//!
//! A key decides alone: with a wrong one its caller is nobody, though a certificate would
//! pass (`anonymous`, where that is allowed). Unknown,
//! expired, not yet valid and disabled keys get the same words after the same work. What is
//! not configured is not asked for; a key costs no host call but where some key has times.
//! Must not: say which part of a credential was wrong, log any, or read a clock itself.

use super::admin;
use crate::config::{Config, Consumer};
use crate::error::{Error, Kind};
use crate::host::Headers;
use std::rc::Rc;

mod certificate;
pub mod header;
mod jwt;
pub(super) mod keys;

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

/// What Envoy knows of a request, and the time.
pub struct Asked<'a> {
    /// Without a trusted header that nobody may trust: `header::is_trusted`.
    pub headers: &'a Headers,
    pub property: &'a dyn Fn(&[&str]) -> Option<Vec<u8>>,
    /// Unix nanoseconds.
    pub now: &'a dyn Fn() -> u64,
}

/// The caller; the same refusal for all others.
pub fn identify(config: &Config, asked: &Asked<'_>) -> Result<Caller, Error> {
    match found(config, asked) {
        Some(caller) => Ok(caller),
        None if admin::is_admin(config, asked.headers) => {
            let words = "this is an admin key: it reads /sluice/usage and makes no calls";
            Err(Error::new(Kind::Forbidden, words))
        }
        None if config.allow_anonymous => Ok(Caller::of(&config.anonymous)),
        None => Err(Error::new(
            Kind::Unauthenticated,
            "no valid API key: send it as `authorization: Bearer KEY`",
        )),
    }
}

fn found(config: &Config, asked: &Asked<'_>) -> Option<Caller> {
    if config.consumers.is_empty() {
        return None;
    }
    let mut token = jwt::Token::new(&config.identity, asked);
    if let Some(key) = keys::presented(asked.headers, || token.is_verified()) {
        return keys::caller(config, key, asked.now);
    }
    token
        .caller(config)
        .or_else(|| certificate::caller(config, asked.property))
        .or_else(|| header::caller(config, asked.headers))
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

    /// That consumer of the configuration.
    fn at(config: &Config, place: usize) -> Option<Self> {
        config.consumers.get(place).map(Self::of)
    }
}

#[cfg(test)]
mod tests;
