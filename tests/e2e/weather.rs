//! A short one of `make soak`: through all faults once.

#[path = "../soak/mod.rs"]
mod soak;

use soak::Soak;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_that_a_healthy_target_could_have_served() {
    let length = Duration::from_secs(12);
    let soak = Soak { length, per_second: 30, workers: 2, seed: u64::from(std::process::id()) };
    let report = soak.run().await;
    assert!(report.faults().is_empty(), "{report}");
}
