//! A target to which there is no connection yet: what its time is, who pays.

use crate::support::client::{chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, config, healed, local};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A provider that takes no connections until it is told to, and never says a word.
struct Late {
    addr: SocketAddr,
    listener: TcpListener,
    /// Fills its queue of connections: the kernel drops the first packet of others, which
    /// try again after a second, then after two more.
    queue: Vec<TcpStream>,
}

impl Late {
    async fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(local(0)).unwrap();
        let listener = socket.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let patience = Duration::from_millis(100);
        let mut queue = Vec::new();
        while let Ok(peer) = tokio::time::timeout(patience, TcpStream::connect(addr)).await {
            queue.push(peer.unwrap());
            assert!(queue.len() < 16, "the queue does not fill");
        }
        Self { addr, listener, queue }
    }

    /// Takes connections from now on.
    async fn open(mut self) {
        while let Ok((peer, _)) = self.listener.accept().await {
            self.queue.push(peer);
        }
    }
}

const MODELS: &str = "- { name: m, targets: [openai/x, anthropic/claude-haiku-4-5] }\n\
     - { name: own, targets: [{ target: openai/x, first_token_timeout: 200ms }, { target: anthropic/claude-haiku-4-5, first_token_timeout: 20s }] }\n\
     - { name: alone, targets: [openai/x] }\n";

async fn behind(late: &Late, defaults: &str) -> Gateway {
    let setup = Setup {
        config: Some(config(MODELS) + &format!("defaults: {{ {defaults} }}\n")),
        upstreams: vec![("openai".into(), late.addr)],
        edit: |bootstrap: String, _: &Path| {
            bootstrap.replace("connect_timeout: 20s", "connect_timeout: 1.5s")
        },
        ..Setup::default()
    };
    Gateway::start(setup).await
}

/// How long it took to be served by the second target, in milliseconds.
async fn moved_on(gateway: &Gateway, body: &Value) -> u128 {
    let begun = Instant::now();
    let reply = post(gateway, body).await;
    let said = reply.text();
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "2"), "{said}");
    begun.elapsed().as_millis()
}

#[tokio::test]
async fn no_connection_moves_on_when_the_connect_timeout_has_passed() {
    let late = Late::start().await;
    for retry_on in ["[connect]", "[connect, reset, busy, server, auth, stream]"] {
        let times = "first_token_timeout: 300ms, timeout: 300ms";
        let mut gateway = behind(&late, &format!("{times}, retry_on: {retry_on}")).await;
        for body in [chat("m"), streamed("m"), streamed("own")] {
            // No deadline of a target runs before there is a connection.
            let took = moved_on(&gateway, &body).await;
            assert!((1400..6000).contains(&took), "{retry_on} {body} {took}");
        }
        let moved = "wasmcustom.sluice.fallbacks;provider=openai;reason=unreachable";
        assert_eq!(gateway.stat(moved).await, 3, "{retry_on}");
        let reply = post(&gateway, &streamed("alone")).await;
        assert_eq!(reply.error(), (503, "server_error".into(), "unreachable".into()));
        assert!(gateway.usage().await.iter().all(|row| row["model"] != "alone"));
        gateway.assert_calm().await;
    }
}

#[tokio::test]
async fn the_first_tokens_time_begins_with_the_connection() {
    let late = Late::start().await;
    let mut gateway = behind(&late, "first_token_timeout: 800ms").await;
    let opening = tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        late.open().await;
    });
    // The connection is there after a second.
    let took = moved_on(&gateway, &streamed("m")).await;
    assert!((1700..6000).contains(&took), "{took}");
    let moved = "wasmcustom.sluice.fallbacks;provider=openai;reason=timeout";
    assert_eq!(gateway.stat(moved).await, 1);
    gateway.assert_calm().await;
    opening.abort();
}

#[tokio::test]
async fn who_leaves_while_envoy_connects_is_not_charged() {
    let late = Late::start().await;
    let mut gateway = behind(&late, "first_token_timeout: 20s").await;
    let client = reqwest::Client::builder().timeout(Duration::from_millis(400)).build().unwrap();
    let url = gateway.url("/v1/chat/completions");
    for body in [chat("alone"), streamed("m")] {
        assert!(client.post(&url).json(&body).send().await.unwrap_err().is_timeout());
    }
    for record in gateway.records(2).await {
        let llm = &record["llm"];
        let said = (&llm["error"], &llm["estimated"]);
        assert_eq!(said, (&"cancelled".into(), &false.into()), "{llm}");
    }
    assert!(gateway.usage().await.is_empty());
    gateway.assert_calm().await;
}

/// A cluster whose name never resolved: it has no endpoints.
fn nowhere(bootstrap: String, _: &Path) -> String {
    let (before, cluster) = bootstrap.split_once("cluster_name: openai\n").unwrap();
    let (_, after) = cluster.split_once("    name: openai\n").unwrap();
    format!("{before}cluster_name: openai\n    name: openai\n{after}")
}

#[tokio::test]
async fn a_provider_without_an_address_fails_one_call_not_all() {
    let models = "- { name: first, targets: [openai/x, anthropic/claude-haiku-4-5] }\n\
                  - { name: second, targets: [\"mistral/y!status=503\", openai/x, anthropic/claude-haiku-4-5] }";
    for model in ["first", "second"] {
        let setup =
            Setup { config: Some(healed(models)), edit: nowhere, workers: 2, ..Setup::default() };
        let mut gateway = Gateway::start(setup).await;
        // Envoy itself ends the call that meets it, and asks nobody else.
        assert_eq!(post(&gateway, &chat(model)).await.error().0, 503);
        for _ in 0..10 {
            let reply = post(&gateway, &streamed(model)).await;
            assert_eq!((reply.status, reply.header("x-sluice-provider")), (200, "anthropic"));
        }
        let rests = "wasmcustom.sluice.rests;provider=openai;reason=failing";
        assert_eq!(gateway.stat(rests).await, 1);
        gateway.assert_calm().await;
    }
}
