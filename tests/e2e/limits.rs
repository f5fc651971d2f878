//! Limits under concurrency: four workers, 64 connections, answers of any length, clients
//! that leave, providers that fail, and a configuration push in the middle. What was
//! admitted is printed beside the limit and its bound.

use super::config::{listener, push, watched};
use crate::contended::Dice;
use crate::support::client::{Reply, post};
use crate::support::gateway::{Gateway, Setup};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CONFIG: &str = r#"
providers:
  openai: { kind: openai }
  mistral: { kind: mistral }
  counted: { kind: openai }
health: { enabled: false }
models:
  - { name: "tokens*", targets: ["openai/*"] }
  - { name: "requests*", targets: ["counted/*"] }
  - { name: "dollars*", targets: ["openai/*"] }
  - { name: "slots*", targets: ["mistral/*"] }
catalog: [{ model: "openai/dollars*", input: 1, output: 100 }]
limits:
  - { name: tokens, tokens: 10000, every: minute, window: rolling, when: { models: ["tokens*"] } }
  - { name: requests, requests: 100, every: day, window: rolling, when: { models: ["requests*"] } }
  - { name: dollars, dollars: 0.5, every: day, window: rolling, when: { models: ["dollars*"] } }
  - { name: slots, concurrent: 8, when: { models: ["slots*"] } }
"#;

const KINDS: [&str; 4] = ["tokens", "requests", "dollars", "slots"];
const CONNECTIONS: u64 = 64;
const LENGTH: Duration = Duration::from_secs(6);
/// What is reserved of an answer without a limit of its own.
const OUTPUT: u64 = 1_000;
/// A prompt has no more tokens than that beyond its estimate.
const INPUT: u64 = 10;

/// What a client knows of a call.
#[derive(Clone)]
struct Call {
    kind: &'static str,
    began: Instant,
    ended: Instant,
    /// 0: it left, or the connection broke.
    status: u16,
    /// Tokens it may use beyond what was reserved.
    excess: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_under_concurrency() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(6);
    println!("SEED={seed}");
    let setup =
        Setup { config: Some(CONFIG.into()), workers: 4, edit: watched, ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let over = Arc::new(AtomicBool::new(false));
    let url = gateway.url("/v1/chat/completions");
    let clients = (0..CONNECTIONS)
        .map(|n| tokio::spawn(client(seed ^ (n << 32), url.clone(), Arc::clone(&over))));
    let clients: Vec<_> = clients.collect();
    let began = Instant::now();
    let (mut most_slots, mut pushed) = (0, false);
    while began.elapsed() < LENGTH {
        most_slots = most_slots.max(gateway.stat("cluster.mistral.upstream_rq_active").await);
        if !pushed && began.elapsed() > LENGTH / 3 {
            // One limit more: those that were there go on.
            let more = format!("{CONFIG}  - {{ name: more, requests: 100000, every: day }}\n");
            push(&gateway.folder, &listener(&gateway, &more));
            pushed = true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut calls = Vec::new();
    for client in clients {
        calls.extend(client.await.expect("a client ends"));
    }
    // What has hung up is settled now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(gateway.stat("listener_manager.lds.update_success").await >= 2, "the push has come");

    let tokens = gateway.used("tokens*", "input_tokens").await
        + gateway.used("tokens*", "output_tokens").await;
    let bound = most_at_once(&calls, "tokens");
    report(&calls, ("tokens", tokens as f64, 10_000.0, bound as f64));

    let rows = gateway.usage().await;
    let paid = rows.iter().filter(|r| r["model"] == "dollars*").map(|r| r["cost_usd"].as_f64());
    let paid: f64 = paid.map(|usd| usd.expect("a price")).sum();
    // $100 a million.
    let bound = most_at_once(&calls, "dollars") as f64 * 100e-6;
    report(&calls, ("dollars", paid, 0.5, bound));

    let reached = gateway.stat("cluster.counted.upstream_rq_total").await;
    report(&calls, ("requests", reached as f64, 100.0, 0.0));
    report(&calls, ("slots", most_slots as f64, 8.0, 0.0));

    // Nothing is held any more: all slots are to be had at once, and no more.
    for _ in 0..3 {
        let body = ask("slots!first-ms=700;tokens=2", None);
        let slow = || post(&gateway, &body);
        let all = futures(9, slow).await;
        let refused = all.iter().filter(|reply| reply.status == 429).count();
        let served = all.iter().filter(|reply| reply.status == 200).count();
        assert_eq!((served, refused), (8, 1));
    }
    let refused = post(&gateway, &ask("requests", None)).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") > 3_600);
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    gateway.assert_calm().await;
}

/// Prints what was admitted, and holds it to the limit and its bound.
fn report(calls: &[Call], (kind, admitted, limit, bound): (&str, f64, f64, f64)) {
    let own = calls.iter().filter(|c| c.kind == kind);
    let of = |status: u16| own.clone().filter(|c| c.status == status).count();
    let overshoot = (admitted - limit).max(0.0);
    println!(
        "{kind}: {} calls ({} served, {} refused, {} failed, {} left), {admitted} admitted of \
         {limit}, overshoot {overshoot}, bound {bound}",
        own.clone().count(),
        of(200),
        of(429),
        of(502) + of(503),
        of(0),
    );
    assert!(of(429) > 0, "{kind}: the limit was not met");
    assert!(overshoot <= bound, "{kind}: {overshoot} > {bound}");
    assert!(admitted > limit * 0.5, "{kind}: far too little was admitted");
}

/// The most that calls which ran at the same time may have used beyond their
/// reservations, in tokens.
fn most_at_once(calls: &[Call], kind: &str) -> u64 {
    let own: Vec<_> = calls.iter().filter(|c| c.kind == kind && c.status != 429).collect();
    let at = |now: Instant| own.iter().filter(move |c| c.began <= now && now <= c.ended);
    own.iter().map(|c| at(c.began).map(|c| c.excess).sum()).max().unwrap_or(0)
}

fn ask(model: &str, cap: Option<u64>) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    if let Some(cap) = cap {
        body["max_completion_tokens"] = cap.into();
    }
    body
}

async fn client(seed: u64, url: String, over: Arc<AtomicBool>) -> Vec<Call> {
    let dice = Dice::new(seed);
    let client = reqwest::Client::new();
    let mut calls = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let kind = KINDS[dice.below(4) as usize];
        let cap = (dice.below(5) > 0).then(|| 10 + dice.below(90));
        let tokens = 1 + dice.below(if cap.is_some() { 120 } else { 1_300 });
        let fault = match dice.below(10) {
            0 => ";status=500",
            1 => ";cut-after=3",
            2 => ";refuse",
            _ => "",
        };
        let first = dice.below(30);
        let model = format!("{kind}!tokens={tokens};first-ms={first}{fault}");
        let mut body = ask(&model, cap);
        body["stream"] = (dice.below(2) == 0).into();
        let patience = if dice.below(8) == 0 { 1 + dice.below(30) } else { 20_000 };
        let began = Instant::now();
        let answer = async {
            let reply = client.post(&url).json(&body).send().await.ok()?;
            let reply = Reply::read(reply).await;
            Some((reply.status, reply.broken, reply.header("retry-after").to_owned()))
        };
        let answer = tokio::time::timeout(Duration::from_millis(patience), answer).await;
        let (status, after) = match answer {
            Ok(Some((status, false, after))) => (status, after),
            _ => (0, String::new()),
        };
        assert!(status != 429 || !after.is_empty(), "a refusal says when to come again");
        let most = tokens.min(cap.unwrap_or(u64::MAX));
        let excess = most.saturating_sub(cap.unwrap_or(OUTPUT).min(OUTPUT)) + INPUT;
        calls.push(Call { kind, began, ended: Instant::now(), status, excess });
        if status == 429 {
            tokio::time::sleep(Duration::from_millis(5 + dice.below(40))).await;
        }
    }
    calls
}

/// So many at once.
async fn futures<F: Future<Output = Reply>>(n: usize, make: impl Fn() -> F) -> Vec<Reply> {
    let mut all: Vec<_> = (0..n).map(|_| Box::pin(make())).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(reply) => {
                done.push(reply);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
