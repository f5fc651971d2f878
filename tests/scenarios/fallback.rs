//! Failures: another target answers, or the right error does.

use super::*;

/// Every failure that moves on: what it is counted as, and how it looks.
fn failures(dialect: &str) -> Vec<(&'static str, Script)> {
    let html = b"<html>busy</html>";
    let other = if dialect == "openai" { "anthropic" } else { "openai" };
    let mut compressed = good(dialect);
    if let Some(Act::Headers(_, headers, _)) = compressed.front_mut() {
        headers.push(("content-encoding".into(), "gzip".into()));
    }
    let mut all: Vec<_> = [408, 409, 425, 429].map(|s| ("busy", refusal(s))).into();
    all.extend([500, 502, 503, 529].map(|s| ("provider_fault", refusal(s))));
    all.extend([401, 403].map(|s| ("provider_auth", refusal(s))));
    all.extend([
        ("busy", [Act::Headers(429, vec![], true)].into()),
        ("provider_fault", answer(502, "text/html", html)),
        ("bad_answer", answer(200, "text/html", html)),
        ("bad_answer", answer(200, "application/json", b"")),
        ("bad_answer", answer(200, "text/event-stream", b"data: {oops\n\n")),
        ("bad_answer", [Act::Headers(204, vec![], true)].into()),
        ("bad_answer", [Act::Headers(200, vec![], true)].into()),
        ("bad_answer", answer(302, "text/html", html)),
        ("bad_answer", answer(600, "text/html", html)),
        ("bad_answer", answer(200, "application/json", &whole(other, "x", 1, 1))),
        ("bad_answer", compressed),
        ("unreachable", [Act::ConnectFailure].into()),
        ("unreachable", [Act::Reset].into()),
        ("timeout", Script::new()),
    ]);
    all
}

fn failures_whole(dialect: &str) -> Vec<(&'static str, Script)> {
    let mut all = failures(dialect);
    let headers: Script = good(dialect).into_iter().take(1).collect();
    all.push(("unreachable", then(headers.clone(), Act::Reset)));
    all.push(("timeout", headers));
    all
}

fn failures_streamed(dialect: &str) -> Vec<(&'static str, Script)> {
    let mut all = failures(dialect);
    let begin = events(dialect, &["x"], 10, 5)[0].clone();
    let error = r#"data: {"type":"error","error":{"type":"overloaded_error","message":"full"}}"#;
    all.extend([
        ("provider_fault", opened(&format!("{begin}{error}\n\n"))),
        ("provider_fault", ended(&format!("{error}\n\n"))),
        ("broken_stream", ended(&begin)),
        ("broken_stream", ended("")),
        ("unreachable", then(opened(&begin), Act::Reset)),
        ("timeout", opened(&begin)),
        ("broken_stream", with_trailers(opened(&begin))),
    ]);
    all
}

#[test]
fn every_class_of_failure_moves_on() {
    for (targets, first, second) in [(OA, "openai", "anthropic"), (AO, "anthropic", "openai")] {
        for (class, script) in failures_whole(first) {
            let mut envoy = gateway(targets);
            let shown = format!("{first} {class} {script:?}");
            let exchange = envoy.ask(chat("m"), vec![script, good(second)]);
            assert_eq!(exchange.client.status(), 200, "{shown} {}", exchange.client.text());
            assert_eq!(exchange.client.header("x-sluice-attempts"), "2");
            moved_on(&mut envoy, class, first, &shown);
        }
        for (class, script) in failures_streamed(first) {
            let mut envoy = gateway(targets);
            let shown = format!("{first} {class} {script:?}");
            let exchange = envoy.ask(streamed("m"), vec![script, good_stream(second)]);
            assert_eq!(content(&exchange.client), "Hi there", "{shown}");
            assert_eq!(exchange.client.farewells(), 1, "{shown}");
            assert!(!exchange.client.text().contains("error"), "{shown}");
            moved_on(&mut envoy, class, first, &shown);
        }
    }
}

fn moved_on(envoy: &mut Envoy, class: &str, first: &str, shown: &str) {
    let name = format!("sluice.fallbacks;provider={first};reason={class}");
    assert_eq!(envoy.process.counted(&name), 1, "{shown}");
    assert_eq!(envoy.process.counted("sluice.requests;endpoint=chat_completions;outcome=ok"), 1);
    assert_eq!(used(envoy), (1, 0, 10, 5), "{shown}");
    envoy.assert_calm();
}

#[test]
fn each_target_gets_the_original_request() {
    let mut envoy = gateway(r#""openai/a", "anthropic/claude-haiku-4-5", "openai/c""#);
    let exchange = envoy.ask(chat("m"), vec![refusal(500), refusal(529), good("openai")]);
    let clusters: Vec<_> = exchange.received.iter().map(|r| r.cluster.as_str()).collect();
    assert_eq!(clusters, ["openai", "anthropic", "openai"]);
    let (first, last) = (&exchange.received[0], &exchange.received[2]);
    assert_eq!(last.json()["messages"], first.json()["messages"]);
    assert_eq!(
        (first.json()["model"].as_str(), last.json()["model"].as_str()),
        (Some("a"), Some("c"))
    );
    assert_eq!(last.header("x-api-key"), "");
    assert_eq!(last.header("anthropic-version"), "");
    envoy.assert_calm();
}

#[test]
fn a_clients_own_error_returns_at_once() {
    for (targets, dialect) in [(OA, "openai"), (AO, "anthropic")] {
        for status in [400, 404, 413, 422] {
            let mut envoy = gateway(targets);
            for asked in [chat("m"), streamed("m")] {
                let exchange = envoy.ask(asked, vec![refusal(status), good(dialect)]);
                assert_eq!(error(&exchange.client).0, status);
                assert!(exchange.client.text().contains(&format!("said {status}")));
                assert_eq!(exchange.received.len(), 1);
            }
            assert_eq!(used(&envoy).0, 0);
            envoy.assert_calm();
        }
    }
}

#[test]
fn the_last_error_speaks() {
    let mut envoy = gateway(OA);
    let mut busy = refusal(429);
    if let Some(Act::Headers(_, headers, _)) = busy.front_mut() {
        headers.push(("retry-after".into(), "7".into()));
        headers.push(("retry-after-ms".into(), "6900".into()));
        headers.push(("x-should-retry".into(), "true".into()));
    }
    for asked in [chat("m"), streamed("m")] {
        let exchange = envoy.ask(asked, vec![refusal(500), busy.clone()]);
        let client = &exchange.client;
        assert_eq!(error(client).0, 429);
        assert!(client.text().contains("said 429"));
        assert_eq!((client.header("retry-after"), client.header("x-sluice-attempts")), ("7", "2"));
        let finer = (client.header("retry-after-ms"), client.header("x-should-retry"));
        assert_eq!(finer, ("6900", "true"));
        assert_eq!(client.header("x-sluice-provider"), "anthropic");
        assert_eq!(outcome(exchange), (json!("busy"), json!(false)));
    }
    assert_eq!(used(&envoy).0, 0);
    envoy.assert_calm();
}

#[test]
fn a_request_the_next_dialect_cannot_say_keeps_the_error_before_it() {
    let part = json!({ "type": "input_audio", "input_audio": { "data": "AA==", "format": "wav" } });
    let asked =
        || request(&json!({ "model": "m", "messages": [{ "role": "user", "content": [part] }] }));
    let mut envoy = gateway(OA);
    let exchange = envoy.ask(asked(), vec![refusal(429), good("anthropic")]);
    assert_eq!(error(&exchange.client).0, 429, "{}", exchange.client.text());
    assert!(exchange.client.text().contains("said 429"));
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(outcome(exchange).0, "busy");
    let name = "sluice.attempts;provider=anthropic;outcome=invalid_request";
    assert_eq!(envoy.process.counted(name), 1);
    let exchange = envoy.ask(asked(), vec![[Act::ConnectFailure].into()]);
    assert_eq!(error(&exchange.client), (503, "server_error".into(), "unreachable".into()));
    // A target that others stand behind is passed over, not failed on.
    let mut envoy = gateway(AO);
    let exchange = envoy.ask(asked(), vec![good("openai")]);
    assert_eq!((exchange.client.status(), exchange.client.header("x-sluice-attempts")), (200, "1"));
    assert_eq!(exchange.client.header("x-sluice-provider"), "openai");
    // Nobody was asked before: the client's to mend.
    let mut envoy = gateway(A);
    assert_eq!(error(&envoy.ask(asked(), vec![]).client).0, 400);
    envoy.assert_calm();
}

#[test]
fn every_failure_of_the_only_target_is_said_in_shape() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = gateway(target);
        for (class, script) in failures_streamed(dialect) {
            let shown = format!("{dialect} {class} {script:?}");
            let exchange = envoy.ask(streamed("m"), vec![script]);
            let (status, ..) = error(&exchange.client);
            assert!(status >= 408, "{shown}: {status}");
            assert_eq!(outcome(exchange).0, class, "{shown}");
        }
        let requests = failures_streamed(dialect).len() as u64;
        assert_eq!(envoy.process.counted("sluice.requests"), requests);
        assert_eq!(envoy.process.counted("sluice.internal_errors"), 0);
        assert_eq!(used(&envoy).0, 0);
        envoy.assert_calm();
    }
}

#[test]
fn a_failure_in_mid_stream_is_told_not_retried() {
    for (targets, dialect) in [(OA, "openai"), (AO, "anthropic")] {
        let begun = begun(dialect, &["Hi"]);
        let error =
            r#"data: {"type":"error","error":{"type":"overloaded_error","message":"full"}}"#;
        for (script, told, class) in [
            (then(opened(&begun), Act::Reset), false, "broken_stream"),
            (ended(&begun), true, "broken_stream"),
            (ended(&format!("{begun}{error}\n\n")), true, "provider_fault"),
            (ended(&format!("{begun}data: {{oops\n\n")), true, "bad_answer"),
        ] {
            let mut envoy = gateway(targets);
            let exchange = envoy.ask(streamed("m"), vec![script, good_stream(dialect)]);
            let client = &exchange.client;
            assert_eq!((client.status(), client.farewells()), (200, 0));
            assert_eq!(content(client), "Hi");
            assert_eq!(client.text().contains("\"error\""), told);
            assert_eq!(client.ending == Some(Ending::Broken), !told);
            assert_eq!(outcome(exchange), (json!(class), json!(true)));
            assert_eq!(exchange.received.len(), 1);
            let (calls, estimated, input, output) = used(&envoy);
            assert_eq!((calls, estimated), (1, 1));
            assert!(input > 0 && output > 0);
            envoy.assert_calm();
        }
    }
}

#[test]
fn a_missing_farewell_is_added() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = gateway(target);
        let mut all = events(dialect, &["Hi"], 10, 5);
        all.pop();
        let exchange = envoy.ask(streamed("m"), vec![ended(&all.concat())]);
        assert_eq!((exchange.client.farewells(), outcome(exchange).0), (1, Value::Null));
        assert_eq!(used(&envoy), (1, 0, 10, 5));
    }
}

#[test]
fn our_refused_key_is_the_operators_business() {
    listen();
    let mut envoy = gateway(O);
    for status in [401, 403, 401] {
        let body = br#"{"error":{"message":"Incorrect API key provided: sk-openai"}}"#;
        let exchange = envoy.ask(chat("m"), vec![answer(status, "application/json", body)]);
        assert_eq!(error(&exchange.client), (502, "server_error".into(), "provider_auth".into()));
        assert!(!exchange.client.text().contains("sk-openai"));
    }
    let words = logged();
    assert_eq!(words.iter().filter(|w| w.contains("refused our key")).count(), 1, "{words:?}");
    assert!(!words.concat().contains("sk-openai"));
    envoy.assert_calm();
}

#[test]
fn what_is_said_of_our_key_in_a_stream_is_not_shown() {
    let begun = begun("openai", &["Hi"]);
    for type_ in ["authentication_error", "invalid_request_error"] {
        let error = json!({ "error": { "type": type_, "code": "invalid_api_key",
            "message": "Incorrect API key provided: sk-openai" } });
        for (before, classes) in [("", r#""busy""#), (begun.as_str(), r#""stream""#)] {
            let mut envoy = with(OA, &format!(r#", "defaults": {{ "retry_on": [{classes}] }}"#));
            let script = ended(&format!("{before}data: {error}\n\n"));
            let exchange = envoy.ask(streamed("m"), vec![script]);
            let text = exchange.client.text();
            assert!(text.contains("\"error\"") && !text.contains("sk-openai"), "{text}");
            assert_eq!(outcome(exchange).0, "provider_auth");
        }
    }
}

#[test]
fn a_provider_behind_an_envoy_of_its_own_moves_on_too() {
    // Envoy does not retry what another Envoy says it limited.
    let mut limited = refusal(429);
    if let Some(Act::Headers(_, headers, _)) = limited.front_mut() {
        headers.push(("x-envoy-ratelimited".into(), "true".into()));
    }
    let mut envoy = gateway(OA);
    let exchange = envoy.ask(chat("m"), vec![limited, good("anthropic")]);
    assert_eq!(exchange.client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn a_class_that_is_off_does_not_move_on() {
    let first_event = events("openai", &["x"], 10, 5)[0].clone();
    let broken = || ended(&first_event);
    let failed = |type_: &str| {
        let error = json!({ "error": { "type": type_, "message": "full" } });
        opened(&format!("{first_event}data: {error}\n\n"))
    };
    for (classes, moves, stays) in [
        (
            r#""busy", "auth""#,
            vec![refusal(429), refusal(401)],
            vec![refusal(500), refusal(503), [Act::Reset].into()],
        ),
        (
            r#""server", "connect", "reset""#,
            vec![refusal(500), refusal(529), [Act::Reset].into()],
            vec![refusal(401), refusal(403), refusal(409), refusal(429)],
        ),
        (
            r#""stream""#,
            vec![broken(), failed("overloaded_error"), failed("rate_limit_error")],
            vec![refusal(500), refusal(502), refusal(429), [Act::Reset].into()],
        ),
        (r#""busy""#, vec![refusal(429)], vec![[Act::Reset].into(), [Act::ConnectFailure].into()]),
        (r#""server""#, vec![refusal(500), refusal(529)], vec![broken(), refusal(403)]),
    ] {
        let mut envoy = with(OA, &format!(r#", "defaults": {{ "retry_on": [{classes}] }}"#));
        for (scripts, attempts) in [(moves, "2"), (stays, "1")] {
            for script in scripts {
                let shown = format!("{classes} {script:?}");
                let exchange = envoy.ask(streamed("m"), vec![script, good_stream("anthropic")]);
                assert_eq!(exchange.client.header("x-sluice-attempts"), attempts, "{shown}");
                assert_eq!(exchange.client.farewells() == 1, attempts == "2", "{shown}");
            }
        }
        envoy.assert_calm();
    }
}
