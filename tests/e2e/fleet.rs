//! Limits that all proxies share: real Envoys, Limitador's engine, a real Redis.

use crate::support::client::{Reply, chat, post};
use crate::support::gateway::{Gateway, Setup, config, local};
use crate::support::redis::Redis;
use crate::support::rls::Rls;
use sluice::cli::render::{self, ServiceOptions};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// sluice.yaml with this limit.
fn sluice(limit: &str) -> String {
    let models = "- { name: m, targets: [\"openai/real!header-ms=40\"] }";
    let fleet = "fleet: { service: { cluster: ratelimit, timeout: 500ms } }";
    let expose = "expose: { limits: true }";
    format!("{}{fleet}\n{expose}\nlimits:\n- {limit}\n", config(models))
}

/// What the service shall read, as the command line renders it.
fn limitador(config: &str) -> String {
    let unique = SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_nanos();
    let file = std::env::temp_dir().join(format!("sluice-fleet-{}-{unique}", std::process::id()));
    std::fs::write(&file, config).expect("a file");
    let text = render::limitador(&ServiceOptions { config: file.clone() }).expect("it renders");
    std::fs::remove_file(file).expect("a file");
    text
}

/// `envoy/fleet.yaml`, with the service there.
fn addition(at: SocketAddr) -> String {
    let text = include_str!("../../envoy/fleet.yaml");
    let place = format!("{{ address: {}, port_value: {} }}", at.ip(), at.port());
    let text = text.replace("{ address: ratelimit, port_value: 8081 }", &place);
    text.replace("type: STRICT_DNS", "type: STATIC").replace("dns_lookup_family: V4_PREFERRED", "")
}

async fn proxy(config: &str, service: SocketAddr, workers: u32) -> Gateway {
    let setup = Setup {
        config: Some(config.to_owned()),
        workers,
        with: vec![addition(service)],
        ..Setup::default()
    };
    Gateway::start(setup).await
}

async fn events(gateway: &Gateway, event: &str) -> u64 {
    let page = gateway.admin("/stats?filter=sluice.fleet").await;
    let event = format!(";event={event}");
    let lines = page.lines().filter(|l| l.contains(&event));
    lines.filter_map(|l| l.rsplit(": ").next()?.parse::<u64>().ok()).sum()
}

/// So many calls at once, over so many connections; how many were served.
async fn crowd(gateways: &[&Gateway], calls: usize) -> (u64, u64, Vec<u16>) {
    let mut tasks = Vec::new();
    let clients: Vec<_> = (0..16).map(|_| reqwest::Client::new()).collect();
    for n in 0..calls {
        let url = gateways[n % gateways.len()].url("/v1/chat/completions");
        let client = clients[n / gateways.len() % clients.len()].clone();
        tasks.push(tokio::spawn(async move {
            let reply = client.post(url).json(&chat("m")).send().await.expect("an answer");
            reply.status().as_u16()
        }));
    }
    let (mut served, mut refused, mut others) = (0, 0, Vec::new());
    for task in tasks {
        match task.await.expect("it ends") {
            200 => served += 1,
            429 => refused += 1,
            other => others.push(other),
        }
    }
    (served, refused, others)
}

/// A window must not turn in the middle.
async fn early_in_the_minute() {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_secs() % 60;
    while second() > 40 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn number(reply: &Reply, name: &str) -> u64 {
    reply.header(name).parse().unwrap_or_else(|_| panic!("{name}: {:?}", reply.headers))
}

#[tokio::test]
async fn a_lease_saves_round_trips_and_the_amount_holds() {
    early_in_the_minute().await;
    let config = sluice("{ name: calls, requests: 100, every: minute, fleet: { lease: 20 } }");
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, true).await;
    let mut gateway = proxy(&config, service.addr, 1).await;
    let reply = post(&gateway, &chat("m")).await;
    assert_eq!(reply.status, 200, "{}\n{}", reply.text(), gateway.log());
    assert_eq!(service.asked(), 1);
    assert_eq!(number(&reply, "x-ratelimit-limit-requests"), 100);
    let mut served = 1;
    for _ in 0..14 {
        assert_eq!(post(&gateway, &chat("m")).await.status, 200);
        served += 1;
    }
    assert_eq!(service.asked(), 1, "15 calls of a lease of 20");
    let last = loop {
        let reply = post(&gateway, &chat("m")).await;
        if reply.status != 200 {
            break reply;
        }
        served += 1;
        assert!(served <= 100, "more than the amount");
    };
    assert_eq!(last.status, 429);
    assert!(number(&last, "retry-after") >= 1);
    assert!(last.text().contains("`calls`"), "{}", last.text());
    println!(
        "fleet: {served} of 100 served by one proxy, {} requests to the service",
        service.asked()
    );
    assert_eq!(served, 100, "the service told what is left: the last leases were smaller");
    assert!(service.asked() < 20, "{} requests for {served} calls", service.asked());
    // The refusal is remembered.
    let before = service.asked();
    for _ in 0..5 {
        assert_eq!(post(&gateway, &chat("m")).await.status, 429);
    }
    assert!(service.asked() <= before + 2, "{} more", service.asked() - before);
    gateway.assert_calm().await;
}

/// Three of the local limit, at most five of the shared one, whatever restarts.
#[tokio::test]
async fn a_restart_forgets_local_limits_and_no_shared_ones() {
    let config = sluice(
        "{ name: local, requests: 3, every: hour, window: rolling }\n\
         - { name: shared, requests: 5, every: hour, fleet: { lease: 1 } }",
    );
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, true).await;
    let mut served = Vec::new();
    for (life, refuses) in ["`local`", "`shared`"].into_iter().enumerate() {
        let mut gateway = proxy(&config, service.addr, 1).await;
        served.push(0);
        let last = loop {
            let reply = post(&gateway, &chat("m")).await;
            if reply.status != 200 {
                break reply;
            }
            served[life] += 1;
            assert!(served[life] <= 3, "{served:?}");
        };
        assert_eq!(last.status, 429);
        assert!(last.text().contains(refuses), "{served:?} {}", last.text());
        gateway.assert_calm().await;
    }
    // What the first life had drawn and not used is lost.
    assert_eq!(served[0], 3);
    assert!((1..=2).contains(&served[1]), "{served:?}");
}

#[tokio::test]
async fn two_proxies_share_an_amount() {
    early_in_the_minute().await;
    let config = sluice("{ name: calls, requests: 200, every: minute, fleet: { lease: 20 } }");
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, true).await;
    let mut one = proxy(&config, service.addr, 2).await;
    let mut two = proxy(&config, service.addr, 2).await;
    let (served, refused, others) = crowd(&[&one, &two], 500).await;
    println!(
        "fleet: 200 allowed, bound 200 + 2 x 20, granted {}, served {served}, refused {refused}, \
         {} requests to the service",
        service.granted(),
        service.asked()
    );
    assert!(others.is_empty(), "{others:?}\n{}", one.log());
    assert!(served <= 240, "{served} of 200 + 2 x 20");
    assert!(served <= service.granted(), "{served} of {} granted", service.granted());
    assert!(served >= 140, "{served}: what is stranded is at most two leases and a few needs");
    one.assert_calm().await;
    two.assert_calm().await;
}

#[tokio::test]
async fn tokens_are_shared_by_what_calls_need() {
    early_in_the_minute().await;
    let limit = "{ name: tokens, tokens: 20000, every: hour, fleet: { lease: 2000 } }";
    let config = sluice(limit);
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, false).await;
    let mut gateway = proxy(&config, service.addr, 1).await;
    let mut body = chat("m");
    body["max_tokens"] = 1_500.into();
    for _ in 0..8 {
        assert_eq!(post(&gateway, &body).await.status, 200);
    }
    // What was reserved and not used serves the next.
    println!("fleet: 8 calls of 1,500 reserved tokens, {} granted", service.granted());
    assert!(service.granted() <= 4_000, "{}", service.granted());
    gateway.assert_calm().await;
}

#[tokio::test]
async fn redis_dies_and_comes_back() {
    for (when, down, full) in [("open", 200, 40), ("closed", 503, 0), ("local_only", 200, 40)] {
        early_in_the_minute().await;
        let config = sluice(&format!(
            "{{ name: calls, requests: 1000, every: minute, fleet: {{ lease: 20, when_down: {when} }} }}"
        ));
        let (mut redis, limits) = (Redis::start(), limitador(&config));
        let service = Rls::start(&limits, redis.port, true).await;
        let mut gateway = proxy(&config, service.addr, 1).await;
        assert_eq!(post(&gateway, &chat("m")).await.status, 200);
        redis.kill();
        // What was promised holds: 19 are left of the lease.
        for n in 0..19 {
            assert_eq!(post(&gateway, &chat("m")).await.status, 200, "{when}: {n} of the lease");
        }
        let mut passed = 0;
        for _ in 0..40 {
            let status = post(&gateway, &chat("m")).await.status;
            assert!(status == 200 || status == down, "{when}: {status}");
            passed += u64::from(status == 200);
        }
        println!("fleet: Redis gone, {when}: {passed} of 40 beyond the lease");
        assert_eq!(passed, full, "{when}\n{}", gateway.log());
        assert!(events(&gateway, "down").await >= 1);
        let before = service.asked();
        assert!(before <= 8, "{before} requests to a service that fails");
        redis.again();
        let deadline = Instant::now() + Duration::from_secs(20);
        while service.granted() <= 20 {
            post(&gateway, &chat("m")).await;
            assert!(Instant::now() < deadline, "{when}: it does not come back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(post(&gateway, &chat("m")).await.status, 200);
        gateway.assert_calm().await;
    }
}

#[tokio::test]
async fn a_slow_service_costs_one_timeout() {
    early_in_the_minute().await;
    let config = sluice("{ name: calls, requests: 1000, every: minute, fleet: { lease: 20 } }");
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, true).await;
    service.delay(5_000);
    let mut gateway = proxy(&config, service.addr, 1).await;
    let begun = Instant::now();
    assert_eq!(post(&gateway, &chat("m")).await.status, 200);
    let first = begun.elapsed();
    assert!(first >= Duration::from_millis(450), "{first:?}: it did not wait");
    let mut slowest = Duration::ZERO;
    for _ in 0..10 {
        let begun = Instant::now();
        assert_eq!(post(&gateway, &chat("m")).await.status, 200);
        slowest = slowest.max(begun.elapsed());
    }
    println!("fleet: a silent service: first call {first:?}, slowest of ten more {slowest:?}");
    assert!(slowest < Duration::from_millis(450), "{slowest:?}");
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_no_trap() {
    let config = sluice("{ name: calls, requests: 10, every: hour, fleet: { lease: 5 } }");
    // A cluster whose host refuses connections, and no such cluster at all.
    let nobody = local(crate::support::gateway::free_port());
    for with in [vec![addition(nobody)], vec![]] {
        let setup = Setup { config: Some(config.clone()), with, ..Setup::default() };
        let mut gateway = Gateway::start(setup).await;
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(post(&gateway, &chat("m")).await.status);
        }
        let passed = statuses.iter().filter(|s| **s == 200).count();
        assert_eq!(passed, 10, "alone it counts to the amount: {statuses:?}\n{}", gateway.log());
        gateway.assert_calm().await;
    }
}

/// What a client asked that has left is cancelled: nothing traps, nothing stays reserved.
#[tokio::test]
async fn clients_that_leave_while_they_wait() {
    early_in_the_minute().await;
    let config = sluice("{ name: calls, requests: 100, every: minute, fleet: { lease: 10 } }");
    let (redis, limits) = (Redis::start(), limitador(&config));
    let service = Rls::start(&limits, redis.port, true).await;
    service.delay(300);
    let mut gateway = proxy(&config, service.addr, 1).await;
    for _ in 0..5 {
        let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
        let request = request.json(&chat("m")).timeout(Duration::from_millis(100));
        assert!(request.send().await.is_err(), "it has left");
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    service.delay(0);
    println!(
        "fleet: 5 clients left while they waited: {} asked, {} granted",
        service.asked(),
        service.granted()
    );
    let reply = post(&gateway, &chat("m")).await;
    println!("fleet: then {} and {}", reply.status, events(&gateway, "lost").await);
    assert_eq!((reply.status, events(&gateway, "lost").await), (200, 5));
    assert_eq!(gateway.mock.requests().len(), 1);
    gateway.assert_calm().await;
}
