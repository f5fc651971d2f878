//! A model that is known not to do what a call asks for is not asked, while another is.

use super::*;

/// By the list: gpt-4 has no eyes, gpt-3.5-turbo-16k no tools; `vllm/b` is not listed.
const CATALOG: &str = r#", "catalog": [{ "model": "vllm/reader", "abilities": ["tools", "pdf"] }]"#;

fn asks(more: Value) -> Request {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request(&body)
}

fn tools() -> Request {
    asks(json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }))
}

fn picture() -> Request {
    let image =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } });
    asks(json!({ "messages": [{ "role": "user", "content": [image] }] }))
}

fn models(targets: &str, request: Request) -> Vec<Value> {
    let mut envoy = super::with(targets, CATALOG);
    let exchange = envoy.ask(request, vec![good("openai")]);
    assert_eq!(exchange.client.status(), 200, "{}", exchange.client.text());
    let models = exchange.received.iter().map(|r| r.json()["model"].clone()).collect();
    envoy.assert_calm();
    models
}

#[test]
fn those_who_can_go_first_and_a_list_is_not_the_last_word() {
    let blind = r#""openai/gpt-4", "openai/gpt-5""#;
    assert_eq!(models(blind, chat("m")), ["gpt-4"]);
    assert_eq!(models(blind, picture()), ["gpt-5"]);
    let clumsy = r#""openai/gpt-3.5-turbo-16k", "vllm/b""#;
    assert_eq!(models(clumsy, tools()), ["b"], "who is not listed may do all");
    // If none can, the first is asked: its provider knows better.
    let none = r#""openai/gpt-4", "openai/gpt-4-0613""#;
    assert_eq!(models(none, picture()), ["gpt-4"]);
    assert_eq!(models(r#""openai/gpt-4""#, picture()), ["gpt-4"]);
    // The operator knows better than the list, in what the list is not asked for, too.
    let schema = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": {} } } });
    assert_eq!(models(r#""vllm/reader", "openai/gpt-4""#, asks(schema.clone())), ["gpt-4"]);
    assert_eq!(models(r#""openai/gpt-4", "vllm/b""#, asks(schema)), ["gpt-4"]);
}

#[test]
fn the_reason_is_told() {
    let more = r#", "expose": { "explain": true }"#;
    let mut envoy = super::with(r#""openai/gpt-4", "openai/gpt-5""#, more);
    let exchange = envoy.ask(picture().with("x-sluice-explain", "1"), vec![good("openai")]);
    let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
    assert_eq!(told["passed_over"][0]["why"], "its model has no vision");
    assert_eq!(told["plan"], json!(["openai/gpt-5"]));
}
