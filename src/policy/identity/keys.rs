//! Virtual keys: where a client puts one, and whether it is good now.
//!
//! A key may stand in `authorization: Bearer`, `x-api-key`, `api-key` or `x-goog-api-key`:
//! where each vendor's SDK puts it; the first of these that is there is the one.

use super::Caller;
use crate::config::Config;
use crate::config::identity::keys;
use crate::host::{Headers, value};

/// Where vendors' SDKs put keys besides `authorization`.
const NAMED: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];
/// Of a name that no key has, in hexadecimal digits.
const DIGITS: usize = 4;

/// The key that came with the request. `verified`: a token of this request is.
pub(super) fn presented(headers: &Headers, verified: impl FnOnce() -> bool) -> Option<&[u8]> {
    let bearers = headers.iter().filter(|(name, _)| name == "authorization");
    let mut bearers = bearers.filter_map(|(_, v)| bearer(v)).filter(|key| !key.is_empty());
    let named = || {
        let mut all = NAMED.iter().filter_map(|name| value(headers, name));
        all.find(|key| !key.is_empty())
    };
    match (bearers.next(), bearers.next()) {
        (None, _) => named(),
        (Some(token), None) if is_token(token) && verified() => named(),
        (Some(key), None) => Some(key),
        // Which one is meant? Nobody's.
        (Some(_), Some(_)) => Some(b"\0"),
    }
}

/// All that may be one.
pub(in crate::policy) fn all(headers: &Headers) -> impl Iterator<Item = &[u8]> {
    let bearers = headers.iter().filter(|(name, _)| name == "authorization");
    let named = headers.iter().filter(|(name, _)| NAMED.contains(&name.as_str()));
    bearers.filter_map(|(_, v)| bearer(v)).chain(named.map(|(_, v)| v.as_slice()))
}

/// Whose it is, where it is good now.
pub(super) fn caller(config: &Config, key: &[u8], now: &dyn Fn() -> u64) -> Option<Caller> {
    let known = &config.identity.keys;
    let found = known.find(key);
    let terms = found.as_ref().and_then(|f| f.terms);
    let good = match terms {
        Some(terms) => terms.good(now),
        None => found.is_some(),
    };
    if !good {
        // An unknown key must not be told from one that is over by the time it takes.
        if known.timed() && !terms.is_some_and(|t| t.timed()) {
            std::hint::black_box(now());
        }
        return None;
    }
    let found = found?;
    let mut caller = Caller::at(config, found.consumer)?;
    let own = terms.and_then(|terms| terms.name.clone());
    let first = found.digest.get(..DIGITS).unwrap_or_default();
    caller.key = Some(own.unwrap_or_else(|| keys::hex(first).into()));
    Some(caller)
}

/// What stands behind `Bearer`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked("bearer".len())?;
    let apart = key.first().is_none_or(|b| *b == b' ');
    (apart && scheme.eq_ignore_ascii_case(b"bearer")).then(|| key.trim_ascii())
}

/// It has the form of a JSON Web Token: three parts, of which the first begins with `{"`.
/// <https://www.rfc-editor.org/rfc/rfc7515#section-3.1>
fn is_token(key: &[u8]) -> bool {
    key.starts_with(b"ey") && key.iter().filter(|b| **b == b'.').count() == 2
}
