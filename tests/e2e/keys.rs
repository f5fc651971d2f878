//! Several keys of one provider, on four workers: what one of them learns or spends, all
//! know.

use crate::support::client::{chat, crowd, post};
use crate::support::gateway::{Gateway, Setup};
use serde_json::json;
use std::collections::BTreeMap;

async fn start(keys: &str) -> Gateway {
    let config = format!(
        "providers: {{ openai: {{ kind: openai, keys: [{keys}] }} }}\n\
         models: [{{ name: m, targets: [openai/x] }}]\n"
    );
    Gateway::start(Setup { config: Some(config), workers: 4, ..Setup::default() }).await
}

/// How often the mock has seen each key.
fn used(gateway: &Gateway) -> BTreeMap<String, usize> {
    let mut used = BTreeMap::new();
    for request in gateway.mock.requests() {
        let key = request.header("authorization").unwrap_or_default();
        *used.entry(key.trim_start_matches("Bearer ").to_owned()).or_default() += 1;
    }
    used
}

#[tokio::test]
async fn all_workers_leave_a_limited_key_alone_at_once() {
    let mut gateway = start("{ value: sk-1 }, { value: sk-2 }, { value: sk-3 }").await;
    // The mock is out of patience once: with whatever key comes first.
    let plan = json!({ "model": "x", "spec": "status=429;retry-after=60", "times": 1 });
    let url = format!("http://{}/mock/faults", gateway.mock.addr());
    let set = reqwest::Client::new().put(url).json(&plan).send().await.unwrap();
    assert!(set.status().is_success());
    let first = post(&gateway, &chat("m")).await;
    assert_eq!((first.status, first.header("x-sluice-attempts")), (200, "2"), "{}", first.text());
    let tried: Vec<_> = used(&gateway).into_iter().collect();
    assert_eq!(tried.len(), 2, "rotated within the call: {tried:?}");
    let limited = gateway.mock.requests()[0].header("authorization").unwrap().to_owned();
    crowd(&gateway, 90).await;
    let used = used(&gateway);
    assert_eq!(used[limited.trim_start_matches("Bearer ")], 1, "{used:?}");
    assert_eq!(used.len(), 3);
    assert!(used.values().filter(|n| **n > 1).all(|n| (30..=60).contains(n)), "{used:?}");
    let stat = "wasmcustom.sluice.rests;provider=openai;reason=rate_limited";
    assert_eq!(gateway.stat(stat).await, 1);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn own_limits_hold_over_all_workers() {
    let mut gateway =
        start("{ value: sk-1, weight: 9, requests_per_minute: 7 }, { value: sk-2 }").await;
    crowd(&gateway, 90).await;
    // One more comes back in 8.6 seconds.
    let used = used(&gateway);
    assert!((7..=8).contains(&used["sk-1"]), "{used:?}");
    assert_eq!(used.values().sum::<usize>(), 90, "{used:?}");
    gateway.assert_calm().await;
}
