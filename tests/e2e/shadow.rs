//! Copies of calls for another model, by Envoy's mirror policy: what the copy is, what it
//! cannot do to the call, and how it is counted.

use crate::support::client::{Reply, chat, streamed};
use crate::support::gateway::{Gateway, Setup, config, healed};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const MODELS: &str = "- { name: m, shadow: { model: trial, percent: 100 }, targets: [\"openai/real\"] }\n\
    - { name: trial, targets: [\"anthropic/claude-haiku-4-5\"] }\n";
const TRIAL: &str = "claude-haiku-4-5";

async fn start(models: &str, workers: u32) -> Gateway {
    let setup = Setup { config: Some(config(models)), workers, ..Setup::default() };
    Gateway::start(setup).await
}

async fn ask(gateway: &Gateway, body: &Value) -> Reply {
    let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
    let request = request.header("authorization", "Bearer sk-of-the-client").json(body);
    Reply::read(request.send().await.expect("the gateway answers")).await
}

/// The usage of copies, once there are so many.
async fn copies(gateway: &Gateway, n: u64) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut rows = gateway.usage().await;
        rows.retain(|row| row["consumer"] == "shadow");
        if rows.iter().map(|row| row["calls"].as_u64().unwrap()).sum::<u64>() >= n {
            return rows;
        }
        assert!(Instant::now() < deadline, "{n} copies: {rows:?}\n{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn another_model_answers_copies_for_nobody() {
    let mut gateway = start(MODELS, 2).await;
    for body in [chat("m"), streamed("m")] {
        let reply = ask(&gateway, &body).await;
        assert_eq!((reply.status, reply.header("x-sluice-provider")), (200, "openai"));
        assert_eq!((reply.header("x-sluice-model"), reply.broken), ("real", false));
    }
    let rows = copies(&gateway, 2).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let (row, all) = (&rows[0], gateway.usage().await);
    assert_eq!((&row["model"], &row["provider"]), (&json!("trial"), &json!("anthropic")));
    // The whole answers were read, the streamed one's, too.
    assert_eq!((row["calls"].as_u64(), row["estimated_calls"].as_u64()), (Some(2), Some(0)));
    assert!(row["output_tokens"].as_u64().unwrap() > 0, "{row}");
    let own = all.iter().find(|r| r["model"] == "m").unwrap();
    assert_eq!((&own["consumer"], own["calls"].as_u64()), (&json!("anonymous"), Some(2)));
    // The other provider got its own words and keys, nothing of the client's or ours.
    let requests = gateway.mock.requests();
    assert_eq!(requests.len(), 4);
    for request in requests.iter().filter(|r| r.model == TRIAL) {
        assert!(request.path.ends_with("/messages") && request.finished, "{request:?}");
        let text = format!("{:?}{:?}", request.headers, request.body);
        assert!(!text.contains("sk-of-the-client") && !text.contains("x-sluice"), "{text}");
        assert!(text.contains("sk-anthropic-of-the-gateway"), "{text}");
    }
    assert_eq!(requests.iter().filter(|r| r.model == TRIAL).count(), 2);
    for request in requests.iter().filter(|r| r.model == "real") {
        assert!(!format!("{:?}", request.headers).contains("x-sluice"));
    }
    // Copies have log lines of their own; the metrics of calls leave them out.
    let records = gateway.records(4).await;
    let of = |consumer: &str| records.iter().filter(|r| r["llm"]["consumer"] == consumer).count();
    assert_eq!((of("shadow"), of("anonymous")), (2, 2), "{records:?}");
    let twin = records.iter().filter(|r| r["llm"]["request_id"] == records[0]["llm"]["request_id"]);
    assert_eq!(twin.count(), 2, "{records:?}");
    for endpoint in ["shadow", "chat_completions"] {
        let stat = format!("wasmcustom.sluice.requests;endpoint={endpoint};outcome=ok");
        assert_eq!(gateway.stat(&stat).await, 2, "{endpoint}");
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_copy_that_fails_or_stalls_is_its_own_affair() {
    // The same provider and key: what the copies meet must not let real calls rest.
    let models = "- { name: m, shadow: { model: bad, percent: 100 }, targets: [openai/real] }\n\
        - { name: s, shadow: { model: slow, percent: 100 }, targets: [openai/real] }\n\
        - { name: b, shadow: { model: cut, percent: 100 }, targets: [openai/real] }\n\
        - { name: bad, targets: [\"openai/x!status=401\", \"openai/y!status=429\"] }\n\
        - { name: slow, targets: [\"openai/x!stall-headers\"] }\n\
        - { name: cut, targets: [\"openai/x!cut-after=2\"] }\n\
        defaults: { timeout: 2s, first_token_timeout: 2s }\n";
    let setup = Setup { config: Some(healed(models)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    for model in ["m", "s", "b"] {
        for body in [chat(model), streamed(model)] {
            let begun = Instant::now();
            let reply = ask(&gateway, &body).await;
            assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "1"), "{model}");
            assert_eq!((reply.header("x-sluice-model"), reply.broken), ("real", false));
            assert!(begun.elapsed() < Duration::from_millis(1500), "{model} {:?}", begun.elapsed());
        }
    }
    assert_eq!(ask(&gateway, &chat("m")).await.status, 200);
    let stats = gateway.admin("/stats?usedonly&filter=sluice.rests").await;
    assert!(!stats.contains("rests"), "{stats}");
    // All of them end, the stalled ones at their own deadline.
    let deadline = Instant::now() + Duration::from_secs(10);
    while gateway.stat("cluster.sluice-shadow.upstream_rq_active").await > 0 {
        assert!(Instant::now() < deadline, "copies in flight");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!gateway.log().contains("sk-"), "{}", gateway.log());
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_call_is_copied_once_however_many_attempts_it_takes() {
    let models = "- { name: m, shadow: { model: trial, percent: 100 }, targets: [\"openai/a!status=503\", \"openai/b!refuse\", openai/real] }\n\
        - { name: trial, targets: [\"openai/c!status=503\", openai/copy] }\n";
    let mut gateway = start(models, 1).await;
    // As large as it may be: both are sent what the client wrote.
    let words = "lorem ipsum ".repeat(700_000);
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": words }] });
    for body in [chat("m"), streamed("m"), body] {
        let reply = ask(&gateway, &body).await;
        assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "3"));
    }
    let rows = copies(&gateway, 3).await;
    assert_eq!((rows.len(), rows[0]["calls"].as_u64()), (1, Some(3)), "{rows:?}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let requests = gateway.mock.requests();
    assert_eq!(requests.iter().filter(|r| r.model == "copy").count(), 3);
    assert!(requests.iter().any(|r| r.model == "copy" && r.body.len() > 8 << 20));
    gateway.assert_calm().await;
}

/// A client that hangs up takes its copy with it only while its request is still coming
/// in: what was sent is answered, and counted.
#[tokio::test]
async fn a_copy_outlives_a_client_that_hangs_up() {
    let models = "- { name: m, shadow: { model: trial, percent: 100 }, targets: [\"openai/a!stall-headers\"] }\n\
        - { name: trial, targets: [\"anthropic/claude-haiku-4-5!first-ms=600\"] }\n";
    let mut gateway = start(models, 1).await;
    let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
    let sent = request.json(&streamed("m")).timeout(Duration::from_millis(300)).send().await;
    assert!(sent.is_err_and(|e| e.is_timeout()));
    let rows = copies(&gateway, 1).await;
    assert_eq!(rows[0]["estimated_calls"], 0, "{rows:?}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_share_is_copied_by_chance_or_by_header_and_nothing_without() {
    let models = "- { name: half, shadow: { model: trial, percent: 50 }, targets: [openai/real] }\n\
        - { name: user, by: x-user, strategy: weighted, shadow: { model: trial, percent: 50 }, targets: [openai/real] }\n\
        - { name: none, targets: [openai/real] }\n\
        - { name: trial, targets: [anthropic/claude-haiku-4-5] }\n";
    let mut gateway = start(models, 2).await;
    let client = reqwest::Client::new();
    let shadows = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        gateway.stat("cluster.sluice-shadow.upstream_rq_total").await
    };
    let ask = async |model: &str, user: &str, claimed: &str| {
        let request = client.post(gateway.url("/v1/chat/completions")).json(&chat(model));
        let request = request.header("x-user", user).header("x-sluice-shadow", claimed);
        let reply = request.header("x-sluice-shadow-model", "trial").send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.bytes().await.unwrap();
    };
    // A client has no say.
    for _ in 0..20 {
        ask("none", "", "sluice-shadow").await;
        ask("trial", "", "sluice-shadow").await;
    }
    assert_eq!(shadows().await, 0);
    for _ in 0..200 {
        ask("half", "", "").await;
    }
    let by_chance = shadows().await;
    // Five standard deviations.
    assert!((65..=135).contains(&by_chance), "{by_chance} of 200");
    let mut before = by_chance;
    let mut copied = 0;
    for user in 0..24 {
        for _ in 0..3 {
            ask("user", &format!("user-{user}"), "").await;
        }
        let now = shadows().await;
        assert!(matches!(now - before, 0 | 3), "user {user}: {} of 3", now - before);
        copied += u64::from(now > before);
        before = now;
    }
    assert!((3..=21).contains(&copied), "{copied} of 24 users");
    assert_eq!(gateway.log().matches("shadow").count(), 0, "{}", gateway.log());
    gateway.assert_calm().await;
}
