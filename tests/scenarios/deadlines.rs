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
fn a_stream_that_has_begun_has_no_deadline_but_the_total() {
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
