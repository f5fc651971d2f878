//! What a client is told, in its own language.

use super::*;

/// A request of each language, and where its refusal has its words.
fn languages() -> Vec<(&'static str, Request, fn(&Value) -> [String; 2])> {
    let messages = json!([{ "role": "user", "content": "hello" }]);
    let at = |path: &str, body: Value| {
        let mut asked = request(&body);
        asked.headers.retain(|(name, _)| name != ":path");
        asked.with(":path", path)
    };
    vec![
        ("openai", chat("m"), |v| strings(v, &["/error/type", "/error/code"])),
        ("responses", at("/v1/responses", json!({ "model": "m", "input": "hello" })), |v| {
            strings(v, &["/error/type", "/error/code"])
        }),
        (
            "anthropic",
            at("/v1/messages", json!({ "model": "m", "max_tokens": 9, "messages": messages })),
            |v| strings(v, &["/type", "/error/type"]),
        ),
        (
            "gemini",
            at(
                "/v1beta/models/m:generateContent",
                json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }] }),
            ),
            |v| strings(v, &["/error/status", "/error/code"]),
        ),
        (
            "bedrock",
            at(
                "/model/m/converse",
                json!({ "messages": [{ "role": "user", "content": [{ "text": "hello" }] }] }),
            ),
            |v| strings(v, &["/__type", "/none"]),
        ),
        ("cohere", at("/v2/chat", json!({ "model": "m", "messages": messages })), |v| {
            strings(v, &["/none", "/none"])
        }),
    ]
}

fn strings(v: &Value, at: &[&str; 2]) -> [String; 2] {
    at.map(|at| match v.pointer(at) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    })
}

#[test]
fn a_refusal_speaks_the_clients_language() {
    for (name, asked, read) in languages() {
        let providers = r#""providers": {
            "openai": { "kind": "openai", "keys": [{ "value": "k" }] },
            "bedrock": { "kind": "bedrock", "region": "us-east-1", "keys": [{ "value": "k" }] },
            "cohere": { "kind": "cohere", "keys": [{ "value": "k" }] } }"#;
        let mut envoy = Envoy::new(&format!(
            r#"{{ {providers}, "health": {{ "enabled": false }}, "models":
                [{{ "name": "m", "targets": ["openai/gpt", "bedrock/x", "cohere/x"] }}],
                "limits": [{{ "name": "calls", "requests": 1, "every": "minute" }}] }}"#
        ));
        assert!(served(&mut envoy));
        envoy.advance(1_500);
        let exchange = envoy.ask(asked, vec![]);
        let client = &exchange.client;
        assert_eq!(client.status(), 429, "{name}: {}", client.text());
        let words: &[&str; 2] = match name {
            "openai" | "responses" => &["requests", "rate_limit_exceeded"],
            "anthropic" => &["error", "rate_limit_error"],
            "gemini" => &["RESOURCE_EXHAUSTED", "429"],
            "bedrock" => &["ThrottlingException", ""],
            _ => &["", ""],
        };
        assert_eq!(&read(&client.json()), words, "{name}: {}", client.text());
        let message = "the limit `calls` of all calls is reached: 1 requests per minute allowed, \
                       1 requests used or reserved, 1 requests needed; try again in 59 s";
        assert!(client.text().contains(message), "{name}: {}", client.text());
        assert_eq!(client.header("retry-after"), "59", "{name}");
        assert_eq!(client.header("retry-after-ms"), "58500", "{name}");
        // And it is so.
        envoy.advance(58_499);
        assert!(!served(&mut envoy));
        envoy.advance(1);
        assert!(served(&mut envoy));
        envoy.assert_calm();
    }
}

#[test]
fn what_never_fits_is_not_to_be_tried_again() {
    let mut envoy = limited(O, r#"{ "name": "tokens", "tokens": 100, "every": "hour" }"#);
    let exchange = envoy.ask(chat("m"), vec![]);
    let client = &exchange.client;
    assert_eq!(error(client), (429, "tokens".into(), "rate_limit_exceeded".into()));
    assert!(client.text().contains("this request alone needs"), "{}", client.text());
    assert_eq!((client.header("retry-after"), client.header("x-should-retry")), ("", "false"));
}

#[test]
fn messages_clients_have_anthropics_headers() {
    let limits = r#"{ "name": "calls", "requests": 10, "every": "minute" },
        { "name": "in", "input_tokens": 5000, "every": "minute" },
        { "name": "out", "output_tokens": 3000, "every": "day" },
        { "name": "all", "tokens": 90000, "every": "day" },
        { "name": "wide", "tokens": 99000, "every": "day" }"#;
    let mut envoy = limited(A, limits);
    let body = json!({ "model": "m", "max_tokens": 100,
        "messages": [{ "role": "user", "content": "hello" }] });
    let mut asked = request(&body);
    asked.headers.retain(|(name, _)| name != ":path");
    let mut script = good("anthropic");
    if let Some(Act::Headers(_, headers, _)) = script.front_mut() {
        headers.push(("anthropic-ratelimit-requests-limit".into(), "4000".into()));
        headers.push(("anthropic-ratelimit-tokens-reset".into(), "x".into()));
        headers.push(("anthropic-priority-input-tokens-limit".into(), "7".into()));
    }
    let exchange = envoy.ask(asked.with(":path", "/v1/messages"), vec![script]);
    let client = &exchange.client;
    let told = |name: &str| client.header(&format!("anthropic-ratelimit-{name}")).to_owned();
    assert_eq!([told("requests-limit"), told("requests-remaining")], ["10", "9"]);
    assert_eq!(told("input-tokens-limit"), "5000");
    assert_eq!([told("output-tokens-limit"), told("output-tokens-remaining")], ["3000", "2900"]);
    assert_eq!(told("tokens-limit"), "90000", "the tightest");
    // 2023-11-14T22:13:20Z and a tenth of a minute; the day ends at midnight.
    assert_eq!(told("requests-reset"), "2023-11-14T22:13:26Z");
    assert_eq!(told("output-tokens-reset"), "2023-11-15T00:00:00Z");
    assert_eq!(client.header("x-ratelimit-limit-requests"), "");
    let all = client.headers.iter().filter(|(n, _)| n == "anthropic-ratelimit-requests-limit");
    assert_eq!(all.count(), 1, "the provider's own is of our key");
    assert_eq!(client.header("anthropic-priority-input-tokens-limit"), "7");
}

#[test]
fn the_providers_own_headers_stay_where_we_have_none() {
    let script = || {
        let mut script = good("openai");
        if let Some(Act::Headers(_, headers, _)) = script.front_mut() {
            headers.push(("x-ratelimit-limit-requests".into(), "4000".into()));
        }
        script
    };
    let slots = limited(O, CONCURRENT)
        .ask(chat("m"), vec![script()])
        .client
        .header("x-ratelimit-limit-requests")
        .to_owned();
    assert_eq!(slots, "4000");
    let hidden = format!(r#", "limits": [{REQUESTS}], "expose": {{ "limits": false }}"#);
    let mut envoy = with(O, &hidden);
    let exchange = envoy.ask(chat("m"), vec![script()]);
    assert_eq!(exchange.client.header("x-ratelimit-remaining-requests"), "");
}

#[test]
fn remaining_is_what_the_sum_leaves() {
    let limits = r#"{ "name": "tokens", "tokens": 100000, "every": "month" },
        { "name": "calls", "requests": 1000, "every": "month" }"#;
    let mut envoy = limited(O, limits);
    let (mut used, mut requests) = (0, 0);
    let own = 100_000 - left(&envoy.ask(chat("m"), vec![good("openai")]).client, "tokens");
    used += 15;
    requests += 1;
    for n in 1..40_u64 {
        let body = whole("openai", "x", 37 * n % 101, 11 * n % 29);
        let script = answer(200, "application/json", &body);
        let client = &envoy.ask(chat("m"), vec![script]).client;
        requests += 1;
        assert_eq!(left(client, "tokens"), 100_000 - used - own, "{n}");
        assert_eq!(left(client, "requests"), 1000 - requests);
        used += 37 * n % 101 + 11 * n % 29;
    }
    // And what runs counts as it was reserved.
    let index = running(&mut envoy);
    let client = &envoy.ask(chat("m"), vec![good("openai")]).client;
    assert_eq!(left(client, "tokens"), 100_000 - used - 2 * own);
    envoy.hang_up(index);
}
