//! Time between tokens, slow streams, and how much may be retried.

use crate::support::client::{post, streamed};
use crate::support::gateway::{Setup, Gateway, config};
use serde_json::Value;
use std::time::{Duration, Instant};

async fn start(workers: u32, models: &str, more: &str) -> Gateway {
    let config = format!("{}{more}", config(models));
    Gateway::start(Setup { config: Some(config), workers, ..Setup::default() }).await
}

const IDLE: &str = "defaults: { idle_timeout: 400ms }\n";

#[tokio::test]
async fn a_silent_stream_ends_with_an_error_event() {
    for target in ["openai/gpt", "anthropic/claude-haiku-4-5"] {
        let models = format!("- {{ name: m, targets: [\"{target}!tokens=9;stall-after=3\"] }}");
        let mut gateway = start(1, &models, IDLE).await;
        let begun = Instant::now();
        let reply = post(&gateway, &streamed("m")).await;
        let took = begun.elapsed();
        println!("{took:?} broken={} {}", reply.broken, reply.text());
        println!("{:?}", gateway.records(1).await);
        println!("{}", std::fs::read_to_string(gateway.folder.join("access.log")).unwrap());
        println!("{}", gateway.log());
        let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
        assert!(last["error"]["message"].is_string(), "{target}: {last}");
        assert!(took > Duration::from_millis(400) && took < Duration::from_millis(2000));
        gateway.assert_calm().await;
    }
}
