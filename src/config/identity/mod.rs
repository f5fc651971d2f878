//! How consumers are known, compiled: keys by their digests, claims of tokens, names in
//! certificates, values of a trusted header.
//!
//! Each kind is an index that finds a place in `Config::consumers`; who asks is decided in
//! `policy::identity`. Must not: hold a key, or show the pepper through `Debug`.

pub mod keys;
pub mod claims;
pub mod names;
pub mod peers;

use claims::Claims;
use keys::Keys;
use names::Names;
use peers::Peers;

#[derive(Debug, Default)]
pub struct Identity {
    pub keys: Keys,
    pub jwt: Option<Jwt>,
    /// By what a client certificate holds.
    pub uris: Names,
    pub dns: Names,
    pub header: Option<Header>,
}

/// Verified by Envoy's jwt_authn.
#[derive(Debug)]
pub struct Jwt {
    /// Where in its metadata the payload stands.
    pub metadata: String,
    pub claims: Claims,
}

/// Set by a gateway in front of this one.
#[derive(Debug)]
pub struct Header {
    /// In lower case.
    pub name: String,
    pub peers: Peers,
    pub values: Names,
}
