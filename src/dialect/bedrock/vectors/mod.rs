//! Embeddings through Bedrock's `InvokeModel`, from OpenAI's: each maker has a request
//! and an answer of its own, and the model stands in the path.
//!
//! Titan and Nova take one text a call, so several are refused; Cohere takes 96. All
//! give numbers: base64 is made here. What went in is told by the body (Titan, Nova) or
//! by the header `x-amzn-bedrock-input-token-count` alone (Cohere,
//! <https://github.com/vercel/ai/pull/15973>).
//!
//! Which of Titan's three shapes a model has is told by its name, the only place in
//! this folder where one is looked at: a name that says nothing (a profile's ARN)
//! counts as the newest.
//!
//! Must not: know a region or a key.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>
//! and those of the makers' files.

use super::error;
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::identity::Unstreamed;
use crate::dialect::loss::{Fate, Field};
use crate::dialect::{Dialect, Reply, Translator, Usage};
use serde_json::value::RawValue;

mod cohere;
mod nova;
mod titan;

pub const TITAN_FROM_OPENAI: Translator = Translator {
    client: Dialect::OpenAiEmbeddings,
    upstream: Dialect::TitanEmbed,
    gaps: TITAN,
    client_gaps: &[],
    request: titan::from_openai,
    reads: None,
    response: titan::to_openai,
    error: error::from_upstream,
    stream: |_| Box::new(Unstreamed::default()),
    fields: titan::FIELDS,
};

pub const NOVA_FROM_OPENAI: Translator = Translator {
    upstream: Dialect::NovaEmbed,
    gaps: NOVA,
    request: nova::from_openai,
    response: nova::to_openai,
    fields: nova::FIELDS,
    ..TITAN_FROM_OPENAI
};

pub const COHERE_FROM_OPENAI: Translator = Translator {
    upstream: Dialect::BedrockCohereEmbed,
    gaps: COHERE,
    request: cohere::from_openai,
    response: cohere::to_openai,
    fields: cohere::FIELDS,
    ..TITAN_FROM_OPENAI
};

const ONE_TEXT: (Feature, Gap) =
    (Feature::ManyInputs, Gap::No("this model takes one text in one call"));
const NO_TOKENS: (Feature, Gap) =
    (Feature::TokenInputs, Gap::No("this model takes text, not tokens"));

const TITAN: Gaps =
    &[ONE_TEXT, NO_TOKENS, (Feature::Purpose, Gap::Drops("purposes: Titan knows none"))];
const NOVA: Gaps = &[ONE_TEXT, NO_TOKENS];
const COHERE: Gaps = &[NO_TOKENS];

/// What went in: as the body says, else as a header does. A count of another type spoils
/// no vector.
fn usage(said: Option<&RawValue>, reply: &Reply) -> Usage {
    let said = said.and_then(|n| serde_json::from_str(n.get()).ok());
    Usage::input_only(said.or(reply.told_input.map(|n| n as f64)))
}

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
