//! One call of one pair: what the provider gets of a request, and the client of an
//! answer. Streams run whole, byte by byte, and cut in two at every position; all
//! must give the same bytes and the same progress.

use crate::events;
use crate::settings::Settings;
use serde_json::{Map, Value, json};
use sluice::dialect::facts::FIELDS;
use sluice::dialect::features;
use sluice::dialect::{Body, Dialect, Facts, Feed, Progress, Reply, Request, Translator, Usage};
use sluice::error::Error;
use sluice::wire::json as wire;
use sluice::wire::multipart::Scanner;

/// What a client sends.
pub enum Asked {
    Json(Vec<u8>),
    /// With the boundary `b`.
    Form(Vec<u8>),
}

/// What a provider sends.
pub enum Sent {
    Whole(u16, Vec<u8>),
    Stream(Vec<u8>),
    /// Neither JSON nor events.
    File(Vec<u8>),
}

/// What comes of a call.
#[derive(Default)]
pub struct Came {
    /// The provider's request; `None`: refused.
    pub upstream: Option<Vec<u8>>,
    pub answer: Option<Answer>,
    pub outcome: Map<String, Value>,
    /// How a cut stream differs from the whole one.
    pub differs: Option<String>,
}

/// What the client gets, as files hold it.
pub enum Answer {
    Json(Vec<u8>),
    Sse(Vec<u8>),
    /// An AWS event stream, as text.
    Events(String),
    File(Vec<u8>),
}

const CREATED: u64 = 1_760_000_000;

/// `sent`: what the provider answers if it is asked at all.
pub fn run(pair: &Translator, settings: &Settings, asked: &Asked, sent: Option<&Sent>) -> Came {
    let mut came = Came::default();
    let reply = match request(pair, settings, asked, &mut came.outcome) {
        Ok((upstream, reply)) => {
            came.upstream = Some(upstream);
            reply
        }
        Err(e) => {
            came.outcome.insert("refused".into(), error(&e));
            return came;
        }
    };
    match sent {
        Some(Sent::Whole(status, raw)) => {
            came.answer = Some(Answer::Json(whole(pair, *status, raw, &reply, &mut came.outcome)));
        }
        Some(Sent::Stream(raw)) => stream(pair, raw, &reply, &mut came),
        Some(Sent::File(raw)) => {
            stream(pair, raw, &Reply { opaque: true, ..reply }, &mut came);
        }
        None => {}
    }
    came
}

fn request(
    pair: &Translator,
    settings: &Settings,
    asked: &Asked,
    outcome: &mut Map<String, Value>,
) -> Result<(Vec<u8>, Reply), Error> {
    let (body, facts) = match asked {
        Asked::Json(body) => (body, Facts::of(pair.client, body, settings.addressed())?),
        Asked::Form(body) => (body, form_facts(pair.client, body)?),
    };
    features::check(pair.gaps, &facts)?;
    let (model, quirks) = (settings.model(), settings.quirks());
    // As in an attempt: no more of the body than the row says it reads.
    let reads = pair.reads.map_or(body.len(), |reads| reads(&facts, quirks));
    let (head, tail) = body.split_at(reads);
    let request = Request { body: head, facts: &facts, model, traits: settings.traits(), quirks };
    let made = (pair.request)(&request)?;
    let dropped: Vec<&str> = made.dropped.iter().map(|lost| &**lost).collect();
    outcome.insert("dropped".into(), json!(dropped));
    if made.json_tool {
        outcome.insert("json_tool".into(), json!(true));
    }
    let reply = Reply {
        model: model.to_owned(),
        created: CREATED,
        include_usage: facts.include_usage,
        early_usage: false,
        json_tool: made.json_tool,
        base64: made.base64,
        inputs: facts.inputs,
        told_input: settings.told_input(),
        echo: made.echo.clone(),
        opaque: false,
        quirks,
    };
    let mut upstream = match made.body {
        Body::Spliced(splices) => [&wire::splice(head, &splices), tail].concat(),
        Body::Whole(whole) => whole,
    };
    if matches!(asked, Asked::Json(_)) {
        serde_json::from_slice::<Value>(&upstream).expect("an upstream request must be JSON");
        end_line(&mut upstream);
    }
    Ok((upstream, reply))
}

/// What the gateway reads of a form.
fn form_facts(client: Dialect, body: &[u8]) -> Result<Facts, Error> {
    let mut scanner = Scanner::new(b"b", FIELDS);
    let fields = scanner.feed(body).and_then(|()| scanner.finish());
    Facts::of_form(client, &fields.expect("a form"), body.len())
}

fn whole(
    pair: &Translator,
    status: u16,
    raw: &[u8],
    reply: &Reply,
    outcome: &mut Map<String, Value>,
) -> Vec<u8> {
    let translated = if status == 200 {
        (pair.response)(raw, reply)
    } else {
        let understood = (pair.error)(status, raw);
        if understood.verbatim {
            outcome.insert("error".into(), error(&understood.error));
            return raw.to_vec();
        }
        Err(understood.error)
    };
    let mut body = match translated {
        Ok(response) => {
            outcome.insert("usage".into(), usage(&response.usage));
            response.body.unwrap_or_else(|| raw.to_vec())
        }
        Err(e) => {
            outcome.insert("error".into(), error(&e));
            pair.client.error_body(&e)
        }
    };
    serde_json::from_slice::<Value>(&body).expect("a response must be JSON");
    end_line(&mut body);
    body
}

fn stream(pair: &Translator, raw: &[u8], reply: &Reply, came: &mut Came) {
    let (whole, progress) = feed(pair, reply, &[raw]);
    let mut same = |parts: &[&[u8]], how: String| {
        let (out, p) = feed(pair, reply, parts);
        if out != whole || p != progress {
            came.differs = Some(how);
        }
    };
    same(&raw.chunks(1).collect::<Vec<_>>(), "byte by byte".into());
    for cut in 0..=raw.len() {
        let (a, b) = raw.split_at(cut);
        same(&[a, b], format!("cut at {cut}"));
    }
    let outcome = &mut came.outcome;
    outcome.insert("started".into(), json!(progress.started));
    outcome.insert("complete".into(), json!(progress.complete));
    outcome.insert("output_bytes".into(), json!(progress.output_bytes));
    outcome.insert("usage".into(), usage(&progress.usage));
    if let Some(e) = &progress.failed {
        outcome.insert("error".into(), error(e));
    }
    came.answer = Some(if reply.opaque {
        Answer::File(whole)
    } else if pair.client.stream_type() == "text/event-stream" {
        check_events(&whole);
        Answer::Sse(whole)
    } else {
        Answer::Events(events::to_text(&whole))
    });
}

fn feed(pair: &Translator, reply: &Reply, parts: &[&[u8]]) -> (Vec<u8>, Progress) {
    let mut stream = (pair.stream)(reply);
    let mut out = Vec::new();
    for part in parts {
        if stream.feed(part, &mut out) == Feed::Same {
            out.extend_from_slice(part);
        }
    }
    stream.finish(&mut out);
    (out, stream.progress().clone())
}

fn end_line(body: &mut Vec<u8>) {
    if !body.ends_with(b"\n") {
        body.push(b'\n');
    }
}

/// Whatever came in, the client gets well-formed events and at most one farewell.
fn check_events(out: &[u8]) {
    let text = std::str::from_utf8(out).expect("a stream must be UTF-8");
    assert!(text.matches("data: [DONE]").count() <= 1);
    for event in text.replace("\r\n", "\n").split_terminator("\n\n") {
        // Some dialects name their events.
        let named = event.strip_prefix("event: ").and_then(|e| e.split_once('\n'));
        match named.map_or(event, |(_, data)| data).strip_prefix("data: ") {
            Some("[DONE]") => {}
            Some(data) => {
                serde_json::from_str::<Value>(data).expect("an event must be JSON");
            }
            None => assert!(event.starts_with(':'), "{event}"),
        }
    }
}

fn error(e: &Error) -> Value {
    let client = Dialect::OpenAiChat.error_body(e);
    let mut seen: Value = serde_json::from_slice(&client).unwrap();
    seen["kind"] = json!(e.kind.as_str());
    seen["status"] = json!(e.status());
    seen
}

fn usage(u: &Usage) -> Value {
    json!({
        "input": u.input,
        "output": u.output,
        "cached_input": u.cached_input,
        "cache_write": u.cache_write,
        "cache_write_1h": u.cache_write_1h,
        "reasoning": u.reasoning,
        "reported": [u.input_reported, u.output_reported],
    })
}

// === impl Came ===

impl Came {
    /// Names of what was left out.
    pub fn dropped(&self) -> impl Iterator<Item = &str> {
        let names = self.outcome.get("dropped").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str)
    }
}

// === impl Answer ===

impl Answer {
    pub fn extension(&self) -> &'static str {
        match self {
            Answer::Json(_) => "json",
            Answer::Sse(_) => "sse",
            Answer::Events(_) => "events",
            Answer::File(_) => "bin",
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Answer::Json(bytes) | Answer::Sse(bytes) | Answer::File(bytes) => bytes,
            Answer::Events(text) => text.as_bytes(),
        }
    }

    /// The JSON in it.
    pub fn values(&self) -> Vec<Value> {
        let text = std::str::from_utf8(self.bytes()).unwrap_or_default();
        let json = |line: &str| serde_json::from_str(line).ok();
        match self {
            Answer::Json(_) => json(text).into_iter().collect(),
            Answer::Sse(_) => {
                text.lines().filter_map(|l| l.strip_prefix("data: ")).filter_map(json).collect()
            }
            Answer::Events(_) => text.lines().filter_map(|l| json(l.split_once(' ')?.1)).collect(),
            Answer::File(_) => Vec::new(),
        }
    }
}

// === impl Sent ===

impl Sent {
    /// AWS's framing is kept as text.
    pub fn events(text: &[u8]) -> Self {
        Sent::Stream(events::to_bytes(std::str::from_utf8(text).unwrap()))
    }
}
