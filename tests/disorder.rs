//! Streams whose events come out of order, twice, or not at all: every golden stream,
//! shuffled by a seeded generator, through every pair that translates. Whatever comes,
//! the client's stream keeps its own grammar, says the same text to every client, counts
//! no usage twice, and does not care where bytes are cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Value, json};
use sluice::dialect::{
    Dialect, Feed, Operation, Progress, Reply, TRANSLATORS, Translator, Usage, translator,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "support/events.rs"]
#[allow(dead_code, reason = "bytes are only made here, not read")]
mod events;
#[path = "support/grammar.rs"]
mod grammar;
#[path = "support/grammar_responses.rs"]
mod grammar_responses;

/// Disorders of each stream.
const ROUNDS: u64 = 24;

#[test]
fn whatever_the_order_the_answer_is_well_formed() {
    let mut wrong = Vec::new();
    let mut ended_well = 0;
    for pair in translating() {
        for (name, frames) in streams(pair.upstream) {
            let (_, sound) = feed(pair, &[&bytes(pair.upstream, &frames)]);
            let sound_end = sound.complete;
            for round in 0..ROUNDS {
                let mut random = Random::new(&name, round);
                let frames = disorder(&frames, &mut random);
                let mut raw = bytes(pair.upstream, &frames);
                if round % 4 == 3 {
                    raw.truncate(random.below(raw.len() + 1));
                }
                let (out, progress) = feed(pair, &[&raw]);
                ended_well += u64::from(progress.complete);
                let mut complain = |what: String| {
                    let (to, from) = (pair.client.as_str(), pair.upstream.as_str());
                    wrong.push(format!("{to} of {from}, {name}, seed {round}: {what}"));
                };
                if let Err(what) = judge(pair, &out, &progress) {
                    complain(format!("{what}\n{}", String::from_utf8_lossy(&out)));
                }
                let (a, b) = raw.split_at(random.below(raw.len() + 1));
                if feed(pair, &[a, b]) != (out, progress.clone()) {
                    complain("differs where it is cut".into());
                }
                if sound_end && exceeds(&progress.usage, &sound.usage) {
                    complain(format!("{:?} of {:?}", progress.usage, sound.usage));
                }
            }
        }
    }
    assert!(ended_well > 1000, "{ended_well} streams ended well");
    wrong.truncate(8);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is said is the same, whoever listens.
#[test]
fn every_client_hears_the_same() {
    let mut wrong = Vec::new();
    for pair in translating().filter(|t| t.client != Dialect::OpenAiChat) {
        let Some(chat) = translator(Dialect::OpenAiChat, pair.upstream) else { continue };
        for (name, frames) in streams(pair.upstream) {
            for round in 0..ROUNDS {
                let frames = disorder(&frames, &mut Random::new(&name, round));
                let raw = bytes(pair.upstream, &frames);
                let (out, progress) = feed(pair, &[&raw]);
                let (wanted, sound) = feed(chat, &[&raw]);
                let (heard, wanted) =
                    (grammar::said(pair.client, &out), grammar::said(Dialect::OpenAiChat, &wanted));
                // Chat has the picture itself.
                let heard = heard.replace("(a picture, which this API cannot carry)", "");
                // One that fails may fail earlier for one client than for another.
                let same = match progress.complete && sound.complete {
                    true => heard == wanted,
                    false => wanted.starts_with(&heard),
                };
                if !same {
                    let (to, from) = (pair.client.as_str(), pair.upstream.as_str());
                    wrong.push(format!("{to} of {from}, {name}, {round}: {heard:?} {wanted:?}"));
                }
            }
        }
    }
    wrong.truncate(8);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cannot be mended is an error, not an answer that lacks something.
#[test]
fn what_belongs_to_nothing_is_an_error() {
    let start =
        json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 3}}});
    let text = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}});
    let input = json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}});
    let converse = |type_: &str, payload: Value| format!("{type_} {payload}");
    let (hello, piece) = (
        converse("messageStart", json!({"role": "assistant"})),
        converse("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "a"}})),
    );
    let cohere = json!({"type": "message-start", "id": "a", "delta": {"message": {}}});
    let content = json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "a"}}}});
    let call = json!({"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": {"function": {"arguments": "{}"}}}}});
    let sse =
        |all: &[&Value]| -> Vec<String> { all.iter().map(|e| format!("data: {e}")).collect() };
    let converse_input = converse(
        "contentBlockDelta",
        json!({"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{}"}}}),
    );
    let cases = [
        (Dialect::AnthropicMessages, "two answers", sse(&[&start, &text, &start])),
        (Dialect::AnthropicMessages, "arguments of no call", sse(&[&start, &text, &input])),
        (
            Dialect::BedrockConverse,
            "two answers",
            vec![hello.clone(), piece.clone(), hello.clone()],
        ),
        (Dialect::BedrockConverse, "arguments of no call", vec![hello, piece, converse_input]),
        (Dialect::CohereChat, "two answers", sse(&[&cohere, &content, &cohere])),
        (Dialect::CohereChat, "arguments of no call", sse(&[&cohere, &content, &call])),
    ];
    for (upstream, what, frames) in cases {
        for pair in translating().filter(|t| t.upstream == upstream) {
            let (out, progress) = feed(pair, &[&bytes(upstream, &frames)]);
            let words = progress.failed.as_ref().map(|e| e.message.to_string()).unwrap_or_default();
            let at = format!("{} of {}, {what}", pair.client.as_str(), upstream.as_str());
            assert!(words.contains("begins twice") || words.contains("not open"), "{at}: {words}");
            assert_eq!(judge(pair, &out, &progress), Ok(()), "{at}");
        }
    }
}

/// In chat the id comes first; a piece of a call that never began is nobody's.
#[test]
fn a_piece_of_a_call_that_never_began_is_an_error() {
    let piece = json!({"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":1}"}}]}}]});
    let end =
        json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    let raw = format!("data: {piece}\n\ndata: {end}\n\ndata: [DONE]\n\n");
    for client in [Dialect::OpenAiResponses, Dialect::AnthropicMessages] {
        let pair = translator(client, Dialect::OpenAiChat).unwrap();
        let (out, _) = feed(pair, &[raw.as_bytes()]);
        let text = String::from_utf8_lossy(&out);
        assert!(text.contains("not open"), "{text}");
        assert_eq!(grammar::check(client, &out, false), Ok(()));
    }
}

/// Pairs whose client's stream is written anew.
fn translating() -> impl Iterator<Item = &'static Translator> {
    let chats = TRANSLATORS.iter().filter(|t| t.client.operation() == Operation::Chat);
    chats.filter(|t| !t.fields.is_empty() && family(t.client) != family(t.upstream))
}

fn family(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::AnthropicVertex | Dialect::AnthropicBedrock => Dialect::AnthropicMessages,
        other => other,
    }
}

fn judge(pair: &Translator, out: &[u8], progress: &Progress) -> Result<(), String> {
    if progress.complete == progress.failed.is_some() {
        return Err(format!("neither whole nor failed: {progress:?}"));
    }
    grammar::check(pair.client, out, progress.complete)
}

fn exceeds(usage: &Usage, sound: &Usage) -> bool {
    let parts = |u: &Usage| [u.input, u.output, u.cached_input, u.cache_write, u.reasoning];
    parts(usage).iter().zip(parts(sound)).any(|(a, b)| *a > b)
}

fn feed(pair: &Translator, parts: &[&[u8]]) -> (Vec<u8>, Progress) {
    let reply = Reply { model: "m".into(), created: 1, include_usage: true, ..Reply::default() };
    let mut stream = (pair.stream)(&reply);
    let mut out = Vec::new();
    for part in parts {
        if stream.feed(part, &mut out) == Feed::Same {
            out.extend_from_slice(part);
        }
    }
    stream.finish(&mut out);
    (out, stream.progress().clone())
}

/// The golden streams of a provider's dialect, each once: its name and its events.
fn streams(upstream: Dialect) -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    let folders = |path: &Path| {
        let mut all: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        all
    };
    for pair in folders(&root) {
        let name = pair.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(&format!("-{}", upstream.as_str())) {
            continue;
        }
        for case in folders(&pair) {
            let text = ["sse", "events"].iter().find_map(|ending| {
                fs::read_to_string(case.join(format!("upstream-response.{ending}"))).ok()
            });
            let Some(text) = text.filter(|t| t.len() < 20_000) else { continue };
            let between = if upstream.stream_type() == "text/event-stream" { "\n\n" } else { "\n" };
            let text = text.replace("\r\n", "\n");
            let frames: Vec<String> = text.split_terminator(between).map(str::to_owned).collect();
            if seen.insert(frames.clone()) {
                all.push((case.strip_prefix(&root).unwrap().display().to_string(), frames));
            }
        }
    }
    assert!(!all.is_empty(), "{}: no streams", upstream.as_str());
    all
}

fn bytes(upstream: Dialect, frames: &[String]) -> Vec<u8> {
    match upstream.stream_type() {
        "text/event-stream" => frames.iter().map(|f| format!("{f}\n\n")).collect::<String>().into(),
        _ => events::to_bytes(&frames.join("\n")),
    }
}

/// A few events left out, doubled, or elsewhere.
fn disorder(frames: &[String], random: &mut Random) -> Vec<String> {
    let mut frames = frames.to_vec();
    for _ in 0..=random.below(3) {
        if frames.is_empty() {
            break;
        }
        let (at, to) = (random.below(frames.len()), random.below(frames.len()));
        match random.below(4) {
            0 => drop(frames.remove(at)),
            1 => frames.insert(to, frames[at].clone()),
            2 => frames.swap(at, to),
            _ => {
                let moved = frames.remove(at);
                frames.insert(to.min(frames.len()), moved);
            }
        }
    }
    frames
}

/// xorshift, seeded by a name and a number, so that a failure comes again.
struct Random(u64);

impl Random {
    fn new(name: &str, round: u64) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        Self((seed ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}
