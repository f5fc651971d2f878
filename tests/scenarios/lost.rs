//! State that is gone: VM reloads, attempts nobody planned.

use super::*;

#[test]
fn a_vm_reload_between_attempts_is_a_clean_503() {
    let mut envoy = gateway(OA);
    let index = envoy.open(chat("m"), vec![refusal(429), good("anthropic")]);
    envoy.run_until(index, Exchange::is_between_attempts);
    envoy.reload();
    let exchange = envoy.run(index);
    assert_eq!(error(&exchange.client), (503, "server_error".into(), "unavailable".into()));
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(envoy.process.counted("sluice.internal_errors;reason=registry"), 1);
    // The new VM serves, and goes on counting where the old one was.
    assert_eq!(envoy.ask(chat("m"), vec![good("openai")]).client.status(), 200);
    assert_eq!(used(&envoy), (1, 0, 10, 5));
    envoy.assert_calm();
}

#[test]
fn a_call_the_vm_does_not_know_never_finds_a_strangers_entry() {
    let mut envoy = gateway(OA);
    let old = envoy.open(chat("m"), vec![refusal(429), good("anthropic")]);
    envoy.run_until(old, Exchange::is_between_attempts);
    envoy.reload();
    // Its number is taken again by another call.
    let new = envoy.open(chat("m"), vec![good("openai")]);
    envoy.run_until(new, |e| e.planned > 0);
    assert_eq!(error(&envoy.run(old).client).2, "unavailable");
    assert_eq!(envoy.process.counted("sluice.internal_errors;reason=registry"), 1);
    assert_eq!(envoy.run(new).client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn one_attempt_too_many_is_a_503_and_still_counted() {
    // A route that retries more often than it was told.
    let mut envoy = gateway(O);
    let index = envoy.open(chat("m"), vec![refusal(503), good("openai")]);
    envoy.run_until(index, |e| e.planned > 0);
    envoy.exchanges[index].allow_retries(1, "openai");
    let exchange = envoy.run(index);
    assert_eq!(error(&exchange.client).0, 503);
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(envoy.process.counted("sluice.internal_errors;reason=plan"), 1);
    assert_eq!(envoy.process.counted("sluice.requests"), 1);
    envoy.assert_calm();
}

#[test]
fn a_route_that_stays_with_the_first_cluster_sends_it_no_other_key() {
    let mut envoy = gateway(OA);
    let index = envoy.open(chat("m"), vec![refusal(503), good("anthropic")]);
    envoy.run_until(index, |e| e.planned > 0);
    envoy.exchanges[index].pin("openai");
    let exchange = envoy.run(index);
    assert_eq!(error(&exchange.client), (500, "server_error".into(), "internal".into()));
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(envoy.process.counted("sluice.internal_errors;reason=route"), 1);
    assert_eq!(used(&envoy).0, 0);
    // A cluster that the plan does not know may be one that leads there.
    let index = envoy.open(chat("m"), vec![refusal(503), good("anthropic")]);
    envoy.run_until(index, |e| e.planned > 0);
    envoy.exchanges[index].pin("openai-then-anthropic");
    assert_eq!(envoy.run(index).client.status(), 200);
    envoy.assert_calm();
}
