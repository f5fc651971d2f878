//! What is not ours, what is not theirs: passthrough, forged headers, Envoy's own replies.

use super::*;

#[test]
fn passthrough_is_left_alone() {
    let mut envoy = with(O, r#", "passthrough_paths": ["/other/*"]"#);
    let mut asked = chat("m").with(":path", "/other/thing?x=1").with("x-sluice-pick", "1");
    asked.body = vec![b"\0anything".to_vec(), b" at all".to_vec()];
    let mut answered = answer(401, "text/plain", b"no");
    if let Some(Act::Headers(_, headers, _)) = answered.front_mut() {
        headers.push(("set-cookie".into(), "a=b".into()));
    }
    let exchange = envoy.ask(asked, vec![answered]);
    let sent = &exchange.received[0];
    assert_eq!(sent.body, b"\0anything at all");
    assert_eq!(sent.header("authorization"), format!("Bearer {CLIENT_KEY}"));
    assert_eq!(sent.header("x-sluice-pick"), "");
    let client = &exchange.client;
    assert_eq!(
        (client.status(), client.text().as_str(), client.header("set-cookie")),
        (401, "no", "a=b")
    );
    assert_eq!(envoy.process.counted("sluice."), 0);
    envoy.assert_calm();
}

#[test]
fn spoofed_headers_go_nowhere() {
    let mut envoy = gateway(OA);
    let spoofed = || {
        chat("m")
            .with("x-sluice-target-1", "spoofed")
            .with("x-sluice-target-3", "spoofed")
            .with("x-sluice-pick", "spoofed")
            .with("x-envoy-max-retries", "99")
            .with("x-envoy-retry-on", "spoofed")
            .with("x-envoy-attempt-count", "2")
            .with("x-envoy-upstream-rq-timeout-ms", "1")
            .with("x-envoy-original-dst-host", "spoofed")
            .with("cookie", "spoofed")
            .with("x-forwarded-for", "spoofed")
            .with("x-api-key", "spoofed")
    };
    let exchange = envoy.ask(spoofed(), vec![refusal(429), good("anthropic")]);
    assert_eq!((exchange.client.status(), exchange.planned), (200, 2));
    for sent in &exchange.received {
        for (name, value) in &sent.headers {
            let value = String::from_utf8_lossy(value);
            assert!(!value.contains("spoofed") && !value.contains(CLIENT_KEY), "{name}: {value}");
        }
    }
    let last = &exchange.received[1].headers;
    assert!(last.iter().all(|(n, _)| !n.starts_with("x-sluice-") && !n.starts_with("x-envoy-")));
    envoy.assert_calm();
}

#[test]
fn a_provider_cannot_speak_as_the_gateway() {
    let mut envoy = gateway(O);
    let mut script = good("openai");
    if let Some(Act::Headers(_, headers, _)) = script.front_mut() {
        for name in ["x-sluice-provider", "x-envoy-overloaded", "set-cookie", "openai-organization"]
        {
            headers.push((name.into(), "forged".into()));
        }
        headers.push(("x-request-id".into(), "theirs".into()));
    }
    let client = &envoy.ask(chat("m"), vec![script]).client;
    assert!(client.headers.iter().all(|(_, v)| v != b"forged"));
    assert_eq!(client.header("x-request-id"), "theirs");
}

#[test]
fn envoys_own_replies_are_put_in_shape() {
    // No healthy upstream, from the first attempt on.
    let mut envoy = gateway(O);
    let exchange = envoy.ask(chat("m"), vec![[Act::ConnectFailure].into()]);
    assert_eq!(error(&exchange.client), (503, "server_error".into(), "unreachable".into()));
    for (status, want) in
        [(503, (503, "unreachable")), (504, (504, "timeout")), (500, (503, "unreachable"))]
    {
        let index = envoy.open(chat("m"), vec![]);
        envoy.run_until(index, |e| e.planned > 0);
        envoy.exchanges[index].local_reply(status, "something_of_envoys");
        let (status, _, code) = error(&envoy.exchanges[index].client);
        assert_eq!((status, code.as_str()), want);
    }
    // While the request still comes in.
    for (status, want) in [(413, (413, "too_large")), (408, (408, "timeout"))] {
        let index = envoy.open(chat("m").in_pieces(40), vec![]);
        envoy.step(index);
        envoy.step(index);
        envoy.exchanges[index].local_reply(status, "request_payload_too_large");
        let client = &envoy.exchanges[index].client;
        let (status, _, code) = error(client);
        assert_eq!((status, code.as_str()), want);
        assert!(!client.text().contains("provider"), "none was asked: {}", client.text());
    }
    assert_eq!(envoy.process.counted("sluice.requests"), 6);
    assert_eq!(used(&envoy).0, 0);
    envoy.assert_calm();
}

#[test]
fn refused_requests_reach_no_provider() {
    let more = r#", "defaults": { "max_body": "200B" }"#;
    let mut envoy = with(A, more);
    let message = |role: &str| json!([{ "role": role, "content": "x" }]);
    for (asked, status) in [
        (chat("nope"), 404),
        (request(&json!({ "model": "m" })), 400),
        (request(&json!({ "model": "m", "messages": message("user"), "n": 2 })), 400),
        (request(&json!({ "model": "m", "messages": message("wizard") })), 400),
        (
            request(&json!({ "model": "m", "messages": message(&"x".repeat(300)) })).in_pieces(50),
            413,
        ),
        (chat("m").with("content-encoding", "gzip"), 415),
        (chat("m").with(":path", "/v1/nothing"), 404),
    ] {
        let exchange = envoy.ask(asked, vec![good("anthropic")]);
        assert_eq!(error(&exchange.client).0, status);
        assert!(exchange.received.is_empty());
    }
    let mut empty = chat("m");
    empty.body.clear();
    assert_eq!(error(&envoy.ask(empty, vec![]).client).0, 400);
    assert_eq!(envoy.process.counted("sluice.requests"), 8);
    assert_eq!(used(&envoy).0, 0);
    envoy.assert_calm();
}

#[test]
fn beta_flags_go_where_a_provider_reads_them() {
    let bedrock = r#"{ "target": "bedrock/anthropic.claude-x", "api": "anthropic-bedrock" }"#;
    let mut envoy = gateway(&format!("{bedrock}, {A}"));
    let flags = "context-1m-2025-08-07,claude-code-20250219";
    let asked = json!({ "model": "m", "max_tokens": 9,
        "messages": [{ "role": "user", "content": "x" }] });
    let asked = request(&asked).with(":path", "/v1/messages").with("anthropic-beta", flags);
    let exchange = envoy.ask(asked, vec![refusal(503), good("anthropic")]);
    let [cloud, own] = exchange.received.as_slice() else { panic!("{:?}", exchange.received) };
    assert_eq!(cloud.header("anthropic-beta"), "");
    assert_eq!(cloud.json()["anthropic_beta"], json!(["context-1m-2025-08-07"]));
    assert_eq!(own.header("anthropic-beta"), flags);
    assert_eq!(own.json()["anthropic_beta"], Value::Null);
    envoy.assert_calm();
}
