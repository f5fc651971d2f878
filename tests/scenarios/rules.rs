//! Rules: what a call is tells how it is tried.

use super::*;

const MODELS: &str = r#""models": [
    { "name": "m", "targets": ["openai/gpt", "anthropic/claude-haiku-4-5"] },
    { "name": "fast", "targets": ["openai/gpt", "vllm/b"] } ]"#;

fn ruled(rules: &Value) -> Envoy {
    let health = r#""health": { "enabled": false }, "expose": { "explain": true }"#;
    Envoy::new(&format!(r#"{{ {PROVIDERS}, {MODELS}, "rules": {rules}, {health} }}"#))
}

fn clusters(exchange: &Exchange) -> Vec<&str> {
    exchange.received.iter().map(|r| r.cluster.as_str()).collect()
}

#[test]
fn a_rule_changes_who_is_tried() {
    let mut envoy = ruled(&json!([
        { "name": "tools", "when": { "models": ["m"], "has": ["tools"] },
            "targets": ["vllm/b", "anthropic/claude-haiku-4-5"] },
        { "name": "batch", "when": { "headers": { "x-team": "batch-*" }, "stream": false },
            "targets": ["ring/r"], "retry_on": [] },
    ]));
    let tools = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }],
        "tools": [{ "type": "function", "function": { "name": "f" } }] });
    let asked = || request(&tools).with("x-sluice-explain", "1");
    let exchange = envoy.ask(asked(), vec![refusal(500), good("anthropic")]);
    assert_eq!(clusters(exchange), ["vllm", "anthropic"]);
    let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
    assert_eq!((&told["rule"], &told["model"]), (&json!("tools"), &json!("m")));
    // The usage is the model's, whatever the rule.
    assert_eq!(used(&envoy), (1, 0, 10, 5));
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["openai"]);
    let exchange = envoy.ask(chat("fast").with("x-team", "batch-7"), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["ring"]);
    let streamed = streamed("fast").with("x-team", "batch-7");
    let exchange = envoy.ask(streamed, vec![good_stream("openai")]);
    assert_eq!(clusters(exchange), ["openai"]);
    envoy.assert_calm();
}

#[test]
fn a_rule_changes_the_order() {
    let mut envoy = ruled(&json!([
        { "name": "canary", "when": { "models": ["m"] }, "strategy": "weighted", "by": "x-user",
            "targets": [{ "target": "openai/gpt", "weight": 0 }, { "target": "vllm/b", "weight": 1 }] },
    ]));
    for user in ["a", "b", "c"] {
        let exchange =
            envoy.ask(chat("m").with("x-user", user), vec![refusal(503), good("openai")]);
        assert_eq!(clusters(exchange), ["vllm", "openai"]);
    }
    let exchange = envoy.ask(chat("fast"), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["openai"]);
    envoy.assert_calm();
}

#[test]
fn a_rule_changes_deadlines_and_what_is_tried_again() {
    let mut envoy = ruled(&json!([
        { "name": "quick", "when": { "metadata": { "urgent": "true" } }, "timeout": "3s",
            "first_token_timeout": "2s", "total_timeout": "9s", "retry_on": ["busy"] },
    ]));
    let body = |urgent: bool, stream: bool| {
        request(&json!({ "model": "m", "stream": stream, "metadata": { "urgent": urgent },
            "messages": [{ "role": "user", "content": "x" }] }))
    };
    for (urgent, stream, per_try, total, codes) in [
        (true, false, "3000", "9000", "597,408,409,425,429"),
        (true, true, "2000", "9000", "597,408,409,425,429"),
        (false, false, "120000", "600000", "597,408,409,425,429,401,402,403,598"),
        (false, true, "30000", "600000", "597,408,409,425,429,401,402,403,598"),
    ] {
        let script = if stream { good_stream("openai") } else { good("openai") };
        let exchange = envoy.ask(body(urgent, stream), vec![script]);
        assert_eq!(exchange.client.status(), 200);
        assert_eq!(exchange.ordered("x-envoy-upstream-rq-per-try-timeout-ms"), per_try);
        assert_eq!(exchange.ordered("x-envoy-upstream-rq-timeout-ms"), total);
        assert_eq!(exchange.ordered("x-envoy-retriable-status-codes"), codes);
    }
    // 500 is none of its classes, 429 is.
    let exchange = envoy.ask(body(true, false), vec![refusal(500)]);
    assert_eq!((exchange.client.status(), clusters(exchange)), (500, vec!["openai"]));
    let exchange = envoy.ask(body(true, false), vec![refusal(429), good("anthropic")]);
    assert_eq!(clusters(exchange), ["openai", "anthropic"]);
    envoy.assert_calm();
}

#[test]
fn consumers_and_languages_have_rules_of_their_own() {
    let digest = |key: &str| {
        use sha2::Digest;
        let bytes = sha2::Sha256::digest(key.as_bytes());
        bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let consumers = json!([{ "name": "mobile", "key_sha256": [digest(CLIENT_KEY)] }]);
    let rules = json!([
        { "name": "mine", "when": { "consumers": ["mobile"], "endpoints": ["messages"] },
            "targets": ["anthropic/claude-haiku-4-5"] },
        { "name": "others", "when": { "consumers": ["anonymous"] }, "targets": ["vllm/b"] },
    ]);
    let mut envoy = Envoy::new(&format!(
        r#"{{ {PROVIDERS}, {MODELS}, "rules": {rules}, "consumers": {consumers}, "allow_anonymous": true }}"#
    ));
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["openai"]);
    let mut messages = request(&json!({ "model": "m", "max_tokens": 5,
        "messages": [{ "role": "user", "content": "x" }] }));
    messages.headers.retain(|(name, _)| name != ":path");
    let exchange = envoy.ask(messages.with(":path", "/v1/messages"), vec![good("anthropic")]);
    assert_eq!(clusters(exchange), ["anthropic"]);
    let mut stranger = chat("m");
    stranger.headers.retain(|(name, _)| name != "authorization");
    let exchange = envoy.ask(stranger, vec![good("openai")]);
    assert_eq!(clusters(exchange), ["vllm"]);
    envoy.assert_calm();
}
