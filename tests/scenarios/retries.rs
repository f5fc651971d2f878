//! How often a call is tried: what the operator allows.

use super::*;

const THREE: &str = r#""openai/a", "openai/b", "openai/c""#;

#[test]
fn attempts_are_bounded() {
    for most in 1..=3 {
        let more =
            format!(r#", "retries": {{ "attempts": {most} }}, "expose": {{ "explain": true }}"#);
        let mut envoy = with(THREE, &more);
        let asked = chat("m").with("x-sluice-explain", "1");
        let exchange = envoy.ask(asked, vec![refusal(503), refusal(500), good("openai")]);
        assert_eq!(exchange.received.len(), most);
        assert_eq!(exchange.client.status(), [503, 500, 200][most - 1]);
        let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
        assert_eq!(told["plan"].as_array().unwrap().len(), most);
        let why = told["passed_over"].as_array().unwrap();
        assert_eq!(why.len(), 3 - most);
        assert!(why.iter().all(|w| w["why"] == format!("more than {most} attempts")), "{told}");
        envoy.assert_calm();
    }
}

#[test]
fn no_attempt_begins_too_late() {
    for (wait, attempts) in [(100, 3), (600, 2), (1_100, 1)] {
        let more = r#", "retries": { "elapsed": "1s" }, "expose": { "explain": true }"#;
        let mut envoy = with(THREE, more);
        let index = envoy.open(
            chat("m").with("x-sluice-explain", "1"),
            vec![refusal(503), refusal(500), good("openai")],
        );
        for attempt in 1..=attempts {
            envoy.run_until(index, |e| e.received.len() == attempt);
            envoy.advance(wait);
        }
        let exchange = envoy.run(index);
        assert_eq!(exchange.received.len(), attempts, "{wait}");
        assert_eq!(exchange.client.status(), [503, 500, 200][attempts - 1], "{wait}");
        let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
        let stopped = if attempts < 3 { json!("elapsed") } else { Value::Null };
        assert_eq!(told["stopped"], stopped);
        let counted = envoy.process.counted("sluice.retries_stopped;reason=elapsed");
        assert_eq!(counted, u64::from(attempts < 3));
        envoy.assert_calm();
    }
}

#[test]
fn a_silent_provider_is_not_followed_too_late() {
    let more = r#", "retries": { "elapsed": "1s" }, "defaults": { "timeout": "2s" }"#;
    let mut envoy = with(THREE, more);
    let exchange = envoy.ask(chat("m"), vec![Script::new(), good("openai")]);
    assert_eq!(error(&exchange.client), (504, "server_error".into(), "timeout".into()));
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(used(&envoy).0, 0);
    envoy.assert_calm();
}

#[test]
fn an_outage_spends_the_budget_and_the_last_provider_speaks() {
    let more = r#", "retries": { "budget": { "percent": 10, "min_per_second": 1 } }"#;
    let mut envoy = with(THREE, more);
    let mut attempts = 0;
    for _ in 0..1_000 {
        let exchange = envoy.ask(chat("m"), vec![refusal(503), refusal(503), refusal(503)]);
        assert_eq!(exchange.client.status(), 503);
        assert_eq!(exchange.client.json()["error"]["message"], "said 503");
        attempts += exchange.received.len();
        envoy.advance(1);
    }
    // The bucket, a tenth of the calls, and what the seconds bring.
    assert!((1_190..=1_210).contains(&attempts), "{attempts}");
    // When it is over, fallback works again.
    envoy.advance(3_000);
    let exchange = envoy.ask(chat("m"), vec![refusal(503), good("openai")]);
    assert_eq!((exchange.client.status(), exchange.received.len()), (200, 2));
    let lost: Vec<Act> = vec![Act::ConnectFailure];
    for _ in 0..5 {
        envoy.ask(chat("m"), vec![lost.clone().into(), lost.clone().into(), good("openai")]);
    }
    let exchange = envoy.ask(chat("m"), vec![lost.into(), good("openai")]);
    assert_eq!(error(&exchange.client), (503, "server_error".into(), "unreachable".into()));
    envoy.assert_calm();
}
