//! Limits on providers: whoever has no room is left out, and an attempt takes the
//! reservation with it.

use super::*;

const OPENAI: &str =
    r#"{ "name": "openai", "concurrent": 1, "when": { "providers": ["openai"] } }"#;

#[test]
fn a_provider_without_room_is_left_out() {
    let mut envoy = limited(OA, OPENAI);
    let index = running(&mut envoy);
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-provider"), "anthropic");
    assert_eq!(exchange.planned, 1);
    let diverted = "sluice.limit_decisions;limit=openai;decision=diverted";
    assert_eq!(envoy.process.counted(diverted), 1);
    envoy.hang_up(index);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-provider"), "openai");
    assert_eq!(exchange.planned, 2);
    envoy.assert_calm();
    // Behind the first, too.
    let mut envoy = limited(AO, OPENAI);
    let index = envoy.open(chat("m"), vec![refusal(500), Script::new()]);
    while envoy.step(index) {
        envoy.advance(5);
    }
    assert_eq!(envoy.ask(chat("m"), vec![good("anthropic")]).planned, 1);
    envoy.hang_up(index);
    assert_eq!(envoy.ask(chat("m"), vec![good("anthropic")]).planned, 2);
    envoy.assert_calm();
}

#[test]
fn a_call_is_refused_when_nobody_is_left() {
    let limits = r#"{ "name": "each", "concurrent": 1, "per": "provider" }"#;
    let mut envoy = limited(OA, limits);
    let first = running(&mut envoy);
    let second = running(&mut envoy);
    let exchange = envoy.ask(chat("m"), vec![]);
    assert_eq!(exchange.client.status(), 429);
    assert!(exchange.client.text().contains("of this provider"), "{}", exchange.client.text());
    envoy.hang_up(second);
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-provider"), "anthropic");
    envoy.hang_up(first);
    envoy.assert_calm();
}

#[test]
fn the_reservation_goes_with_the_attempt() {
    let limits = r#"{ "name": "each", "requests": 3, "every": "day", "per": "provider" }"#;
    let mut envoy = limited(OA, limits);
    for n in [2, 1, 0] {
        let exchange = envoy.ask(chat("m"), vec![refusal(500), good("anthropic")]);
        assert_eq!(exchange.client.header("x-sluice-provider"), "anthropic");
        assert_eq!(left(&exchange.client, "requests"), n);
    }
    // Anthropic has none left; OpenAI has all: nothing was served there.
    for n in [2, 1, 0] {
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        assert_eq!((exchange.planned, left(&exchange.client, "requests")), (1, n));
    }
    assert_eq!(envoy.ask(chat("m"), vec![]).client.status(), 429);
    envoy.assert_calm();
}
