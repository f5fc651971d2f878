//! What an explanation tells of attempts that only a real Envoy ends.

use crate::support::client::{Reply, chat, streamed};
use crate::support::gateway::{Gateway, Setup, config};
use serde_json::Value;

#[tokio::test]
async fn attempts_are_told_with_their_times() {
    let models = "- { name: m, targets: [\"openai/x!stall-headers\", \"openai/y!status=503\", openai/good] }\n\
                  - { name: dead, targets: [\"openai/x!stall-headers\"] }\n\
                  - { name: gone, targets: [\"openai/x!refuse\"] }\n";
    let rest =
        "expose: { explain: true }\ndefaults: { first_token_timeout: 300ms, timeout: 300ms }\n";
    let setup = Setup { config: Some(config(models) + rest), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    for (model, wanted) in [
        ("m", &[("timeout", None), ("provider_fault", Some(503)), ("ok", Some(200))][..]),
        ("dead", &[("timeout", None)]),
        ("gone", &[("unreachable", None)]),
    ] {
        for body in [chat(model), streamed(model)] {
            let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
            let request = request.header("x-sluice-explain", "1").json(&body);
            let reply = Reply::read(request.send().await.unwrap()).await;
            let told: Value = serde_json::from_str(reply.header("x-sluice-explain")).unwrap();
            let attempts = told["attempts"].as_array().unwrap();
            assert_eq!(attempts.len(), wanted.len(), "{told}");
            for (attempt, (outcome, status)) in attempts.iter().zip(wanted) {
                assert_eq!(attempt["outcome"], *outcome, "{told}");
                assert_eq!(attempt["status"].as_u64(), *status, "{told}");
                let took = attempt["ms"].as_u64().unwrap_or_else(|| panic!("{told}"));
                assert_eq!(took >= 270, *outcome == "timeout", "{told}");
            }
        }
    }
    gateway.assert_calm().await;
}
