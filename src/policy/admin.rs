//! Whose the request is that reads what belongs to everybody: an admin key is looked up
//! as a consumer's is, and is none: `identity` refuses calls with it.
//!
//! Must not: open anything to those without a key where there is an `admin`.

use super::identity::{Caller, keys};
use crate::config::Config;
use crate::config::identity::keys::MAX_KEY;
use crate::error::{Error, Kind};
use crate::host::Headers;
use std::rc::Rc;
use subtle::{Choice, ConstantTimeEq};

/// What of the usage a request may see.
#[derive(Debug, PartialEq, Eq)]
pub enum Sees {
    All,
    /// The rows of the consumer of this name.
    Own(String),
}

pub fn is_admin(config: &Config, headers: &Headers) -> bool {
    if config.admin_keys.is_empty() {
        return false;
    }
    keys::all(headers).filter(|key| key.len() <= MAX_KEY).any(|key| {
        let digest = config.identity.keys.digester.digest(key);
        let same = config.admin_keys.iter().map(|known| known.ct_eq(&digest));
        same.fold(Choice::from(0), |any, one| any | one).into()
    })
}

/// Without `admin` and without consumers everything is open, for newcomers.
pub fn sees(
    config: &Config,
    headers: &Headers,
    identify: impl FnOnce() -> Result<Caller, Error>,
) -> Result<Sees, Error> {
    if is_admin(config, headers) {
        return Ok(Sees::All);
    }
    let caller = identify()?;
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
