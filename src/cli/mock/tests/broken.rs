//! Every fault, over the wire.

use std::io::Read;
use std::time::Instant;

use super::*;

#[tokio::test]
async fn instead_of_an_answer() {
    let server = server().await;
    let seen = fault(
        &server,
        CHAT,
        "status=429;retry-after=2;code=insufficient_quota",
    )
    .await;
    assert_eq!((seen.status, seen.header("retry-after")), (429, Some("2")));
    assert_eq!(seen.json()["error"]["code"], "insufficient_quota");
    let seen = fault(&server, MESSAGES, "status=529").await;
    assert_eq!(seen.status, 529);
    assert_eq!(seen.json()["error"]["type"], "overloaded_error");
    let seen = fault(&server, CHAT, "html").await;
    assert_eq!(
        (seen.status, seen.header("content-type")),
        (200, Some("text/html"))
    );
    let seen = fault(&server, CHAT, "status=502;html").await;
    assert!(seen.status == 502 && seen.text().starts_with("<html>"));
    let seen = fault(&server, CHAT, "empty").await;
    assert_eq!(
        (seen.status, seen.complete, seen.body.len()),
        (200, true, 0)
    );
    assert_eq!(fault(&server, CHAT, "no-content").await.status, 204);
    let seen = fault(&server, CHAT, "big-headers=5000").await;
    assert_eq!(seen.header("x-mock-big").map(str::len), Some(5000));
    let seen = fault(&server, CHAT, "nonsense").await;
    assert_eq!(seen.status, 400);
    assert!(seen.text().contains("unknown fault 'nonsense'"));
    assert_eq!(fault(&server, CHAT, "refuse").await.status, 0);
    let seen = fault(&server, CHAT, "wrong-dialect").await;
    assert_eq!(seen.json()["type"], "message");
    let seen = fault(&server, MESSAGES, "wrong-dialect").await;
    assert_eq!(seen.json()["object"], "chat.completion");
}

#[tokio::test]
async fn breaks_within_a_stream() {
    let server = server().await;
    let (words, complete, _) = stream(&server, CHAT, "cut-after=2").await;
    assert_eq!((words, complete), (2, false));
    let (words, complete, _) = stream(&server, MESSAGES, "cut-after=0").await;
    assert_eq!((words, complete), (0, false));
    let (words, complete, last) = stream(&server, CHAT, "end-after=2").await;
    assert_eq!((words, complete), (2, true));
    assert!(last.contains("said:"));
    let (words, complete, last) = stream(&server, CHAT, "error-after=1").await;
    assert_eq!((words, complete), (1, true));
    assert!(last.starts_with(r#"{"error":{"message""#));
    let (words, complete, last) = stream(&server, MESSAGES, "error-after=3").await;
    assert_eq!((words, complete), (3, true));
    assert!(last.contains("overloaded_error"));
    let (words, complete, last) = stream(&server, MESSAGES, "error-first;code=api_error").await;
    assert_eq!((words, complete), (0, true));
    assert!(last.contains("api_error"));
    let (_, complete, last) = stream(&server, CHAT, "no-done").await;
    assert!(complete && last.contains(r#""finish_reason":"stop""#));
    let (_, _, last) = stream(&server, MESSAGES, "no-done").await;
    assert!(last.contains("message_delta"));
    let seen = fault(&server, MESSAGES, "no-usage").await;
    assert!(seen.json().get("usage").is_none());
}

#[tokio::test]
async fn breaks_within_a_whole_body() {
    let server = server().await;
    let seen = fault(&server, CHAT, "cut-after=1").await;
    assert!(!seen.complete && !seen.body.is_empty());
    let seen = fault(&server, CHAT, "end-after=1").await;
    assert!(seen.complete && serde_json::from_slice::<Value>(&seen.body).is_err());
    let seen = fault(&server, CHAT, "error-first").await;
    assert_eq!(
        (seen.status, &seen.json()["error"]["type"]),
        (200, &json!("server_error"))
    );
}

#[tokio::test]
async fn stalls_until_the_peer_gives_up() {
    let server = server().await;
    for spec in ["stall-headers", "stall-after=0", "stall-after=2"] {
        let body = with(
            chat("hi"),
            json!({"model": format!("m!{spec}"), "stream": true}),
        );
        let keys = "authorization: Bearer sk\r\n";
        let mut stream = super::open(&server, "POST", CHAT, keys, &body.to_string()).await;
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        assert!(
            tokio::time::timeout(Duration::from_millis(100), read)
                .await
                .is_err()
        );
        let words = String::from_utf8_lossy(&bytes)
            .matches(r#"{"content":""#)
            .count();
        assert_eq!(words, if spec == "stall-after=2" { 2 } else { 0 });
        assert_eq!(bytes.is_empty(), spec == "stall-headers");
        let last = server.requests().pop().unwrap();
        assert_eq!((last.finished, last.aborted), (false, false), "{spec}");
        drop(stream);
        let deadline = Instant::now() + Duration::from_secs(5);
        while !server.requests().pop().unwrap().aborted {
            assert!(Instant::now() < deadline, "{spec}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn delays() {
    let server = server().await;
    for (spec, least) in [
        ("header-ms=50", 50),
        ("first-ms=50", 50),
        ("token-ms=30", 60),
    ] {
        for streamed in [true, false] {
            let start = Instant::now();
            let body = with(
                chat("hi"),
                json!({"model": format!("m!{spec}"), "stream": streamed}),
            );
            assert!(post(&server, CHAT, body).await.complete);
            assert!(start.elapsed() >= Duration::from_millis(least), "{spec}");
        }
    }
}

#[tokio::test]
async fn looks() {
    let server = server().await;
    let raw = |spec: &'static str| {
        let server = &server;
        async move {
            let seen = post(server, MESSAGES, streamed(message("hi"), spec)).await;
            assert!(seen.complete, "{spec}");
            seen.body
        }
    };
    let plain = String::from_utf8(raw("text=%C3%BC%20%F0%9F%98%80").await).unwrap();
    assert!(plain.contains(r#""text":"ü""#) && plain.contains(r#""text":" 😀""#));
    let same = |body: Vec<u8>| String::from_utf8(body).unwrap().replace("m!", "");
    let cut = same(raw("text=%C3%BC%20%F0%9F%98%80;cut-bytes=1").await);
    assert_eq!(cut.replace(";cut-bytes=1", ""), plain.replace("m!", ""));
    let crlf = same(raw("crlf").await);
    assert!(crlf.contains("\r\n\r\n") && !crlf.replace("\r\n", "").contains('\n'));
    assert!(same(raw("no-space").await).contains("event:ping\ndata:{\"type\""));
    assert!(same(raw("comments").await).starts_with(": keep-alive\n\nevent: "));
    assert!(
        same(raw("multiline").await).contains("data: {\ndata:   \"type\": \"ping\"\ndata: }\n\n")
    );
    for path in [CHAT, MESSAGES] {
        let body = if path == CHAT {
            chat("hi")
        } else {
            message("hi")
        };
        for body in [
            streamed(body.clone(), "gzip"),
            with(body, json!({"model": "m!gzip"})),
        ] {
            let seen = post(&server, path, body).await;
            assert_eq!(seen.header("content-encoding"), Some("gzip"));
            let mut text = String::new();
            flate2::read::GzDecoder::new(&seen.body[..])
                .read_to_string(&mut text)
                .unwrap();
            assert!(text.contains("said:"));
        }
    }
}

async fn fault(server: &Server, path: &str, spec: &str) -> Seen {
    let body = if path == CHAT {
        chat("hi")
    } else {
        message("hi")
    };
    post(
        server,
        path,
        with(body, json!({"model": format!("m!{spec}")})),
    )
    .await
}

fn streamed(body: Value, spec: &str) -> Value {
    with(body, json!({"model": format!("m!{spec}"), "stream": true}))
}

/// How many words came, whether the body ended well, and the last event's data.
async fn stream(server: &Server, path: &str, spec: &str) -> (usize, bool, String) {
    let body = if path == CHAT {
        chat("hi")
    } else {
        message("hi")
    };
    let seen = post(server, path, streamed(body, spec)).await;
    let words = ["You", " said:", " hi"];
    let came = |word: &&&str| {
        let found = |kind: &str| seen.text().contains(&format!(r#""{kind}":"{word}""#));
        found("content") || found("text")
    };
    let last = seen
        .text()
        .lines()
        .rev()
        .find_map(|l| l.strip_prefix("data: "));
    (
        words.iter().filter(came).count(),
        seen.complete,
        last.unwrap_or_default().to_owned(),
    )
}
