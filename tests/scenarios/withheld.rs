//! A content filter's refusal goes to the next target where that is configured, and
//! nowhere else; nobody's health suffers.

use super::*;

const ON: &str = r#", "defaults": { "retry_on": ["content_filter"] }"#;

fn said(dialect: &str) -> Script {
    let error = match dialect {
        "anthropic" => json!({ "type": "error", "error": { "type": "invalid_request_error",
            "message": "Output blocked by content filtering policy" } }),
        "azure" => json!({ "error": { "message": "filtered", "type": null, "param": "prompt",
            "code": "content_filter", "status": 400,
            "innererror": { "code": "ResponsibleAIPolicyViolation" } } }),
        _ => json!({ "error": { "message": "rejected", "type": "invalid_request_error",
            "param": null, "code": "content_policy_violation" } }),
    };
    answer(400, "application/json", error.to_string().as_bytes())
}

/// An answer that ends so, with this content.
fn ended_so(dialect: &str, content: Value) -> Script {
    let body = match dialect {
        "openai" => json!({ "id": "c", "object": "chat.completion", "model": "gpt", "created": 1,
            "choices": [{ "index": 0, "finish_reason": "content_filter",
                "message": { "role": "assistant", "content": content } }],
            "usage": { "prompt_tokens": 9, "completion_tokens": 0 } }),
        _ => json!({ "id": "m1", "type": "message", "role": "assistant", "model": "claude",
            "content": content, "stop_reason": "refusal",
            "usage": { "input_tokens": 9, "output_tokens": 0 } }),
    };
    answer(200, "application/json", body.to_string().as_bytes())
}

/// A stream that ends so after these words.
fn streamed_so(words: &[&str]) -> Script {
    let mut all = events("openai", words, 9, 0);
    let end = all.len() - 3;
    all[end] = all[end].replace("\"stop\"", "\"content_filter\"");
    assert!(all[end].contains("content_filter"));
    answer(200, "text/event-stream", all.concat().as_bytes())
}

fn clusters(exchange: &Exchange) -> Vec<&str> {
    exchange.received.iter().map(|r| r.cluster.as_str()).collect()
}

#[test]
fn the_next_target_answers() {
    for (targets, dialect) in [(OA, "openai"), (OA, "azure"), (AO, "anthropic")] {
        let mut envoy = super::healed(targets, ON);
        let next = if targets == OA { "anthropic" } else { "openai" };
        for _ in 0..8 {
            let exchange = envoy.ask(chat("m"), vec![said(dialect), good(next)]);
            assert_eq!(exchange.client.status(), 200, "{dialect}");
            assert_eq!(clusters(exchange).len(), 2, "the first is not blamed: {dialect}");
        }
        envoy.assert_calm();
    }
    for (targets, dialect, next, empty) in [
        (OA, "openai", "anthropic", Value::Null),
        (OA, "openai", "anthropic", json!("")),
        (AO, "anthropic", "openai", json!([])),
    ] {
        let mut envoy = super::with(targets, ON);
        let exchange = envoy.ask(chat("m"), vec![ended_so(dialect, empty), good(next)]);
        assert_eq!((exchange.client.status(), clusters(exchange).len()), (200, 2));
        assert_eq!(exchange.client.json()["choices"][0]["message"]["content"], "Hi there");
        assert_eq!(used(&envoy), (1, 0, 10, 5), "charged once");
        envoy.assert_calm();
    }
    let mut envoy = super::with(OA, ON);
    let exchange = envoy.ask(streamed("m"), vec![streamed_so(&[]), good_stream("anthropic")]);
    assert_eq!((content(&exchange.client), clusters(exchange).len()), ("Hi there".into(), 2));
    envoy.assert_calm();
}

#[test]
fn what_has_content_or_nobody_behind_it_stays() {
    let mut envoy = super::with(OA, ON);
    let exchange = envoy.ask(chat("m"), vec![ended_so("openai", json!("It began"))]);
    assert_eq!(exchange.client.json()["choices"][0]["finish_reason"], "content_filter");
    let exchange = envoy.ask(streamed("m"), vec![streamed_so(&["It began"])]);
    assert_eq!((content(&exchange.client), clusters(exchange).len()), ("It began".into(), 1));
    // The last one's own answer is the client's.
    let scripts = || vec![said("azure"), ended_so("anthropic", json!([]))];
    let exchange = envoy.ask(chat("m"), scripts());
    assert_eq!(exchange.client.json()["choices"][0]["finish_reason"], "content_filter");
    // Another key of the same target is nobody else.
    let mut ring = super::with(r#""ring/gpt""#, ON);
    let exchange = ring.ask(chat("m"), vec![said("azure")]);
    assert_eq!((exchange.client.status(), clusters(exchange).len()), (400, 1));
    let mut lone = super::with(O, ON);
    let exchange = lone.ask(streamed("m"), vec![streamed_so(&[])]);
    assert_eq!(exchange.client.status(), 200);
    assert!(exchange.client.text().contains("content_filter"));
    let exchange = lone.ask(chat("m"), vec![said("openai")]);
    let body = exchange.client.json();
    assert_eq!(
        (exchange.client.status(), &body["error"]["code"]),
        (400, &json!("content_policy_violation"))
    );
}

#[test]
fn nobody_moves_on_unless_told_to() {
    for more in ["", r#", "defaults": { "retry_on": ["server", "connect", "reset", "stream"] }"#] {
        let mut envoy = super::with(OA, more);
        let exchange = envoy.ask(chat("m"), vec![said("azure")]);
        let body = exchange.client.json();
        assert_eq!(
            (exchange.client.status(), &body["error"]["code"]),
            (400, &json!("content_filter"))
        );
        assert_eq!(clusters(exchange).len(), 1);
        let exchange = envoy.ask(chat("m"), vec![ended_so("openai", Value::Null)]);
        assert_eq!((exchange.client.status(), clusters(exchange).len()), (200, 1));
        let exchange = envoy.ask(streamed("m"), vec![streamed_so(&[])]);
        assert_eq!((exchange.client.status(), clusters(exchange).len()), (200, 1));
        envoy.assert_calm();
    }
}
