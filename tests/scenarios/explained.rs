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
            consumer: "anonymous",
            resting: &[],
            state: &State::default(),
            chance: 0,
        };
        let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
        assert_eq!(online, offline, "{body}");
    }
    assert!(passed_over > 20 && left_out > 100, "{passed_over}, {left_out}");
}

/// What the rules of the next test ask for, in one of the clients' languages.
fn ruled(n: u32) -> (&'static str, Value) {
    let model = ["m", "w", "s", "c", "lone"][n as usize % 5];
    let tools = json!([{ "name": "f", "input_schema": {}, "type": "function",
        "function": { "name": "f" } }]);
    let padding = "word ".repeat(n as usize % 13 * 100);
    let turns = json!([{ "role": "user", "content": padding }, { "role": "user", "content": "x" }]);
    let mut body = match n % 3 {
        0 => json!({ "model": model, "messages": turns, "max_completion_tokens": n % 1000 }),
        1 => json!({ "model": model, "messages": turns, "max_tokens": n % 1000 }),
        _ => json!({ "model": model, "input": format!("{padding}x") }),
    };
    body["stream"] = json!(n.is_multiple_of(4));
    body["metadata"] = json!({ "user_id": format!("u{}", n % 17) });
    if n.is_multiple_of(5) {
        body["tools"] = match n % 3 {
            2 => json!([{ "type": "function", "name": "f", "parameters": {} }]),
            _ => tools,
        };
    }
    match n % 3 {
        0 if n.is_multiple_of(7) => body["reasoning_effort"] = json!("high"),
        2 if n.is_multiple_of(7) => body["reasoning"] = json!({ "effort": "high" }),
        _ => {}
    }
    (["/v1/chat/completions", "/v1/messages", "/v1/responses"][n as usize % 3], body)
}

const RULES: &str = r#""rules": [
    { "name": "mine", "when": { "consumers": ["mobile"], "models": ["m"] }, "targets": ["vllm/b", "openai/gpt"] },
    { "name": "team", "when": { "headers": { "x-team": "a*" }, "stream": true }, "strategy": "sticky" },
    { "name": "user", "when": { "metadata": { "user_id": "u1*" }, "models": ["w", "s"] },
        "strategy": "weighted", "by": "x-user", "targets": ["ring/r", { "target": "openai/gpt", "weight": 3 }] },
    { "name": "tools", "when": { "has": ["tools"] }, "strategy": "cheapest" },
    { "name": "think", "when": { "effort": ["high"] }, "targets": ["anthropic/claude-haiku-4-5", "openai/gpt"] },
    { "name": "long", "when": { "input_tokens": { "from": 500 }, "endpoints": ["messages", "responses"] },
        "targets": ["anthropic/claude-haiku-4-5"] },
    { "name": "short", "when": { "max_output": { "below": 500 } }, "targets": ["openai/gpt-5-mini"] },
    { "name": "here", "when": { "models": ["m", "c"] }, "require": ["us-east-1"],
        "targets": ["openai/gpt", "bedrock/amazon.nova-lite-v1:0"] } ]"#;

#[test]
fn offline_is_online_under_rules() {
    let key: String = {
        use sha2::Digest;
        sha2::Sha256::digest(CLIENT_KEY).iter().map(|b| format!("{b:02x}")).collect()
    };
    let file = format!(
        r#"{{ {PROVIDERS}, {MODELS}, {RULES}, "expose": {{ "explain": true }}, "allow_anonymous": true,
            "consumers": [{{ "name": "mobile", "key_sha256": ["{key}"] }}] }}"#
    );
    let config = config::load(file.as_bytes(), &|_| None).unwrap();
    let mut fallen = std::collections::BTreeMap::new();
    for n in 0..400_u32 {
        let mut envoy = Envoy::new(&file);
        let (path, body) = ruled(n);
        let headers = [
            ("x-user".to_owned(), format!("user-{}", n % 23).into_bytes()),
            ("x-team".to_owned(), ["apps", "web"][n as usize % 2].as_bytes().to_vec()),
        ];
        let mut asked = request(&body).with("x-sluice-explain", "1");
        let consumer = if n % 3 == 1 || n % 8 == 0 { "mobile" } else { "anonymous" };
        asked.headers.retain(|(name, _)| name != ":path");
        if consumer == "anonymous" {
            asked.headers.retain(|(name, _)| name != "authorization");
        }
        asked.headers.push((":path".to_owned(), path.into()));
        asked.headers.extend(headers.clone());
        let mut online = told(envoy.ask(asked, vec![refusal(400)]));
        online.as_object_mut().unwrap().remove("attempts");
        let text = body.to_string();
        let body = text.as_bytes();
        let question = Question {
            path,
            body,
            headers: &headers,
            consumer,
            resting: &[],
            state: &State::default(),
            chance: 0,
        };
        let offline: Value = serde_json::from_str(&explain(&config, &question).unwrap()).unwrap();
        assert_eq!(online, offline, "{path} {text}");
        let rule = online["rule"].as_str().unwrap_or("none").to_owned();
        *fallen.entry(rule).or_insert(0) += 1;
    }
    assert_eq!(fallen.len(), 9, "each of the rules, and none: {fallen:?}");
    assert!(fallen.values().all(|calls| *calls >= 5), "{fallen:?}");
    let stranger = Question {
        path: "/v1/chat/completions",
        body: b"{}",
        headers: &[],
        consumer: "nobody",
        resting: &[],
        state: &State::default(),
        chance: 0,
    };
    assert!(explain(&config, &stranger).is_err());
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
        consumer: "anonymous",
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
            consumer: "anonymous",
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
    let others = (0..7).map(long).collect::<Vec<_>>().join(",");
    let name = "m\u{e4}".repeat(40);
    let models = format!(
        r#""models": [{{ "name": "{name}", "targets": [{targets}] }}, {{ "name": "n", "targets": [{others}, {{ "target": "openai/here", "tags": ["eu-central-and-west"] }}] }}],
           "rules": [{{ "name": "eu", "when": {{ "models": ["n"] }}, "require": ["eu-central-and-west"] }}]"#
    );
    let file = format!(r#"{{ {PROVIDERS}, {models}, "expose": {{ "explain": true }} }}"#);
    let mut envoy = Envoy::new(&file);
    // Eight targets, eight attempts.
    let exchange = envoy.ask(chat(&name).with("x-sluice-explain", "1"), vec![refusal(503); 8]);
    let header = exchange.client.header("x-sluice-explain");
    assert!(header.is_ascii() && header.len() <= 4096, "{}", header.len());
    assert_eq!(told(exchange)["attempts"].as_array().unwrap().len(), 8);
    // All but one of them passed over.
    let exchange = envoy.ask(chat("n").with("x-sluice-explain", "1"), vec![refusal(400)]);
    assert!(exchange.client.header("x-sluice-explain").len() <= 2400);
    let told = told(exchange);
    let shown = told["passed_over"].as_array().unwrap().len();
    assert_eq!(shown + told["more"].as_u64().unwrap_or(0) as usize, 7, "{told}");
}
