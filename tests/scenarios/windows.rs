//! A prompt that is too long for one target goes to a larger window, and nowhere else.

use super::*;

const CATALOG: &str = r#", "catalog": [
    { "model": "openai/small", "context": 8000 }, { "model": "openai/mid", "context": 100000 },
    { "model": "vllm/large", "context": 1000000 }, { "model": "anthropic/claude-haiku-4-5", "context": 200000 } ]"#;

fn too_long(dialect: &str, status: u16) -> Script {
    let error = match dialect {
        "anthropic" => json!({ "type": "error", "error": { "type": "invalid_request_error",
            "message": "prompt is too long: 210000 tokens > 200000 maximum" } }),
        "vllm" => json!({ "object": "error", "type": "BadRequestError", "code": 400,
            "message": "This model's maximum context length is 8000 tokens. However, .." }),
        _ => json!({ "error": { "message": "too long", "type": "invalid_request_error",
            "param": "messages", "code": "context_length_exceeded" } }),
    };
    answer(status, "application/json", error.to_string().as_bytes())
}

fn clusters(exchange: &Exchange) -> Vec<&str> {
    exchange.received.iter().map(|r| r.cluster.as_str()).collect()
}

#[test]
fn a_larger_window_is_next_whatever_the_order() {
    for classes in ["", r#", "defaults": { "retry_on": ["connect"] }"#] {
        let more = format!("{CATALOG}{classes}");
        let mut envoy = with(r#""openai/small", "openai/small", "vllm/large""#, &more);
        let scripts = vec![too_long("openai", 400), good("openai")];
        let exchange = envoy.ask(chat("m"), scripts);
        assert_eq!((exchange.client.status(), clusters(exchange)), (200, vec!["openai", "vllm"]));
        envoy.assert_calm();
    }
    // Each dialect's own words, and an error that comes first in a stream.
    for (targets, dialect) in [
        (r#""anthropic/claude-haiku-4-5", "vllm/large""#, "anthropic"),
        (r#""openai/mid", "vllm/large""#, "vllm"),
    ] {
        let mut envoy = with(targets, CATALOG);
        let exchange =
            envoy.ask(streamed("m"), vec![too_long(dialect, 400), good_stream("openai")]);
        assert_eq!(clusters(exchange)[1], "vllm", "{dialect}");
        assert_eq!(content(&exchange.client), "Hi there");
        envoy.assert_calm();
    }
}

#[test]
fn a_target_that_surely_overflows_is_not_tried() {
    // 8,000 tokens: 90,000 bytes of text are more, whatever the tokenizer.
    let text = "word ".repeat(18_000);
    let long = |content: Value| {
        request(&json!({ "model": "m",
        "messages": [{ "role": "user", "content": content }] }))
    };
    let mut envoy = with(r#""openai/small", "vllm/large""#, CATALOG);
    let exchange = envoy.ask(long(json!(text)), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["vllm"]);
    // A picture of as many bytes is not.
    let url = format!("data:image/png;base64,{}", "A".repeat(90_000));
    let picture = json!([{ "type": "image_url", "image_url": { "url": url } }]);
    let exchange = envoy.ask(long(picture), vec![good("openai")]);
    assert_eq!(clusters(exchange), ["openai"]);
    // Where no window is known to be large enough, the largest is asked.
    let mut envoy = with(r#""openai/small", "openai/mid""#, CATALOG);
    let exchange = envoy.ask(long(json!("word ".repeat(200_000))), vec![too_long("openai", 400)]);
    assert_eq!(exchange.received[0].json()["model"], "mid");
    assert_eq!(error(&exchange.client).2, "context_length_exceeded");
    envoy.assert_calm();
}

#[test]
fn where_none_is_larger_the_client_hears_it_at_once() {
    for targets in [
        r#""vllm/large", "openai/small", "anthropic/claude-haiku-4-5""#,
        // Nothing is known of the next one's window.
        r#""openai/mid", "vllm/unheard-of""#,
        r#""openai/unheard-of", "vllm/large""#,
    ] {
        let mut envoy = with(targets, CATALOG);
        let exchange = envoy.ask(chat("m"), vec![too_long("openai", 400)]);
        assert_eq!(exchange.received.len(), 1, "{targets}");
        let (status, _, code) = error(&exchange.client);
        assert_eq!((status, code.as_str()), (400, "context_length_exceeded"));
        envoy.assert_calm();
    }
    // Not even a larger one can serve: its refusal is the answer.
    let mut envoy = with(r#""openai/small", "vllm/large""#, CATALOG);
    let exchange = envoy.ask(chat("m"), vec![too_long("openai", 400), too_long("vllm", 400)]);
    assert_eq!((exchange.received.len(), exchange.client.status()), (2, 400));
    assert_eq!(error(&exchange.client).2, "context_length_exceeded");
    envoy.assert_calm();
}
