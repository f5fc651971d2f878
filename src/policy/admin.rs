//! Whose the request is that reads what belongs to everybody: an admin key is looked up
//! as a consumer's is, and is none: `identity` refuses calls with it.
//!
//! Must not: open anything to those without a key where there is an `admin`.

use super::identity::{self, identify};
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::host::Headers;
use std::rc::Rc;

/// What of the usage a request may see.
#[derive(Debug, PartialEq, Eq)]
pub enum Sees {
    All,
    /// The rows of the consumer of this name.
    Own(String),
}

pub fn is_admin(config: &Config, headers: &Headers) -> bool {
    !config.admin_keys.is_empty()
        && identity::key(headers).is_some_and(|key| holds(config, &identity::digest(key)))
}

/// A digest of a secret: how far it is equal tells nothing about a key that would pass.
pub(super) fn holds(config: &Config, digest: &[u8; 32]) -> bool {
    config.admin_keys.contains(digest)
}

/// Without `admin` and without consumers everything is open, for newcomers.
pub fn sees(config: &Config, headers: &Headers) -> Result<Sees, Error> {
    if is_admin(config, headers) {
        return Ok(Sees::All);
    }
    let caller = identify(config, headers)?;
    if config.admin_keys.is_empty() {
        return Ok(match config.consumers.is_empty() {
            true => Sees::All,
            false => Sees::Own(caller.name().to_owned()),
        });
    }
    if Rc::ptr_eq(&caller.consumer, &config.anonymous) {
        let words = "usage is shown to admin keys, and to consumers their own: send a key as `authorization: Bearer KEY`";
        return Err(Error::new(Kind::Unauthenticated, words));
    }
    Ok(Sees::Own(caller.name().to_owned()))
}
