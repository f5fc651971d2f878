//! Why a call went where it went: to those who may know and ask, and the same offline.

use super::*;
use sluice::cli::explain::{Question, explain};
use sluice::config;

const MODELS: &str = r#""models": [
    { "name": "m", "targets": ["openai/gpt", "anthropic/claude-haiku-4-5", "vllm/b"] },
    { "name": "w", "strategy": "weighted", "by": "x-user", "targets": ["openai/gpt", "ring/r", "vllm/b"] },
    { "name": "s", "strategy": "sticky", "targets": ["openai/gpt", "anthropic/claude-haiku-4-5", "vllm/b"] },
    { "name": "c", "strategy": "cheapest", "targets": ["vllm/b", "openai/gpt-5", "openai/gpt-5-mini"] },
    { "name": "lone", "targets": ["anthropic/claude-haiku-4-5"] } ]"#;

fn file() -> String {
    format!(r#"{{ {PROVIDERS}, {MODELS}, "expose": {{ "explain": true }} }}"#)
}

fn told(exchange: &Exchange) -> Value {
    serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap()
}

#[test]
fn offline_is_online() {
    let config = config::load(file().as_bytes(), &|_| None).unwrap();
    let mut passed_over = 0;
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
        let user = format!("user-{}", n % 23);
        let asked = request(&body).with("x-sluice-explain", "1").with("x-user", &user);
        let exchange = envoy.ask(asked, vec![refusal(400)]);
        let mut online = told(exchange);
        online.as_object_mut().unwrap().remove("attempts");
        passed_over += online["passed_over"].as_array().unwrap().len();
        let text = body.to_string();
        let question = Question {
            path: "/v1/chat/completions",
            body: text.as_bytes(),
            headers: &[("x-user".to_owned(), user.into_bytes())],
            resting: &[],
            chance: 0,
        };
        let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
        assert_eq!(online, offline, "{body}");
    }
    assert!(passed_over > 20, "{passed_over}");
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

#[test]
fn attempts_tell_status_and_times_and_plans_an_estimate() {
    let mut envoy = Envoy::new(&file());
    let asked = chat("m").with("x-sluice-explain", "1");
    let told = told(envoy.ask(asked, vec![refusal(503), [Act::Reset].into(), good("openai")]));
    let attempts = told["attempts"].as_array().unwrap();
    let of = |name: &str| attempts.iter().map(|a| a[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("outcome"), ["provider_fault", "unreachable", "ok"]);
    assert_eq!(of("status"), [json!(503), Value::Null, json!(200)]);
    // Each begins when the one before it has ended.
    let (at, took) = (of("at_ms"), of("ms"));
    for n in 1..3 {
        let ended = at[n - 1].as_u64().unwrap() + took[n - 1].as_u64().unwrap();
        assert!(at[n].as_u64().unwrap() >= ended, "{told}");
    }
    // 1,000 tokens of output at 5 dollars a million, and a little input; nobody knows
    // what the others cost.
    let estimates = told["estimate_usd"].as_array().unwrap();
    assert_eq!((estimates.len(), &estimates[0], &estimates[2]), (3, &Value::Null, &Value::Null));
    let claude = estimates[1].as_f64().unwrap();
    assert!((0.005..0.0051).contains(&claude), "{claude}");
}

#[test]
fn an_explanation_is_bounded_and_says_what_it_leaves_out() {
    let long = |n: usize| format!("\"openai/{n}{}\"", "x".repeat(120));
    let targets = (0..8).map(long).collect::<Vec<_>>().join(",");
    let name = "m\u{e4}".repeat(40);
    let models = format!(
        r#""models": [{{ "name": "{name}", "targets": [{targets}] }}, {{ "name": "n", "targets": [{targets}] }}],
           "rules": [{{ "name": "eu", "when": {{ "models": ["n"] }}, "require": ["eu-central-and-west"] }}]"#
    );
    let file = format!(r#"{{ {PROVIDERS}, {models}, "expose": {{ "explain": true }} }}"#);
    let mut envoy = Envoy::new(&file);
    // Eight targets, eight attempts.
    let exchange = envoy.ask(chat(&name).with("x-sluice-explain", "1"), vec![refusal(503); 8]);
    let header = exchange.client.header("x-sluice-explain");
    assert!(header.is_ascii() && header.len() <= 4096, "{}", header.len());
    assert_eq!(told(exchange)["attempts"].as_array().unwrap().len(), 8);
    // All of them passed over.
    let exchange = envoy.ask(chat("n").with("x-sluice-explain", "1"), vec![]);
    assert!(exchange.client.header("x-sluice-explain").len() <= 2048);
    let told = told(exchange);
    let shown = told["passed_over"].as_array().unwrap().len();
    assert_eq!(shown + told["more"].as_u64().unwrap_or(0) as usize, 8, "{told}");
}
