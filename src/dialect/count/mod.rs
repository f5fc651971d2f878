//! Counting: how many tokens a request would have, asked of whoever would answer it.
//!
//! A vendor's counter takes what its chat takes, wrapped, and gives one number. So a
//! row is made from the chat row of the same pair (`Counted`): its request, less what
//! no counter reads (output limits, sampling, streaming), in the counter's wrapping
//! (`wrap`); the answer is that number under the client's own name. Where no vendor
//! counts, the gateway answers with an estimate (`dialect::estimate`), in the same
//! words.
//!
//! Must not: cost anything. A count has no usage, and that is reported: nothing is
//! estimated, nothing unpriced.
//!
//! Spec: <https://platform.claude.com/docs/en/build-with-claude/token-counting>,
//! <https://developers.openai.com/api/docs/guides/token-counting>,
//! <https://ai.google.dev/api/tokens>,
//! <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html>; where the
//! pages are silent, botocore's `bedrock-runtime` and `google-genai` were read.
//!
//! Quirks kept in mind: AI Studio counts instructions and tools only within
//! `generateContentRequest`, which repeats the model and must not stand beside
//! `contents`; Vertex takes them at the top and has no `generateContentRequest`.
//! Bedrock counts for models by their own ids, not for inference profiles, and not for
//! models that only profiles lead to: `provider::kinds` says for which.

use super::anthropic::client::Messages;
use super::features::{Feature, Gap, Gaps};
use super::hub::Through;
use super::hub::rows::{ToConverse, ToGemini, ToResponses};
use super::identity::Unstreamed;
use super::loss::Lost;
use super::{Body, ClientResponse, Dialect, Reply, Request, Translator, UpstreamRequest, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use std::marker::PhantomData;

mod fields;
mod wrap;

/// A vendor's counter, for what the gateway translates.
pub trait Counter: 'static {
    const UPSTREAM: Dialect;
    /// The chat row whose request is counted.
    const CHAT: &'static Translator;
    const GAPS: Gaps = Self::CHAT.gaps;
    /// Where the number stands in its answer.
    const NUMBER: &'static str;

    /// Its body, from the chat row's.
    fn wrap(model: &str, chat: &[u8], dropped: &mut Vec<Lost>) -> Vec<u8>;
}

/// The row of Messages clients and a counter.
pub struct Counted<C>(PhantomData<C>);

pub struct AtOpenAi;
pub struct AtGemini;
pub struct AtVertex;
pub struct AtBedrock;

/// Where Anthropic's number stands.
pub const ANTHROPIC: &str = "input_tokens";
const GOOGLE: &str = "totalTokens";
const BEDROCK: &str = "inputTokens";

pub const OPENAI_IDENTITY: Translator = Translator {
    client: Dialect::OpenAiInputTokens,
    upstream: Dialect::OpenAiInputTokens,
    gaps: &[],
    client_gaps: &[],
    request: super::responses::IDENTITY.request,
    reads: super::responses::IDENTITY.reads,
    response: |body, _| as_it_is(body, ANTHROPIC),
    error: super::responses::IDENTITY.error,
    stream: |_| Box::new(Unstreamed::default()),
    fields: &[],
};

pub const GEMINI_IDENTITY: Translator = Translator {
    client: Dialect::GeminiCount,
    upstream: Dialect::GeminiCount,
    request: wrap::gemini_identity,
    reads: None,
    response: |body, _| as_it_is(body, GOOGLE),
    error: super::gemini::IDENTITY.error,
    ..OPENAI_IDENTITY
};

pub const VERTEX_FROM_GEMINI: Translator = Translator {
    upstream: Dialect::VertexCount,
    gaps: NO_CHOICE,
    request: wrap::gemini_to_vertex,
    fields: fields::GEMINI_TO_VERTEX,
    ..GEMINI_IDENTITY
};

/// The model is in the path.
pub const BEDROCK_IDENTITY: Translator = Translator {
    client: Dialect::BedrockCount,
    upstream: Dialect::BedrockCount,
    request: |_| Ok(UpstreamRequest::default()),
    reads: Some(|_, _| 0),
    response: |body, _| as_it_is(body, BEDROCK),
    error: super::bedrock::IDENTITY.error,
    ..OPENAI_IDENTITY
};

/// What a Converse to count has no word for.
pub(super) const BEDROCK_LACKS: Gaps = &[
    (Feature::ImageUrl, Gap::No("Converse fetches no URL but s3:")),
    (Feature::StructuredOutput, Gap::No("Bedrock counts no schema")),
];

const NO_CHOICE: Gaps =
    &[(Feature::ToolChoice, Gap::Drops("tool_choice: Vertex counts no choice of tools"))];

/// The calls whose tokens a client of this dialect counts; `None`: it does not count.
pub fn chat(client: Dialect) -> Option<Dialect> {
    match client {
        Dialect::AnthropicCount => Some(Dialect::AnthropicMessages),
        Dialect::OpenAiInputTokens => Some(Dialect::OpenAiResponses),
        Dialect::GeminiCount => Some(Dialect::Gemini),
        Dialect::BedrockCount => Some(Dialect::BedrockConverse),
        _ => None,
    }
}

/// The call within a request to count.
pub fn inner(client: Dialect, body: &[u8]) -> &[u8] {
    let path: &[&[&str]] = match client {
        Dialect::GeminiCount => &[&["generateContentRequest", "generate_content_request"]],
        Dialect::BedrockCount => &[&["input"], &["converse"]],
        _ => &[],
    };
    let step = |raw, names: &&[&str]| wrap::value(raw, names).unwrap_or(raw);
    path.iter().fold(body, step)
}

/// The gateway's own answer.
pub fn answer(client: Dialect, tokens: u64) -> Vec<u8> {
    let opening: &[u8] = match client {
        Dialect::OpenAiInputTokens => br#"{"object":"response.input_tokens","input_tokens":"#,
        Dialect::GeminiCount | Dialect::VertexCount => br#"{"totalTokens":"#,
        Dialect::BedrockCount => br#"{"inputTokens":"#,
        _ => br#"{"input_tokens":"#,
    };
    let mut out = opening.to_vec();
    json::push_number(&mut out, tokens);
    out.push(b'}');
    out
}

/// The vendor's own answer, if it has a number under this name.
pub fn as_it_is(body: &[u8], name: &str) -> Result<ClientResponse, Error> {
    number(body, name)?;
    Ok(ClientResponse { body: None, usage: FREE })
}

/// Nothing was used, and that is known.
const FREE: Usage = Usage {
    input: 0,
    output: 0,
    cached_input: 0,
    cache_write: 0,
    cache_write_1h: 0,
    reasoning: 0,
    input_reported: true,
    output_reported: true,
    billed: None,
    cost: None,
    tier: None,
};

fn number(body: &[u8], name: &str) -> Result<u64, Error> {
    let bad = || Error::new(Kind::BadAnswer, "the provider's answer has no count");
    let members = json::object(body).map_err(|_| bad())?;
    let raw = members.iter().find(|m| m.key == name).and_then(|m| body.get(m.value.clone()));
    raw.and_then(|raw| std::str::from_utf8(raw).ok()?.parse().ok()).ok_or_else(bad)
}

fn request<C: Counter>(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let made = (C::CHAT.request)(request)?;
    let chat = match made.body {
        Body::Whole(whole) => whole,
        Body::Spliced(splices) => json::splice(request.body, &splices),
    };
    let mut dropped = made.dropped;
    let body = Body::Whole(C::wrap(request.model, &chat, &mut dropped));
    Ok(UpstreamRequest { body, dropped, ..Default::default() })
}

fn response<C: Counter>(body: &[u8], _: &Reply) -> Result<ClientResponse, Error> {
    let tokens = number(body, C::NUMBER)?;
    Ok(ClientResponse { body: Some(answer(Dialect::AnthropicCount, tokens)), usage: FREE })
}

// === impl Counted ===

impl<C: Counter> Counted<C> {
    pub const ROW: Translator = Translator {
        client: Dialect::AnthropicCount,
        upstream: C::UPSTREAM,
        gaps: C::GAPS,
        client_gaps: C::CHAT.client_gaps,
        request: request::<C>,
        reads: None,
        response: response::<C>,
        error: C::CHAT.error,
        stream: |_| Box::new(Unstreamed::default()),
        fields: fields::COUNTED,
    };
}

impl Counter for AtOpenAi {
    const UPSTREAM: Dialect = Dialect::OpenAiInputTokens;
    const CHAT: &'static Translator = &Through::<Messages, ToResponses>::ROW;
    const NUMBER: &'static str = ANTHROPIC;

    fn wrap(_: &str, chat: &[u8], _: &mut Vec<Lost>) -> Vec<u8> {
        wrap::only(chat, wrap::OPENAI)
    }
}

impl Counter for AtGemini {
    const UPSTREAM: Dialect = Dialect::GeminiCount;
    const CHAT: &'static Translator = &Through::<Messages, ToGemini>::ROW;
    const NUMBER: &'static str = GOOGLE;

    fn wrap(model: &str, chat: &[u8], _: &mut Vec<Lost>) -> Vec<u8> {
        wrap::gemini(model, chat)
    }
}

impl Counter for AtVertex {
    const UPSTREAM: Dialect = Dialect::VertexCount;
    const CHAT: &'static Translator = &Through::<Messages, ToGemini>::ROW;
    const GAPS: Gaps = NO_CHOICE;
    const NUMBER: &'static str = GOOGLE;

    fn wrap(_: &str, chat: &[u8], dropped: &mut Vec<Lost>) -> Vec<u8> {
        wrap::vertex(chat, "tool_choice", dropped)
    }
}

impl Counter for AtBedrock {
    const UPSTREAM: Dialect = Dialect::BedrockCount;
    const CHAT: &'static Translator = &Through::<Messages, ToConverse>::ROW;
    const GAPS: Gaps = &[
        (Feature::ImageUrl, Gap::No("Converse fetches no URL but s3:")),
        (Feature::StructuredOutput, Gap::Drops("output_config: Bedrock counts no schema")),
    ];
    const NUMBER: &'static str = BEDROCK;

    fn wrap(_: &str, chat: &[u8], dropped: &mut Vec<Lost>) -> Vec<u8> {
        wrap::bedrock(chat, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_count_is_an_error() {
        for body in ["", "7", "{}", r#"{"input_tokens":"7"}"#, r#"{"error":{"message":"x"}}"#] {
            let e = as_it_is(body.as_bytes(), ANTHROPIC).unwrap_err();
            assert_eq!(e.kind, Kind::BadAnswer, "{body}");
        }
        let usage = as_it_is(br#"{"input_tokens":7}"#, ANTHROPIC).unwrap().usage;
        assert!(usage.input == 0 && usage.input_reported && usage.output_reported);
    }

    #[test]
    fn finds_the_call_within() {
        for (client, body, want) in [
            (Dialect::AnthropicCount, r#"{"a":1}"#, r#"{"a":1}"#),
            (Dialect::GeminiCount, r#"{"contents":[]}"#, r#"{"contents":[]}"#),
            (Dialect::GeminiCount, r#"{"generateContentRequest":{"b":2}}"#, r#"{"b":2}"#),
            (Dialect::BedrockCount, r#"{"input":{"converse":{"c":3}}}"#, r#"{"c":3}"#),
        ] {
            assert_eq!(inner(client, body.as_bytes()), want.as_bytes());
        }
    }
}
