//! Answers that arrive: whole and streamed, in any pieces, in the client's dialect.

use super::*;

#[test]
fn a_whole_answer_passes_byte_for_byte() {
    let mut envoy = gateway(O);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    let client = &exchange.client;
    assert_eq!((client.status(), client.ending), (200, Some(Ending::Complete)));
    assert_eq!(client.body, whole("openai", "Hi there", 10, 5));
    assert_eq!(client.header("content-length"), client.body.len().to_string());
    assert_eq!(
        (client.header("x-sluice-provider"), client.header("x-sluice-attempts")),
        ("openai", "1")
    );
    let sent = &exchange.received[0];
    assert_eq!(
        (sent.header(":path"), sent.json()["model"].as_str()),
        ("/v1/chat/completions", Some("gpt"))
    );
    assert_eq!(sent.header("authorization"), "Bearer sk-openai");
    assert_eq!(sent.header("content-length"), sent.body.len().to_string());
    assert_eq!(outcome(exchange), (Value::Null, json!(false)));
    assert_eq!(used(&envoy), (1, 0, 10, 5));
    envoy.assert_calm();
}

#[test]
fn a_stream_passes_without_the_usage_chunk_nobody_asked_for() {
    let mut envoy = gateway(O);
    let exchange = envoy.ask(streamed("m"), vec![good_stream("openai")]);
    assert_eq!(exchange.received[0].json()["stream_options"], json!({ "include_usage": true }));
    let mut all = events("openai", &["Hi", " there"], 10, 5);
    all.remove(4);
    assert_eq!(exchange.client.text(), all.concat());
    assert_eq!(exchange.client.header("content-type"), "text/event-stream");
    assert_eq!(used(&envoy), (1, 0, 10, 5));
    envoy.assert_calm();
}

#[test]
fn a_usage_chunk_that_was_asked_for_stays() {
    let mut envoy = gateway(O);
    let asked = request(
        &json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "x" }],
        "stream_options": { "include_usage": true } }),
    );
    let exchange = envoy.ask(asked, vec![good_stream("openai")]);
    assert_eq!(exchange.client.text(), events("openai", &["Hi", " there"], 10, 5).concat());
}

#[test]
fn anthropic_answers_whole_and_streamed() {
    let mut envoy = gateway(A);
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    let sent = &exchange.received[0];
    assert_eq!((sent.header(":path"), sent.header("x-api-key")), ("/v1/messages", "sk-ant"));
    assert!(sent.json()["max_tokens"].is_u64());
    let answer = exchange.client.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hi there");
    assert_eq!(answer["usage"]["total_tokens"], 15);
    assert_eq!(exchange.client.header("content-length"), exchange.client.body.len().to_string());
    let exchange = envoy.ask(streamed("m"), vec![good_stream("anthropic")]);
    assert_eq!((content(&exchange.client).as_str(), exchange.client.farewells()), ("Hi there", 1));
    assert_eq!(used(&envoy), (2, 0, 20, 10));
    envoy.assert_calm();
}

#[test]
fn pieces_do_not_matter() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = gateway(target);
        let at_once = envoy.ask(chat("m"), vec![good(dialect)]).client.body.clone();
        let streamed_at_once =
            content(&envoy.ask(streamed("m"), vec![good_stream(dialect)]).client);
        for size in [1, 7, 64] {
            let script = in_pieces(good(dialect), size);
            let exchange = envoy.ask(chat("m").in_pieces(size), vec![script]);
            assert_eq!(exchange.client.body, at_once);
            let script = in_pieces(good_stream(dialect), size);
            let exchange = envoy.ask(streamed("m").in_pieces(size), vec![script]);
            assert_eq!(content(&exchange.client), streamed_at_once);
            assert_eq!(exchange.client.farewells(), 1);
        }
        assert_eq!(used(&envoy), (8, 0, 80, 40));
        envoy.assert_calm();
    }
}

#[test]
fn a_token_reaches_the_client_before_the_next_one_comes() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = gateway(target);
        let script = opened(&begun(dialect, &["Hi"]));
        let index = envoy.open(streamed("m"), vec![script]);
        while envoy.step(index) {}
        assert_eq!(content(&envoy.exchanges[index].client), "Hi");
        envoy.hang_up(index);
        envoy.assert_calm();
    }
}

#[test]
fn trailers_end_an_answer() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = gateway(target);
        let exchange = envoy.ask(chat("m"), vec![with_trailers(good(dialect))]);
        assert_eq!(
            (exchange.client.status(), exchange.client.ending),
            (200, Some(Ending::Complete))
        );
        let script = with_trailers(in_pieces(good_stream(dialect), 30));
        let exchange = envoy.ask(streamed("m"), vec![script]);
        assert_eq!(
            (exchange.client.farewells(), content(&exchange.client).as_str()),
            (1, "Hi there")
        );
        assert_eq!(used(&envoy), (2, 0, 20, 10));
        // An error answer, and a stream without content.
        let script = with_trailers(refusal(400));
        assert_eq!(error(&envoy.ask(chat("m"), vec![script]).client).0, 400);
        let script = with_trailers(opened(": ping\n\n"));
        assert_eq!(error(&envoy.ask(streamed("m"), vec![script]).client).0, 502);
        envoy.assert_calm();
    }
}

#[test]
fn keys_are_used_in_turn_and_never_mixed() {
    let mut envoy = gateway(r#""ring/a", "vllm/b""#);
    let mut keys = Vec::new();
    for _ in 0..4 {
        let exchange = envoy.ask(chat("m"), vec![refusal(500), good("openai")]);
        keys.push(exchange.received[0].header("authorization").to_owned());
        assert_eq!(exchange.received[1].header("authorization"), "");
    }
    assert_eq!(keys, ["Bearer sk-r1", "Bearer sk-r2", "Bearer sk-r1", "Bearer sk-r2"]);
    // A provider that comes again is asked with its next key.
    let mut envoy = gateway(r#""ring/a", "vllm/b", "ring/c""#);
    let exchange = envoy.ask(chat("m"), vec![refusal(500), refusal(500), good("openai")]);
    let key = |n: usize| exchange.received[n].header("authorization");
    assert_eq!((key(0), key(2)), ("Bearer sk-r1", "Bearer sk-r2"));
}

#[test]
fn a_key_to_blame_is_followed_by_the_next_key_of_its_provider() {
    for status in [401, 402, 403, 429] {
        let mut envoy = gateway(r#""ring/a", "vllm/b""#);
        let scripts = vec![refusal(status), refusal(status), good("openai")];
        let exchange = envoy.ask(chat("m"), scripts);
        let keys: Vec<_> =
            exchange.received.iter().map(|r| r.header("authorization").to_owned()).collect();
        assert_eq!(keys, ["Bearer sk-r1", "Bearer sk-r2", ""], "{status}");
        assert_eq!(exchange.client.status(), 200);
        envoy.assert_calm();
    }
    // With no other target, its other key is one.
    let mut envoy = gateway(r#""ring/a""#);
    let exchange = envoy.ask(streamed("m"), vec![refusal(429), good_stream("openai")]);
    assert_eq!(exchange.received[1].header("authorization"), "Bearer sk-r2");
    assert_eq!(exchange.client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn a_provider_to_blame_is_left_with_all_its_keys() {
    for script in [refusal(500), [Act::ConnectFailure].into(), [Act::Reset].into(), Script::new()] {
        let mut envoy = gateway(r#""ring/a", "vllm/b""#);
        let exchange = envoy.ask(chat("m"), vec![script.clone(), good("openai")]);
        let clusters: Vec<_> = exchange.received.iter().map(|r| r.cluster.as_str()).collect();
        assert_eq!(clusters.last(), Some(&"vllm"), "{script:?}");
        assert_eq!(exchange.client.status(), 200, "{script:?}");
        assert!(clusters.len() <= 2, "{clusters:?}");
        envoy.assert_calm();
        // Nobody else is left: another try.
        let mut envoy = gateway(r#""ring/a""#);
        let exchange = envoy.ask(chat("m"), vec![script.clone(), good("openai")]);
        assert_eq!(exchange.client.status(), 200, "{script:?}");
        envoy.assert_calm();
    }
}

#[test]
fn trailers_end_a_request() {
    let mut envoy = gateway(AO);
    for asked in [chat("m").with_trailers(), chat("m").in_pieces(30).with_trailers()] {
        let exchange = envoy.ask(asked, vec![refusal(529), good("openai")]);
        assert_eq!(exchange.client.status(), 200, "{}", exchange.client.text());
        let paths: Vec<_> = exchange.received.iter().map(|r| r.header(":path")).collect();
        assert_eq!(paths, ["/v1/messages", "/v1/chat/completions"]);
        for sent in &exchange.received {
            let length = sent.body.len().to_string();
            assert_eq!(sent.header("content-length"), length);
            assert!(sent.headers.iter().all(|(_, v)| !v.ends_with(CLIENT_KEY.as_bytes())));
        }
        assert_eq!(exchange.received[1].json()["model"], "gpt");
    }
    envoy.assert_calm();
}
