//! Why a call went where it went: to those who may know and ask, and the same offline.

use super::*;
use sluice::cli::explain::{Question, explain};
use sluice::config;

const MODELS: &str = r#""models": [
    { "name": "m", "targets": ["openai/gpt", "anthropic/claude-haiku-4-5", "vllm/b"] },
    { "name": "w", "strategy": "weighted", "by": "x-user", "targets": ["openai/gpt", "ring/r", "vllm/b"] },
    { "name": "s", "strategy": "sticky", "targets": ["openai/gpt", "anthropic/claude-haiku-4-5", "vllm/b"] },
    { "name": "c", "strategy": "cheapest", "targets": ["vllm/b", "openai/gpt-5", "openai/gpt-5-mini"] },
    { "name": "lone", "targets": ["anthropic/claude-haiku-4-5"] } ],
    "preferences": { "header": true, "body": true }"#;

/// By header and by body; some leave nobody.
const ROUTES: [&str; 8] = [
    "",
    "order=vllm,anthropic",
    "only=openai,vllm; models=lone",
    "sort=price; models=c",
    "max-price=1/5; ignore=ring",
    "allow-fallbacks=false",
    "region=eu",
    "models=nobody",
];

fn file() -> String {
    format!(r#"{{ {PROVIDERS}, {MODELS}, "expose": {{ "explain": true }} }}"#)
}

fn told(exchange: &Exchange) -> Value {
    serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap()
}

#[test]
fn offline_is_online() {
    let config = config::load(file().as_bytes(), &|_| None).unwrap();
    let (mut passed_over, mut left_out) = (0, 0);
    for n in 0..400_u32 {
        let mut envoy = Envoy::new(&file());
        let model = ["m", "w", "s", "c", "lone"][n as usize % 5];
        let mut body = json!({ "model": model,
            "messages": [{ "role": "user", "content": format!("call {}", n % 37) }] });
        if n % 7 == 0 {
            body["n"] = json!(2);
        }
        if n % 11 == 0 {
            body["max_tokens"] = json!(n * 100);
        }
        if n % 4 == 3 {
            body["models"] = json!(["m", "lone"]);
            body["provider"] = json!({ "order": ["vllm"], "ignore": ["ring"], "sort": "price" });
        }
        if n % 6 == 5 {
            body["tools"] = json!([{ "type": "function", "function": { "name": "f" } }]);
        }
        let user = format!("user-{}", n % 23);
        let route = ROUTES[n as usize % 13 % 8];
        let asked = request(&body).with("x-sluice-explain", "1").with("x-user", &user);
        let asked = asked.with("x-sluice-route", route);
        let exchange = envoy.ask(asked, vec![refusal(400)]);
        let mut online = told(exchange);
        online.as_object_mut().unwrap().remove("attempts");
        passed_over += online["passed_over"].as_array().unwrap().len();
        left_out += online.to_string().matches("left out by").count();
        let text = body.to_string();
        let question = Question {
            path: "/v1/chat/completions",
            body: text.as_bytes(),
            headers: &[
                ("x-user".to_owned(), user.into_bytes()),
                ("x-sluice-route".to_owned(), route.as_bytes().to_vec()),
            ],
            resting: &[],
            chance: 0,
        };
        let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
        assert_eq!(online, offline, "{body}");
    }
    assert!(passed_over > 20 && left_out > 100, "{passed_over}, {left_out}");
}

#[test]
fn attempts_and_rests_are_told_to_whom_it_concerns() {
    let mut envoy = Envoy::new(&file());
    let ask = |envoy: &mut Envoy, scripts| {
        let request = chat("m").with("x-sluice-explain", "1");
        let exchange = envoy.ask(request, scripts);
        assert!(exchange.received.iter().all(|r| r.header("x-sluice-explain").is_empty()));
        told(exchange)
    };
    let first = ask(&mut envoy, vec![refusal(429), good("anthropic")]);
    assert_eq!(first["attempts"][0]["target"], "openai/gpt");
    assert_eq!(first["attempts"][0]["outcome"], "busy");
    assert_eq!(first["attempts"][1]["outcome"], "ok");
    assert_eq!(first["plan"].as_array().unwrap().len(), 3);
    let second = ask(&mut envoy, vec![good("anthropic")]);
    assert_eq!(second["passed_over"][0]["target"], "openai/gpt");
    assert!(second["passed_over"][0]["why"].as_str().unwrap().starts_with("rests "));
    assert_eq!(second["plan"][0], "anthropic/claude-haiku-4-5");
    // Offline, with the same one resting.
    let config = config::load(file().as_bytes(), &|_| None).unwrap();
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hello there" }] });
    let body = body.to_string();
    let resting = ["openai/gpt".to_owned()];
    let question = Question {
        path: "/v1/chat/completions",
        body: body.as_bytes(),
        headers: &[],
        resting: &resting,
        chance: 0,
    };
    let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
    assert_eq!(offline["plan"], second["plan"]);
    // A refusal explains itself, too; nobody else is told anything.
    let none = json!({ "model": "lone", "n": 2, "messages": [{ "role": "user", "content": "x" }] });
    let exchange = envoy.ask(request(&none).with("x-sluice-explain", "1"), vec![]);
    assert_eq!(exchange.client.status(), 400);
    assert_eq!(told(exchange)["refused"], "invalid_request");
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-explain"), "");
    let mut envoy = Envoy::new(&file().replace("\"explain\": true", "\"explain\": false"));
    let exchange = envoy.ask(chat("m").with("x-sluice-explain", "1"), vec![good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-explain"), "");
}
