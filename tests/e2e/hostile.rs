//! Bad input from both sides: a clear error or a right answer, and Envoy stays up.

use crate::support::client::{Reply, chat, post, post_bytes, streamed};
use crate::support::gateway::{Gateway, Setup, config, with_models};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[tokio::test]
async fn bad_requests_get_clear_errors() {
    let mut gateway = with_models("- { name: m, targets: [openai/gpt] }\n- { name: c, targets: [anthropic/claude-haiku-4-5] }").await;
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (b"{".to_vec(), 400, "ends too early"),
        (b"x".to_vec(), 400, "expected a JSON object at byte 0"),
        (
            br#"{"model":"m","messages":[{"role":"user","content":"x"}"#.to_vec(),
            400,
            "ends too early",
        ),
        (vec![b'['; 10_000_000], 400, "expected a JSON object"),
        (
            [br#"{"model":"m","messages":"#.to_vec(), vec![b'['; 10_000_000]].concat(),
            400,
            "nested deeper than 128",
        ),
        (br#"{"model":"m","model":"c","messages":[{}]}"#.to_vec(), 400, "stands twice"),
        (br#"{"model":"m","\u006dodel":"c","messages":[{}]}"#.to_vec(), 400, "stands twice"),
        (b"{\"model\":\"m\0\",\"messages\":[{}]}".to_vec(), 400, "control character"),
        (
            br#"{"model":"m","messages":[{"role":"user","content":"\ud800"}]}"#.to_vec(),
            400,
            "surrogate",
        ),
        (b"{\"model\":\"m\",\"messages\":[{\"role\":\"\xff\"}]}".to_vec(), 400, "UTF-8"),
        (br#"{"messages":[{}]}"#.to_vec(), 400, "model"),
        (br#"{"model":"m"}"#.to_vec(), 400, "messages"),
        (br#"{"model":7,"messages":[{}]}"#.to_vec(), 400, "must be a string"),
        (br#"{"model":"m","messages":[{}],"stream":"yes"}"#.to_vec(), 400, "true or false"),
        (br#"{"model":"m\r\nx-evil: 1","messages":[{}]}"#.to_vec(), 400, "control characters"),
        (
            format!(r#"{{"model":"{}","messages":[{{}}]}}"#, "m".repeat(10_240)).into_bytes(),
            400,
            "256",
        ),
        (br#"{"model":"nope","messages":[{}]}"#.to_vec(), 404, "does not exist"),
        (br#"{"model":"c","n":2,"messages":[{"role":"user","content":"x"}]}"#.to_vec(), 400, "n"),
        (
            br#"{"model":"c","messages":[{"role":"wizard","content":"x"}]}"#.to_vec(),
            400,
            "messages[0].role",
        ),
    ];
    for (body, status, words) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let reply = post_bytes(&gateway, body, JSON).await;
        assert_eq!(reply.error().0, status, "{shown}: {}", reply.text());
        assert!(reply.text().contains(words), "{shown}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/json");
    }
    assert_eq!(gateway.mock.requests().len(), 0);
    for (headers, status) in [
        (vec![("content-type", "text/plain")], 415),
        (vec![("content-type", "application/x-www-form-urlencoded")], 415),
        (vec![("content-type", "application/json"), ("content-encoding", "gzip")], 415),
        (vec![("content-type", "application/json; charset=utf-8")], 200),
        (vec![], 200),
    ] {
        let reply = post_bytes(&gateway, chat("m").to_string().into_bytes(), &headers).await;
        assert_eq!(reply.status, status, "{headers:?}: {}", reply.text());
    }
    assert_eq!(post_bytes(&gateway, Vec::new(), JSON).await.error().0, 400);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn odd_but_valid_requests_are_served() {
    let mut gateway = with_models("- { name: m, targets: [openai/gpt] }\n- { name: c, targets: [anthropic/claude-haiku-4-5] }").await;
    let many: Vec<Value> = (0..1000)
        .map(|i| json!({ "role": if i % 2 == 0 { "user" } else { "assistant" }, "content": format!("turn {i}") }))
        .chain([json!({ "role": "user", "content": "last" })])
        .collect();
    for model in ["m", "c"] {
        let reply = post(&gateway, &json!({ "model": model, "messages": many })).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["choices"][0]["message"]["content"], "You said: last");
        let nul = br#"{"model":"MODEL","messages":[{"role":"user","content":"a\u0000b \ud83d\ude00 \/"}]}"#;
        let body = String::from_utf8_lossy(nul).replace("MODEL", model);
        let reply = post_bytes(&gateway, body.into_bytes(), JSON).await;
        assert_eq!(reply.json()["choices"][0]["message"]["content"], "You said: a\0b \u{1f600} /");
    }
    let huge = br#"{"model":"m","temperature":1e400,"messages":[{"role":"user","content":"x"}]}"#;
    // Whoever reads the number judges it: here the provider.
    let reply = post_bytes(&gateway, huge.to_vec(), JSON).await;
    assert!([200, 400].contains(&reply.status), "{}", reply.text());
    gateway.assert_calm().await;
}

#[tokio::test]
async fn bodies_above_the_bound_are_413_in_shape() {
    let text = config("- { name: m, targets: [openai/gpt] }") + "defaults: { max_body: 64KiB }\n";
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let body = |n: usize| json!({ "model": "m", "messages": [{ "role": "user", "content": "x".repeat(n) }] });
    assert_eq!(post(&gateway, &body(60_000)).await.status, 200);
    for n in [70_000, 5_000_000] {
        let reply = post(&gateway, &body(n)).await;
        assert_eq!(reply.error(), (413, "invalid_request_error".into(), "too_large".into()));
    }
    // Without a length up front, too.
    let chunks =
        futures_util::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 10_000])));
    let request = reqwest::Client::new()
        .post(gateway.url("/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks));
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_eq!(reply.error().0, 413);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn one_byte_at_a_time_and_http2_with_trailers() {
    let mut gateway = with_models("- { name: m, targets: [openai/gpt] }").await;
    let body = chat("m").to_string().into_bytes();
    let chunks = futures_util::stream::iter(
        body.clone().into_iter().map(|b| Ok::<_, std::io::Error>(vec![b])),
    );
    let request = reqwest::Client::new()
        .post(gateway.url("/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(Reply::read(request.send().await.unwrap()).await.status, 200);

    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let request = client.post(gateway.url("/v1/chat/completions")).json(&streamed("m"));
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_eq!((reply.status, reply.content().as_str()), (200, "You said: hello there"));

    // Trailers end the body.
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n";
    let text = format!(
        "{head}{:x}\r\n{}\r\n0\r\nx-t: 1\r\n\r\n",
        body.len(),
        String::from_utf8_lossy(&body)
    );
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    gateway.assert_calm().await;
}

/// What a provider may do wrong, with the status a client sees where nobody else is left.
const PROVIDERS: &[(&str, u16)] = &[
    ("html", 502),
    ("empty", 502),
    ("no-content", 502),
    ("gzip", 502),
    ("wrong-dialect", 502),
    ("big-headers=40000", 200),
    ("refuse", 503),
];

#[tokio::test]
async fn providers_that_misbehave() {
    for target in ["openai/gpt", "anthropic/claude-haiku-4-5"] {
        let models: Vec<String> = PROVIDERS
            .iter()
            .enumerate()
            .map(|(i, (fault, _))| format!("- {{ name: m{i}, targets: [\"{target}!{fault}\"] }}"))
            .collect();
        let mut gateway = with_models(&models.join("\n")).await;
        for (i, (fault, status)) in PROVIDERS.iter().enumerate() {
            for body in [chat(&format!("m{i}")), streamed(&format!("m{i}"))] {
                let reply = post(&gateway, &body).await;
                assert_eq!(reply.status, *status, "{target} {fault}: {}", reply.text());
                if *status != 200 {
                    assert_eq!(reply.error().0, *status);
                    assert_eq!(reply.header("content-type"), "application/json");
                }
            }
        }
        gateway.assert_calm().await;
    }
}

#[tokio::test]
async fn memory_stays_flat_under_big_bodies() {
    let mut gateway = with_models("- { name: m, targets: [openai/gpt] }\n- { name: c, targets: [anthropic/claude-haiku-4-5] }").await;
    let body = |model: &str| json!({ "model": model, "messages": [{ "role": "user", "content": "x".repeat(2 << 20) }] });
    for _ in 0..5 {
        assert_eq!(post(&gateway, &body("c")).await.status, 200);
    }
    let before = memory(gateway.pid());
    for _ in 0..40 {
        assert_eq!(post(&gateway, &body("m")).await.status, 200);
        assert_eq!(post(&gateway, &body("c")).await.status, 200);
    }
    let after = memory(gateway.pid());
    assert!(after < before + (64 << 20), "{before} -> {after}");
    gateway.assert_calm().await;
}

/// Resident bytes of a process.
fn memory(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("a living process");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}
