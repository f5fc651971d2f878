//! What a consumer may ask: who is let in (`admit`), and what its requests are made to
//! say (`edit`). Which models and targets are its own is `route`'s to ask.
//!
//! A refusal names what is not allowed: whoever reads it has shown a key that is known.
//! Values in, values out. Must not: read a header or a clock.

use crate::config::permits::Permits;
use crate::dialect::Dialect;
use crate::error::{Error, Kind};

mod edit;

pub use edit::{Edited, edit};

/// `call`: the dialect, where it is a call of a model.
pub fn admit(permits: &Permits, call: Option<Dialect>) -> Result<(), Error> {
    if permits.disabled {
        let words = "this account is disabled; ask whoever runs this gateway";
        return Err(Error::new(Kind::Forbidden, words));
    }
    match call.filter(|client| !permits.may_call(*client)) {
        Some(client) => Err(Error::new(
            Kind::Forbidden,
            format!("this account may not call this endpoint ({})", client.label()),
        )),
        None => Ok(()),
    }
}
