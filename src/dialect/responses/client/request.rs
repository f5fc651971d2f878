//! Requests: a Responses request to a chat request.

use super::{echo, fields::FIELDS, input, tools};
use crate::dialect::Request;
use crate::dialect::hub::ChatRequest;
use crate::dialect::loss::{self, Dropped};
use crate::dialect::openai::completion::Array;
use crate::dialect::openai::read::{Object, Value};
use crate::error::Error;
use crate::wire::json::{self, push_member};

pub(super) fn to_chat(request: &Request<'_>) -> Result<ChatRequest, Error> {
    let root = Value::root(request.body);
    let body = root.object()?;
    let mut dropped = Dropped::default();
    loss::sort_out(FIELDS, &root, &body, &mut dropped)?;
    refuse_what_is_kept(&root, &body)?;

    let mut out = Vec::with_capacity(request.body.len() + 256);
    out.extend_from_slice(br#"{"model":"#);
    json::push_text(&mut out, request.model);
    messages(&root, &body, &mut dropped)?.push_member(&mut out, "messages");
    if tools::write(&root, &body, &mut out, &mut dropped)?
        && let Some(parallel) = root.field(&body, "parallel_tool_calls")
    {
        parallel.boolean()?;
        push_member(&mut out, "parallel_tool_calls", parallel.raw);
    }
    text(&root, &body, &mut out, &mut dropped)?;
    if let Some(reasoning) = root.field(&body, "reasoning") {
        let object = reasoning.object()?;
        let known = ["effort", "summary", "generate_summary"];
        dropped.unknown("reasoning.", &object, &known);
        if let Some(effort) = reasoning.field(&object, "effort") {
            push_member(&mut out, "reasoning_effort", effort.string()?);
        }
    }
    logprobs(&root, &body, &mut out, &mut dropped)?;
    for (name, theirs) in PASSED {
        if let Some(raw) = body.get(name) {
            push_member(&mut out, theirs, raw);
        }
    }
    if let Some(options) = root.field(&body, "stream_options") {
        let object = options.object()?;
        dropped.unknown("stream_options.", &object, &["include_obfuscation"]);
        if object.get("include_obfuscation") == Some(b"true") {
            dropped.add("stream_options.include_obfuscation");
        }
    }
    if request.facts.stream {
        out.extend_from_slice(br#","stream":true,"stream_options":{"include_usage":true}"#);
    }
    out.push(b'}');
    let echo = echo::of(&root, &body)?;
    Ok(ChatRequest { body: out, dropped: dropped.into_names(), echo })
}

/// Fields that chat has, too, and under what name.
const PASSED: &[(&str, &str)] = &[
    ("max_output_tokens", "max_completion_tokens"),
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("user", "user"),
    ("safety_identifier", "safety_identifier"),
    ("prompt_cache_key", "prompt_cache_key"),
    ("prompt_cache_retention", "prompt_cache_retention"),
    ("prompt_cache_options", "prompt_cache_options"),
    ("service_tier", "service_tier"),
];

fn refuse_what_is_kept(root: &Value<'_, '_>, body: &Object<'_>) -> Result<(), Error> {
    if let Some(store) = root.field(body, "store") {
        store.boolean()?;
    }
    if let Some(background) = root.field(body, "background")
        && background.boolean()?
    {
        return Err(background.error("no answers are kept for this model: wait for the answer"));
    }
    Ok(())
}

fn messages(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    dropped: &mut Dropped,
) -> Result<Array, Error> {
    let mut messages = Array::default();
    if let Some(instructions) = root.field(body, "instructions") {
        let text = instructions.string()?;
        if text != b"\"\"" {
            let out = messages.item();
            out.extend_from_slice(br#"{"role":"system","content":"#);
            out.extend_from_slice(text);
            out.push(b'}');
        }
    }
    let Some(input) = root.field(body, "input") else {
        return Err(Error::invalid("input", "you must provide input"));
    };
    if input.is_string() {
        let out = messages.item();
        out.extend_from_slice(br#"{"role":"user","content":"#);
        out.extend_from_slice(input.raw);
        out.push(b'}');
        return Ok(messages);
    }
    if !input.is_array() {
        return Err(input.error("must be a string or an array of items"));
    }
    input::read(&input, messages, dropped)
}

fn text(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let Some(text) = root.field(body, "text") else { return Ok(()) };
    let object = text.object()?;
    dropped.unknown("text.", &object, &["format", "verbosity"]);
    if let Some(verbosity) = text.field(&object, "verbosity") {
        push_member(out, "verbosity", verbosity.string()?);
    }
    let Some(format) = text.field(&object, "format") else { return Ok(()) };
    let inner = format.object()?;
    let Some(type_) = format.field(&inner, "type") else {
        return Err(format.error("needs a type"));
    };
    match type_.text()?.as_ref() {
        "text" => {}
        "json_object" => push_member(out, "response_format", br#"{"type":"json_object"}"#),
        "json_schema" => {
            const KNOWN: &[&str] = &["name", "description", "schema", "strict"];
            dropped.unknown("text.format.", &inner, &[KNOWN, &["type"]].concat());
            for name in ["name", "schema"] {
                if inner.get(name).is_none() {
                    return Err(format.error(format!("needs a {name}")));
                }
            }
            let mut schema = Vec::new();
            for name in KNOWN {
                if let Some(raw) = inner.get(name) {
                    push_member(&mut schema, name, raw);
                }
            }
            let schema = schema.get(1..).unwrap_or_default();
            let whole = [br#"{"type":"json_schema","json_schema":{"#, schema, b"}}"].concat();
            push_member(out, "response_format", &whole);
        }
        _ => return Err(type_.error("must be text, json_object or json_schema")),
    }
    Ok(())
}

fn logprobs(
    root: &Value<'_, '_>,
    body: &Object<'_>,
    out: &mut Vec<u8>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let mut wanted = false;
    if let Some(include) = root.field(body, "include") {
        for (i, raw) in include.items()?.into_iter().enumerate() {
            match include.item(i, raw).text()?.as_ref() {
                "message.output_text.logprobs" => wanted = true,
                "reasoning.encrypted_content" => {}
                other => dropped.client_name("include.", other),
            }
        }
    }
    let top = root.field(body, "top_logprobs").filter(|top| top.raw != b"0");
    if wanted || top.is_some() {
        push_member(out, "logprobs", b"true");
    }
    if let Some(top) = top {
        top.number()?;
        push_member(out, "top_logprobs", top.raw);
    }
    Ok(())
}
