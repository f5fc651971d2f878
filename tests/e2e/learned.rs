//! What all workers learn of speed and load, on a real Envoy: the clock, shared data, and
//! the ends of attempts that `least_busy` relies on.

use crate::support::client::{chat, get, post, streamed};
use crate::support::gateway::{Gateway, Setup, config};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const EXPLAINED: &str = "expose: { explain: true }\n";

async fn start(models: &str, more: &str) -> Gateway {
    let config = Some(config(models) + EXPLAINED + more);
    Gateway::start(Setup { config, workers: 4, ..Setup::default() }).await
}

/// So many streams, some at once, each on a connection of its own; which model answered.
async fn answered(gateway: &Gateway, calls: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..calls.div_ceil(4) {
        let body = streamed("m");
        let [a, b, c, d] = [(); 4].map(|()| post(gateway, &body));
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        for reply in [a, b, c, d] {
            assert_eq!(reply.status, 200, "{}", reply.text());
            all.push(reply.header("x-sluice-model").to_owned());
        }
    }
    all
}

fn count(all: &[String], name: &str) -> usize {
    all.iter().filter(|model| *model == name).count()
}

#[tokio::test]
async fn four_workers_find_the_fastest_and_follow_it() {
    let models = "- { name: m, strategy: fastest, targets: [openai/one, openai/two] }";
    let mut gateway = start(models, "").await;
    gateway.mock.set_faults("one", "first-ms=300").unwrap();
    let all = answered(&gateway, 60).await;
    assert!(count(&all, "two") >= 52, "{} of {}", count(&all, "two"), all.len());
    // They change places.
    gateway.mock.set_faults("one", "").unwrap();
    gateway.mock.set_faults("two", "first-ms=900").unwrap();
    answered(&gateway, 8).await;
    let all = answered(&gateway, 60).await;
    assert!(count(&all, "one") >= 52, "{} of {}", count(&all, "one"), all.len());
    let page = get(&gateway, "/sluice/health").await.text();
    let page: Value = serde_json::from_str(&page).unwrap();
    let peak = page["routing"]["speeds"]["openai/two"]["peak_ms"].as_f64().unwrap();
    assert!((300.0..5_000.0).contains(&peak), "{page}");
    gateway.assert_calm().await;
}

/// Until nothing is in flight; what is then shown.
async fn idle(gateway: &Gateway) -> Value {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let page = get(gateway, "/sluice/health").await.text();
        let page: Value = serde_json::from_str(&page).unwrap();
        if page["routing"]["busy"] == json!({}) || Instant::now() > deadline {
            return page["routing"]["busy"].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn in_flight_is_counted_over_workers_and_comes_back_to_nothing() {
    let faults = [
        "tokens=3",
        "status=503",
        "status=400",
        "refuse",
        "html",
        "error-first",
        "stall-headers",
        "stall-after=0",
        "stall-after=2",
        "cut-after=0",
        "cut-after=2",
        "end-after=1",
        "status=429;retry-after=1",
    ];
    let lines = faults.map(|f| {
        format!(
            "- {{ name: \"{f}\", strategy: least_busy, targets: [\"openai/x!{f}\", \"anthropic/claude-haiku-4-5!{f}\"] }}\n"
        )
    });
    let slow = "- { name: m, strategy: least_busy, targets: [\"openai/x!first-ms=1500\", \"mistral/y!first-ms=1500\"] }";
    let deadlines = "defaults: { timeout: 700ms, first_token_timeout: 3s, total_timeout: 4s }\n";
    let mut gateway = start(&(lines.concat() + slow), deadlines).await;
    // Each ending, with clients that stay and clients that leave.
    let calls = faults.iter().flat_map(|fault| [chat(fault), streamed(fault)]).flat_map(|body| {
        let url = gateway.url("/v1/chat/completions");
        [20_u64, 150, 10_000].map(|patience| {
            let (url, body) = (url.clone(), body.clone());
            tokio::spawn(async move {
                let reply = reqwest::Client::new()
                    .post(url)
                    .timeout(Duration::from_millis(patience))
                    .json(&body)
                    .send()
                    .await;
                if let Ok(reply) = reply {
                    drop(reply.bytes().await);
                }
            })
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(idle(&gateway).await, json!({}));
    // While they run, every worker sees them all, and they are spread.
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let url = gateway.url("/v1/chat/completions");
            let call = reqwest::Client::new().post(url).json(&streamed("m")).send();
            tokio::spawn(async move { call.await.unwrap().bytes().await.unwrap().len() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(700)).await;
    for _ in 0..6 {
        let page = get(&gateway, "/sluice/health").await.text();
        let page: Value = serde_json::from_str(&page).unwrap();
        let busy = &page["routing"]["busy"];
        let of = |name: &str| busy[name].as_u64().unwrap_or(0);
        let (one, two) = (of("openai/x!first-ms=1500"), of("mistral/y!first-ms=1500"));
        assert_eq!(one + two, 12, "{busy}");
        assert!(one.abs_diff(two) <= 4, "{busy}");
    }
    for call in calls {
        assert!(call.await.unwrap() > 0);
    }
    assert_eq!(idle(&gateway).await, json!({}));
    gateway.assert_calm().await;
}
