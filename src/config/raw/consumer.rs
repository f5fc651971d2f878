//! `consumers`, `teams`, `organizations`: who asks, and to whom they belong.

use super::Limit;
use crate::config::units::Tokens;
use serde::Deserialize;
use serde_json::value::RawValue;
#[cfg(not(target_arch = "wasm32"))]
use std::collections::BTreeMap;

/// Values of members, by the label of an API and their names: kept as text, which is all
/// that is needed of them.
pub type Force = Box<RawValue>;
#[cfg(not(target_arch = "wasm32"))]
type Forces = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

/// What consumers, teams and organizations say alike of what may be asked.
#[derive(Clone, Copy)]
pub struct Permits<'a> {
    pub models: Option<&'a [String]>,
    pub endpoints: Option<&'a [String]>,
    pub max_output_tokens: Option<Tokens>,
    pub force: Option<&'a str>,
    pub require: &'a [String],
    pub explain: Option<bool>,
    pub preferences: Option<bool>,
    pub disabled: bool,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// Appears in usage, metrics and logs.
    pub name: String,
    /// SHA-256 digests of this consumer's keys, as 64 hexadecimal digits
    /// (`printf %s "$KEY" | sha256sum`).
    #[serde(default)]
    pub key_sha256: Vec<String>,
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
    /// The endpoints it may call: chat, embeddings, rerank, count_tokens, moderations,
    /// images, speech, transcriptions; or one API by its label in metrics, such as
    /// messages. Default: all.
    #[serde(default)]
    pub endpoints: Option<Vec<String>>,
    /// The most tokens an answer may be asked for: limits above are lowered, and it is
    /// the limit of requests that have none.
    #[serde(default)]
    pub max_output_tokens: Option<Tokens>,
    /// Members of requests that are set whatever the client says, by the label of the
    /// API, such as `chat_completions: { store: false }`.
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Forces>"))]
    pub force: Option<Force>,
    /// Tags without which no target is tried, such as [eu].
    #[serde(default)]
    pub require: Vec<String>,
    /// Whether it may see x-sluice-explain, where expose.explain is on. Default: true.
    #[serde(default)]
    pub explain: Option<bool>,
    /// All its calls are refused with 403.
    #[serde(default)]
    pub disabled: bool,
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
    /// Of a team: a name of `organizations`.
    #[serde(default)]
    pub organization: Option<String>,
    /// The models that those who belong to it may use, as of a consumer: what its own
    /// list allows must be allowed here, too.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// The endpoints that they may call, as of a consumer; both must allow it.
    #[serde(default)]
    pub endpoints: Option<Vec<String>>,
    /// As of a consumer; the smallest holds.
    #[serde(default)]
    pub max_output_tokens: Option<Tokens>,
    /// As of a consumer, whose own words go before.
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Forces>"))]
    pub force: Option<Force>,
    /// As of a consumer; all of them hold.
    #[serde(default)]
    pub require: Vec<String>,
    /// As of a consumer that does not say it.
    #[serde(default)]
    pub explain: Option<bool>,
    /// As of a consumer that does not say it.
    #[serde(default)]
    pub preferences: Option<bool>,
    /// All calls of those who belong to it are refused with 403.
    #[serde(default)]
    pub disabled: bool,
    /// What all who belong to it may spend together.
    #[serde(default)]
    pub limits: Vec<Limit>,
}

/// The same fields, but `organization`: one type, as readers of configuration are large.
pub type Organization = Team;

/// The fields of that, where both have them.
macro_rules! permits {
    ($($who:ident),*) => {$(
        impl $who {
            pub fn permits(&self) -> Permits<'_> {
                Permits {
                    models: self.models.as_deref(),
                    endpoints: self.endpoints.as_deref(),
                    max_output_tokens: self.max_output_tokens,
                    force: self.force.as_deref().map(RawValue::get),
                    require: &self.require,
                    explain: self.explain,
                    preferences: self.preferences,
                    disabled: self.disabled,
                }
            }
        }
    )*};
}

permits!(Consumer, Team);
