//! Requests: passed on with the model spliced, or told as a chat.

use super::FIELDS;
use crate::dialect::hub::ChatRequest;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::read::{Object, Value};
use crate::dialect::openai::request::{ASK_MEMBER, ask_inside};
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json::{self, Splice};

/// As the chat's, but for quirks: those are the chat's own.
pub(super) fn identity(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let facts = request.facts;
    let mut model = Vec::with_capacity(request.model.len() + 48);
    json::push_text(&mut model, request.model);
    let mut splices = Vec::with_capacity(2);
    if facts.stream && !facts.include_usage && request.quirks.stream_options {
        match &facts.stream_options {
            None => model.extend_from_slice(ASK_MEMBER),
            Some(span) => splices.push(ask_inside(request.body, span.clone())),
        }
    }
    splices.push(Splice { range: facts.model_span.clone(), with: model });
    splices.sort_by_key(|s| s.range.start);
    Ok(UpstreamRequest { body: Body::Spliced(splices), ..Default::default() })
}

/// Fields that the chat has, too.
const SAME: &[&str] = &[
    "temperature",
    "top_p",
    "n",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "user",
];

pub(super) fn to_chat(request: &Request<'_>) -> Result<ChatRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    if body.get("messages").is_some() {
        let words = "is a chat's: this path takes a prompt";
        return Err(Error::invalid("messages", words));
    }
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;
    if let Some(echo) = root.field(&body, "echo")
        && echo.boolean()?
    {
        return Err(echo.error("a chat model does not say the prompt again"));
    }
    if let Some(best) = root.field(&body, "best_of")
        && best.number()? != 1.0
        && best.raw != request.facts.n.to_string().as_bytes()
    {
        return Err(best.error("a chat model's answers are not weighed: only 1 or n"));
    }
    let mut out = Vec::with_capacity(request.body.len() + 128);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, &request.facts.model);
    out.extend_from_slice(br#","messages":[{"role":"user","content":"#);
    out.extend_from_slice(prompt(&root, &body)?);
    out.extend_from_slice(b"}]");
    if let Some(max) = root.field(&body, "max_tokens") {
        member(&mut out, "max_completion_tokens", max.raw);
    }
    for name in SAME {
        if let Some(raw) = body.get(name) {
            member(&mut out, name, raw);
        }
    }
    if request.facts.stream {
        out.extend_from_slice(br#","stream":true"#);
        out.extend_from_slice(ASK_MEMBER);
    }
    out.push(b'}');
    Ok(ChatRequest { body: out, dropped: dropped.into_names(), echo: Vec::new() })
}

/// The prompt's JSON string.
fn prompt<'a>(root: &Value<'a, '_>, body: &Object<'a>) -> Result<&'a [u8], Error> {
    let Some(prompt) = root.field(body, "prompt") else {
        return Err(Error::invalid("prompt", "you must provide a prompt"));
    };
    if prompt.is_string() {
        return prompt.string();
    }
    match prompt.items()?.as_slice() {
        [one] if one.first() == Some(&b'"') => Ok(one),
        [first, ..] if first.first() == Some(&b'"') => {
            Err(prompt.error("several prompts in one call are not carried: send one each"))
        }
        _ => Err(prompt.error("must be a string: tokens are not carried")),
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}
