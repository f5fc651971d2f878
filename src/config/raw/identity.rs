//! `identity`: how consumers are known; and the keys that have more than a digest.

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Stands before each key when it is hashed: the digest is SHA-256(salt key).
    pub salt: Option<String>,
    /// The secret under which keys are hashed: the digest is HMAC-SHA256(pepper, key).
    pub pepper: Option<Pepper>,
    /// Take JSON Web Tokens that Envoy's jwt_authn has verified.
    pub jwt: Option<Jwt>,
    /// Take the word of a gateway in front of this one.
    pub header: Option<TrustedHeader>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pepper {
    /// The environment variable of Envoy that holds it.
    pub env: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// What jwt_authn's `payload_in_metadata` says; Istio's is `payload`.
    pub metadata: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrustedHeader {
    /// Its name, such as x-consumer.
    pub name: String,
    /// Who may send it: networks, such as 10.0.0.0/8, and URIs in client certificates,
    /// such as `spiffe://prod/ns/edge/sa/gateway`. It is removed from others' requests.
    pub peers: Vec<String>,
}

/// A key of a consumer's.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientKey {
    /// Its digest, as 64 hexadecimal digits: `sluice key new`.
    pub sha256: String,
    /// In limits per key. Default: the first 8 digits of its digest.
    #[serde(default)]
    pub name: Option<String>,
    /// Refused before, such as 2026-12-01T00:00:00Z.
    #[serde(default)]
    pub not_before: Option<String>,
    /// Refused from then on.
    #[serde(default)]
    pub expires: Option<String>,
    /// Refused.
    #[serde(default)]
    pub disabled: bool,
}
