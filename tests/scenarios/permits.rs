//! What consumers may ask: endpoints, output limits, forced fields, required tags; and
//! what they are told where they may not.

use super::*;
use sha2::{Digest, Sha256};
use sluice::cli::explain::{Question, explain};
use sluice::config;
use sluice::route::state::State;

const MODELS: &str = r#""providers": {
    "openai": { "kind": "openai", "keys": [{ "value": "k" }] },
    "anthropic": { "kind": "anthropic", "keys": [{ "value": "k" }], "tags": ["eu"] },
    "gemini": { "kind": "gemini", "keys": [{ "value": "k" }] },
    "bedrock": { "kind": "bedrock", "region": "eu-west-1", "keys": [{ "value": "k" }] },
    "cohere": { "kind": "cohere", "keys": [{ "value": "k" }] } },
    "models": [
    { "name": "m", "targets": ["openai/gpt-5", "anthropic/claude-haiku-4-5", { "target": "bedrock/amazon.nova-lite-v1:0", "api": "bedrock-converse" }] },
    { "name": "openai", "targets": ["openai/gpt-5"], "shadow": { "model": "copy", "percent": 100 } },
    { "name": "copy", "targets": ["openai/gpt-5-mini"] },
    { "name": "instruct", "targets": ["openai/gpt-3.5-turbo-instruct"] },
    { "name": "embedder", "targets": ["openai/text-embedding-3-small"] },
    { "name": "anthropic", "targets": ["anthropic/claude-haiku-4-5"] },
    { "name": "gemini", "targets": ["gemini/gemini-2.5-flash"] },
    { "name": "bedrock", "targets": [{ "target": "bedrock/amazon.nova-lite-v1:0", "api": "bedrock-converse" }] },
    { "name": "cohere", "targets": ["cohere/command-a-03-2025"] } ]"#;

/// One consumer, who may this, in a team that may that.
fn may(consumer: &str, team: &str) -> Envoy {
    let key = format!("{:x}", Sha256::digest(CLIENT_KEY));
    Envoy::new(&format!(
        r#"{{ {MODELS}, "health": {{ "enabled": false }}, "expose": {{ "explain": true }},
        "consumers": [{{ "name": "c", "key_sha256": ["{key}"], "team": "t" {consumer} }}],
        "teams": [{{ "name": "t" {team} }}] }}"#
    ))
}

fn to(path: &str, body: &str) -> Request {
    let mut asked = request(&Value::Null).with(":path", path);
    asked.body = vec![body.as_bytes().to_vec()];
    asked
}

/// Each endpoint with an output limit: its path, a request of its, where the limit goes.
const GENERATE: [(&str, &str, &str, &str); 7] = [
    (
        "/v1/chat/completions",
        r#"{"model":"openai","messages":[{"role":"user","content":"hi"}]}"#,
        "chat_completions",
        "/max_completion_tokens",
    ),
    ("/v1/responses", r#"{"model":"openai","input":"hi"}"#, "responses", "/max_output_tokens"),
    ("/v1/completions", r#"{"model":"instruct","prompt":"hi"}"#, "completions", "/max_tokens"),
    (
        "/v1/messages",
        r#"{"model":"anthropic","max_tokens":900,"messages":[{"role":"user","content":"hi"}]}"#,
        "messages",
        "/max_tokens",
    ),
    (
        "/v1beta/models/gemini:generateContent",
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        "generate_content",
        "/generationConfig/maxOutputTokens",
    ),
    (
        "/model/bedrock/converse",
        r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
        "converse",
        "/inferenceConfig/maxTokens",
    ),
    (
        "/v2/chat",
        r#"{"model":"cohere","messages":[{"role":"user","content":"hi"}]}"#,
        "cohere_chat",
        "/max_tokens",
    ),
];

#[test]
fn every_endpoint_is_capped_in_its_own_words() {
    for (path, body, label, at) in GENERATE {
        let mut envoy = may(r#", "max_output_tokens": 100"#, "");
        let exchange = envoy.ask(
            to(path, body).with("content-length", &body.len().to_string()),
            vec![refusal(400)],
        );
        assert_eq!(exchange.received.len(), 1, "{label}: {}", exchange.client.text());
        let sent = exchange.received[0].json();
        assert_eq!(sent.pointer(at), Some(&json!(100)), "{label}: {sent}");
        let told = format!("{}=100", at.trim_start_matches('/').replace('/', "."));
        assert_eq!(exchange.client.header("x-sluice-capped"), told, "{label}");
        envoy.assert_calm();
        // Below it nothing is touched, and nothing told.
        let mut small: Value = serde_json::from_str(body).unwrap();
        match at.rsplit_once('/').unwrap() {
            ("", name) => small[name] = json!(99),
            (object, name) => small[object.trim_start_matches('/')] = json!({ name: 99 }),
        }
        let mut envoy = may(r#", "max_output_tokens": 100"#, "");
        let exchange = envoy.ask(to(path, &small.to_string()), vec![refusal(400)]);
        assert_eq!(exchange.received[0].json().pointer(at), Some(&json!(99)), "{label}");
        assert_eq!(exchange.client.header("x-sluice-capped"), "", "{label}");
    }
}

#[test]
fn an_answer_says_what_it_was_capped_to() {
    for (request, script) in
        [(chat("openai"), good("openai")), (streamed("openai"), good_stream("openai"))]
    {
        let mut envoy = may("", r#", "max_output_tokens": 7"#);
        let exchange = envoy.ask(request, vec![script]);
        assert_eq!(exchange.client.status(), 200);
        assert_eq!(exchange.client.header("x-sluice-capped"), "max_completion_tokens=7");
        envoy.assert_calm();
    }
    // The next target gets it in its own words.
    let mut envoy = may("", r#", "max_output_tokens": 7"#);
    let exchange = envoy.ask(chat("m"), vec![refusal(503), good("anthropic")]);
    assert_eq!(exchange.client.status(), 200);
    assert_eq!(exchange.received[1].json()["max_tokens"], 7);
    envoy.assert_calm();
}

#[test]
fn forced_fields_reach_the_provider_whatever_the_client_says() {
    for (path, body, label, _) in GENERATE {
        // One that every pair carries as it is, by the vendor's own names.
        let (name, value) = match label {
            "generate_content" => ("generationConfig", r#"{"temperature":0.0}"#),
            "converse" => ("inferenceConfig", r#"{"temperature":0.0}"#),
            _ => ("temperature", "0.0"),
        };
        let force = format!(r#", "force": {{ "{label}": {{ "{name}": {value} }} }}"#);
        let mut envoy = may(&force, "");
        let mut asks: Value = serde_json::from_str(body).unwrap();
        asks[name] = json!({ "topP": 0.5 });
        let exchange = envoy.ask(to(path, &asks.to_string()), vec![refusal(400)]);
        assert_eq!(exchange.received.len(), 1, "{label}: {}", exchange.client.text());
        let wanted: Value = serde_json::from_str(value).unwrap();
        assert_eq!(exchange.received[0].json()[name], wanted, "{label}");
        envoy.assert_calm();
    }
}

#[test]
fn other_endpoints_are_refused_before_the_body() {
    for (path, body, label, _) in GENERATE {
        let mut envoy = may(r#", "endpoints": ["embeddings"]"#, "");
        let exchange = envoy.ask(to(path, body), vec![]);
        assert_eq!(exchange.client.status(), 403, "{label}");
        assert!(exchange.client.text().contains("may not call this endpoint"), "{label}");
        assert!(exchange.received.is_empty(), "{label}");
        envoy.assert_calm();
        let mut envoy =
            may(&format!(r#", "endpoints": ["{label}"]"#), r#", "endpoints": ["chat"]"#);
        assert_eq!(envoy.ask(to(path, body), vec![refusal(400)]).received.len(), 1, "{label}");
    }
    // A form is refused by its path, too, and lists are for everybody.
    let mut envoy = may(r#", "endpoints": ["chat"]"#, "");
    let form =
        to("/v1/audio/transcriptions", "").with("content-type", "multipart/form-data; boundary=x");
    assert_eq!(envoy.ask(form, vec![]).client.status(), 403);
    assert_eq!(envoy.ask(page("/v1/models"), vec![]).client.status(), 200);
    assert_eq!(
        envoy.process.counted("sluice.requests;endpoint=transcriptions;outcome=forbidden"),
        1
    );
}

#[test]
fn a_refusal_is_in_the_words_of_the_clients_vendor() {
    for level in [0, 1] {
        for (path, body, label, _) in GENERATE {
            let off = r#", "disabled": true"#;
            let mut envoy = if level == 0 { may(off, "") } else { may("", off) };
            let exchange = envoy.ask(to(path, body), vec![]);
            assert_eq!(exchange.client.status(), 403, "{label}");
            let said = exchange.client.json();
            let (at, word) = match label {
                "messages" => ("/error/type", "permission_error"),
                "generate_content" => ("/error/status", "PERMISSION_DENIED"),
                "converse" => ("/__type", "AccessDeniedException"),
                "cohere_chat" => {
                    ("/message", "this account is disabled; ask whoever runs this gateway")
                }
                _ => ("/error/code", "permission_denied"),
            };
            assert_eq!(said.pointer(at), Some(&json!(word)), "{label}: {said}");
            envoy.assert_calm();
        }
        let off = r#", "disabled": true"#;
        let mut envoy = if level == 0 { may(off, "") } else { may("", off) };
        for path in ["/v1/models", "/v1/models/m", "/sluice/usage"] {
            assert_eq!(envoy.ask(page(path), vec![]).client.status(), 403, "{path}");
        }
        assert!(envoy.ask(page("/sluice/health"), vec![]).client.json()["routing"].is_null());
    }
}

#[test]
fn calls_stay_where_their_tags_are() {
    let mut envoy = may(r#", "require": ["eu"]"#, "");
    let asked = chat("m").with("x-sluice-explain", "1");
    let exchange = envoy.ask(asked, vec![refusal(400)]);
    let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
    assert_eq!(told["plan"], json!(["anthropic/claude-haiku-4-5"]), "{told}");
    assert!(told["passed_over"].to_string().contains("eu"), "{told}");
    // Two levels ask for two tags, which nobody has: it says which.
    let mut envoy = may(r#", "require": ["eu-west-1"]"#, "");
    let exchange = envoy.ask(chat("anthropic"), vec![]);
    assert_eq!(exchange.client.status(), 400);
    assert!(
        exchange.client.text().contains("`eu-west-1`, which is required"),
        "{}",
        exchange.client.text()
    );
    let exchange = envoy.ask(chat("m"), vec![refusal(400)]);
    assert_eq!(exchange.received[0].cluster, "bedrock");
    envoy.assert_calm();
}

#[test]
fn no_copy_leaves_where_calls_must_stay() {
    for (require, copies) in [("", true), (r#", "require": ["home"]"#, false)] {
        let key = format!("{:x}", Sha256::digest(CLIENT_KEY));
        let models = MODELS.replacen(r#""tags": ["eu"]"#, r#""tags": ["eu", "home"]"#, 1);
        let models = models.replacen(
            r#""openai": { "kind": "openai","#,
            r#""openai": { "kind": "openai", "tags": ["home"],"#,
            1,
        );
        let mut envoy = Envoy::new(&format!(
            r#"{{ {models}, "health": {{ "enabled": false }},
            "consumers": [{{ "name": "c", "key_sha256": ["{key}"] {require} }}] }}"#
        ));
        let exchange = envoy.ask(chat("openai"), vec![good("openai")]);
        assert_eq!(exchange.client.status(), 200);
        assert_eq!(exchange.ordered("x-sluice-shadow") == "sluice-shadow", copies);
    }
}

#[test]
fn an_explanation_is_for_those_who_may() {
    for (consumer, team, told) in [
        ("", "", true),
        (r#", "explain": false"#, "", false),
        ("", r#", "explain": false"#, false),
        (r#", "explain": true"#, r#", "explain": false"#, true),
    ] {
        let mut envoy = may(consumer, team);
        let exchange = envoy.ask(chat("m").with("x-sluice-explain", "1"), vec![refusal(400)]);
        assert_eq!(
            !exchange.client.header("x-sluice-explain").is_empty(),
            told,
            "{consumer} {team}"
        );
        let health = envoy.ask(page("/sluice/health"), vec![]).client.json();
        assert_eq!(!health["routing"].is_null(), told, "{health}");
    }
}

#[test]
fn the_same_is_told_offline() {
    let file = |more: &str| {
        let key = format!("{:x}", Sha256::digest(CLIENT_KEY));
        let file = format!(
            r#"{{ {MODELS}, "consumers": [{{ "name": "c", "key_sha256": ["{key}"] {more} }}] }}"#
        );
        config::load(file.as_bytes(), &|_| None).unwrap()
    };
    let said = |more: &str| {
        let question = Question {
            path: "/v1/chat/completions",
            body: br#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
            headers: &[],
            consumer: "c",
            resting: &[],
            state: &State::default(),
            chance: 0,
        };
        match explain(&file(more), &question) {
            Ok(told) => told,
            Err(e) => e.to_string(),
        }
    };
    let claude = r#""plan":["anthropic/claude-haiku-4-5"]"#;
    assert!(said(r#", "require": ["eu"]"#).contains(claude));
    assert!(said(r#", "endpoints": ["messages"]"#).starts_with("forbidden (403)"));
    assert!(said(r#", "disabled": true"#).starts_with("forbidden (403)"));
    // The estimate is of the capped request: 500 tokens at 5 dollars a million.
    let estimate = |told: String| {
        let told: Value = serde_json::from_str(&told).unwrap();
        told["estimate_usd"][0].as_f64().unwrap()
    };
    let capped = said(r#", "require": ["eu"], "max_output_tokens": 500"#);
    assert!((0.0025..0.0026).contains(&estimate(capped)));
}
