//! What the gateway must know of a request: top-level facts, nothing deeper.
//!
//! Read once per call from the spans of `wire::json::object`. Messages, tools
//! and every field not named here stay undecoded bytes (`hints` is only shown
//! their strings).

use super::hints::{Fields, Hints};
use super::openai::modalities;
use super::{Dialect, Operation, anthropic, gemini, responses};
use crate::error::{Error, Kind};
use crate::wire::{json, multipart};
use std::borrow::Cow;
use std::ops::Range;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The call's own dialect: what stands where differs by it.
    pub client: Dialect,
    /// As the client wrote it, decoded; 1 to `MAX_MODEL` bytes.
    pub model: String,
    /// The model's JSON string, quotes included, or its part of a form; empty where the
    /// path names it, or where it goes in a body that names none.
    pub model_span: Range<usize>,
    pub stream: bool,
    /// The `stream_options` value: an object or null.
    pub stream_options: Option<Range<usize>>,
    pub include_usage: bool,
    /// Choices asked for; at least 1.
    pub n: u64,
    pub logprobs: bool,
    /// `modalities` names something but text, or `audio` is given.
    pub other_modalities: bool,
    /// The output limit asked for, in tokens.
    pub max_tokens: Option<u64>,
    /// Texts to embed, or documents to rank; 0 in other calls.
    pub inputs: usize,
    /// What is to be embedded is tokens.
    pub token_inputs: bool,
    /// For a provider's quirks; of OpenAI's chats and embeddings.
    pub fields: Fields,
    pub hints: Hints,
    /// There may be thoughts in it that this gateway put into the client's words: see
    /// the dialects' `sweep`.
    pub marked: bool,
    /// Bytes of the whole body: the base of every estimate.
    pub body_bytes: usize,
}

/// What the path of a call says, in dialects that put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    pub model: String,
    pub stream: bool,
}

/// What is read of a form.
pub const FIELDS: &[&str] = &["model", "stream"];

/// Longest model name taken, in bytes.
const MAX_MODEL: usize = 256;

impl Facts {
    /// Of a chat request.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        Self::of(Dialect::OpenAiChat, body, None)
    }

    /// `addressed`: for the dialects whose paths name the model.
    pub fn of(client: Dialect, body: &[u8], addressed: Option<Addressed>) -> Result<Self, Error> {
        let is_chat = client == Dialect::OpenAiChat;
        let embeds = client == Dialect::OpenAiEmbeddings;
        // Those whose streams tell the usage when asked.
        let asks = is_chat || client == Dialect::OpenAiCompletions;
        let (mut hints, mut marked) = (Hints::default(), false);
        let members = match mark(client) {
            Some(is_mark) => json::object_seeing(body, |_, string| marked |= is_mark(body, string)),
            None if is_chat => json::object_seeing(body, |member, string| {
                if member == "messages" {
                    hints.note(string);
                }
            }),
            None => json::object(body),
        }
        .map_err(invalid_json)?;
        let limits = client.output_limit().map_or(&[][..], |limit| limit.top());
        let mut facts = Facts { hints, marked, ..Self::new(client, body.len()) };
        // Others always come whole: `stream` means nothing there.
        let streams = matches!(client.operation(), Operation::Chat | Operation::Draw);
        for member in &members {
            let raw = body.get(member.value.clone()).unwrap_or_default();
            if is_chat || embeds {
                facts.fields.note(&member.key, raw);
            }
            if let Some(name) = limits.iter().find(|name| member.key == **name) {
                let (own, other) = (integer(name, raw)?, facts.max_tokens);
                let first = limits.first() == Some(name);
                facts.max_tokens = if first { own.or(other) } else { other.or(own) };
                continue;
            }
            match member.key.as_ref() {
                "model" if addressed.is_none() => {
                    facts.model_span = member.value.clone();
                    if !(raw == b"null" && client == Dialect::OpenAiModerations) {
                        facts.model = model(raw)?;
                    }
                }
                "messages" if is_chat || client == Dialect::CohereChat => messages(raw)?,
                "stream" if addressed.is_none() && streams => {
                    facts.stream = boolean("stream", raw)?
                }
                "stream_format" if client == Dialect::OpenAiSpeech => {
                    facts.stream = raw == br#""sse""#;
                }
                "stream_options" if asks => {
                    facts.stream_options = Some(member.value.clone());
                    facts.include_usage = include_usage(raw)?;
                }
                "n" if asks => facts.n = integer("n", raw)?.unwrap_or(1).max(1),
                "logprobs" if is_chat => facts.logprobs = boolean("logprobs", raw)?,
                "modalities" if is_chat => facts.other_modalities |= !is_text_alone(raw),
                "audio" if is_chat => facts.other_modalities |= raw != b"null",
                "input" if embeds => facts.input(raw),
                "documents" if client.operation() == Operation::Rerank => {
                    facts.inputs = json::count(raw).unwrap_or_default();
                }
                "generationConfig" | "generation_config" if client == Dialect::Gemini => {
                    facts.generation(raw);
                }
                "inferenceConfig" if client == Dialect::BedrockConverse => facts.inference(raw),
                _ => {}
            }
        }
        if let Some(addressed) = addressed {
            facts.model = checked_model(addressed.model.into())?;
            facts.stream = addressed.stream;
        }
        if facts.model.is_empty() && client == Dialect::OpenAiModerations {
            facts.model = modalities::MODERATION.to_owned();
            let inside = members.first().map_or(0, |m| m.name.start);
            if facts.model_span.is_empty() {
                facts.model_span = inside..inside;
            }
        }
        if facts.model.is_empty() {
            return Err(no_model());
        }
        for any in needs(client) {
            let given = |name: &&str| members.iter().any(|m| m.key == **name);
            if let ([name, ..], false) = (*any, any.iter().any(given)) {
                let words = format!("you must provide {}", any.join(" or "));
                return Err(Error::invalid(*name, words));
            }
        }
        Ok(facts)
    }

    /// Of a form, by those of its `FIELDS` that it has.
    pub fn of_form(
        client: Dialect,
        fields: &[multipart::Field],
        size: usize,
    ) -> Result<Self, Error> {
        let field = |name: &str| fields.iter().find(|f| f.name == name);
        let Some(model) = field("model") else { return Err(no_model()) };
        let name = std::str::from_utf8(&model.value)
            .map_err(|_| Error::invalid("model", "model must be UTF-8"))?;
        let stream = field("stream").is_some_and(|f| f.value.eq_ignore_ascii_case(b"true"));
        let name = checked_model(name.into())?;
        let mut facts = Self::new(client, size);
        (facts.model, facts.model_span, facts.stream) = (name, model.span.clone(), stream);
        Ok(facts)
    }

    /// Of a request that says nothing.
    fn new(client: Dialect, body_bytes: usize) -> Self {
        Facts {
            client,
            model: String::new(),
            model_span: 0..0,
            stream: false,
            stream_options: None,
            include_usage: false,
            n: 1,
            logprobs: false,
            other_modalities: false,
            max_tokens: None,
            inputs: 0,
            token_inputs: false,
            fields: Fields::default(),
            hints: Hints::default(),
            marked: false,
            body_bytes,
        }
    }

    /// Of embeddings: a text, tokens, or a list of either.
    fn input(&mut self, raw: &[u8]) {
        let first = raw.strip_prefix(b"[").unwrap_or_default().trim_ascii_start().first();
        let is_one = matches!(first, None | Some(b'0'..=b'9'));
        self.token_inputs = matches!(first, Some(b'[' | b'0'..=b'9'));
        self.inputs = if is_one { 1 } else { json::count(raw).unwrap_or_default() };
    }

    /// Converse's limit. What is no number there is the provider's to refuse.
    fn inference(&mut self, config: &[u8]) {
        let members = json::members(config).unwrap_or_default();
        let max = members.into_iter().find(|m| m.key == "maxTokens");
        let raw = max.and_then(|m| config.get(m.value)).unwrap_or_default();
        self.max_tokens = std::str::from_utf8(raw).ok().and_then(|t| t.parse().ok());
    }

    /// Gemini's limits, in either of the spellings Google takes. What is no number
    /// there is the provider's to refuse.
    fn generation(&mut self, config: &[u8]) {
        for member in json::members(config).unwrap_or_default() {
            let raw = config.get(member.value).unwrap_or_default();
            let number = std::str::from_utf8(raw).ok().and_then(|t| t.parse().ok());
            match member.key.as_ref() {
                "maxOutputTokens" | "max_output_tokens" => self.max_tokens = number,
                "candidateCount" | "candidate_count" => self.n = number.unwrap_or(1).max(1),
                _ => {}
            }
        }
    }
}

/// Whether a string of a request is one of our marks.
type IsMark = fn(&[u8], &[u8]) -> bool;

/// What tells, by one string of a body with quotes, that it may hold thoughts of ours.
fn mark(client: Dialect) -> Option<IsMark> {
    match client {
        Dialect::AnthropicMessages | Dialect::AnthropicCount => Some(anthropic::sweep::is_mark),
        Dialect::Gemini => Some(gemini::sweep::is_mark),
        Dialect::OpenAiResponses | Dialect::OpenAiInputTokens => Some(responses::sweep::is_mark),
        _ => None,
    }
}

/// Top-level fields without which a request of this dialect asks nothing: one of each
/// row. Looked for here, lest a call without them goes to a provider in vain.
const fn needs(client: Dialect) -> &'static [&'static [&'static str]] {
    match client {
        Dialect::OpenAiChat
        | Dialect::CohereChat
        | Dialect::AnthropicMessages
        | Dialect::AnthropicCount => &[&["messages"]],
        Dialect::OpenAiResponses => &[&["input", "prompt", "previous_response_id", "conversation"]],
        Dialect::Gemini => &[&["contents"]],
        Dialect::GeminiEmbed => &[&["requests"]],
        Dialect::OpenAiCompletions => &[&["prompt"]],
        Dialect::OpenAiEmbeddings | Dialect::OpenAiModerations | Dialect::OpenAiSpeech => {
            &[&["input"]]
        }
        Dialect::OpenAiImages => &[&["prompt"]],
        Dialect::CohereEmbed => &[&["texts", "images", "inputs"]],
        Dialect::CohereRerank | Dialect::JinaRerank => &[&["query"], &["documents"]],
        Dialect::GeminiCount => {
            &[&["contents", "generateContentRequest", "generate_content_request"]]
        }
        Dialect::BedrockCount => &[&["input"]],
        _ => &[],
    }
}

fn no_model() -> Error {
    Error::invalid("model", "you must provide a model parameter")
}

fn invalid_json(e: json::Invalid) -> Error {
    Error::new(
        Kind::InvalidRequest,
        format!("the request body is not valid JSON for this API: {e}"),
    )
}

fn model(raw: &[u8]) -> Result<String, Error> {
    match json::text(raw) {
        Some(name) => checked_model(name),
        None => Err(Error::invalid("model", "model must be a string")),
    }
}

fn checked_model(name: Cow<'_, str>) -> Result<String, Error> {
    if name.is_empty() || name.len() > MAX_MODEL {
        return Err(Error::invalid("model", "model must have 1 to 256 bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("model", "model must not contain control characters"));
    }
    Ok(name.into_owned())
}

fn messages(raw: &[u8]) -> Result<(), Error> {
    let Some(rest) = raw.strip_prefix(b"[") else {
        return Err(Error::invalid("messages", "messages must be an array"));
    };
    let first = rest.iter().find(|b| !b.is_ascii_whitespace());
    match first {
        Some(b']') => Err(Error::invalid("messages", "messages must not be empty")),
        Some(b'{') => Ok(()),
        _ => Err(Error::invalid("messages[0]", "each message must be an object")),
    }
}

fn boolean(field: &'static str, raw: &[u8]) -> Result<bool, Error> {
    match raw {
        b"true" => Ok(true),
        b"false" | b"null" => Ok(false),
        _ => Err(Error::invalid(field, format!("{field} must be true or false"))),
    }
}

fn integer(field: &'static str, raw: &[u8]) -> Result<Option<u64>, Error> {
    if raw == b"null" {
        return Ok(None);
    }
    let number = std::str::from_utf8(raw).ok().and_then(|t| t.parse().ok());
    match number {
        Some(n) => Ok(Some(n)),
        None => Err(Error::invalid(field, format!("{field} must be a non-negative integer"))),
    }
}

fn is_text_alone(modalities: &[u8]) -> bool {
    modalities == b"null"
        || json::items(modalities).is_some_and(|all| all.iter().all(|m| *m == br#""text""#))
}

/// Whether `stream_options` asks for the usage chunk.
fn include_usage(raw: &[u8]) -> Result<bool, Error> {
    if raw == b"null" {
        return Ok(false);
    }
    let members = json::object(raw)
        .map_err(|e| Error::invalid("stream_options", format!("stream_options: {e}")))?;
    match members.iter().find(|m| m.key == "include_usage") {
        Some(m) => {
            let raw = raw.get(m.value.clone()).unwrap_or_default();
            boolean("stream_options.include_usage", raw)
        }
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests;
