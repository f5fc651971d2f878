//! The files of the themes: requests by client dialect, answers by provider dialect.

use crate::exchange::Sent;
use crate::settings::Settings;
use serde_json::Value;
use sluice::dialect::Dialect;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/themes")
}

/// `None`: the client's dialect cannot say it.
pub fn request(client: Dialect, name: &str) -> Option<Vec<u8>> {
    fs::read(root().join("requests").join(client.as_str()).join(format!("{name}.json"))).ok()
}

/// The same, to be streamed with its usage, where the path does not say so.
pub fn streamed(client: Dialect, body: &[u8]) -> Vec<u8> {
    let stream = match client {
        _ if is_addressed(client) => return body.to_vec(),
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => {
            r#"{"stream":true,"stream_options":{"include_usage":true},"#
        }
        _ => r#"{"stream":true,"#,
    };
    [stream.as_bytes(), body.strip_prefix(b"{").unwrap()].concat()
}

/// What a target of this provider dialect is, called by this client.
pub fn settings(client: Dialect, upstream: Dialect, stream: bool) -> Settings {
    let settings = Settings::read(&answers(upstream).join("model.json"));
    if is_addressed(client) { settings.addressed_as("my-model", stream) } else { settings }
}

/// `None`: this provider dialect has no such answer.
pub fn answer(upstream: Dialect, name: &str, stream: bool) -> Option<Sent> {
    let own = answers(upstream);
    // Claude in a cloud answers as Claude, but for frames and refusals.
    let claude = matches!(upstream, Dialect::AnthropicVertex | Dialect::AnthropicBedrock)
        .then(|| answers(Dialect::AnthropicMessages));
    [Some(own), claude].into_iter().flatten().find_map(|folder| {
        if stream {
            let framed = fs::read(folder.join(format!("{name}.events"))).ok();
            let framed = framed.map(|raw| Sent::events(&raw));
            return framed
                .or_else(|| fs::read(folder.join(format!("{name}.sse"))).ok().map(Sent::Stream));
        }
        let mut files = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
        files.find_map(|path| {
            let (stem, rest) = path.file_name()?.to_str()?.split_once('.')?;
            let status = match rest.split_once('.') {
                Some((status, _)) => status.parse().ok()?,
                None if rest == "json" => 200,
                None => return None,
            };
            (stem == name).then(|| Sent::Whole(status, fs::read(&path).unwrap()))
        })
    })
}

/// Fills in what stands at `"@/a/b"` of an earlier answer; in a list, a list is
/// poured out. The index -1 is the last one.
pub fn fill_in(value: Value, from: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('@') {
            Some(pointer) => at(from, pointer).clone(),
            None => Value::String(text),
        },
        Value::Array(items) => {
            let poured = items.into_iter().flat_map(|item| {
                let marked = item.as_str().is_some_and(|s| s.starts_with('@'));
                match fill_in(item, from) {
                    Value::Array(all) if marked => all,
                    one => vec![one],
                }
            });
            Value::Array(poured.collect())
        }
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, fill_in(value, from))).collect()
        }
        other => other,
    }
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    pointer.split('/').skip(1).fold(value, |value, step| match (step, value) {
        ("-1", Value::Array(items)) => items.last().unwrap_or(&Value::Null),
        (_, Value::Array(items)) => &items[step.parse::<usize>().unwrap()],
        _ => &value[step],
    })
}

fn answers(upstream: Dialect) -> PathBuf {
    root().join("answers").join(upstream.as_str())
}

/// The path names the model and says whether to stream.
fn is_addressed(client: Dialect) -> bool {
    matches!(client, Dialect::Gemini | Dialect::BedrockConverse)
}
