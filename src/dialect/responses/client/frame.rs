//! The response object around the output: written whole, and again and again within
//! the events of a stream.

use crate::dialect::openai::calls::fitted;
use crate::dialect::responses::answer::text;
use crate::dialect::{Reply, Usage};
use crate::error::Error;
use crate::wire::json::{self, push_member};
use serde_json::value::RawValue;

/// What stays the same from the first event to the last.
#[derive(Debug)]
pub(super) struct Frame {
    /// Of the chat answer, fit to be a part of ids.
    base: String,
    created: u64,
    /// JSON strings.
    model: Vec<u8>,
    service_tier: Vec<u8>,
    /// Members that repeat the request, each behind a comma.
    echo: Vec<u8>,
}

/// How a response stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Status<'a> {
    InProgress,
    Completed,
    /// And why.
    Incomplete(&'static str),
    Failed(&'a Error),
}

type Raw<'a> = Option<&'a RawValue>;

// === impl Frame ===

impl Frame {
    pub(super) fn new(
        (id, model, tier): (Raw<'_>, Raw<'_>, Raw<'_>),
        created: Option<u64>,
        reply: &Reply,
    ) -> Self {
        let id = id.and_then(text).unwrap_or_default();
        let id =
            ["chatcmpl-", "resp_", "msg_"].iter().find_map(|p| id.strip_prefix(p)).unwrap_or(&id);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let base = match id {
            "" => "unknown".to_owned(),
            id => fitted(id, fits, 48).into_owned(),
        };
        let mut name = Vec::new();
        json::push_text(&mut name, &model.and_then(text).unwrap_or(reply.model.as_str().into()));
        let tier = tier.map_or("null", RawValue::get);
        Self {
            base,
            created: created.filter(|c| *c > 0).unwrap_or(reply.created),
            model: name,
            service_tier: tier.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect(),
            echo: reply.echo.clone(),
        }
    }

    /// An item's id, a JSON string.
    pub(super) fn item_id(&self, kind: &str, index: u64) -> Vec<u8> {
        let mut id = Vec::with_capacity(kind.len() + self.base.len() + 24);
        for piece in ["\"", kind, "_", &self.base, "_"] {
            id.extend_from_slice(piece.as_bytes());
        }
        json::push_number(&mut id, index);
        id.push(b'"');
        id
    }

    /// Appends the response object; `output`: its items.
    pub(super) fn push(
        &self,
        out: &mut Vec<u8>,
        status: Status<'_>,
        output: &[&[u8]],
        usage: Option<&Usage>,
    ) {
        out.extend_from_slice(br#"{"id":"resp_"#);
        out.extend_from_slice(self.base.as_bytes());
        out.extend_from_slice(br#"","object":"response","created_at":"#);
        json::push_number(out, self.created);
        out.extend_from_slice(br#","status":""#);
        out.extend_from_slice(status.word().as_bytes());
        out.extend_from_slice(br#"","error":"#);
        match status {
            Status::Failed(error) => push_error(out, error),
            _ => out.extend_from_slice(b"null"),
        }
        match status {
            Status::Incomplete(why) => {
                out.extend_from_slice(br#","incomplete_details":{"reason":"#);
                json::push_text(out, why);
                out.push(b'}');
            }
            _ => out.extend_from_slice(br#","incomplete_details":null"#),
        }
        push_member(out, "model", &self.model);
        push_member(out, "output", b"[");
        for (i, item) in output.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        out.push(b']');
        push_member(out, "service_tier", &self.service_tier);
        out.extend_from_slice(&self.echo);
        out.extend_from_slice(br#","usage":"#);
        match usage {
            Some(usage) => push_usage(out, usage),
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'}');
    }
}

fn push_error(out: &mut Vec<u8>, error: &Error) {
    out.extend_from_slice(br#"{"code":"#);
    json::push_text(
        out,
        error.code.as_deref().unwrap_or(match error.status() {
            429 => "rate_limit_exceeded",
            _ => "server_error",
        }),
    );
    out.extend_from_slice(br#","message":"#);
    json::push_text(out, &error.message);
    out.push(b'}');
}

fn push_usage(out: &mut Vec<u8>, usage: &Usage) {
    let mut field = |name: &str, number: u64| {
        out.extend_from_slice(name.as_bytes());
        json::push_number(out, number);
    };
    field(r#"{"input_tokens":"#, usage.input);
    field(r#","input_tokens_details":{"cached_tokens":"#, usage.cached_input);
    field(r#","cache_write_tokens":"#, usage.cache_write);
    field(r#"},"output_tokens":"#, usage.output);
    field(r#","output_tokens_details":{"reasoning_tokens":"#, usage.reasoning);
    field(r#"},"total_tokens":"#, usage.input.saturating_add(usage.output));
    out.push(b'}');
}

// === impl Status ===

impl Status<'_> {
    /// Of a finished answer, by chat's word for why it ended.
    pub(super) fn of_finish(reason: Option<&str>) -> Self {
        match reason {
            Some("length") => Status::Incomplete("max_output_tokens"),
            Some("content_filter") => Status::Incomplete("content_filter"),
            _ => Status::Completed,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Incomplete(_) => "incomplete",
            Status::Failed(_) => "failed",
        }
    }
}
