//! Why a call went where it went: to those who may know and ask, and the same offline.

use super::*;
use sluice::cli::explain::{Question, explain};
use sluice::config;
use sluice::route::state::State;

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
            state: &State::default(),
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
        state: &State::default(),
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

/// What a gateway shows of its state makes the same decisions elsewhere.
#[test]
fn a_dumped_state_decides_the_same() {
    const LEARNING: &str = r#""models": [
        { "name": "f", "strategy": "fastest", "targets": ["openai/gpt", "vllm/b", "ring/r"] },
        { "name": "l", "strategy": "least_busy", "targets": ["openai/gpt", "ring/r", { "target": "vllm/b", "weight": 3 }] },
        { "name": "s", "strategy": "sticky", "targets": ["ring/r", { "target": "openai/gpt", "weight": 9 }] } ]"#;
    let file = format!(
        r#"{{ {PROVIDERS}, {LEARNING}, "expose": {{ "explain": true }}, "health": {{ "failures": 2, "cooldown": "2s", "key_cooldown": "3s" }} }}"#
    );
    let config = config::load(file.as_bytes(), &|_| None).unwrap();
    let mut envoy = Envoy::new(&file);
    let (mut ordered, mut rested, mut errands, mut plans) = (0, 0, 0, Vec::new());
    for n in 0..800_usize {
        let page = envoy.ask(page("/sluice/health"), vec![]).client.json();
        let state: State = serde_json::from_value(page["routing"].clone()).unwrap();
        let model = ["f", "l", "f", "s"][n % 4];
        let body = json!({ "model": model, "stream": n % 3 > 0,
            "messages": [{ "role": "user", "content": format!("call {}", n % 37) }] });
        let text = body.to_string();
        let question = Question {
            path: "/v1/chat/completions",
            body: text.as_bytes(),
            headers: &[],
            resting: &[],
            state: &state,
            chance: envoy.vm.worker.registry.chance(),
        };
        let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
        let good = || if n % 3 > 0 { good_stream("openai") } else { good("openai") };
        let first = match n % 29 {
            1 => refusal(503),
            5 => refusal(429),
            7 if n % 2 == 0 => refusal(401),
            _ => good(),
        };
        let asked = request(&body).with("x-sluice-explain", "1");
        let index = envoy.open(asked, vec![first, good(), good(), good()]);
        envoy.run_until(index, |e| !e.received.is_empty());
        // Some stay open for a while.
        if n % 5 > 0 {
            let now = envoy.process.now.get();
            envoy.process.now.set(now + (n as u64 * 7_919 % 900) * 1_000_000);
            envoy.run(index);
            let mut online = told(&envoy.exchanges[index]);
            online.as_object_mut().unwrap().remove("attempts");
            assert_eq!(online, offline, "call {n}: {body}, {}", page["routing"]);
            ordered += online["by"].as_object().map_or(0, serde_json::Map::len);
            rested += online["passed_over"].as_array().unwrap().len();
            errands += usize::from(online["explores"].is_string());
            plans.push(online["plan"].to_string());
        }
        if n % 20 == 19 {
            for open in 0..envoy.exchanges.len() {
                if !envoy.exchanges[open].has_ended() {
                    envoy.run(open);
                }
            }
        }
    }
    plans.sort();
    plans.dedup();
    assert!(ordered > 400 && rested > 50 && errands > 3, "{ordered} {rested} {errands}");
    assert!(plans.len() > 12, "{plans:?}");
    // What may not be explained is not shown.
    let mut envoy = Envoy::new(&file.replace("\"explain\": true", "\"explain\": false"));
    assert!(envoy.ask(page("/sluice/health"), vec![]).client.json()["routing"].is_null());
}
