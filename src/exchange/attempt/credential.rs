//! The headers that tell a provider who calls: a key as it is, or a signature over
//! the call as it will be sent.

use crate::config::{Provider, Secret};
use crate::provider::Auth;
use crate::provider::sigv4::{self, Call, Credentials, Scope};

/// Path and body of a call, ready to be sent.
pub(super) struct Sent<'a> {
    pub(super) path: &'a str,
    /// The whole body; read only where the key signs.
    pub(super) body: &'a [u8],
    /// Unix seconds.
    pub(super) now: u64,
}

/// The key signs calls: it must see whole bodies.
pub(super) fn signs(key: Option<&Secret>) -> bool {
    matches!(key, Some(Secret::Aws(_)))
}

pub(super) fn headers(
    provider: &Provider,
    key: Option<&Secret>,
    sent: &Sent<'_>,
) -> Vec<(&'static str, String)> {
    let key = match key {
        None => return Vec::new(),
        Some(Secret::Text(key)) => return vec![provider.kind.auth.header(key)],
        Some(Secret::Aws(key)) => key,
    };
    // `compile` lets such keys through for these kinds alone.
    let Auth::Aws(service) = provider.kind.auth else { return Vec::new() };
    let credentials = Credentials {
        access_key_id: &key.access_key_id,
        secret_access_key: &key.secret_access_key,
        session_token: key.session_token.as_deref(),
    };
    let call = Call {
        method: "POST",
        target: sent.path,
        headers: &[("content-type", "application/json"), ("host", &provider.url.authority)],
        body_sha256: sigv4::sha256(sent.body),
    };
    let scope = Scope { region: &provider.region, service };
    sigv4::sign(&credentials, scope, &call, sent.now)
}
