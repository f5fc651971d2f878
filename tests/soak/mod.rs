//! A long run through bad weather: does any call get lost that a healthy target could
//! have served?
//!
//! One real Envoy, five mocks: four providers that fail in turn, each in its own ways
//! (`course`), and one that is always well and that every model ends with. Mixed calls
//! come at a steady rate (`traffic`), and some clients hang up by intent:
//!
//! ```text
//!   traffic ── Envoy, health on ──┬── flap  429 503 stalls error-in-200 cuts, well between
//!                                 ├── odd   html 529 empty 401 ...
//!                                 ├── dull  500 stalls wrong answers ...
//!                                 ├── ring  two keys: 429 401 402
//!                                 └── home  always well
//! ```
//!
//! All must succeed but two kinds of calls, which are counted apart: those whose client
//! hung up, and streams that a provider broke off after their first words; what a client
//! has read cannot be taken back. (A stream that broke off without such a fault in force
//! is lost.) The end must be clean, too: nothing in flight, every answer counted once in
//! the usage, no trap.

use crate::support::gateway::{Gateway, Setup, local};
use course::{WHEELS, Wheel};
use report::{Books, Report};
use sluice::cli::mock::Server;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use traffic::{Call, End, Kind};

mod course;
#[allow(dead_code, reason = "the bench uses the rest")]
#[path = "../bench/process.rs"]
mod process;
mod report;
mod traffic;

pub struct Soak {
    pub length: Duration,
    pub per_second: u32,
    pub workers: u32,
    /// The calls are the same for the same seed; when they meet which fault is not.
    pub seed: u64,
}

/// All may stall, so each has a deadline, and the call time for all of them.
const CONFIG: &str = "providers:
  flap: { kind: openai }
  odd: { kind: anthropic }
  dull: { kind: gemini }
  ring: { kind: openai, keys: [{ value: sk-ring-1 }, { value: sk-ring-2 }] }
  home: { kind: openai }
  house: { kind: anthropic }
models:
  - { name: chat, targets: [flap/flap, home/well] }
  - { name: claude, targets: [flap/flap, house/claude-haiku-4-5] }
  - { name: long, targets: [odd/claude-haiku-4-5, ring/ring, dull/gemini-2.5-flash, flap/flap, home/well] }
  - { name: spread, strategy: weighted, targets: [flap/flap, dull/gemini-2.5-flash, home/well] }
  - { name: left, targets: [flap/flap, home/well] }
";

impl Soak {
    pub async fn run(&self) -> Report {
        let mut failing = Vec::new();
        for wheel in &WHEELS {
            let mock = Server::start(local(0)).await.expect("a mock starts");
            wheel.set(&mock, 0);
            failing.push((wheel, mock));
        }
        let at = |(wheel, mock): &(&Wheel, Server)| (wheel.provider.to_owned(), mock.addr());
        let upstreams: Vec<(String, SocketAddr)> = failing.iter().map(at).collect();
        // Rests are short beside a stage, so that every stage is met; deadlines are long
        // beside what a well target takes on a busy machine.
        let stage = course::stage_length(self.length);
        let (rest, deadline) = (stage.as_millis() / 8, (stage.as_millis() * 5 / 2).max(3000));
        let rests = format!("cooldown: {rest}ms, max_cooldown: {}ms", rest * 2);
        let health = format!("health: {{ failures: 3, {rests}, key_cooldown: {rest}ms }}\n");
        let each = format!("first_token_timeout: {deadline}ms, timeout: {deadline}ms");
        let defaults = format!("defaults: {{ {each}, total_timeout: 60s }}\n");
        let config = Some(CONFIG.to_owned() + &defaults + &health);
        let setup = Setup { config, workers: self.workers, upstreams, ..Setup::default() };
        let mut gateway = Gateway::start(setup).await;
        for model in ["well", "claude-haiku-4-5"] {
            gateway.mock.set_faults(model, course::PACE).expect("fault words");
        }
        let begin = Instant::now();
        let (turns, rss) = (self.turns(&failing, begin), self.watch(gateway.pid(), begin));
        let (calls, turns, rss) = tokio::join!(self.traffic(&gateway, begin), turns, rss);
        drop(failing);
        let books = Books::close(&gateway, rss).await;
        gateway.assert_calm().await;
        let calls = calls.into_iter().map(|call| judged(call, &turns)).collect();
        Report::new(self, calls, books, &gateway)
    }

    /// Turns the wheels; says when which stage began.
    async fn turns(&self, failing: &[(&Wheel, Server)], begin: Instant) -> Vec<Duration> {
        let length = course::stage_length(self.length);
        let mut turns = vec![Duration::ZERO];
        loop {
            tokio::time::sleep_until((begin + length * turns.len() as u32).into()).await;
            if begin.elapsed() >= self.length {
                return turns;
            }
            for (wheel, mock) in failing {
                wheel.set(mock, turns.len());
            }
            turns.push(begin.elapsed());
        }
    }

    /// Envoy's resident MiB: when it is warm, and when the traffic ends.
    async fn watch(&self, pid: u32, begin: Instant) -> [f64; 2] {
        tokio::time::sleep_until((begin + self.length / 5).into()).await;
        let warm = process::rss_mib(pid);
        tokio::time::sleep_until((begin + self.length).into()).await;
        [warm, process::rss_mib(pid)]
    }

    async fn traffic(&self, gateway: &Gateway, begin: Instant) -> Vec<Call> {
        let client = reqwest::Client::new();
        let (done, mut all) = mpsc::unbounded_channel();
        let pause = Duration::from_secs(1) / self.per_second;
        let mut number = 0;
        while begin.elapsed() < self.length {
            let kind = Kind::of(self.seed, number);
            let call = Call::make(client.clone(), gateway.url(""), kind, begin);
            let done = done.clone();
            tokio::spawn(async move { done.send(call.await) });
            number += 1;
            // Steady, whatever the answers do.
            tokio::time::sleep_until((begin + pause * number as u32).into()).await;
        }
        drop(done);
        let mut calls = Vec::new();
        while let Some(call) = all.recv().await {
            calls.push(call);
        }
        calls
    }
}

/// Whether a stream that broke off could not be helped.
fn judged(mut call: Call, turns: &[Duration]) -> Call {
    let in_force = turns.iter().enumerate().any(|(turn, from)| {
        let until = turns.get(turn + 1).copied().unwrap_or(Duration::MAX);
        let met = *from <= call.ended && until >= call.began;
        met && WHEELS.iter().any(|wheel| Wheel::breaks_off(wheel.stage(turn)))
    });
    if call.end == End::BrokeOff && !in_force {
        call.end = End::Lost;
    }
    call
}
