use super::*;
use crate::dialect::{Feed, Quirks, StreamTranslator, quirks};

const ROLE: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const TEXT: &str =
    "data: {\"choices\":[{\"delta\":{\"content\":\"h\u{fc}\"},\"finish_reason\":null}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// Feeds whole, byte by byte and cut at each position; all must agree.
fn run(stream: &str, include_usage: bool) -> (String, Progress) {
    let reply = Reply { include_usage, ..Default::default() };
    let feed = |parts: &[&[u8]]| {
        let mut s = identity(&reply);
        let mut out = Vec::new();
        for part in parts {
            if s.feed(part, &mut out) == Feed::Same {
                out.extend_from_slice(part);
            }
        }
        s.finish(&mut out);
        (String::from_utf8(out).unwrap(), s.progress().clone())
    };
    let bytes = stream.as_bytes();
    let whole = feed(&[bytes]);
    assert_eq!(whole, feed(&bytes.chunks(1).collect::<Vec<_>>()));
    for cut in 0..=bytes.len() {
        let (a, b) = bytes.split_at(cut);
        assert_eq!(whole, feed(&[a, b]), "cut at {cut}");
    }
    whole
}

#[test]
fn passes_bytes_and_reads_usage() {
    let stream = [ROLE, ": ping\n\n", TEXT, STOP, USAGE, DONE].concat();
    let (out, progress) = run(&stream, true);
    assert_eq!(out, stream);
    assert!(progress.started && progress.complete && progress.usage.output_reported);
    assert_eq!((progress.usage.input, progress.usage.output, progress.output_bytes), (3, 2, 3));
}

#[test]
fn strips_the_usage_chunk_nobody_asked_for() {
    let (out, progress) = run(&[ROLE, TEXT, STOP, USAGE, DONE].concat(), false);
    assert_eq!(out, [ROLE, TEXT, STOP, DONE].concat());
    assert_eq!(progress.usage.input, 3);
}

#[test]
fn says_goodbye_only_for_a_whole_answer() {
    let (out, progress) = run(&[TEXT, STOP].concat(), false);
    assert_eq!(out, [TEXT, STOP, DONE].concat());
    assert!(progress.complete);
    let (out, progress) = run(TEXT, false);
    assert!(out.contains("\"error\"") && !out.contains("[DONE]"));
    assert_eq!(progress.failed.unwrap().kind, Kind::BrokenStream);
    let (out, _) = run(&[TEXT, STOP, DONE, DONE].concat(), false);
    assert_eq!(out.matches("[DONE]").count(), 1);
}

#[test]
fn a_role_is_no_start_and_an_error_first_is_a_failure() {
    let error = "data: {\"error\":{\"message\":\"full\",\"type\":\"server_error\"}}\n\n";
    let (_, progress) = run(&[ROLE, error].concat(), false);
    assert!(!progress.started);
    assert_eq!(progress.failed.unwrap().status(), 500);
    let (out, progress) = run("data: {oops\n\n", false);
    assert!(out.starts_with("data: {\"error\"") && progress.failed.is_some());
    assert!(run("", false).1.failed.is_some());
    assert!(run(DONE, false).1.failed.is_some());
}

#[test]
fn an_endless_event_is_told_once() {
    let mut s = identity(&Reply::default());
    let mut out = Vec::new();
    for _ in 0..18 {
        s.feed(&vec![b'x'; 1 << 20], &mut out);
    }
    s.feed(TEXT.as_bytes(), &mut out);
    s.finish(&mut out);
    assert_eq!(String::from_utf8(out).unwrap().matches("\"error\"").count(), 1);
}

#[test]
fn unknown_json_passes() {
    let odd = "data: {\"choices\":{\"x\":1}}\n\ndata: {\"ping\":true}\n\n";
    let (out, _) = run(&[odd, STOP, DONE].concat(), false);
    assert_eq!(out, [odd, STOP, DONE].concat());
}

#[test]
fn reasoning_has_the_clients_name() {
    let chunk = |json: &str| format!("event: x\ndata: {json}\nid: 1\n\n");
    let theirs = r#"{"choices":[{"delta":{"reasoning":"a"},"finish_reason":null}]}"#;
    let ours = r#"{"choices":[{"delta":{"reasoning_content":"a"},"finish_reason":null}]}"#;
    let lines = "data: {\"choices\":\ndata: [{\"delta\":{\"reasoning\":\"b\"}}]}\n\n";
    let feed = |stream: &str, parts: usize| {
        static QUIRKS: Quirks = Quirks { reasoning: "reasoning", ..quirks::NONE };
        let mut s = identity(&Reply { quirks: &QUIRKS, ..Default::default() });
        let mut out = Vec::new();
        for part in stream.as_bytes().chunks(parts) {
            if s.feed(part, &mut out) == Feed::Same {
                out.extend_from_slice(part);
            }
        }
        s.finish(&mut out);
        (String::from_utf8(out).unwrap(), s.progress().clone())
    };
    let stream = [&chunk(theirs), lines, TEXT, TEXT, STOP, DONE].concat();
    let said = "data: {\"choices\":\ndata: [{\"delta\":{\"reasoning_content\":\"b\"}}]}\n\n";
    let want = [&chunk(ours), said, TEXT, TEXT, STOP, DONE].concat();
    for parts in [1, 7, stream.len()] {
        let (out, progress) = feed(&stream, parts);
        assert_eq!(out, want);
        assert!(progress.started && progress.complete && progress.output_bytes == 8);
    }
    // The last event, without the empty line behind it.
    let (out, _) = feed(&["data: ", theirs].concat(), 1000);
    assert!(out.starts_with(&["data: ", ours, "\n\n"].concat()), "{out}");
}
