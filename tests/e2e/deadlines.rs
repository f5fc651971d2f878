//! Silence between tokens, streams that begin slowly, and how much is tried again.

use crate::support::client::{Reply, chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, config};
use serde_json::Value;
use std::time::{Duration, Instant};

async fn start(workers: u32, models: &str, more: &str) -> Gateway {
    let config = format!("{}{more}", config(models));
    Gateway::start(Setup { config: Some(config), workers, ..Setup::default() }).await
}

const IDLE: &str = "defaults: { idle_timeout: 400ms }\n";

/// Envoy's part in this: a response that is resumed though it is not paused sends a
/// frame without bytes down the chain, which lets the gateway role write.
#[tokio::test]
async fn a_silent_stream_ends_with_an_error_event() {
    let targets = ["openai/gpt", "anthropic/claude-haiku-4-5", "bedrock/m", "gemini/m"];
    let line = |t: &str| format!("- {{ name: {t}, targets: [\"{t}!tokens=9;stall-after=3\"] }}\n");
    let models: String = targets.iter().map(|t| line(t)).collect();
    let mut gateway = start(1, &models, IDLE).await;
    for (n, target) in targets.into_iter().enumerate() {
        let begun = Instant::now();
        let reply = post(&gateway, &streamed(target)).await;
        let took = begun.elapsed();
        assert_silence_is_told(&reply, target);
        // Envoy keeps the connection for a second, so that what was sent is read.
        assert!(took < Duration::from_secs(4), "{target}: {took:?}");
        let record = &gateway.records(n + 1).await[n];
        assert_eq!(record["llm"]["error"], "timeout", "{target}");
        assert_eq!(record["llm"]["estimated"], true, "{target}");
        let lasted = record["duration_ms"].as_u64().unwrap();
        assert!((400..1_000).contains(&lasted), "{target}: {lasted} ms");
        for (field, n) in [("calls", 1), ("estimated_calls", 1)] {
            assert_eq!(gateway.used(target, field).await, n, "{target} {field}");
        }
        let provider = target.split('/').next().unwrap();
        let attempts = format!("wasmcustom.sluice.attempts;provider={provider};outcome=timeout");
        assert_eq!(gateway.stat(&attempts).await, 1);
        assert_free(&gateway, provider).await;
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_silent_stream_over_http_2_is_told_as_well() {
    let models = "- { name: m, targets: [\"openai/gpt!tokens=9;stall-after=3\"] }";
    let mut gateway = start(1, models, IDLE).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let request = client.post(gateway.url("/v1/chat/completions")).json(&streamed("m"));
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_silence_is_told(&reply, "HTTP/2");
    // The connection serves on.
    let page = client.get(gateway.url("/sluice/health")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn streams_beside_a_silent_one_go_on() {
    let models = "- { name: silent, targets: [\"openai/gpt!tokens=9;stall-after=3\"] }\n\
                  - { name: slow, targets: [\"openai/gpt!tokens=12;token-ms=150\"] }";
    let mut gateway = start(1, models, IDLE).await;
    let calls = ["silent", "slow", "silent", "slow", "silent", "slow"].map(|model| {
        let (url, body) = (gateway.url("/v1/chat/completions"), streamed(model));
        tokio::spawn(async move {
            let request = reqwest::Client::new().post(url).json(&body);
            (model, Reply::read(request.send().await.unwrap()).await)
        })
    });
    for call in calls {
        let (model, reply) = call.await.unwrap();
        match model {
            "silent" => assert_silence_is_told(&reply, model),
            _ => {
                assert!(!reply.broken && reply.text().ends_with("[DONE]\n\n"), "{}", reply.text());
                assert!(reply.content().ends_with("w11"), "{}", reply.text());
            }
        }
    }
    assert_eq!(gateway.used("silent", "calls").await, 3);
    assert_eq!(gateway.used("slow", "estimated_calls").await, 0);
    assert_free(&gateway, "openai").await;
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_stream_that_begins_too_slowly_is_left() {
    let speed = "defaults: { min_speed: { tokens_per_second: 20, first_tokens: 10 } }\n";
    let models = "- { name: slow, targets: [\"openai/gpt!tokens=30;token-ms=250\", anthropic/claude-haiku-4-5] }\n\
                  - { name: stalled, targets: [\"openai/gpt!tokens=30;stall-after=2\", anthropic/claude-haiku-4-5] }\n\
                  - { name: fast, targets: [\"openai/gpt!tokens=30\", anthropic/claude-haiku-4-5] }\n\
                  - { name: last, targets: [anthropic/claude-haiku-4-5!status=503, \"openai/gpt!tokens=5;token-ms=250\"] }";
    let mut gateway = start(1, models, speed).await;
    for (model, provider) in
        [("slow", "anthropic"), ("stalled", "anthropic"), ("fast", "openai"), ("last", "openai")]
    {
        let begun = Instant::now();
        let reply = post(&gateway, &streamed(model)).await;
        assert_eq!((reply.status, reply.broken), (200, false), "{model}: {}", reply.text());
        assert_eq!(reply.header("x-sluice-provider"), provider, "{model}");
        assert!(reply.text().ends_with("[DONE]\n\n"), "{model}: {}", reply.text());
        if provider == "anthropic" {
            let took = begun.elapsed();
            let half = Duration::from_millis(500);
            assert!(took > half && took < 4 * half, "{model}: {took:?}");
        }
    }
    let left = "wasmcustom.sluice.fallbacks;provider=openai;reason=timeout";
    assert_eq!(gateway.stat(left).await, 2);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn an_outage_does_not_multiply_the_load() {
    let models = "- { name: m, targets: [\"openai/a!status=503\", \"anthropic/b!status=503\", \"openai/c!status=503\"] }\n\
                  - { name: good, targets: [\"openai/a!status=503\", openai/good] }";
    let budget = "retries: { budget: { percent: 10, min_per_second: 1 } }\n";
    let mut gateway = start(2, models, budget).await;
    let calls = (0..20).map(|_| {
        let (url, body) = (gateway.url("/v1/chat/completions"), chat("m"));
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            for _ in 0..15 {
                let reply = client.post(&url).json(&body).send().await.unwrap();
                assert_eq!(reply.status(), 503);
                // The provider's words, whoever was the last.
                let body: Value = reply.json().await.unwrap();
                assert!(body["error"]["message"].is_string(), "{body}");
                assert_ne!(body["error"]["code"], "unavailable", "{body}");
            }
        })
    });
    let begun = Instant::now();
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let seconds = begun.elapsed().as_secs() + 1;
    let counts = format!("http://{}/mock/counts", gateway.mock.addr());
    let counts: Value = reqwest::get(counts).await.unwrap().json().await.unwrap();
    let all: u64 = counts.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    let further = all - 300;
    // A tenth of 300 calls, the full bucket, one a second.
    assert!(further <= 30 + 100 + seconds, "{further} in {seconds} s");
    assert!(further >= 90, "{further}");
    assert!(gateway.stat("wasmcustom.sluice.retries_stopped;reason=budget").await > 150);
    // When it is over, calls are tried again.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(post(&gateway, &chat("good")).await.header("x-sluice-attempts"), "2");
    gateway.assert_calm().await;
}

/// The router wants to try again after a reset and after its own deadline as well.
#[tokio::test]
async fn no_attempt_begins_too_late() {
    let models = "- { name: silent, targets: [\"openai/a!stall-headers\", openai/good] }\n\
                  - { name: quick, targets: [\"openai/a!refuse\", openai/good] }";
    let more = "defaults: { timeout: 600ms }\nretries: { elapsed: 300ms }\n";
    let mut gateway = start(1, models, more).await;
    let reply = post(&gateway, &chat("silent")).await;
    assert_eq!(reply.error(), (504, "server_error".into(), "timeout".into()));
    assert_eq!(reply.header("x-sluice-attempts"), "1");
    assert!(gateway.mock.requests().iter().all(|r| r.model != "good"));
    assert_eq!(gateway.stat("wasmcustom.sluice.retries_stopped;reason=elapsed").await, 1);
    let reply = post(&gateway, &chat("quick")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "2"));
    gateway.assert_calm().await;
}

fn assert_silence_is_told(reply: &Reply, what: &str) {
    assert_eq!((reply.status, reply.broken), (200, true), "{what}: {}", reply.text());
    assert_eq!(reply.content(), "w0 w1 w2", "{what}: {}", reply.text());
    let events = reply.events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert!(last["error"]["message"].is_string(), "{what}: {last}");
    assert!(!reply.text().contains("[DONE]"), "{what}");
}

/// Neither the gateway nor the provider has anything left of a call.
async fn assert_free(gateway: &Gateway, cluster: &str) {
    let stat = format!("cluster.{cluster}.upstream_rq_active");
    let deadline = Instant::now() + Duration::from_secs(5);
    while gateway.stat(&stat).await > 0 {
        assert!(Instant::now() < deadline, "the provider's connection is kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = reqwest::get(gateway.url("/sluice/health")).await.unwrap().text().await.unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["worker_calls_in_flight"], 0, "{page}");
}
