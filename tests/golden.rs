//! One folder per case under `tests/golden/<client>-<upstream>/`:
//!
//! - `request.json`: what the client sends; `request.bin`, a form with the boundary `b`;
//! - `case.json`, optional: `model`, `traits`, `kind` of provider (its quirks), what a
//!   header told of the input (`told_input`), and `status` of a refusal;
//! - `upstream-response.json`, `.sse`, `.events` (AWS event streams as text, see
//!   `support/events.rs`) or `.bin` (a file): what the provider answers;
//! - `upstream-request.json` or `.bin`, `response` as the provider's, `outcome.json`: what must
//!   come out, to the byte. `BLESS=1 cargo test --test golden` writes them anew:
//!   read the diff.
//!
//! Streams run whole, byte by byte, and cut in two at every position; all must
//! give the same bytes and the same progress.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Value, json};
use sluice::dialect::facts::FIELDS;
use sluice::dialect::features::{self, Feature};
use sluice::dialect::{
    Addressed, Body, Dialect, Facts, Feed, Maker, ModelTraits, Operation, Progress, Quirks, Reply,
    Request, TRANSLATORS, Thinking, Translator, Usage, quirks,
};
use sluice::error::Error;
use sluice::provider;
use sluice::wire::json as wire;
use sluice::wire::multipart::Scanner;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "support/events.rs"]
mod events;

const CREATED: u64 = 1_760_000_000;

#[test]
fn golden() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases = Vec::new();
    for pair in folders(&root) {
        let name = pair.file_name().unwrap().to_string_lossy().into_owned();
        let translator = TRANSLATORS
            .iter()
            .find(|t| format!("{}-{}", t.client.as_str(), t.upstream.as_str()) == name)
            .unwrap_or_else(|| panic!("{name} is no row of TRANSLATORS"));
        cases.extend(folders(&pair).into_iter().map(|folder| (translator, folder)));
    }
    assert!(!cases.is_empty());
    // Every stream is cut at every byte: worth all the cores there are.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some((translator, folder)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            Case::new(translator, folder.clone()).run(&mut wrong);
        }
        wrong
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Every feature a pair does not declare as a gap has a case behind it.
#[test]
fn every_promise_of_a_pair_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut missing = Vec::new();
    let counted =
        |client: Dialect| client == Dialect::OpenAiChat || client.operation() != Operation::Chat;
    let pairs = TRANSLATORS.iter().filter(|t| counted(t.client) && !t.fields.is_empty());
    for pair in pairs {
        let name = format!("{}-{}", pair.client.as_str(), pair.upstream.as_str());
        let cases = folders(&root.join(&name));
        if cases.len() < 25 {
            missing.push(format!("{name}: {} cases, 25 are asked for", cases.len()));
        }
        let shown: Vec<Vec<Feature>> = cases.iter().map(|c| shows(c)).collect();
        for feature in Feature::of(pair.client.operation()) {
            let gap = pair.gap(*feature).is_some();
            let count = shown.iter().filter(|s| s.contains(feature)).count();
            if !gap && count == 0 {
                missing.push(format!("{name}: no case for {}", feature.as_str()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// What a text is for, by the providers' names of it.
const PURPOSES: [&str; 3] = ["input_type", "task_type", "embedding_purpose"];

/// The features that a case's request uses and that came through.
fn shows(folder: &Path) -> Vec<Feature> {
    let outcome: Value = read(&folder.join("outcome.json"))
        .map_or(Value::Null, |o| serde_json::from_slice(&o).unwrap());
    if !outcome["refused"].is_null() {
        return Vec::new();
    }
    let request: Value = read(&folder.join("request.json"))
        .and_then(|r| serde_json::from_slice(&r).ok())
        .unwrap_or_default();
    let text = request.to_string();
    let dropped = outcome["dropped"].to_string();
    let has = |what: &str| text.contains(what);
    let streamed = folder.join("response.sse").exists();
    let calls = request["messages"].as_array().into_iter().flatten();
    let most_calls = calls.filter_map(|m| m["tool_calls"].as_array()).map(Vec::len).max();
    let answer = read(&folder.join("response.json")).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    let answered = [("response.json", "reasoning_content"), ("response.sse", "reasoning_content")]
        .iter()
        .any(|(file, word)| {
            read(&folder.join(file)).is_some_and(|b| String::from_utf8_lossy(&b).contains(word))
        });
    let all = [
        (true, Feature::Text),
        (streamed, Feature::Streaming),
        (has(r#""role":"system""#) || has(r#""role":"developer""#), Feature::System),
        (has("data:image/"), Feature::ImageData),
        (has(r#""image_url":{"url":"http"#) || has(r#""url":"gs://"#), Feature::ImageUrl),
        (has(r#""type":"file""#), Feature::Files),
        (has(r#""type":"input_audio""#), Feature::Audio),
        (request["tools"].is_array(), Feature::Tools),
        (!request["tool_choice"].is_null(), Feature::ToolChoice),
        (most_calls > Some(1), Feature::ParallelCalls),
        (request["response_format"]["type"] == "json_schema", Feature::StructuredOutput),
        (answered, Feature::Reasoning),
        (has("signature") || has("encrypted_content"), Feature::SignedThoughts),
        (has("cache_control") || has("prompt_cache_key"), Feature::PromptCache),
        (!request["stop"].is_null(), Feature::Stop),
        (request["n"].as_u64() > Some(1), Feature::Choices),
        (request["logprobs"] == true, Feature::Logprobs),
        (request["input"].as_array().is_some_and(|a| a.len() > 1), Feature::ManyInputs),
        (!request["dimensions"].is_null(), Feature::Dimensions),
        (request["encoding_format"] == "base64", Feature::Base64),
        (PURPOSES.iter().any(|name| !request[*name].is_null()), Feature::Purpose),
        (!request["top_n"].is_null(), Feature::TopN),
        (answer.contains("\"document\":"), Feature::DocumentsBack),
    ];
    let param = |f: &Feature| match f {
        Feature::StructuredOutput => "response_format",
        Feature::Stop => "stop",
        Feature::PromptCache => "cache",
        _ => "-",
    };
    all.into_iter()
        .filter(|(shown, f)| *shown && !dropped.contains(&format!("\"{}", param(f))))
        .map(|(_, f)| f)
        .collect()
}

struct Case {
    translator: &'static Translator,
    folder: PathBuf,
    settings: Value,
}

impl Case {
    fn new(translator: &'static Translator, folder: PathBuf) -> Self {
        let settings = read(&folder.join("case.json"))
            .map_or(json!({}), |raw| serde_json::from_slice(&raw).unwrap());
        Self { translator, folder, settings }
    }

    fn run(&self, wrong: &mut Vec<String>) {
        let mut outcome = serde_json::Map::new();
        let form = read(&self.folder.join("request.bin"));
        let made = match &form {
            Some(body) => form_facts(self.translator.client, body)
                .and_then(|facts| self.request(facts, body, &mut outcome)),
            None => {
                let body = read(&self.folder.join("request.json")).expect("request.json");
                Facts::of(self.translator.client, &body, self.addressed())
                    .and_then(|facts| self.request(facts, &body, &mut outcome))
            }
        };
        let reply = match made {
            Ok((upstream, reply)) if form.is_some() => {
                self.expect("upstream-request.bin", &upstream, wrong);
                Some(reply)
            }
            Ok((mut upstream, reply)) => {
                serde_json::from_slice::<Value>(&upstream).expect("an upstream request is JSON");
                if !upstream.ends_with(b"\n") {
                    upstream.push(b'\n');
                }
                self.expect("upstream-request.json", &upstream, wrong);
                Some(reply)
            }
            Err(e) => {
                outcome.insert("refused".into(), error(&e));
                None
            }
        };
        if let Some(reply) = reply {
            let framed = read(&self.folder.join("upstream-response.events"));
            let framed = framed.map(|raw| events::to_bytes(std::str::from_utf8(&raw).unwrap()));
            let streamed = read(&self.folder.join("upstream-response.sse")).or(framed);
            let whole = read(&self.folder.join("upstream-response.json"));
            let file = read(&self.folder.join("upstream-response.bin"));
            match (streamed, whole, file) {
                (Some(raw), None, None) => self.stream(&raw, &reply, &mut outcome, wrong),
                (None, Some(raw), None) => self.whole(&raw, &reply, &mut outcome, wrong),
                (None, None, Some(raw)) => {
                    let reply = Reply { opaque: true, ..reply };
                    self.stream(&raw, &reply, &mut outcome, wrong);
                }
                (None, None, None) => {}
                _ => panic!("{}: two answers", self.folder.display()),
            }
        }
        let mut text = serde_json::to_vec_pretty(&Value::Object(outcome)).unwrap();
        text.push(b'\n');
        self.expect("outcome.json", &text, wrong);
    }

    fn addressed(&self) -> Option<Addressed> {
        let path = &self.settings["path"];
        path["model"].as_str().map(|model| Addressed {
            model: model.to_owned(),
            stream: path["stream"].as_bool().unwrap_or(false),
        })
    }

    fn request(
        &self,
        facts: Facts,
        body: &[u8],
        outcome: &mut serde_json::Map<String, Value>,
    ) -> Result<(Vec<u8>, Reply), Error> {
        features::check(self.translator.gaps, &facts)?;
        let model = self.settings["model"].as_str().unwrap_or("claude-test-1");
        let quirks = self.quirks();
        // As in an attempt: no more of the body than the row says it reads.
        let reads = self.translator.reads.map_or(body.len(), |reads| reads(&facts, quirks));
        let (head, tail) = body.split_at(reads);
        let request = Request { body: head, facts: &facts, model, traits: self.traits(), quirks };
        let made = (self.translator.request)(&request)?;
        outcome.insert("dropped".into(), json!(made.dropped));
        if made.json_tool {
            outcome.insert("json_tool".into(), json!(true));
        }
        let reply = Reply {
            model: model.to_owned(),
            created: CREATED,
            include_usage: facts.include_usage,
            json_tool: made.json_tool,
            base64: made.base64,
            inputs: facts.inputs,
            told_input: self.settings["told_input"].as_u64(),
            echo: made.echo.clone(),
            opaque: false,
            quirks,
        };
        let upstream = match made.body {
            Body::Spliced(splices) => [&wire::splice(head, &splices), tail].concat(),
            Body::Whole(whole) => whole,
        };
        Ok((upstream, reply))
    }

    fn whole(
        &self,
        raw: &[u8],
        reply: &Reply,
        outcome: &mut serde_json::Map<String, Value>,
        wrong: &mut Vec<String>,
    ) {
        let failed = match self.settings["status"].as_u64() {
            Some(status) => {
                let understood = (self.translator.error)(u16::try_from(status).unwrap(), raw);
                if understood.verbatim {
                    outcome.insert("error".into(), error(&understood.error));
                    return self.expect("response.json", raw, wrong);
                }
                Err(understood.error)
            }
            None => (self.translator.response)(raw, reply),
        };
        let mut body = match failed {
            Ok(response) => {
                outcome.insert("usage".into(), usage(&response.usage));
                response.body.unwrap_or_else(|| raw.to_vec())
            }
            Err(e) => {
                outcome.insert("error".into(), error(&e));
                self.translator.client.error_body(&e)
            }
        };
        serde_json::from_slice::<Value>(&body).expect("a response must be JSON");
        if !body.ends_with(b"\n") {
            body.push(b'\n');
        }
        self.expect("response.json", &body, wrong);
    }

    fn stream(
        &self,
        raw: &[u8],
        reply: &Reply,
        outcome: &mut serde_json::Map<String, Value>,
        wrong: &mut Vec<String>,
    ) {
        let (whole, progress) = self.feed(reply, &[raw]);
        let bytes: Vec<&[u8]> = raw.chunks(1).collect();
        let same = |parts: &[&[u8]], how: &str, wrong: &mut Vec<String>| {
            let (out, p) = self.feed(reply, parts);
            if out != whole || p != progress {
                wrong.push(format!("{}: differs {how}", self.folder.display()));
            }
        };
        same(&bytes, "byte by byte", wrong);
        for cut in 0..=raw.len() {
            let (a, b) = raw.split_at(cut);
            same(&[a, b], &format!("cut at {cut}"), wrong);
        }
        if reply.opaque {
            self.expect("response.bin", &whole, wrong);
        } else if self.translator.client.stream_type() == "text/event-stream" {
            check_events(&whole);
            self.expect("response.sse", &whole, wrong);
        } else {
            self.expect("response.events", events::to_text(&whole).as_bytes(), wrong);
        }
        outcome.insert("started".into(), json!(progress.started));
        outcome.insert("complete".into(), json!(progress.complete));
        outcome.insert("output_bytes".into(), json!(progress.output_bytes));
        outcome.insert("usage".into(), usage(&progress.usage));
        if let Some(e) = &progress.failed {
            outcome.insert("error".into(), error(e));
        }
    }

    fn feed(&self, reply: &Reply, parts: &[&[u8]]) -> (Vec<u8>, Progress) {
        let mut stream = (self.translator.stream)(reply);
        let mut out = Vec::new();
        for part in parts {
            if stream.feed(part, &mut out) == Feed::Same {
                out.extend_from_slice(part);
            }
        }
        stream.finish(&mut out);
        (out, stream.progress().clone())
    }

    fn quirks(&self) -> &'static Quirks {
        match self.settings["kind"].as_str() {
            Some(name) => provider::kind(name).unwrap_or_else(|| panic!("kind: {name}")).quirks,
            None => &quirks::NONE,
        }
    }

    fn traits(&self) -> ModelTraits {
        let given = &self.settings["traits"];
        let flag = |name: &str| given[name].as_bool().unwrap_or(true);
        let tokens = given["max_output_tokens"].as_u64().unwrap_or(64_000);
        ModelTraits {
            max_output_tokens: u32::try_from(tokens).unwrap(),
            structured_output: flag("structured_output"),
            sampling: flag("sampling"),
            system_turns: flag("system_turns"),
            thinking: match given["thinking"].as_str() {
                Some("none") => Thinking::None,
                Some("budget") | None => Thinking::Budget,
                Some("adaptive") => Thinking::Adaptive,
                Some("level") => Thinking::Level,
                Some("always") => Thinking::Always,
                Some(other) => panic!("thinking: {other}"),
            },
            reasons: flag("reasons"),
            maker: match given["maker"].as_str() {
                Some("amazon") => Maker::Amazon,
                Some("anthropic") => Maker::Anthropic,
                Some("cohere") => Maker::Cohere,
                Some("deepseek") => Maker::DeepSeek,
                Some("google") => Maker::Google,
                Some("meta") => Maker::Meta,
                Some("mistral") => Maker::Mistral,
                Some("openai") => Maker::OpenAi,
                Some("other") | None => Maker::Other,
                Some(other) => panic!("maker: {other}"),
            },
        }
    }

    fn expect(&self, file: &str, got: &[u8], wrong: &mut Vec<String>) {
        let path = self.folder.join(file);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, got).unwrap();
        } else if read(&path).as_deref() != Some(got) {
            wrong.push(format!("{}: got\n{}", path.display(), String::from_utf8_lossy(got)));
        }
    }
}

/// What the gateway reads of a form.
fn form_facts(client: Dialect, body: &[u8]) -> Result<Facts, Error> {
    let mut scanner = Scanner::new(b"b", FIELDS);
    let fields = scanner.feed(body).and_then(|()| scanner.finish());
    Facts::of_form(client, &fields.expect("a form"), body.len())
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

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    all.sort();
    all
}
