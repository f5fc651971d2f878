//! Each quirk alone, on small requests.

use super::*;
use crate::dialect::openai::request::{identity, identity_reads};
use crate::dialect::quirks::{NONE, ToolIds};
use crate::dialect::{Facts, Maker, ModelTraits, Thinking};

/// The request as it goes out, and the names of what does not.
fn sent(
    quirks: &'static Quirks,
    reasons: bool,
    body: &str,
) -> Result<(String, Vec<String>), Error> {
    let facts = Facts::read(body.as_bytes()).unwrap();
    let traits = ModelTraits {
        max_output_tokens: 1,
        structured_output: true,
        sampling: true,
        system_turns: true,
        thinking: Thinking::None,
        reasons,
        maker: Maker::Other,
    };
    // As in an attempt: no more of the body than `reads` asks for.
    let (head, tail) = body.split_at(identity_reads(&facts, quirks));
    let request = Request { body: head.as_bytes(), facts: &facts, model: "M", traits, quirks };
    let made = identity(&request)?;
    let Body::Spliced(splices) = made.body else { panic!("identity must splice") };
    let out = json::splice(head.as_bytes(), &splices);
    Ok((
        String::from_utf8(out).unwrap() + tail,
        made.dropped.iter().map(|lost| lost.to_string()).collect(),
    ))
}

#[track_caller]
fn check(quirks: &'static Quirks, body: &str, want: &str, dropped: &[&str]) {
    let (out, lost) = sent(quirks, false, body).unwrap();
    assert_eq!(out, want);
    assert_eq!(lost, dropped);
}

/// A request with these fields behind the messages.
macro_rules! with {
    ($fields:literal) => {
        concat!(r#"{"model":"m","messages":[{}]"#, $fields, "}")
    };
}
macro_rules! want {
    ($fields:literal) => {
        concat!(r#"{"model":"M","messages":[{}]"#, $fields, "}")
    };
}

#[test]
fn renames() {
    const Q: Quirks = Quirks { rename: &[("seed", "random_seed")], ..NONE };
    check(&Q, with!(r#", "seed" : 1e0"#), want!(r#", "random_seed" : 1e0"#), &[]);
    check(&Q, with!(r#","seed":1,"random_seed":2"#), want!(r#","random_seed":2"#), &["seed"]);
    check(&Q, with!(r#","seed":1,"random_seed":null"#), want!(r#","random_seed":1"#), &[]);
    check(&Q, with!(r#","seed":null,"n":1"#), want!(r#","n":1"#), &[]);
}

#[test]
fn drops() {
    const Q: Quirks = Quirks {
        drop: &["user", "logprobs"],
        reasoning_drop: &["stop"],
        drop_value: &[("tool_choice", "\"required\"")],
        ..NONE
    };
    check(&Q, with!(r#","user":"u","logprobs":false,"x":1"#), want!(r#","x":1"#), &["user"]);
    check(&Q, with!(r#","tool_choice":"required""#), want!(""), &["tool_choice (required)"]);
    check(&Q, with!(r#","tool_choice":"none""#), want!(r#","tool_choice":"none""#), &[]);
    check(&Q, r#"{"user":1,"model":"m","messages":[{}]}"#, want!(""), &["user"]);
    let body = with!(r#","stop":"x""#);
    check(&Q, body, want!(r#","stop":"x""#), &[]);
    let (out, lost) = sent(&Q, true, body).unwrap();
    assert_eq!((out.as_str(), lost), (want!(""), vec!["stop".to_owned()]));
}

#[test]
fn refuses() {
    const Q: Quirks = Quirks { refuse: &["tools"], ..NONE };
    let e = sent(&Q, false, with!(r#","tools":[{}]"#)).unwrap_err();
    assert_eq!(e.param.as_deref(), Some("tools"));
    check(&Q, with!(r#","tools":[]"#), want!(""), &[]);
}

#[test]
fn clamps_and_replaces() {
    const Q: Quirks = Quirks {
        rename: &[("max_completion_tokens", "max_tokens")],
        clamp: &[("temperature", 0.01, 1.0), ("max_tokens", 1.0, 100.0)],
        replace: &[("tool_choice", "\"required\"", "\"any\"")],
        ..NONE
    };
    check(&Q, with!(r#","temperature":1.00"#), want!(r#","temperature":1.00"#), &[]);
    let lost = &["temperature (taken as 0.01)"];
    check(&Q, with!(r#","temperature":0"#), want!(r#","temperature":0.01"#), lost);
    check(&Q, with!(r#","temperature":"hot""#), want!(r#","temperature":"hot""#), &[]);
    check(
        &Q,
        with!(r#","max_completion_tokens":400,"tool_choice":"required""#),
        want!(r#","max_tokens":100,"tool_choice":"any""#),
        &["max_completion_tokens (taken as 100)"],
    );
}

#[test]
fn requires() {
    const Q: Quirks = Quirks { require: &[("max_tokens", "64")], ..NONE };
    check(&Q, with!(""), r#"{"model":"M","max_tokens":64,"messages":[{}]}"#, &[]);
    check(&Q, with!(r#","max_tokens":null"#), want!(r#","max_tokens":64"#), &[]);
    check(&Q, with!(r#","max_tokens":7"#), want!(r#","max_tokens":7"#), &[]);
}

#[test]
fn stream_options() {
    const Q: Quirks = Quirks { stream_options: false, ..NONE };
    check(&Q, with!(r#","stream":true"#), want!(r#","stream":true"#), &[]);
    let body = with!(r#","stream_options":{"include_usage":true,"x":1},"stream":true"#);
    check(&Q, body, want!(r#","stream":true"#), &["stream_options.x"]);
    // Understood, while another quirk acts.
    const D: Quirks = Quirks { drop: &["user"], ..NONE };
    let asks =
        r#"{"model":"M","stream_options":{"include_usage":true},"messages":[{}],"stream":true}"#;
    check(&D, with!(r#","stream":true,"user":null"#), asks, &[]);
    let body = with!(r#","stream":true,"stream_options":{},"user":null"#);
    check(&D, body, want!(r#","stream":true,"stream_options":{"include_usage":true}"#), &[]);
}

#[test]
fn roles_and_names() {
    const Q: Quirks = Quirks { developer_role: false, message_names: false, ..NONE };
    let body =
        r#"{"model":"m","messages":[{"role":"developer","name":"n"},"x",{"content":"developer"}]}"#;
    let want = r#"{"model":"M","messages":[{"role":"system"},"x",{"content":"developer"}]}"#;
    check(&Q, &body.replace("\"x\",", ""), &want.replace("\"x\",", ""), &["messages.name"]);
    check(
        &Q,
        &body.replace("developer\",\"n", "user\",\"n"),
        &want.replace("system", "user"),
        &["messages.name"],
    );
}

#[test]
fn ids_stay_matched() {
    const Q: Quirks = Quirks { tool_ids: ToolIds::Max(20), ..NONE };
    let long = "x".repeat(21);
    let turns = |id: &str| {
        format!(
            r#"{{"model":"M","messages":[{{"role":"assistant","tool_calls":[{{"id":"{id}"}},{{"id":7}},8]}},{{"role":"tool","tool_call_id":"{id}"}}]}}"#
        )
    };
    let (out, lost) = sent(&Q, false, &turns(&long)).unwrap();
    let fit = crate::dialect::openai::calls::fitted(&long, |_| true, 20);
    assert_eq!(out, turns(&fit));
    assert!(lost.is_empty() && fit.len() == 20);
    let body = turns("short");
    let facts = Facts::read(body.as_bytes()).unwrap();
    assert!(identity_reads(&facts, &Q) < 15, "nothing to do: only the prefix is read");
}

#[test]
fn what_others_left() {
    const Q: Quirks =
        Quirks { reasoning: "reasoning", echoes: &["reasoning"], no_reasoning: "\" \"", ..NONE };
    let turn = |message: &str| {
        format!(r#"{{"model":"M","messages":[{message},{{"x":"tool_call"}},{{"tool_calls":[]}}]}}"#)
    };
    for (message, want, lost) in [
        (
            r#"{"thinking_blocks":[1],"role":"assistant","reasoning_content":"a"}"#,
            r#"{"role":"assistant","reasoning":"a"}"#,
            &["messages.thinking_blocks"][..],
        ),
        (
            r#"{"role":"assistant","reasoning_content":"a","reasoning":"b"}"#,
            r#"{"role":"assistant","reasoning":"b"}"#,
            &[],
        ),
        // A name may be there and say nothing: the other's text must not hide behind it.
        (
            r#"{"role":"assistant","reasoning":null,"reasoning_content":"a"}"#,
            r#"{"role":"assistant","reasoning":"a"}"#,
            &[],
        ),
        (
            r#"{"role":"assistant","reasoning_content":"a","reasoning":null}"#,
            r#"{"role":"assistant","reasoning":"a"}"#,
            &[],
        ),
        (
            r#"{"role":"assistant","reasoning_content":null,"reasoning":null}"#,
            r#"{"role":"assistant","reasoning":" "}"#,
            &[],
        ),
        (
            r#"{"role":"assistant","reasoning_content":null}"#,
            r#"{"role":"assistant","reasoning":" "}"#,
            &[],
        ),
        (
            r#"{"extra_content":{},"role" : "assistant"}"#,
            r#"{"role" : "assistant","reasoning":" "}"#,
            &[],
        ),
        (
            r#"{"role":"user","thinking_blocks":[1]}"#,
            r#"{"role":"user","thinking_blocks":[1]}"#,
            &[],
        ),
    ] {
        check(&Q, &turn(message), &turn(want), lost);
    }
    let twice = turn(r#"{"role":"assistant","reasoning":"a","reasoning":"b"}"#);
    let e = sent(&Q, false, &twice).unwrap_err();
    assert_eq!(e.param.as_deref(), Some("messages[0]"));
}

#[test]
fn leftovers_of_the_clients_own() {
    const Q: Quirks = Quirks { leftovers: false, ..NONE };
    let turn = |rest: &str| format!(r#"{{"model":"M","messages":[{{"role":"assistant"{rest}}}]}}"#);
    check(&Q, &turn(r#","refusal":null,"annotations":[],"x":1"#), &turn(r#","x":1"#), &[]);
    check(&Q, &turn(r#","refusal":"No.""#), &turn(""), &["messages.refusal"]);
}
