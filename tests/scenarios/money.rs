//! Money beyond the list: what providers say themselves, models without a price, what a
//! stream says at its end, and which prices made a cost.

use super::*;
use sluice::catalog::VERSION;

const SHOWN: &str = r#", "expose": { "cost": true }"#;

/// A whole answer of OpenAI's dialect with this usage.
fn using(usage: &str) -> Script {
    let body = String::from_utf8(whole("openai", "Hi there", 10, 5)).unwrap();
    let own = r#"{"completion_tokens":5,"prompt_tokens":10}"#;
    assert!(body.contains(own), "{body}");
    answer(200, "application/json", body.replace(own, usage).as_bytes())
}

/// The same as a stream that tells it last.
fn stream_using(usage: &str) -> Script {
    let own = r#"{"completion_tokens":5,"prompt_tokens":10}"#;
    let all = events("openai", &["Hi", " there"], 10, 5).concat();
    assert!(all.contains(own), "{all}");
    answer(200, "text/event-stream", all.replace(own, usage).as_bytes())
}

fn record(exchange: &Exchange) -> (Value, Value, Value) {
    let record = exchange.record().unwrap();
    let field = |name: &str| record[name].clone();
    (field("cost_usd"), field("price_version"), field("unpriced"))
}

fn body(exchange: &Exchange) -> String {
    String::from_utf8(exchange.client.body.clone()).unwrap()
}

const TOLD: &str = r#"{"prompt_tokens":10,"completion_tokens":5,"cost":1.23e-3}"#;

#[test]
fn what_the_provider_says_goes_before_every_price() {
    // Unlisted, and with a price of the operator's: no matter.
    let priced =
        format!(r#"{SHOWN}, "catalog": [{{ "model": "openai/gpt", "input": 9, "output": 9 }}]"#);
    for more in [SHOWN, &priced] {
        let mut envoy = with(O, more);
        let exchange = envoy.ask(chat("m"), vec![using(TOLD)]);
        assert_eq!(exchange.client.header("x-sluice-cost-usd"), "0.00123");
        assert_eq!(record(exchange), (json!(0.00123), json!("provider"), Value::Null));
        let exchange = envoy.ask(streamed("m"), vec![stream_using(TOLD)]);
        assert_eq!(record(exchange), (json!(0.00123), json!("provider"), Value::Null));
        assert!(body(exchange).ends_with("[DONE]\n\n: x-sluice-cost-usd 0.00123\n\n"));
        assert_eq!(envoy.process.counted("sluice.cost_nanodollars"), 2_460_000);
        assert_eq!(envoy.process.counted("sluice.unpriced_calls"), 0);
    }
}

#[test]
fn it_is_heard_through_translators() {
    let messages =
        json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
    let asked = json!({ "model": "m", "input": "hi" });
    for (path, asked) in [("/v1/messages", messages), ("/v1/responses", asked)] {
        for stream in [false, true] {
            let mut asked = asked.clone();
            asked["stream"] = json!(stream);
            let script = if stream { stream_using(TOLD) } else { using(TOLD) };
            let mut envoy = with(r#""vllm/gpt""#, SHOWN);
            let exchange = envoy.ask(request(&asked).with(":path", path), vec![script]);
            assert_eq!(exchange.client.status(), 200, "{path}");
            assert_eq!(record(exchange).0, json!(0.00123), "{path} {stream}");
            let says = body(exchange).ends_with("\n\n: x-sluice-cost-usd 0.00123\n\n");
            assert_eq!(says, stream, "{path}");
        }
    }
}

#[test]
fn a_cost_that_cannot_be_is_not_believed() {
    for cost in ["-1", "1e9", "\"5\"", "null", "{}"] {
        let usage = format!(r#"{{"prompt_tokens":10,"completion_tokens":5,"cost":{cost}}}"#);
        let mut envoy = with(r#""openai/gpt-5""#, "");
        let exchange = envoy.ask(chat("m"), vec![using(&usage)]);
        assert_eq!(record(exchange), (json!(0.0000625), json!(VERSION), Value::Null), "{cost}");
    }
}

#[test]
fn a_stream_says_its_cost_after_its_last_event() {
    for size in [0, 1, 7] {
        let script = good_stream("anthropic");
        let script = if size > 0 { in_pieces(script, size) } else { script };
        let mut envoy = with(A, SHOWN);
        let messages = json!([{ "role": "user", "content": "hi" }]);
        let asked = json!({ "model": "m", "max_tokens": 9, "stream": true, "messages": messages });
        let exchange = envoy.ask(request(&asked).with(":path", "/v1/messages"), vec![script]);
        let all = events("anthropic", &["Hi", " there"], 10, 5).concat();
        assert_eq!(body(exchange), format!("{all}: x-sluice-cost-usd 0.000035\n\n"));
    }
    // Nobody asked for it: byte for byte.
    let mut envoy = gateway(r#""openai/gpt-5""#);
    let mut asked = serde_json::from_slice::<Value>(&streamed("m").body.concat()).unwrap();
    asked["stream_options"] = json!({ "include_usage": true });
    let exchange = envoy.ask(request(&asked), vec![good_stream("openai")]);
    assert_eq!(body(exchange), events("openai", &["Hi", " there"], 10, 5).concat());
}

#[test]
fn a_stream_says_nothing_where_its_cost_is_not_known() {
    let unfinished = ended(&begun("anthropic", &["Hi"]));
    let estimated =
        r#", "expose": { "cost": true }, "unpriced": { "estimate": { "input": 1, "output": 1 } }"#;
    for (target, more, script) in [
        (O, SHOWN, good_stream("openai")),
        (O, estimated, good_stream("openai")),
        (A, SHOWN, unfinished),
        (r#""openai/gpt-5""#, SHOWN, stream_using("null")),
    ] {
        let mut envoy = with(target, more);
        let exchange = envoy.ask(streamed("m"), vec![script]);
        assert!(!body(exchange).contains("x-sluice-cost"), "{target} {more}");
    }
    // Google's clients take every line for JSON.
    let mut envoy = with(A, SHOWN);
    let contents = json!({ "contents": [{ "parts": [{ "text": "hi" }] }] });
    let path = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let asked = request(&contents).with(":path", path);
    let exchange = envoy.ask(asked, vec![good_stream("anthropic")]);
    assert_eq!(record(exchange).0, json!(0.000035));
    assert!(body(exchange).lines().all(|l| l.is_empty() || l.starts_with("data: ")));
}

#[test]
fn a_record_says_which_prices_made_its_cost() {
    let own = r#", "catalog": [{ "model": "openai/gpt-5", "input": 1, "output": 1 }, { "model": "openai/mine", "like": "openai/gpt-5" }, { "model": "openai/gpt-5-*", "context": 9999999 }]"#;
    let version = |target: &str, more: &str| {
        let mut envoy = with(target, more);
        record(envoy.ask(chat("m"), vec![good("openai")])).1
    };
    let text = |v: Value| v.as_str().unwrap().to_owned();
    assert_eq!(version(r#""openai/gpt-5""#, ""), json!(VERSION));
    assert_eq!(version(r#""openai/gpt-5-mini""#, own), json!(VERSION), "the list's price");
    let first = text(version(r#""openai/gpt-5""#, own));
    assert!(first.starts_with(&format!("{VERSION}+")) && first.len() == VERSION.len() + 9);
    assert_eq!(text(version(r#""openai/mine""#, own)), first);
    let dearer = own.replace(r#""output": 1"#, r#""output": 2"#);
    assert_ne!(text(version(r#""openai/gpt-5""#, &dearer)), first);
    assert_eq!(version(O, ""), Value::Null, "unpriced");
}

#[test]
fn what_has_no_price_is_not_tried_where_that_is_denied() {
    let deny = r#", "unpriced": "deny", "expose": { "explain": true }"#;
    let mut envoy = with(OA, deny);
    let asked = chat("m").with("x-sluice-explain", "1");
    let exchange = envoy.ask(asked, vec![good("anthropic")]);
    assert_eq!(exchange.received.len(), 1);
    assert_eq!(exchange.received[0].header(":path"), "/v1/messages");
    let why = exchange.client.header("x-sluice-explain");
    assert!(why.contains("no price is known"), "{why}");
    let mut envoy = with(O, deny);
    let exchange = envoy.ask(chat("m"), vec![]);
    assert!(exchange.received.is_empty());
    let (status, type_, _) = error(&exchange.client);
    assert_eq!((status, type_.as_str()), (400, "invalid_request_error"));
    assert!(exchange.client.text().contains("under `catalog`"), "{}", exchange.client.text());
    // 0 is a price.
    let free =
        format!(r#"{deny}, "catalog": [{{ "model": "openai/gpt", "input": 0, "output": 0 }}]"#);
    let mut envoy = with(O, &free);
    assert_eq!(record(envoy.ask(chat("m"), vec![good("openai")])).0, json!(0));
    // One for input alone is none for a chat.
    let half = format!(r#"{deny}, "catalog": [{{ "model": "openai/gpt", "input": 1 }}]"#);
    assert_eq!(with(O, &half).ask(chat("m"), vec![]).client.status(), 400);
}

#[test]
fn what_has_no_price_may_be_charged_by_an_estimate() {
    let more =
        r#", "expose": { "cost": true }, "unpriced": { "estimate": { "input": 2, "output": 10 } }"#;
    let mut envoy = with(O, more);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "", "nobody is told a guess");
    assert_eq!(record(exchange), (json!(0.00007), json!("estimate"), Value::Null));
    assert_eq!(envoy.process.counted("sluice.cost_nanodollars"), 70_000);
    assert_eq!(envoy.process.counted("sluice.unpriced_calls"), 0);
    let mut envoy = with(A, more);
    let listed = record(envoy.ask(chat("m"), vec![good("anthropic")]));
    assert_eq!(listed, (json!(0.000035), json!(VERSION), Value::Null));
    let free =
        format!(r#"{more}, "catalog": [{{ "model": "openai/gpt", "input": 0, "output": 0 }}]"#);
    let mut envoy = with(O, &free);
    assert_eq!(record(envoy.ask(chat("m"), vec![good("openai")])).0, json!(0));
}
