//! What clients say of who serves them: heard where it is on and they may, and nowhere
//! else; never a provider that was excluded.

use super::*;
use sha2::{Digest, Sha256};

const MODELS: &str = r#""models": [
    { "name": "m", "targets": ["openai/gpt-5", "anthropic/claude-haiku-4-5", { "target": "vllm/b", "tags": ["zdr", "fp8", "eu-west-1"] }] },
    { "name": "spare", "targets": ["ring/gpt-5-mini", "vllm/c"] },
    { "name": "hers", "targets": ["vllm/d"] },
    { "name": "any-*", "targets": ["vllm/*"] } ],
    "catalog": [{ "model": "vllm/*", "input": 0.1, "output": 0.2 }]"#;

const ON: &str = r#""preferences": { "header": true, "body": true }"#;

fn gateway(more: &str) -> Envoy {
    Envoy::new(&format!(
        r#"{{ {PROVIDERS}, {MODELS}, "health": {{ "enabled": false }}, "expose": {{ "explain": true }}, {more} }}"#
    ))
}

/// A chat with more members.
fn with(model: &str, more: Value) -> Request {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    let object = body.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    request(&body)
}

/// The plan, and what the client was told.
fn planned(envoy: &mut Envoy, request: Request) -> Vec<String> {
    let exchange = envoy.ask(request.with("x-sluice-explain", "1"), vec![refusal(400)]);
    assert_eq!(exchange.client.status(), 400, "the provider's own refusal");
    let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
    let plan: Vec<_> = told["plan"].as_array().unwrap().iter().map(|t| t.to_string()).collect();
    let plan: Vec<_> = plan.iter().map(|t| t.trim_matches('"').to_owned()).collect();
    assert!(!plan.is_empty(), "{told}");
    assert!(plan.len() <= 8, "{told}");
    plan
}

fn by_header(text: &str) -> Vec<String> {
    planned(&mut gateway(ON), chat("m").with("x-sluice-route", text))
}

fn by_body(more: Value) -> Vec<String> {
    planned(&mut gateway(ON), with("m", more))
}

const ALL: [&str; 3] = ["openai/gpt-5", "anthropic/claude-haiku-4-5", "vllm/b"];

#[test]
fn each_preference_does_what_it_says() {
    assert_eq!(by_header(""), ALL);
    assert_eq!(by_header("order=vllm, anthropic"), ["vllm/b", ALL[1], ALL[0]]);
    assert_eq!(by_header("order=VLLM/b; allow-fallbacks=false"), ["vllm/b"]);
    assert_eq!(by_header("allow-fallbacks=false"), [ALL[0]]);
    assert_eq!(by_header("only=vllm,openai"), [ALL[0], "vllm/b"]);
    assert_eq!(by_header("ignore=openai/gpt-5"), [ALL[1], "vllm/b"]);
    assert_eq!(by_header("ignore=nobody"), ALL);
    assert_eq!(by_header("region=eu"), ["vllm/b"]);
    assert_eq!(by_header("zdr=true;tags=fp8"), ["vllm/b"]);
    assert_eq!(by_header("sort=price"), ["vllm/b", ALL[1], ALL[0]]);
    assert_eq!(by_header("sort=price;order=openai"), [ALL[0], "vllm/b", ALL[1]]);
    assert_eq!(by_header("max-price=1.25/10"), ALL);
    assert_eq!(by_header("max-price=1/9"), [ALL[1], "vllm/b"]);
    assert_eq!(by_body(json!({ "provider": { "order": ["vllm"] } })), ["vllm/b", ALL[0], ALL[1]]);
    assert_eq!(by_body(json!({ "provider": { "data_collection": "deny" } })), ["vllm/b"]);
    assert_eq!(by_body(json!({ "provider": { "quantizations": ["fp8", "int4"] } })), ["vllm/b"]);
    assert_eq!(by_body(json!({ "provider": { "max_price": { "prompt": 0.5 } } })), ["vllm/b"]);
    // Both speak: all filters hold.
    let both = with("m", json!({ "provider": { "ignore": ["openai"] } }));
    let both = both.with("x-sluice-route", "only=openai,vllm");
    assert_eq!(planned(&mut gateway(ON), both), ["vllm/b"]);
}

#[test]
fn further_models_follow_each_in_its_own_order() {
    let spare = ["ring/gpt-5-mini", "vllm/c"];
    let all = [&ALL[..], &spare].concat();
    // A spare key is its target once more.
    let without_spares = |mut plan: Vec<String>| {
        plan.dedup();
        plan
    };
    assert_eq!(without_spares(by_header("models=spare")), all);
    assert_eq!(without_spares(by_body(json!({ "models": ["m", "spare", "spare"] }))), all);
    let ordered = by_header("models=spare; order=vllm");
    let ordered: Vec<_> = without_spares(ordered);
    assert_eq!(ordered, ["vllm/b", ALL[0], ALL[1], "vllm/c", "ring/gpt-5-mini"]);
    assert_eq!(by_header("models=any-x; only=vllm"), ["vllm/b", "vllm/*"]);
    // One is left by the second model alone.
    assert_eq!(by_header("models=spare; only=vllm/c"), ["vllm/c"]);
    // The plan is full with eight.
    let long = by_header("models=spare,any-a,any-b,any-c,any-d,any-e,any-f");
    assert_eq!((long.len(), long.last().map(String::as_str)), (8, Some("vllm/*")));
    // The body without a model is for the first of its models.
    let mut body = json!({ "models": ["hers", "spare"] });
    body["messages"] = json!([{ "role": "user", "content": "hello" }]);
    let plan = without_spares(planned(&mut gateway(ON), request(&body)));
    assert_eq!(plan, ["vllm/d", "ring/gpt-5-mini", "vllm/c"]);
}

#[test]
fn a_further_model_answers_under_its_own_name() {
    let mut envoy = gateway(ON);
    let scripts = vec![refusal(503), refusal(503), refusal(503), good("openai")];
    let exchange = envoy.ask(with("m", json!({ "models": ["any-x"] })), scripts);
    assert_eq!(exchange.client.status(), 200);
    let models: Vec<_> = exchange.received.iter().map(|r| r.json()["model"].clone()).collect();
    assert_eq!(models, ["gpt-5", "claude-haiku-4-5", "b", "any-x"]);
    assert_eq!(exchange.client.header("x-sluice-model"), "any-x");
    assert_eq!(exchange.record().unwrap()["model"], "m", "counted where the call began");
    envoy.assert_calm();
}

#[test]
fn the_members_leave_the_body_and_nothing_else_does() {
    let sent = |on: &str| {
        let text = r#"{"provider" : {"only":["vllm"]}, "model":"m", "temperature": 0.50,"models":["spare"],
            "messages":[{"role":"user","content":"a\u00e9"}], "route":"fallback" }"#;
        let mut request = chat("m");
        request.body = vec![text.as_bytes().to_vec()];
        let request = request.with("content-length", &text.len().to_string());
        let mut envoy = gateway(on);
        let exchange = envoy.ask(request, vec![good("openai")]);
        let received = &exchange.received[0];
        assert_eq!(received.header("content-length"), received.body.len().to_string());
        (received.cluster.clone(), String::from_utf8(received.body.clone()).unwrap())
    };
    let kept = "{\"model\":\"b\", \"temperature\": 0.50,\n            \"messages\":[{\"role\":\"user\",\"content\":\"a\\u00e9\"}] }";
    assert_eq!(sent(ON), ("vllm".to_owned(), kept.to_owned()));
    // Off, or for a consumer that may not: they are the provider's affair.
    for off in [
        r#""preferences": { "header": true }"#,
        r#""preferences": { "body": true, "anonymous": false }"#,
    ] {
        let (cluster, body) = sent(off);
        assert_eq!(cluster, "openai");
        assert!(body.contains("\"models\":[\"spare\"]") && body.contains("provider"), "{body}");
    }
}

#[test]
fn only_those_who_may_are_heard() {
    let digest: String =
        Sha256::digest(CLIENT_KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let consumer = |more: &str| {
        format!(r#"{ON}, "consumers": [{{ "name": "c", "key_sha256": ["{digest}"] {more} }}]"#)
    };
    let asked = || chat("m").with("x-sluice-route", "only=vllm");
    assert_eq!(planned(&mut gateway(&consumer("")), asked()), ["vllm/b"]);
    assert_eq!(planned(&mut gateway(&consumer(r#", "preferences": false"#)), asked()), ALL);
    assert_eq!(planned(&mut gateway(r#""preferences": { "body": true }"#), asked()), ALL);
    // Not even a mistake is heard where nobody listens.
    let wrong = chat("m").with("x-sluice-route", "colour=red");
    assert_eq!(planned(&mut gateway(r#""preferences": {}"#), wrong), ALL);
    // A model that is not the consumer's is none, and no provider learns of a header.
    let mut envoy = gateway(&consumer(r#", "models": ["m", "spare"]"#));
    let exchange = envoy.ask(chat("m").with("x-sluice-route", "models=hers"), vec![]);
    assert_eq!(error(&exchange.client).2, "model_not_found");
    assert_eq!(exchange.client.status(), 404);
    let exchange = envoy.ask(asked(), vec![good("openai")]);
    assert_eq!(exchange.received[0].header("x-sluice-route"), "");
    envoy.assert_calm();
}

#[test]
fn what_was_excluded_is_never_tried() {
    let refused = |request: Request| {
        let mut envoy = gateway(ON);
        let exchange = envoy.ask(request, vec![good("openai")]);
        assert_eq!(exchange.client.status(), 400);
        assert!(exchange.received.is_empty());
        exchange.client.json()["error"].clone()
    };
    for (text, param) in [
        ("only=nobody", "x-sluice-route.only"),
        ("region=us", "x-sluice-route.region"),
        ("zdr=true; only=openai", "x-sluice-route.only"),
        ("max-price=0.01", "x-sluice-route.max-price"),
        ("order=nobody; allow-fallbacks=false", "x-sluice-route.allow-fallbacks"),
        ("models=spare; tags=none", "x-sluice-route.tags"),
        ("sort=latency", "x-sluice-route.sort"),
    ] {
        let error = refused(chat("m").with("x-sluice-route", text));
        assert_eq!(error["param"], param, "{error}");
    }
    let error = refused(with("m", json!({ "provider": { "only": ["nobody"] } })));
    assert_eq!(error["param"], "provider.only");
    // In the client's own dialect.
    let body = json!({ "model": "m", "max_tokens": 5, "provider": { "oder": [] },
        "messages": [{ "role": "user", "content": "x" }] });
    let mut asked = request(&body);
    asked
        .headers
        .iter_mut()
        .filter(|(n, _)| n == ":path")
        .for_each(|(_, v)| *v = b"/v1/messages".to_vec());
    let error = refused(asked);
    assert_eq!(error["type"], "invalid_request_error");
    assert!(error["message"].as_str().unwrap().starts_with("provider.oder: "), "{error}");
}

#[test]
fn rules_hold_for_further_models_too() {
    let rules =
        r#""rules": [{ "name": "here", "when": { "models": ["spare"] }, "require": ["eu"] }]"#;
    let mut envoy = gateway(&format!("{ON}, {rules}"));
    let plan = planned(&mut envoy, chat("m").with("x-sluice-route", "models=spare"));
    assert_eq!(plan, ALL, "nobody of the second model may");
}

#[test]
fn all_of_the_request_or_nothing() {
    // Anthropic carries no `seed`; OpenAI does.
    let ask = |provider: Value| {
        let mut envoy = gateway(ON);
        let more = json!({ "seed": 3, "provider": provider });
        let exchange = envoy.ask(with("m", more), vec![refusal(503), good("openai")]);
        exchange.received[1].cluster.clone()
    };
    assert_eq!(ask(json!({})), "anthropic");
    assert_eq!(ask(json!({ "require_parameters": true })), "vllm");
    // The last one, too, when its turn comes.
    let mut envoy = gateway(ON);
    let more =
        json!({ "seed": 3, "provider": { "require_parameters": true, "only": ["anthropic"] } });
    let exchange = envoy.ask(with("m", more), vec![good("anthropic")]);
    assert_eq!(exchange.client.status(), 400);
    assert_eq!(exchange.client.json()["error"]["param"], "seed");
}

#[test]
fn hostile_bodies_are_refused_by_name() {
    let many: Vec<_> = (0..10_000).map(|n| format!("m{n}")).collect();
    let mut deep = json!("openai");
    for _ in 0..120 {
        deep = json!([deep]);
    }
    for (more, param) in [
        (json!({ "models": many }), Some("models")),
        (json!({ "models": [1, 2] }), Some("models")),
        (json!({ "models": deep.clone() }), Some("models")),
        (json!({ "provider": { "only": deep } }), Some("provider.only")),
        (json!({ "provider": 7 }), Some("provider")),
        (json!({ "route": {} }), Some("route")),
    ] {
        let mut envoy = gateway(ON);
        let exchange = envoy.ask(with("m", more), vec![good("openai")]);
        assert_eq!((exchange.client.status(), exchange.received.len()), (400, 0), "{param:?}");
        assert_eq!(exchange.client.json()["error"]["param"].as_str(), param);
        envoy.assert_calm();
    }
    for text in [
        &br#"{"model":"m","messages":[{}],"provider":{"only":["a"]}"#[..],
        br#"{"model":"m","messages":[{}],"models":["a"],"models":["b"]}"#,
        br#"{"model":"m","messages":[{}],"models":["\ud800"]}"#,
    ] {
        let mut request = chat("m");
        request.body = vec![text.to_vec()];
        let mut envoy = gateway(ON);
        let exchange = envoy.ask(request, vec![good("openai")]);
        assert_eq!((exchange.client.status(), exchange.received.len()), (400, 0));
        assert!(exchange.client.text().contains("not valid JSON"), "{}", exchange.client.text());
    }
}
