//! Who fails is left alone by every worker; a provider's other keys serve.

use crate::support::client::{chat, crowd, post, streamed};
use crate::support::gateway::{Gateway, Setup, healed};

async fn start(workers: u32, config: String) -> Gateway {
    Gateway::start(Setup { config: Some(config), workers, ..Setup::default() }).await
}

const KEYS: &str = "providers:
  ring: { kind: openai, keys: [{ value: sk-ring-1 }, { value: sk-ring-2 }, { value: sk-ring-3 }] }
  openai: { kind: openai }
";

#[tokio::test]
async fn all_workers_leave_a_limited_target_alone_at_once() {
    let models = "- { name: m, targets: [\"openai/x!status=429;retry-after=60\", anthropic/claude-haiku-4-5] }";
    let mut gateway = start(4, healed(models)).await;
    assert_eq!(post(&gateway, &chat("m")).await.header("x-sluice-attempts"), "2");
    crowd(&gateway, 200).await;
    let limited = gateway.stat("cluster.openai.upstream_rq_total").await;
    assert_eq!(limited, 1, "calls that went to the limited target");
    let stat = "wasmcustom.sluice.rests;provider=openai;reason=rate_limited";
    assert_eq!(gateway.stat(stat).await, 1);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_circuit_opens_and_a_probe_closes_it() {
    let models = "- { name: m, targets: [\"openai/x!status=503\", openai/good] }";
    let config = healed(models) + "health: { failures: 3, cooldown: 1s }\n";
    let mut gateway = start(2, config).await;
    let mut attempts = Vec::new();
    for _ in 0..6 {
        attempts.push(post(&gateway, &chat("m")).await.header("x-sluice-attempts").to_owned());
    }
    assert_eq!(attempts, ["2", "2", "2", "1", "1", "1"]);
    gateway.assert_calm().await;
}

/// A gateway over models of `ring`, named by their faults.
async fn ring(faults: &[&str], defaults: &str) -> Gateway {
    let line =
        |f: &&str| format!("- {{ name: \"{f}\", targets: [\"ring/x!{f}\", openai/good] }}\n");
    let models: String = faults.iter().map(line).collect();
    start(1, format!("{KEYS}models:\n{models}{defaults}health: {{ enabled: false }}\n")).await
}

#[tokio::test]
async fn a_key_to_blame_is_followed_by_the_next_key() {
    let faults = ["status=401", "status=402", "status=403", "status=429"];
    let mut gateway = ring(&faults, "").await;
    for fault in faults {
        for body in [chat(fault), streamed(fault)] {
            let reply = post(&gateway, &body).await;
            assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "4"), "{fault}");
            let requests = gateway.mock.requests();
            let tried = requests.iter().filter_map(|r| r.header("authorization"));
            let mut keys: Vec<_> = tried.filter(|k| k.contains("ring")).collect();
            keys.sort_unstable();
            assert_eq!(keys, ["Bearer sk-ring-1", "Bearer sk-ring-2", "Bearer sk-ring-3"]);
            gateway.mock.clear();
        }
    }
    gateway.assert_calm().await;
}

/// The upstream role rewrites the rest of the plan when an attempt has failed: with the
/// response headers in hand, and where the connection was lost or the time ran out.
#[tokio::test]
async fn a_provider_to_blame_is_left_with_all_its_keys() {
    let faults = ["status=500", "html", "refuse", "stall-headers", "stall-after=0"];
    let mut gateway = ring(&faults, "defaults: { timeout: 1s, first_token_timeout: 1s }\n").await;
    for fault in faults {
        for body in [chat(fault), streamed(fault)] {
            let reply = post(&gateway, &body).await;
            assert_eq!(reply.status, 200, "{fault}: {}", reply.text());
            assert_eq!(reply.header("x-sluice-attempts"), "2", "{fault}");
            assert_eq!(reply.header("x-sluice-model"), "good", "{fault}");
        }
    }
    gateway.assert_calm().await;
}
