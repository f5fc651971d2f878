//! `min_speed`: streams that begin too slowly.

use super::*;

/// Twenty tokens within four seconds.
const PACE: &str =
    r#", "defaults": { "min_speed": { "tokens_per_second": 5, "first_tokens": 20 } }"#;
const TWO: &str = r#""openai/a", "openai/b""#;
const LONG: &str = "a word of about forty characters, no more";

/// A stream that has shown this and goes on with the rest.
fn going(envoy: &mut Envoy, words: &[&str], rest: Script) -> usize {
    let mut script = opened(&begun("openai", words));
    script.extend(rest);
    envoy.open(streamed("m"), vec![script, good_stream("openai")])
}

#[test]
fn a_stream_that_begins_too_slowly_is_left() {
    let mut envoy = with(TWO, PACE);
    let index = going(&mut envoy, &["Slow"], Script::new());
    while envoy.step(index) {}
    envoy.advance(3_900);
    assert!(envoy.exchanges[index].client.headers.is_empty());
    envoy.advance(150);
    assert!(envoy.exchanges[index].is_between_attempts());
    let exchange = envoy.run(index);
    assert_eq!(exchange.client.header("x-sluice-model"), "b");
    assert!(!exchange.client.text().contains("Slow"));
    assert_eq!((outcome(exchange).0, used(&envoy)), (Value::Null, (1, 0, 10, 5)));
    assert_eq!(envoy.process.counted("sluice.fallbacks;provider=openai;reason=timeout"), 1);
    envoy.assert_calm();
}

#[test]
fn the_token_that_comes_too_late_is_not_waited_for_by_the_tick() {
    let mut envoy = with(TWO, PACE);
    let index = going(&mut envoy, &["Slow"], opened(&begun("openai", &["er"])).split_off(1));
    envoy.run_until(index, |e| e.received.len() == 1);
    assert!(envoy.step(index) && envoy.step(index));
    let now = &envoy.process.now;
    now.set(now.get() + 4_000_000_000);
    assert!(envoy.step(index));
    assert!(envoy.exchanges[index].is_between_attempts());
    assert_eq!(envoy.run(index).client.header("x-sluice-model"), "b");
    envoy.assert_calm();
}

#[test]
fn the_first_tokens_come_together() {
    let mut envoy = with(TWO, PACE);
    let more = opened(&begun("openai", &[LONG, LONG, LONG])).split_off(1);
    let index = going(&mut envoy, &["Fast"], more);
    envoy.run_until(index, |e| e.received.len() == 1);
    assert!(envoy.step(index) && envoy.step(index));
    envoy.advance(3_000);
    assert!(envoy.exchanges[index].client.headers.is_empty());
    assert!(envoy.step(index));
    assert!(content(&envoy.exchanges[index].client).starts_with("Fast"));
    // From here on it may take its time.
    envoy.advance(60_000);
    assert!(!envoy.exchanges[index].has_ended());
    envoy.hang_up(index);
    envoy.assert_calm();
}

#[test]
fn a_short_answer_is_no_slow_one() {
    let mut envoy = with(TWO, PACE);
    let exchange = envoy.ask(streamed("m"), vec![good_stream("openai")]);
    assert_eq!(exchange.client.header("x-sluice-model"), "a");
    assert_eq!(exchange.client.ending, Some(Ending::Complete));
    envoy.assert_calm();
}

#[test]
fn where_nobody_else_may_be_tried_the_stream_goes_as_it_comes() {
    let retry = r#", "defaults": { "retry_on": ["connect"],
        "min_speed": { "tokens_per_second": 5, "first_tokens": 20 } }"#;
    for (targets, more) in [(O, PACE), (r#""ring/r""#, PACE), (TWO, retry)] {
        let mut envoy = with(targets, more);
        let index = going(&mut envoy, &["Slow"], Script::new());
        while envoy.step(index) {}
        assert_eq!(content(&envoy.exchanges[index].client), "Slow", "{targets} {more}");
        envoy.hang_up(index);
        envoy.assert_calm();
    }
}

#[test]
fn a_spent_budget_lets_the_slow_stream_go() {
    let retries = r#", "retries": { "budget": { "percent": 0, "min_per_second": 1 } }"#;
    let mut envoy = with(TWO, &format!("{PACE}{retries}"));
    for _ in 0..102 {
        envoy.ask(streamed("m"), vec![refusal(503), refusal(503)]);
    }
    let late = opened(&begun("openai", &["er"])).split_off(1);
    let index = going(&mut envoy, &["Slow"], late);
    envoy.run_until(index, |e| e.received.len() == 1);
    assert!(envoy.step(index) && envoy.step(index));
    // One a second would be allowed: somebody else takes them.
    for _ in 0..9 {
        envoy.advance(500);
        envoy.ask(streamed("m"), vec![refusal(503), refusal(503)]);
    }
    assert!(envoy.step(index));
    assert_eq!(envoy.exchanges[index].received.len(), 1);
    assert_eq!(content(&envoy.exchanges[index].client), "Slower");
    envoy.hang_up(index);
    envoy.assert_calm();
}

#[test]
fn the_deadline_of_the_first_token_stays() {
    let mut envoy = with(TWO, PACE);
    let silent = vec![opened(": ping\n\n"), good_stream("openai")];
    let before = envoy.process.now.get();
    let exchange = envoy.ask(streamed("m"), silent);
    assert_eq!(exchange.client.header("x-sluice-model"), "b");
    let took = Duration::from_nanos(envoy.process.now.get() - before);
    assert!(took >= Duration::from_secs(30) && took < Duration::from_secs(31), "{took:?}");
    envoy.assert_calm();
}
