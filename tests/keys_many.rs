//! 100,000 consumers with a key each: how long they take to load, what they take of memory,
//! and how long one takes to be found. Printed. The bounds asserted are three times what is
//! promised (1 s, 32 MB, 1 us) with optimisation, for machines that are busy, and thirty
//! times without.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, and one that reports")]

use sluice::config::identity::keys::{Digester, hex};
use sluice::config::{self, Config};
use sluice::host::Headers;
use sluice::policy::identity::{Asked, identify};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

const N: usize = 100_000;
const SLACK: u32 = if cfg!(debug_assertions) { 30 } else { 3 };

fn key(n: usize) -> String {
    format!("sk-sluice-{n:043}")
}

/// With a key each; every tenth has two, with times.
fn written() -> String {
    let digest = |key: &str| hex(&Digester::Plain.digest(key.as_bytes()));
    let mut consumers = String::new();
    for n in 0..N {
        let comma = if n == 0 { "" } else { "," };
        let (plain, other) = (digest(&key(n)), digest(&key(n + N)));
        let _ = match n % 10 {
            0 => write!(
                consumers,
                r#"{comma}{{"name":"consumer-{n}","tags":["free"],"keys":[{{"sha256":"{plain}","expires":"2500-01-01T00:00:00Z"}},
                {{"sha256":"{other}","name":"next","not_before":"2100-01-01T00:00:00Z"}}]}}"#
            ),
            _ => write!(consumers, r#"{comma}{{"name":"consumer-{n}","key_sha256":["{plain}"]}}"#),
        };
    }
    format!(
        r#"{{"providers":{{"openai":{{"kind":"openai","keys":[{{"value":"sk"}}]}}}},
        "models":[{{"name":"m","targets":["openai/gpt-5"]}}],"consumers":[{consumers}]}}"#
    )
}

fn load(text: &str) -> Config {
    config::load(text.as_bytes(), &|_| None).unwrap()
}

/// Resident bytes of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Per call, the best of some rounds.
fn time(rounds: usize, calls: usize, mut call: impl FnMut(usize)) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let begun = Instant::now();
        // In no order that a cache could love.
        (0..calls).for_each(|n| call(n * 7919 % N));
        best = best.min(begun.elapsed() / u32::try_from(calls).unwrap());
    }
    best
}

#[test]
fn a_hundred_thousand_keys() {
    let text = written();
    let begun = Instant::now();
    let config = load(&text);
    let took = begun.elapsed();
    // What parsing leaves behind is there for the next ones: they grow by what they keep.
    let mut more: Vec<_> = (0..2).map(|_| load(&text)).collect();
    let before = resident();
    more.extend((0..4).map(|_| load(&text)));
    let memory = resident().saturating_sub(before) / 4;

    let headers: Vec<Headers> = (0..N)
        .map(|n| vec![("authorization".to_owned(), format!("Bearer {}", key(n)).into_bytes())])
        .collect();
    let unknown: Headers = vec![("x-api-key".to_owned(), key(3 * N).into_bytes())];
    let ask = |headers: &Headers| {
        let asked = Asked { headers, property: &|_| None, now: &|| 1_800_000_000_000_000_000 };
        identify(&config, &asked)
    };
    for n in [0, 1, N / 2, N - 1] {
        assert_eq!(ask(&headers[n]).unwrap().consumer.name, format!("consumer-{n}"));
    }
    assert!(ask(&unknown).is_err());
    let keys: Vec<_> = (0..N).map(key).collect();
    let digest = time(5, N, |n| {
        black_box(Digester::Plain.digest(keys[n].as_bytes()));
    });
    let found = time(5, N, |n| {
        black_box(config.identity.keys.find(keys[n].as_bytes()).is_some());
    });
    let known = time(5, N, |n| {
        black_box(ask(&headers[n]).is_ok());
    });
    let refused = time(5, N, |_| {
        black_box(ask(&unknown).is_ok());
    });
    println!(
        "{N} consumers, {} keys, {}: loaded in {took:?}, {:.1} MB; found in {found:?} \
         (of which SHA-256 {digest:?}), a caller in {known:?}, a refusal in {refused:?}",
        config.identity.keys.len(),
        if cfg!(debug_assertions) { "not optimised" } else { "optimised" },
        memory as f64 / 1e6
    );
    assert!(took < Duration::from_secs(1) * SLACK, "load: {took:?}");
    assert!(memory < 32_000_000, "memory: {memory}");
    assert!(found < Duration::from_micros(1) * SLACK, "look-up: {found:?}");
}
