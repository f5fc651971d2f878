//! Status and headers around a script.

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::answer::{Answer, Ask};
use super::faults::Faults;
use super::openai;
use super::record::Watch;
use super::script::{self, Script};
use super::vendor::{Failure, Framing, Vendor};

pub(super) type Reply = Response<Script>;

/// A vendor's answer, whole or streamed.
pub(super) fn answer(
    vendor: Vendor,
    ask: &Ask<'_>,
    answer: &Answer,
    faults: &Faults,
    watch: Watch,
) -> Reply {
    let error = vendor.failure_event(faults.code.as_deref());
    let (steps, length, kind) = if ask.stream {
        let events = vendor.events(ask, answer);
        let kind = match vendor.framing() {
            Framing::Sse => SSE,
            Framing::Aws => AWS,
        };
        (script::stream(&events, &error, faults), None, kind)
    } else if let Some((kind, file)) = vendor.file(ask, answer).filter(|_| !faults.error_first) {
        let (steps, _) = script::file(file.into(), faults);
        (steps, None, kind)
    } else {
        let body = if faults.error_first { error.data } else { vendor.whole(ask, answer) };
        let (steps, length) = script::whole(body.into(), faults);
        (steps, length, JSON)
    };
    let script = Script::new(steps, length, Some(watch));
    let mut reply = reply(200, kind, script);
    if let (Some(name), Some(usage)) = (vendor.count_header(), answer.usage) {
        reply.headers_mut().insert(HeaderName::from_static(name), usage.input.into());
    }
    decorate(reply, vendor, faults)
}

/// What faults put in an answer's place.
pub(super) fn instead(vendor: Vendor, faults: &Faults, watch: Watch) -> Reply {
    let instead = &faults.instead;
    let default = if instead.no_content { 204 } else { 200 };
    let status = instead.status.unwrap_or(default);
    let mut failure = Failure::new(status, outage(status));
    failure.code.clone_from(&faults.code);
    let (kind, body) = if instead.html {
        (HTML, PAGE.to_owned())
    } else if instead.empty || instead.no_content {
        (JSON, String::new())
    } else {
        (JSON, vendor.failure(&failure))
    };
    if body.is_empty() {
        return decorate_plain(reply(status, kind, Script::empty(Some(watch))), vendor, faults);
    }
    let (steps, length) = script::whole(body.into(), faults);
    let script = Script::new(steps, length, Some(watch));
    let mut reply = reply(status, kind, script);
    if status >= 400 {
        mark(&mut reply, vendor, &failure);
    }
    decorate(reply, vendor, faults)
}

/// A vendor's refusal of a bad request.
pub(super) fn refusal(vendor: Vendor, failure: &Failure, watch: Watch) -> Reply {
    let body = vendor.failure(failure);
    let mut reply = json(failure.status, body, Some(watch));
    mark(&mut reply, vendor, failure);
    decorate_plain(reply, vendor, &Faults::default())
}

pub(super) fn json(status: u16, body: String, watch: Option<Watch>) -> Reply {
    reply(status, JSON, Script::full(body.into(), watch))
}

/// The header that some vendors put beside a failure's body.
fn mark(reply: &mut Reply, vendor: Vendor, failure: &Failure) {
    if let Some((name, value)) = vendor.error_header(failure)
        && let Ok(value) = HeaderValue::from_str(value)
    {
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

fn decorate(mut reply: Reply, vendor: Vendor, faults: &Faults) -> Reply {
    if faults.wire.gzip {
        let gzip = HeaderValue::from_static("gzip");
        reply.headers_mut().insert(CONTENT_ENCODING, gzip);
    }
    decorate_plain(reply, vendor, faults)
}

/// All headers but those about the body.
fn decorate_plain(mut reply: Reply, vendor: Vendor, faults: &Faults) -> Reply {
    let headers = reply.headers_mut();
    if let Some(id) = vendor.id_header() {
        let value = HeaderValue::from_static("req_mock");
        headers.insert(HeaderName::from_static(id), value);
    }
    if let Some(value) = &faults.before.retry_after {
        headers.insert(RETRY_AFTER, value.clone());
    }
    let size = faults.before.big_headers;
    if size > 0
        && let Ok(value) = HeaderValue::from_bytes(&vec![b'x'; size])
    {
        headers.insert(HeaderName::from_static("x-mock-big"), value);
    }
    reply
}

fn reply(status: u16, kind: &'static str, script: Script) -> Reply {
    let mut reply = Response::new(script);
    // Parsed statuses are in range.
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let kind = HeaderValue::from_static(kind);
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}

/// What a vendor says about its own troubles.
fn outage(status: u16) -> &'static str {
    match status {
        401 => "Incorrect API key provided.",
        403 => "Your API key does not have permission to use the specified resource.",
        404 => "The model does not exist or you do not have access to it.",
        429 => "Rate limit reached for requests.",
        503 => "The engine is currently overloaded, please try again later.",
        529 => "Overloaded",
        500.. => openai::BROKEN,
        _ => "The request was refused on demand.",
    }
}

const JSON: &str = "application/json";
const SSE: &str = "text/event-stream; charset=utf-8";
const AWS: &str = "application/vnd.amazon.eventstream";
const HTML: &str = "text/html";
const PAGE: &str = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n\
    <center><h1>502 Bad Gateway</h1></center>\n</body>\n</html>\n";
