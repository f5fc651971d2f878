//! Clients that leave: settled once, whenever it happens.

use super::*;

#[test]
fn a_client_that_leaves_before_an_attempt_is_not_charged() {
    let mut envoy = gateway(OA);
    for steps in 0..3 {
        let index = envoy.open(chat("m").in_pieces(40), vec![]);
        for _ in 0..steps {
            envoy.step(index);
        }
        envoy.hang_up(index);
    }
    // Planned, not yet begun.
    let index = envoy.open(chat("m"), vec![]);
    envoy.run_until(index, |e| e.planned > 0);
    envoy.hang_up(index);
    assert_eq!(outcome(&envoy.exchanges[index]), (json!("cancelled"), json!(false)));
    assert_eq!(used(&envoy).0, 0);
    // The first left before a word was said: it was no call yet.
    assert_eq!(envoy.process.counted("sluice.requests"), 3);
    envoy.assert_calm();
}

#[test]
fn a_client_that_leaves_while_a_provider_works_is_charged_an_estimate() {
    for (target, dialect) in [(O, "openai"), (A, "anthropic")] {
        for script in [
            Script::new(),
            good_stream(dialect).into_iter().take(1).collect(),
            opened(&events(dialect, &["x"], 10, 5)[0]),
        ] {
            let mut envoy = gateway(target);
            let index = envoy.open(streamed("m"), vec![script]);
            while envoy.step(index) {}
            envoy.hang_up(index);
            let exchange = &envoy.exchanges[index];
            assert_eq!(outcome(exchange), (json!("cancelled"), json!(true)));
            let (calls, estimated, input, output) = used(&envoy);
            assert_eq!((calls, estimated), (1, 1));
            // Anthropic's first event says 1.
            assert!(input > 0 && output <= 1);
            envoy.assert_calm();
        }
    }
}

#[test]
fn what_a_held_stream_reported_is_charged() {
    let start = events("anthropic", &["x"], 7777, 5)[0].clone();
    let mut envoy = gateway(A);
    let index = envoy.open(streamed("m"), vec![opened(&start)]);
    while envoy.step(index) {}
    envoy.hang_up(index);
    assert_eq!(used(&envoy), (1, 1, 7777, 1));
    envoy.assert_calm();
    // Of the attempt that counts, not of one before it.
    let mut envoy = gateway(AO);
    let failed = then(opened(&start), Act::Reset);
    let index = envoy.open(streamed("m"), vec![failed, Script::new()]);
    envoy.run_until(index, |e| e.received.len() == 2);
    envoy.hang_up(index);
    let (calls, estimated, input, output) = used(&envoy);
    assert_eq!((calls, estimated, output), (1, 1, 0));
    assert!((1..1000).contains(&input), "{input}");
    envoy.assert_calm();
}

#[test]
fn a_client_that_leaves_in_mid_stream_is_charged_once() {
    for (target, dialect, reported) in [(O, "openai", None), (A, "anthropic", Some(10))] {
        let mut envoy = gateway(target);
        let begun = begun(dialect, &["Hello", " and more"]);
        let index = envoy.open(streamed("m"), vec![in_pieces(opened(&begun), 20)]);
        while envoy.step(index) {}
        envoy.hang_up(index);
        let exchange = &envoy.exchanges[index];
        assert_eq!(exchange.client.ending, Some(Ending::Left));
        assert_eq!(outcome(exchange), (json!("cancelled"), json!(true)));
        let (calls, estimated, input, output) = used(&envoy);
        assert_eq!((calls, estimated), (1, 1));
        assert!(input > 0 && reported.is_none_or(|r| r == input));
        assert!((1..15).contains(&output), "{output}");
        envoy.assert_calm();
    }
}

#[test]
fn a_client_that_leaves_a_watched_attempt_leaves_no_deadline() {
    for script in [Script::new(), opened(": ping\n\n")] {
        let mut envoy = gateway(OWN);
        let index = envoy.open(streamed("m"), vec![script]);
        while envoy.step(index) {}
        envoy.advance(100);
        envoy.hang_up(index);
        envoy.assert_calm();
    }
}

#[test]
fn a_client_that_leaves_between_attempts_owes_nothing() {
    for failed in [refusal(429), [Act::ConnectFailure].into()] {
        let mut envoy = gateway(OA);
        let index = envoy.open(chat("m"), vec![failed, good("anthropic")]);
        envoy.run_until(index, Exchange::is_between_attempts);
        envoy.hang_up(index);
        assert_eq!(used(&envoy).0, 0, "nobody was at work");
        assert_eq!(envoy.process.counted("sluice.requests"), 1);
        envoy.assert_calm();
    }
}

#[test]
fn a_client_that_leaves_while_envoy_connects_is_not_charged() {
    for (targets, scripts) in
        [(O, vec![[Act::Connecting].into()]), (OA, vec![refusal(503), [Act::Connecting].into()])]
    {
        let mut envoy = gateway(targets);
        let attempts = scripts.len();
        let index = envoy.open(streamed("m"), scripts);
        envoy.run_until(index, |e| e.received.len() == attempts);
        envoy.step(index);
        envoy.hang_up(index);
        assert_eq!(outcome(&envoy.exchanges[index]), (json!("cancelled"), json!(false)));
        assert_eq!(used(&envoy).0, 0);
        envoy.assert_calm();
    }
}
