//! `make soak`: see `soak` (mod.rs). `MINUTES` of it (10), `RATE` calls a second (20),
//! `WORKERS` (4), `SEED`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a soak is a test: it stops at what it did not expect"
)]

#[path = "mod.rs"]
mod soak;
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

use soak::Soak;
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

fn main() -> ExitCode {
    let minutes = var("MINUTES", 10.0);
    let soak = Soak {
        length: Duration::from_secs_f64(minutes * 60.0),
        per_second: var("RATE", 20),
        workers: var("WORKERS", 4),
        seed: var("SEED", u64::from(std::process::id())),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let report = runtime.expect("a runtime").block_on(soak.run());
    match write!(std::io::stdout(), "{report}") {
        Ok(()) if report.faults().is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn var<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}
