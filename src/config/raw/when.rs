//! Which calls a rule is for.

use crate::config::units::Tokens;
use serde::Deserialize;
use std::collections::BTreeMap;

/// All that is said must fit. Where a list stands, one of it must, but `has` and `wants`:
/// all of these. In patterns `*` stands for any run of characters. At most 64 entries a
/// list, 8 headers, 8 members of metadata.
#[derive(Debug, Deserialize, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Patterns of the name a client asks for.
    pub models: Option<Vec<String>>,
    /// Names of consumers, or anonymous.
    pub consumers: Option<Vec<String>>,
    /// Request headers by their names in lower case, each with a pattern of its first
    /// value; `*`: it is there. At most 16 different names in all rules.
    pub headers: Option<BTreeMap<String, String>>,
    /// Members of the request's `metadata` (Anthropic's user_id, too; Converse's
    /// requestMetadata), each with a pattern of its value. At most 16 different names in
    /// all rules.
    pub metadata: Option<BTreeMap<String, String>>,
    /// What is asked for: chat, embeddings, rerank, count_tokens, moderations, images,
    /// speech, transcriptions; or one API by its label in metrics, such as messages.
    pub endpoints: Option<Vec<String>>,
    /// Whether the answer is to be streamed.
    pub stream: Option<bool>,
    /// What stands in a chat; all of these.
    pub has: Option<Vec<Part>>,
    /// Of the request, pictures and files included: an estimate, made for a call only where
    /// a rule asks for it.
    pub input_tokens: Option<Span>,
    /// The output limit that the client asks for. One that asks for none is below nothing.
    pub max_output: Option<Span>,
    /// How much to think, in the client's word: none, minimal, low, medium, high, xhigh,
    /// max. Who says no such word asks for none of them.
    pub effort: Option<Vec<String>>,
    /// Regions and tags that the client wants; all of these.
    pub wants: Option<Vec<String>>,
}

/// From so many on, and below so many.
#[derive(Debug, Deserialize, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Span {
    #[serde(default)]
    pub from: Option<Tokens>,
    #[serde(default)]
    pub below: Option<Tokens>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Tools,
    /// Also in results of tools.
    Images,
    /// Documents of any kind.
    Files,
    Audio,
    /// An answer by a JSON schema.
    Schema,
}
