//! `consumers`, `teams`, `organizations`: who asks, and to whom they belong.

use super::{ClientKey, Limit};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// Appears in usage, metrics and logs.
    pub name: String,
    /// SHA-256 digests of this consumer's keys, as 64 hexadecimal digits
    /// (`sluice key new`, or `printf %s "$KEY" | sha256sum`).
    #[serde(default)]
    pub key_sha256: Vec<String>,
    /// Keys that have more than a digest.
    #[serde(default)]
    pub keys: Vec<ClientKey>,
    /// Claims of a JSON Web Token that `identity.jwt` takes, each with the value that it
    /// must have, `*` for any run of characters; of a list one must fit. Dots lead into
    /// nested claims.
    #[serde(default)]
    pub jwt: BTreeMap<String, String>,
    /// The claim that gives each of them a name of its own, `consumer/claim`.
    #[serde(default)]
    pub name_from: Option<String>,
    /// URIs in client certificates, such as `spiffe://prod/ns/chat/*`.
    #[serde(default)]
    pub spiffe: Vec<String>,
    /// DNS names in client certificates; `*` stands for any run of characters.
    #[serde(default)]
    pub dns: Vec<String>,
    /// Values of the header of `identity.header`; `*` stands for any run of characters.
    /// Default: the consumer's name.
    #[serde(default)]
    pub header: Option<Vec<String>>,
    /// A name of `teams`.
    #[serde(default)]
    pub team: Option<String>,
    /// What limits and rules may ask for, such as `free` or `batch`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The models it may use, by the names clients ask for; `*` stands for any run of
    /// characters. Default: all. Others do not exist for it.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// Whether it may say who serves its calls, where `preferences` are on. Default:
    /// true.
    #[serde(default)]
    pub preferences: Option<bool>,
    /// What it may spend.
    #[serde(default)]
    pub limits: Vec<Limit>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Appears in usage, metrics and logs.
    pub name: String,
    /// A name of `organizations`.
    #[serde(default)]
    pub organization: Option<String>,
    /// What all its consumers together may spend.
    #[serde(default)]
    pub limits: Vec<Limit>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Appears in usage, metrics and logs.
    pub name: String,
    /// What all its teams together may spend.
    #[serde(default)]
    pub limits: Vec<Limit>,
}
