//! Clients of each vendor's own API: whatever goes wrong is told in their shape,
//! and `strict` refuses what a target would lose.

use crate::support::client::{Reply, chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, eventually, with_models};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What one vendor's client sends, and where the words of an error stand.
struct Client {
    provider: &'static str,
    path: &'static str,
    stream_path: &'static str,
    message: &'static str,
    body: fn(&str) -> Value,
}

const CLIENTS: [Client; 5] = [
    Client {
        provider: "anthropic",
        path: "/v1/messages",
        stream_path: "/v1/messages",
        message: "/error/message",
        body: |model| json!({ "model": model, "max_tokens": 64, "messages": turn() }),
    },
    Client {
        provider: "gemini",
        path: "/v1beta/models/{}:generateContent",
        stream_path: "/v1beta/models/{}:streamGenerateContent?alt=sse",
        message: "/error/message",
        body: |_| json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello there" }] }] }),
    },
    Client {
        provider: "bedrock",
        path: "/model/{}/converse",
        stream_path: "/model/{}/converse-stream",
        message: "/message",
        body: |_| json!({ "messages": [{ "role": "user", "content": [{ "text": "hello there" }] }] }),
    },
    Client {
        provider: "cohere",
        path: "/v2/chat",
        stream_path: "/v2/chat",
        message: "/message",
        body: |model| json!({ "model": model, "messages": turn() }),
    },
    Client {
        provider: "openai",
        path: "/v1/responses",
        stream_path: "/v1/responses",
        message: "/error/message",
        body: |model| json!({ "model": model, "input": "hello there" }),
    },
];

fn turn() -> Value {
    json!([{ "role": "user", "content": "hello there" }])
}

// === impl Client ===

impl Client {
    fn url(&self, gateway: &Gateway, path: &str, model: &str) -> String {
        gateway.url(&path.replace("{}", model))
    }

    /// Has the body its say whether to stream?
    fn asks(&self, model: &str, stream: bool) -> Value {
        let mut body = (self.body)(model);
        if stream && self.path == self.stream_path {
            body["stream"] = true.into();
        }
        body
    }

    async fn call(&self, gateway: &Gateway, model: &str, stream: bool) -> Reply {
        let path = if stream { self.stream_path } else { self.path };
        let request = reqwest::Client::new().post(self.url(gateway, path, model));
        let request = request.bearer_auth("sk-team-a").json(&self.asks(model, stream));
        Reply::read(request.send().await.expect("an answer")).await
    }

    /// The words of an error, which must stand where this client looks for them.
    fn words(&self, reply: &Reply) -> String {
        let body = reply.json();
        assert_eq!(reply.header("content-type"), "application/json", "{}", self.path);
        let openai = self.provider == "openai";
        assert_eq!(body["error"].get("param").is_some(), openai, "{}: {body}", self.path);
        let words = body.pointer(self.message).and_then(Value::as_str);
        words.unwrap_or_else(|| panic!("{}: {body}", self.path)).to_owned()
    }
}

async fn start(models: &str) -> Gateway {
    let digest: String = Sha256::digest(b"sk-team-a").iter().map(|b| format!("{b:02x}")).collect();
    let text = crate::support::gateway::config(models)
        + &format!("consumers: [{{ name: team-a, key_sha256: [{digest}] }}]\n")
        + "defaults: { max_body: 64KiB }\n";
    Gateway::start(Setup { config: Some(text), ..Setup::default() }).await
}

#[tokio::test]
async fn the_gateways_own_errors_come_in_the_clients_shape() {
    let models: Vec<_> = CLIENTS
        .iter()
        .map(|c| format!("- {{ name: {0}, targets: [{0}/m] }}", c.provider))
        .collect();
    let mut gateway = start(&models.join("\n")).await;
    for client in &CLIENTS {
        let reply = client.call(&gateway, "nope", false).await;
        assert!(client.words(&reply).contains("does not exist"), "{}", reply.text());
        assert_eq!(reply.status, 404);
        let url = client.url(&gateway, client.path, client.provider);
        let http = reqwest::Client::new();
        let body = client.asks(client.provider, false);
        let key = |r: reqwest::RequestBuilder| r.bearer_auth("sk-team-a");
        let json = ("content-type", "application/json");
        for (request, status) in [
            (http.post(&url).json(&body), 401),
            (key(http.get(&url)), 405),
            (key(http.post(&url)).header(json.0, json.1).body("x".repeat(70_000)), 413),
            (key(http.post(&url)).header(json.0, "text/plain").body("x"), 415),
            (key(http.post(&url)).header(json.0, json.1).body("{"), 400),
            (key(http.post(&url)).header(json.0, json.1).body("[]"), 400),
            (key(http.post(&url)).header(json.0, json.1), 400),
            (key(http.post(&url)).json(&json!({ "model": client.provider })), 400),
        ] {
            let reply = Reply::read(request.send().await.expect("an answer")).await;
            assert_eq!(reply.status, status, "{}: {}", client.path, reply.text());
            client.words(&reply);
        }
        if client.provider != "openai" {
            let near = url.replace("generateContent", "countTokens") + "/more";
            let reply = Reply::read(key(http.post(near)).json(&body).send().await.unwrap()).await;
            assert_eq!(reply.status, 404, "{}", reply.text());
            assert!(client.words(&reply).contains("no such path"));
        }
    }
    // Google's clients may put their key into the query.
    let url = gateway.url("/v1beta/models/gemini:streamGenerateContent?key=sk-team-a");
    let reply =
        Reply::read(reqwest::Client::new().post(url).body("{}").send().await.unwrap()).await;
    assert_eq!(reply.status, 400);
    CLIENTS[1].words(&reply);
    let logs = eventually("the access log", || {
        let log = std::fs::read_to_string(gateway.folder.join("access.log")).ok()?;
        log.contains("streamGenerateContent").then_some(log)
    });
    let logs = logs.await + &gateway.log();
    assert!(!logs.contains("sk-team"), "{logs}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn the_providers_errors_come_in_the_clients_shape() {
    let faults = [
        ("status=400", 400),
        ("status=401", 502),
        ("status=404", 404),
        ("status=429", 429),
        ("status=503;html", 503),
        ("html", 502),
        ("empty", 502),
        ("wrong-dialect", 502),
    ];
    let mut models = String::new();
    for client in &CLIENTS {
        let p = client.provider;
        for (i, (fault, _)) in faults.iter().enumerate() {
            models += &format!("- {{ name: {p}-{i}, targets: [\"{p}/m!{fault}\"] }}\n");
        }
        models += &format!("- {{ name: {p}-first, targets: [\"{p}/m!error-first\"] }}\n");
        models +=
            &format!("- {{ name: {p}-error, targets: [\"{p}/m!tokens=9;error-after=3\"] }}\n");
        models += &format!("- {{ name: {p}-end, targets: [\"{p}/m!tokens=9;end-after=3\"] }}\n");
        models += &format!(
            "- {{ name: {p}-crc, targets: [\"{p}/m!tokens=9;bad-crc-after=3;cut-bytes=7\"] }}\n"
        );
        models += &format!("- {{ name: {p}-fine, targets: [\"{p}/m!cut-bytes=1\"] }}\n");
    }
    let mut gateway = with_models(&models).await;
    for client in &CLIENTS {
        let p = client.provider;
        for (i, (fault, status)) in faults.iter().enumerate() {
            for stream in [false, true] {
                let reply = client.call(&gateway, &format!("{p}-{i}"), stream).await;
                assert_eq!(reply.status, *status, "{p} {fault} {stream}: {}", reply.text());
                assert!(!client.words(&reply).is_empty());
            }
        }
        let reply = client.call(&gateway, &format!("{p}-first"), true).await;
        assert!(reply.status >= 429, "{p}: {} {}", reply.status, reply.text());
        client.words(&reply);
        for end in ["error", "end", "crc"] {
            let reply = client.call(&gateway, &format!("{p}-{end}"), true).await;
            assert_eq!((reply.status, reply.broken), (200, false), "{p} {end}");
            let text = String::from_utf8_lossy(&reply.body).to_lowercase();
            assert!(text.contains("w2"), "{p} {end}: {text}");
            assert!(text.contains("error") || text.contains("exception"), "{p} {end}: {text}");
            let model = format!("{p}-{end}");
            assert_eq!(gateway.used(&model, "calls").await, 1, "{model}");
            assert_eq!(gateway.used(&model, "estimated_calls").await, 1, "{model}");
        }
        let reply = client.call(&gateway, &format!("{p}-fine"), true).await;
        let text = String::from_utf8_lossy(&reply.body).to_lowercase();
        assert!(!text.contains("exception") && !reply.broken, "{p}: {text}");
        assert_eq!(gateway.used(&format!("{p}-fine"), "estimated_calls").await, 0, "{p}");
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn strict_refuses_what_would_be_lost_or_asks_whom_it_is_not() {
    const TARGETS: [&str; 5] = [
        "anthropic/claude-haiku-4-5",
        "gemini/gemini-3-flash-preview",
        "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "cohere/command-a-03-2025",
        "{ target: openai/gpt-4.1, api: openai-responses }",
    ];
    let mut models = String::new();
    for (i, target) in TARGETS.iter().enumerate() {
        let quoted =
            if target.starts_with('{') { (*target).to_owned() } else { format!("\"{target}\"") };
        models += &format!(
            "- {{ name: alone{i}, targets: [{quoted}] }}\n\
             - {{ name: first{i}, targets: [{quoted}, openai/good] }}\n\
             - {{ name: last{i}, targets: [\"openai/x!status=503\", {quoted}] }}\n"
        );
    }
    let text = crate::support::gateway::config(&models) + "defaults: { strict: true }\n";
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    for (i, target) in TARGETS.iter().enumerate() {
        for make in [chat, streamed] {
            let ask = |name: &str| {
                let mut body = make(&format!("{name}{i}"));
                body["logit_bias"] = json!({ "50256": -100 });
                body
            };
            let reply = post(&gateway, &ask("alone")).await;
            assert_eq!(reply.error().0, 400, "{}: {}", target, reply.text());
            assert_eq!(reply.json()["error"]["param"], "logit_bias", "{}", reply.text());
            let reply = post(&gateway, &ask("first")).await;
            assert_eq!(
                (reply.status, reply.header("x-sluice-model")),
                (200, "good"),
                "{}",
                reply.text()
            );
            // Who could carry it has failed: that is the reason, not the field.
            let reply = post(&gateway, &ask("last")).await;
            assert_eq!(reply.error().0, 503, "{}: {}", target, reply.text());
        }
    }
    let asked = gateway.mock.requests();
    assert!(asked.iter().all(|r| r.path == "/v1/chat/completions"), "only who can carry it");
    // A cache mark asks for no other answer: it is named, not refused.
    let mut marked = chat("alone1");
    marked["messages"] = json!([{ "role": "user", "content": [
        { "type": "text", "text": "hi", "cache_control": { "type": "ephemeral" } } ] }]);
    let reply = post(&gateway, &marked).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let dropped = reply.header("x-sluice-dropped");
    assert!(dropped.contains("cache_control"), "{dropped}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn two_kinds_of_keys_take_turns() {
    let text = "providers:\n  bedrock: { kind: bedrock, region: us-east-1, keys: [{ aws: { session_token: AWS_SESSION_TOKEN } }, { bearer_env: AWS_BEARER_TOKEN_BEDROCK }] }\n\
        models:\n- { name: m, targets: [bedrock/x] }\n- { name: again, targets: [\"bedrock/x!status=429\", bedrock/x] }\n";
    let mut gateway = Gateway::start(Setup { config: Some(text.into()), ..Setup::default() }).await;
    for model in ["m", "m", "again", "again"] {
        assert_eq!(post(&gateway, &streamed(model)).await.status, 200);
    }
    let requests = gateway.mock.requests();
    let signed: Vec<bool> = requests
        .iter()
        .map(|r| {
            let bearer = r.header("authorization") == Some("Bearer sk-bedrock-of-the-gateway");
            let dated =
                r.headers.iter().any(|(n, _)| n.starts_with("x-amz-") && n != "x-amz-cf-id");
            assert_ne!(bearer, dated, "one kind of credentials at a time: {:?}", r.headers);
            dated
        })
        .collect();
    assert_eq!(signed.len(), 6);
    assert!(signed.chunks(2).all(|pair| pair[0] != pair[1]), "{signed:?}");
    gateway.assert_calm().await;
}
