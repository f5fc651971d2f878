//! Another target answers, or the right error does.

use crate::support::client::{chat, post, post_bytes, streamed};
use crate::support::gateway::{Gateway, Setup, config, free_port, local, with_models};
use serde_json::json;
use std::time::{Duration, Instant};

/// Every failure that must move on, in the mock's fault words.
const MOVES_ON: &[(&str, &str)] = &[
    ("status=408", "busy"),
    ("status=409", "busy"),
    ("status=425", "busy"),
    ("status=429;retry-after=7", "busy"),
    ("status=500", "provider_fault"),
    ("status=502;html", "provider_fault"),
    ("status=503", "provider_fault"),
    ("status=529", "provider_fault"),
    ("status=401", "provider_auth"),
    ("status=403", "provider_auth"),
    ("refuse", "unreachable"),
    ("html", "bad_answer"),
    ("empty", "bad_answer"),
    ("no-content", "bad_answer"),
    ("gzip", "bad_answer"),
    ("wrong-dialect", "bad_answer"),
];

const MOVES_ON_STREAMED: &[(&str, &str)] =
    &[("error-first", "provider_fault"), ("end-after=0", "broken_stream")];

#[tokio::test]
async fn failures_move_on_whole_and_streamed() {
    for first in ["openai/gpt", "anthropic/claude-haiku-4-5"] {
        let models: Vec<String> = MOVES_ON
            .iter()
            .chain(MOVES_ON_STREAMED)
            .enumerate()
            .map(|(i, (fault, _))| {
                format!(
                    "- {{ name: m{i}, targets: [\"{first}!{fault}\", openai/good, openai/never] }}"
                )
            })
            .collect();
        let mut gateway = with_models(&models.join("\n")).await;
        for (i, (fault, _)) in MOVES_ON.iter().chain(MOVES_ON_STREAMED).enumerate() {
            let model = format!("m{i}");
            if i < MOVES_ON.len() {
                let reply = post(&gateway, &chat(&model)).await;
                assert_eq!(reply.status, 200, "{first} {fault}: {}", reply.text());
                assert_eq!(
                    (reply.header("x-sluice-attempts"), reply.header("x-sluice-model")),
                    ("2", "good")
                );
            }
            let reply = post(&gateway, &streamed(&model)).await;
            assert_eq!(reply.status, 200, "{first} {fault}: {}", reply.text());
            assert_eq!(reply.content(), "You said: hello there", "{first} {fault}");
            assert_eq!(reply.header("x-sluice-attempts"), "2", "{first} {fault}");
            assert!(!reply.text().contains("error"), "{first} {fault}");
        }
        // Each failure was counted under its class, and nothing reached the third target.
        let provider = first.split('/').next().unwrap();
        for (_, kind) in MOVES_ON.iter().chain(MOVES_ON_STREAMED) {
            let name = format!("wasmcustom.sluice.fallbacks;provider={provider};reason={kind}");
            assert!(gateway.stat(&name).await > 0, "{name}");
        }
        assert_eq!(gateway.used("m0", "calls").await, 2);
        assert!(gateway.mock.requests().iter().all(|r| r.model != "never"));
        // The refused key was logged once for each provider, without the key.
        assert_eq!(gateway.log().matches("refused our key").count(), 1);
        assert!(!gateway.log().contains("of-the-gateway"));
        gateway.assert_calm().await;
    }
}

#[tokio::test]
async fn the_clients_own_errors_return_at_once() {
    let gateway = with_models(
        "- { name: a, targets: [\"openai/x!status=400\", openai/good] }\n\
         - { name: b, targets: [\"anthropic/claude-haiku-4-5!status=400\", openai/good] }\n\
         - { name: c, targets: [\"openai/x!status=404\", openai/good] }\n\
         - { name: d, targets: [\"anthropic/claude-haiku-4-5!status=413\", openai/good] }",
    )
    .await;
    for (model, status) in [("a", 400), ("b", 400), ("c", 404), ("d", 413)] {
        for body in [chat(model), streamed(model)] {
            let reply = post(&gateway, &body).await;
            assert_eq!(reply.error().0, status, "{}", reply.text());
            assert_eq!(reply.header("x-sluice-attempts"), "1");
        }
    }
    assert_eq!(gateway.mock.requests().len(), 8);
}

#[tokio::test]
async fn when_all_fail_the_last_error_speaks() {
    let gateway = with_models(
        "- { name: busy, targets: [\"openai/x!status=500\", \"anthropic/claude-haiku-4-5!status=429;retry-after=7\"] }\n\
         - { name: keys, targets: [\"openai/x!status=500\", \"openai/y!status=401\"] }\n\
         - { name: over, targets: [\"anthropic/claude-haiku-4-5!status=529\"] }\n\
         - { name: html, targets: [\"openai/x!html\"] }\n\
         - { name: first, targets: [\"anthropic/claude-haiku-4-5!error-first\"] }",
    )
    .await;
    for body in [chat("busy"), streamed("busy")] {
        let reply = post(&gateway, &body).await;
        assert_eq!(reply.error().0, 429);
        assert_eq!((reply.header("retry-after"), reply.header("x-sluice-attempts")), ("7", "2"));
        assert_eq!(reply.header("x-sluice-provider"), "anthropic");
    }
    let reply = post(&gateway, &chat("keys")).await;
    assert_eq!(reply.error(), (502, "server_error".into(), "provider_auth".into()));
    assert_eq!(post(&gateway, &chat("over")).await.error().0, 529);
    assert_eq!(post(&gateway, &chat("html")).await.error().0, 502);
    let reply = post(&gateway, &streamed("first")).await;
    assert_eq!((reply.error().0, reply.header("content-type")), (529, "application/json"));
}

#[tokio::test]
async fn no_connection_moves_on_or_is_said() {
    let setup = Setup {
        config: Some(config(
            "- { name: m, targets: [openai/x, anthropic/claude-haiku-4-5] }\n- { name: alone, targets: [openai/x] }",
        )),
        upstreams: vec![("openai".into(), local(free_port()))],
        ..Setup::default()
    };
    let mut gateway = Gateway::start(setup).await;
    for body in [chat("m"), streamed("m")] {
        let reply = post(&gateway, &body).await;
        assert_eq!(
            (reply.status, reply.header("x-sluice-provider")),
            (200, "anthropic"),
            "{}",
            reply.text()
        );
    }
    let reply = post(&gateway, &chat("alone")).await;
    assert_eq!(reply.error(), (503, "server_error".into(), "unreachable".into()));
    assert_eq!(reply.header("x-sluice-attempts"), "1");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_stalled_first_token_moves_on_within_its_deadline() {
    let gateway = with_models(
        "- { name: headers, targets: [\"openai/x!stall-headers\", openai/good] }\n\
         - { name: token, targets: [\"openai/x!stall-after=0\", openai/good] }\n\
         - { name: claude, targets: [\"anthropic/claude-haiku-4-5!stall-after=0\", openai/good] }\n\
         - { name: own, targets: [{ target: \"openai/x!stall-after=0\", first_token_timeout: 300ms, timeout: 300ms }, { target: openai/good, first_token_timeout: 20s, timeout: 20s }] }\n\
         - { name: slow, targets: [\"openai/x!token-ms=200;tokens=10\", openai/never] }\n\
         - { name: dead, targets: [\"openai/x!stall-headers\", \"openai/y!stall-after=0\"] }\n\
         defaults: { first_token_timeout: 1s, timeout: 1s }",
    )
    .await;
    for (model, deadline) in [("headers", 1000), ("token", 1000), ("claude", 1000), ("own", 300)] {
        let begun = Instant::now();
        let reply = post(&gateway, &streamed(model)).await;
        let took = begun.elapsed();
        assert_eq!(
            (reply.status, reply.header("x-sluice-attempts")),
            (200, "2"),
            "{model} {}",
            reply.text()
        );
        assert_eq!(reply.content(), "You said: hello there");
        // Envoy's timers count from the last turn of its loop: a little early is right.
        let in_time = Duration::from_millis(deadline - 25)..Duration::from_millis(deadline + 600);
        assert!(in_time.contains(&took), "{model} {took:?}");
    }
    let begun = Instant::now();
    let reply = post(&gateway, &chat("own")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "2"));
    assert!(begun.elapsed() < Duration::from_millis(900));
    // The deadline is for the first token only: a good stream runs longer.
    let begun = Instant::now();
    let reply = post(&gateway, &streamed("slow")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts"), reply.broken), (200, "1", false));
    assert!(begun.elapsed() > Duration::from_millis(1500));
    for body in [chat("dead"), streamed("dead")] {
        let reply = post(&gateway, &body).await;
        assert_eq!(reply.error(), (504, "server_error".into(), "timeout".into()));
        assert_eq!(reply.header("x-sluice-attempts"), "2");
    }
    let name = "wasmcustom.sluice.fallbacks;provider=openai;reason=timeout";
    let stats = gateway.admin("/stats?filter=sluice").await;
    assert!(gateway.stat(name).await >= 4, "{name}\n{stats}");
}

#[tokio::test]
async fn an_eight_megabyte_body_falls_back() {
    let mut gateway = with_models(
        "- { name: m, targets: [\"openai/x!status=503\", \"anthropic/claude-haiku-4-5!status=529\", openai/good] }",
    )
    .await;
    let filler = "lorem ipsum \u{fc} ".repeat(600_000);
    assert!(filler.len() > 8 << 20);
    let body =
        json!({ "messages": [{ "role": "user", "content": filler }], "model": "m" }).to_string();
    let reply =
        post_bytes(&gateway, body.clone().into_bytes(), &[("content-type", "application/json")])
            .await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "3"), "{}", reply.text());
    let requests = gateway.mock.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[2].body, body.replace("\"model\":\"m\"", "\"model\":\"good\""));
    assert!(requests[1].path.ends_with("/messages") && requests[1].body.len() > 8 << 20);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn retries_are_not_lost_under_load() {
    let mut gateway =
        with_models("- { name: m, targets: [\"openai/x!status=429\", openai/good] }").await;
    let calls = (0..400).map(|_| {
        let url = gateway.url("/v1/chat/completions");
        tokio::spawn(async move {
            reqwest::Client::new()
                .post(url)
                .json(&chat("m"))
                .send()
                .await
                .map(|r| r.status().as_u16())
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), 200);
    }
    assert_eq!(gateway.stat("cluster.openai.upstream_rq_retry_overflow").await, 0);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_class_that_is_off_does_not_move_on() {
    let gateway = with_models(
        "- { name: a, targets: [\"openai/x!status=429\", openai/good] }\n\
         - { name: b, targets: [\"openai/x!status=500\", openai/good] }\n\
         - { name: c, targets: [\"openai/x!error-first\", openai/good] }\n\
         defaults: { retry_on: [server, connect] }",
    )
    .await;
    assert_eq!(post(&gateway, &chat("a")).await.error().0, 429);
    assert_eq!(post(&gateway, &chat("b")).await.status, 200);
    let reply = post(&gateway, &streamed("c")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "1"));
    assert!(reply.text().contains("\"error\"") && !reply.text().contains("[DONE]"));
}
