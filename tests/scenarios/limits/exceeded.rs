//! What becomes of a call that does not fit: warned, sent to another model, or only noted.

use super::*;

fn decisions(envoy: &Envoy, decision: &str) -> u64 {
    let name = format!("sluice.limit_decisions;limit=calls;decision={decision}");
    envoy.process.counted(&name)
}

#[test]
fn a_warning_lets_the_call_run_and_says_so() {
    let limits = r#"{ "name": "calls", "requests": 1, "every": "day", "on_exceeded": "warn" }"#;
    let mut envoy = limited(O, limits);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-warning"), "");
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.status(), 200);
    assert_eq!(exchange.client.header("x-sluice-warning"), "limit calls exceeded");
    assert_eq!(exchange.record().unwrap()["limits"], "calls: warned");
    assert_eq!((decisions(&envoy, "warned"), decisions(&envoy, "refused")), (1, 0));
}

#[test]
fn a_shadow_only_counts() {
    let limits = r#"{ "name": "calls", "requests": 1, "every": "day", "shadow": true }"#;
    let mut envoy = limited(O, limits);
    for n in 0..3 {
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        assert_eq!(exchange.client.status(), 200);
        let names: Vec<_> = exchange.client.headers.iter().map(|(n, _)| n.as_str()).collect();
        assert!(!names.iter().any(|n| n.contains("ratelimit") || n.contains("warning")));
        let noted = if n > 0 { json!("calls: shadowed") } else { Value::Null };
        assert_eq!(exchange.record().unwrap()["limits"], noted);
    }
    assert_eq!(decisions(&envoy, "shadowed"), 2);
}

fn two_models(limits: &str, more: &str) -> Envoy {
    Envoy::new(&format!(
        r#"{{ {PROVIDERS}, "health": {{ "enabled": false }}, "models": [
            {{ "name": "m", "targets": ["openai/gpt"] }},
            {{ "name": "cheap", "targets": ["anthropic/claude-haiku-4-5"] }}],
            "limits": [{limits}] {more} }}"#
    ))
}

const ROUTES: &str = r#"{ "name": "calls", "requests": 1, "every": "day",
    "on_exceeded": { "route_to": "cheap" } }"#;

#[test]
fn another_model_answers() {
    let mut envoy = two_models(ROUTES, r#", "expose": { "explain": true }"#);
    assert!(served(&mut envoy));
    for _ in 0..2 {
        let asked = chat("m").with("x-sluice-explain", "1");
        let exchange = envoy.ask(asked, vec![good("anthropic")]);
        assert_eq!(exchange.client.status(), 200, "{}", exchange.client.text());
        let warning = exchange.client.header("x-sluice-warning");
        assert_eq!(warning, "limit calls exceeded; answered by cheap");
        assert_eq!(exchange.client.header("x-sluice-provider"), "anthropic");
        let explained: Value =
            serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
        assert_eq!(explained["routed_by_limit"], "calls");
        assert_eq!(explained["routed_to"], "cheap");
        assert_eq!(exchange.record().unwrap()["limits"], "calls: routed");
    }
    assert_eq!(decisions(&envoy, "routed"), 2);
    // Whoever asks for it at once is not held back by the limit that leads there.
    assert_eq!(envoy.ask(chat("cheap"), vec![good("anthropic")]).client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn the_other_models_own_limits_hold() {
    let own =
        r#"{ "name": "own", "requests": 1, "every": "day", "when": { "models": ["cheap"] } }"#;
    let mut envoy = two_models(&format!("{ROUTES}, {own}"), "");
    assert!(served(&mut envoy));
    assert_eq!(envoy.ask(chat("m"), vec![good("anthropic")]).client.status(), 200);
    let exchange = envoy.ask(chat("m"), vec![]);
    assert_eq!(exchange.client.status(), 429);
    assert!(exchange.client.text().contains("`own`"), "{}", exchange.client.text());
    envoy.assert_calm();
}

#[test]
fn whoever_may_not_use_the_other_model_is_refused() {
    let consumers = r#", "consumers": [{ "name": "ann", "models": ["m"], "key_sha256":
        ["9dc3b87ec4ac1d2cf2c7b0f5ba91c03d54b2ec5cd1fa6e4bb7e0f2f0ab4bb6d0"] }],
        "allow_anonymous": false"#;
    let digest = {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(CLIENT_KEY.as_bytes());
        digest.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let consumers = consumers
        .replace("9dc3b87ec4ac1d2cf2c7b0f5ba91c03d54b2ec5cd1fa6e4bb7e0f2f0ab4bb6d0", &digest);
    let mut envoy = two_models(ROUTES, &consumers);
    assert!(served(&mut envoy));
    let exchange = envoy.ask(chat("m"), vec![]);
    assert_eq!(exchange.client.status(), 429);
    assert!(exchange.client.text().contains("`calls`"));
    assert_eq!((decisions(&envoy, "refused"), decisions(&envoy, "routed")), (1, 0));
}

#[test]
fn a_call_is_not_sent_on_twice() {
    let back = r#"{ "name": "back", "requests": 1, "every": "day", "when": { "models": ["cheap"] },
        "on_exceeded": { "route_to": "third" } }"#;
    let mut envoy = Envoy::new(&format!(
        r#"{{ {PROVIDERS}, "health": {{ "enabled": false }}, "models": [
            {{ "name": "m", "targets": ["openai/gpt"] }},
            {{ "name": "third", "targets": ["openai/gpt"] }},
            {{ "name": "cheap", "targets": ["anthropic/claude-haiku-4-5"] }}],
            "limits": [{ROUTES}, {back}] }}"#
    ));
    assert!(served(&mut envoy));
    assert_eq!(envoy.ask(chat("m"), vec![good("anthropic")]).client.status(), 200);
    let exchange = envoy.ask(chat("m"), vec![]);
    assert_eq!(exchange.client.status(), 429);
    assert!(exchange.client.text().contains("`back`"), "{}", exchange.client.text());
}
