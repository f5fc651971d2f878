//! `generationConfig`: sampling, limits, choices, log probabilities, modalities.
//!
//! The newest reference calls `responseMimeType` deprecated for `responseFormat`; it
//! is what every model and Vertex take, and what Google's own client still sends.
//!
//! Spec: <https://ai.google.dev/api/generate-content#generationconfig>.

use super::schema;
use super::thinking;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::effort::Effort;
use crate::dialect::openai::format::Format;
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::stop;
use crate::dialect::{Request, Thinking};
use crate::error::Error;
use crate::wire::json;

/// How the answer becomes JSON.
#[derive(Debug)]
pub(super) enum Shape<'a> {
    Text,
    Json,
    Schema(&'a [u8]),
    /// A paragraph for `systemInstruction`.
    Words(String),
}

/// The members of the object, each with a comma before it.
#[derive(Debug, Default)]
pub(super) struct Config(Vec<u8>);

const JSON_ONLY: &str = "Answer with one JSON value and nothing else: no text around it and no \
                         Markdown fence.";

/// Most candidates of one answer.
const MAX_CANDIDATES: u64 = 8;

/// Numbers that only change their name.
const NUMBERS: &[(&str, &str)] =
    &[("temperature", "temperature"), ("top_p", "topP"), ("top_k", "topK")];

/// From 2.5 on, each but 0 is refused ("Penalty is not enabled for this model",
/// <https://github.com/vercel/ai/issues/8943>).
const PENALTIES: &[(&str, &str)] =
    &[("presence_penalty", "presencePenalty"), ("frequency_penalty", "frequencyPenalty")];

// === impl Shape ===

impl<'a> Shape<'a> {
    /// `tools`: some are given. Before Gemini 3 there is no JSON answer beside them.
    pub(super) fn read(
        format: Format<'a>,
        request: &Request<'_>,
        tools: bool,
        dropped: &mut Dropped,
    ) -> Self {
        let beside_tools = request.traits.thinking == Thinking::Level;
        let native = !tools || beside_tools;
        match format {
            Format::Text => Shape::Text,
            Format::Json if native => Shape::Json,
            Format::Json => {
                dropped.add("response_format (asked for in words: tools are given)");
                Shape::Words(JSON_ONLY.to_owned())
            }
            Format::Schema(format) => {
                if native && request.traits.structured_output {
                    if format.description.is_some() {
                        dropped.add("response_format.json_schema.description");
                    }
                    return Shape::Schema(format.schema);
                }
                dropped.add("response_format.json_schema (asked for in words)");
                Shape::Words(format!(
                    "{JSON_ONLY} It must be valid under this JSON schema: {}\n{}",
                    String::from_utf8_lossy(format.schema),
                    format.description.unwrap_or_default()
                ))
            }
        }
    }
}

// === impl Config ===

impl Config {
    pub(super) fn read(
        request: &Request<'_>,
        root: &Value<'_, '_>,
        body: &Object<'_>,
        shape: &Shape<'_>,
        own_thinking: Option<Vec<u8>>,
        dropped: &mut Dropped,
    ) -> Result<Self, Error> {
        let mut config = Config::default();
        if let Some(max) = request.facts.max_tokens {
            config.member("maxOutputTokens", max.to_string().as_bytes());
        }
        for (name, own) in NUMBERS {
            let Some(value) = root.field(body, name) else { continue };
            value.number()?;
            if request.traits.sampling {
                config.member(own, value.raw);
            } else {
                dropped.add(format!("{name} (this model takes none)"));
            }
        }
        for (name, own) in PENALTIES {
            let Some(value) = root.field(body, name) else { continue };
            let number = value.number()?;
            if request.traits.thinking == Thinking::None {
                config.member(own, value.raw);
            } else if number != 0.0 {
                dropped.add(format!("{name} (this model takes none)"));
            }
        }
        if request.facts.n > MAX_CANDIDATES {
            return Err(Error::invalid("n", "this model gives at most 8 choices"));
        }
        if request.facts.n > 1 {
            config.member("candidateCount", request.facts.n.to_string().as_bytes());
        }
        let stops = stop::read(root, body)?;
        let stops: Vec<&[u8]> = stops.into_iter().filter(|s| *s != b"\"\"").collect();
        if !stops.is_empty() {
            config.member("stopSequences", &[b"[", &stops.join(&b","[..])[..], b"]"].concat());
        }
        config.seed(root, body, dropped)?;
        config.logprobs(request, root, body)?;
        config.modalities(root, body)?;
        match shape {
            Shape::Text | Shape::Words(_) => {}
            Shape::Json => config.member("responseMimeType", br#""application/json""#),
            Shape::Schema(raw) => {
                config.member("responseMimeType", br#""application/json""#);
                let mut schema = Vec::with_capacity(raw.len());
                if schema::push(&mut schema, raw) {
                    dropped.add("response_format.json_schema.schema (members beside $ref)");
                }
                config.member("responseJsonSchema", &schema);
            }
        }
        let effort = Effort::read(root, body)?;
        let thinking = thinking::config(request.traits.thinking, effort, own_thinking, dropped);
        if let Some(thinking) = thinking {
            config.member("thinkingConfig", &thinking);
        }
        Ok(config)
    }

    pub(super) fn push(&self, out: &mut Vec<u8>) {
        if let Some(members) = self.0.get(1..) {
            out.extend_from_slice(br#","generationConfig":{"#);
            out.extend_from_slice(members);
            out.push(b'}');
        }
    }

    /// OpenAI's has 64 bits, Gemini's 32.
    fn seed(
        &mut self,
        root: &Value<'_, '_>,
        body: &Object<'_>,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        let Some(seed) = root.field(body, "seed") else { return Ok(()) };
        seed.number()?;
        let small = std::str::from_utf8(seed.raw).ok().and_then(|t| t.parse::<i32>().ok());
        if small.is_some() {
            self.member("seed", seed.raw);
        } else {
            dropped.add("seed (beyond 32 bits)");
        }
        Ok(())
    }

    fn logprobs(
        &mut self,
        request: &Request<'_>,
        root: &Value<'_, '_>,
        body: &Object<'_>,
    ) -> Result<(), Error> {
        let top = root.field(body, "top_logprobs");
        if !request.facts.logprobs {
            return match top {
                Some(top) if top.number()? != 0.0 => Err(top.error("needs logprobs")),
                _ => Ok(()),
            };
        }
        self.member("responseLogprobs", b"true");
        if let Some(top) = top.filter(|t| t.raw != b"0") {
            top.number()?;
            self.member("logprobs", top.raw);
        }
        Ok(())
    }

    fn modalities(&mut self, root: &Value<'_, '_>, body: &Object<'_>) -> Result<(), Error> {
        let Some(list) = root.field(body, "modalities") else { return Ok(()) };
        let mut own: Vec<&[u8]> = Vec::new();
        for (i, raw) in list.items()?.into_iter().enumerate() {
            let item = list.item(i, raw);
            own.push(match item.text()?.as_ref() {
                "text" => br#""TEXT""#,
                "image" => br#""IMAGE""#,
                _ => return Err(item.error("only text and image are carried")),
            });
        }
        if own.iter().any(|m| *m != br#""TEXT""#) {
            let joined = own.join(&b","[..]);
            self.member("responseModalities", &[b"[", &joined[..], b"]"].concat());
        }
        Ok(())
    }

    fn member(&mut self, name: &str, value: &[u8]) {
        json::push_member(&mut self.0, name, value);
    }
}
