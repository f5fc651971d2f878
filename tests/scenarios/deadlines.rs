//! Time: a target's own deadline, the router's, the call's.

use super::*;

#[test]
fn a_target_that_holds_its_answer_too_long_is_failed_by_the_tick() {
    for (asked, silent, next) in [
        (streamed("m"), opened(": ping\n\n"), good_stream("openai")),
        (streamed("m"), good_stream("openai").into_iter().take(1).collect(), good_stream("openai")),
        (chat("m"), good("openai").into_iter().take(1).collect(), good("openai")),
    ] {
        let mut envoy = gateway(OWN);
        let before = envoy.process.now.get();
        let exchange = envoy.ask(asked, vec![silent, next]);
        assert_eq!(
            (exchange.client.status(), exchange.client.header("x-sluice-attempts")),
            (200, "2")
        );
        let took = Duration::from_nanos(envoy.process.now.get() - before);
        assert!(
            took >= Duration::from_millis(300) && took < Duration::from_millis(330),
            "{took:?}"
        );
        assert_eq!(envoy.process.counted("sluice.fallbacks;provider=openai;reason=timeout"), 1);
        assert_eq!(used(&envoy), (1, 0, 10, 5));
        envoy.assert_calm();
    }
}

#[test]
fn headers_that_come_after_a_targets_deadline_are_too_late() {
    for asked in [chat as fn(&str) -> Request, streamed] {
        let mut envoy = gateway(OWN);
        let next =
            if asked("m").body == chat("m").body { good("openai") } else { good_stream("openai") };
        let index = envoy.open(asked("m"), vec![next.clone(), next]);
        // All but the answer.
        for _ in 0..5 {
            assert!(envoy.step(index));
        }
        assert_eq!(envoy.exchanges[index].received.len(), 1);
        envoy.advance(310);
        let exchange = envoy.run(index);
        assert_eq!(
            (exchange.client.status(), exchange.client.header("x-sluice-model")),
            (200, "b")
        );
        assert_eq!(envoy.process.counted("sluice.fallbacks;provider=openai;reason=timeout"), 1);
        envoy.assert_calm();
    }
}

#[test]
fn the_last_targets_own_deadline_is_said() {
    let reversed = r#"{ "target": "openai/a", "first_token_timeout": "20s" },
        { "target": "openai/b", "first_token_timeout": "300ms" }"#;
    let mut envoy = gateway(reversed);
    let exchange = envoy.ask(streamed("m"), vec![refusal(500), opened(": ping\n\n")]);
    assert_eq!(error(&exchange.client), (504, "server_error".into(), "timeout".into()));
    assert_eq!(outcome(exchange).0, "timeout");
    envoy.assert_calm();
}

#[test]
fn a_stream_that_has_begun_may_be_silent_until_the_total_timeout() {
    let mut envoy = with(OWN, r#", "defaults": { "total_timeout": "1m", "timeout": "1m" }"#);
    let begun = begun("openai", &["Hi"]);
    let index = envoy.open(streamed("m"), vec![opened(&begun)]);
    while envoy.step(index) {}
    envoy.advance(50_000);
    assert!(!envoy.exchanges[index].has_ended());
    envoy.advance(11_000);
    let exchange = &envoy.exchanges[index];
    assert_eq!(exchange.client.ending, Some(Ending::Broken));
    assert_eq!(outcome(exchange), (json!("broken_stream"), json!(true)));
    envoy.assert_calm();
}

/// Tokens may be so far apart.
const IDLE: &str = r#", "defaults": { "idle_timeout": "2s" }"#;

/// A stream that shows this, and nothing more.
fn stalls(envoy: &mut Envoy, provider: &str, words: &[&str]) -> usize {
    let begun = begun(provider, words);
    let index = envoy.open(streamed("m"), vec![opened(&begun)]);
    while envoy.step(index) {}
    index
}

#[test]
fn a_stream_that_goes_silent_ends_with_an_error_event() {
    for (targets, provider) in [(O, "openai"), (A, "anthropic")] {
        let mut envoy = with(targets, IDLE);
        let index = stalls(&mut envoy, provider, &["Hi", " there"]);
        envoy.advance(1_900);
        assert!(!envoy.exchanges[index].has_ended());
        envoy.advance(1_000);
        let exchange = &envoy.exchanges[index];
        assert_eq!(exchange.client.ending, Some(Ending::Broken), "{exchange:?}");
        assert_eq!(content(&exchange.client), "Hi there");
        let text = exchange.client.text();
        let last = text.trim_end().rsplit("data: ").next().unwrap();
        let last: Value = serde_json::from_str(last).unwrap();
        assert!(last["error"]["message"].is_string(), "{text}");
        assert_eq!(exchange.client.farewells(), 0);
        assert_eq!(outcome(exchange), (json!("timeout"), json!(true)));
        assert_eq!((used(&envoy).0, used(&envoy).1), (1, 1));
        let counted = |name: &str| envoy.process.counted(name);
        let attempts = format!("sluice.attempts;provider={provider};outcome=timeout");
        assert_eq!(counted(&attempts), 1);
        assert_eq!(counted("sluice.requests;endpoint=chat_completions;outcome=timeout"), 1);
        envoy.assert_calm();
    }
}

#[test]
fn a_stream_that_moves_is_left_alone_and_so_is_one_that_ends() {
    let mut envoy = with(O, IDLE);
    let silent = stalls(&mut envoy, "openai", &["Hi"]);
    let mut slow = vec![];
    let whole = good_stream("openai");
    slow.extend(whole.into_iter().flat_map(in_bytes));
    let index = envoy.open(streamed("m"), vec![slow.into()]);
    // A byte now and then is a sign of life.
    while envoy.step(index) {
        if !envoy.exchanges[index].client.headers.is_empty() {
            envoy.advance(600);
        }
    }
    assert!(envoy.exchanges[silent].has_ended());
    let exchange = &envoy.exchanges[index];
    assert_eq!(exchange.client.ending, Some(Ending::Complete), "{exchange:?}");
    assert_eq!((exchange.client.farewells(), outcome(exchange).0), (1, Value::Null));
    envoy.assert_calm();
}

/// The same act in small pieces.
fn in_bytes(act: Act) -> Vec<Act> {
    match act {
        Act::Body(bytes, end) => {
            let n = bytes.len().div_ceil(40);
            let piece = |(i, p): (usize, &[u8])| Act::Body(p.to_vec(), end && i + 1 == n);
            bytes.chunks(40).enumerate().map(piece).collect()
        }
        other => vec![other],
    }
}

#[test]
fn what_comes_after_the_last_words_is_dropped() {
    let mut envoy = with(O, IDLE);
    let begun = begun("openai", &["Hi"]);
    let mut late = opened(&begun);
    late.extend(good_stream("openai").into_iter().skip(1));
    let index = envoy.open(streamed("m"), vec![late]);
    envoy.run_until(index, |e| !e.client.body.is_empty());
    let before = envoy.exchanges[index].client.body.len();
    while envoy.exchanges[index].client.body.len() == before {
        envoy.advance(25);
    }
    assert!(!envoy.exchanges[index].has_ended());
    let said = envoy.exchanges[index].client.text();
    envoy.run(index);
    assert_eq!(envoy.exchanges[index].client.text(), said);
    envoy.assert_calm();
}

#[test]
fn a_silent_answer_that_was_complete_is_a_good_one() {
    let mut envoy = with(O, IDLE);
    let all = good_stream("openai");
    let mut open = vec![];
    for act in all {
        open.push(match act {
            Act::Body(bytes, _) => Act::Body(bytes, false),
            other => other,
        });
    }
    let index = envoy.open(streamed("m"), vec![open.into()]);
    while envoy.step(index) {}
    envoy.advance(3_000);
    let exchange = &envoy.exchanges[index];
    assert_eq!(exchange.client.farewells(), 1, "{exchange:?}");
    assert_eq!(outcome(exchange).0, Value::Null);
    envoy.assert_calm();
}

#[test]
fn a_rule_may_allow_more_silence_or_less() {
    let rules = r#", "rules": [{ "name": "patient", "idle_timeout": "20s" }]"#;
    let mut envoy = with(O, &format!("{IDLE}{rules}"));
    let index = stalls(&mut envoy, "openai", &["Hi"]);
    envoy.advance(19_000);
    assert!(!envoy.exchanges[index].has_ended());
    // A quarter late, and two ticks of a second.
    envoy.advance(8_000);
    assert!(envoy.exchanges[index].has_ended());
    envoy.assert_calm();
}

#[test]
fn silence_opens_a_circuit() {
    let more = format!(r#"{IDLE}, "health": {{ "failures": 2 }}"#);
    let mut envoy = healed(OA, &more);
    for _ in 0..2 {
        stalls(&mut envoy, "openai", &["Hi"]);
        envoy.advance(3_000);
    }
    let exchange = envoy.ask(streamed("m"), vec![good_stream("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-provider"), "anthropic");
    envoy.assert_calm();
}

#[test]
fn the_total_timeout_is_said_in_shape() {
    let more = r#", "defaults": { "total_timeout": "30s", "timeout": "20s" }"#;
    let mut envoy = with(OA, more);
    let exchange = envoy.ask(chat("m"), vec![Script::new(), Script::new()]);
    assert_eq!(error(&exchange.client), (504, "server_error".into(), "timeout".into()));
    assert_eq!(exchange.client.header("x-sluice-attempts"), "2");
    assert_eq!(used(&envoy).0, 0);
    envoy.assert_calm();
}

#[test]
fn deadlines_outlive_a_configuration_push() {
    let mut envoy = gateway(OWN);
    let silent = || vec![opened(": ping\n\n"), good_stream("openai")];
    let old = envoy.open(streamed("m"), silent());
    while envoy.step(old) {}
    envoy.push_config();
    let new = envoy.open(streamed("m"), silent());
    while envoy.step(new) {}
    // With the last call of the old configuration its root context goes, and the
    // timer with it.
    envoy.hang_up(old);
    envoy.advance(200);
    let next = envoy.open(streamed("m"), silent());
    while envoy.step(next) {}
    envoy.advance(130);
    assert!(envoy.exchanges[new].is_between_attempts(), "its deadline was not kept");
    for index in [new, next] {
        assert_eq!(envoy.run(index).client.header("x-sluice-attempts"), "2");
    }
    envoy.assert_calm();
}
