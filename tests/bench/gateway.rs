//! What Sluice costs: CPU, latency and memory beside an Envoy without it.
//!
//! Run by `cargo bench --bench gateway`; `QUICK=1` for a glance. One Envoy with one
//! worker serves the committed files and, on a second listener of the same
//! process, plain HTTP to the same mock:
//!
//! ```text
//!   wrk ──┬── llm    (Sluice, both roles) ──┬── sluice mock --quiet
//!         └── plain  (the router alone)   ──┘
//!   CPU 1 ...          CPU 0: Envoy                CPU 1 ...
//! ```
//!
//! The figure is CPU time of the whole Envoy process per request, from the
//! scheduler's own count, and its ratio to the plain listener's under the same
//! load. Requests per second would measure the load generator on a small machine;
//! wall time would measure the neighbours. The ways of a group run one after the
//! other in every round, ratios are taken within a round, and the median of the
//! rounds is reported: machines drift. A wrong answer fails, and so does a missed
//! bar; a glance is too short to fail by.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench is a test: it stops at what it did not expect"
)]

mod cases;
mod load;
mod process;
mod report;
mod rig;
mod rules;
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../support/mod.rs"]
mod support;
mod ways;

use cases::{Case, Group};
use load::Sample;
use report::{Added, Memory, Report, Row};
use rig::Rig;
use std::io::Write;
use std::process::ExitCode;
use ways::Way;

/// How long to look.
struct Effort {
    rounds: usize,
    /// Of each load.
    seconds: u32,
    /// Of one second, on either listener.
    latency_rounds: usize,
    /// Through one VM, to see what it keeps.
    requests_for_memory: u64,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = runtime.map_err(|e| e.to_string()).and_then(|r| r.block_on(measure()));
    match report {
        Ok(report) => match write!(std::io::stdout(), "{report}") {
            Ok(()) if is_quick() || report.missed() == 0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "bench: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<Report, String> {
    load::check()?;
    let rules = rules::measure()?;
    let effort = Effort::from_env();
    let mut rig = Rig::start().await;
    for case in cases::GROUPS.iter().flat_map(Group::cases) {
        rig.probe(&case).await?;
    }
    let warm = cases::GROUPS.iter().filter(|g| g.warms).flat_map(Group::cases);
    for case in warm.filter(|c| !c.way.is_plain()) {
        rig.load(&case, 1)?;
    }
    // First, while the heap has seen nothing larger: a leak has no hole to hide in.
    let memory = memory(&rig, &effort).await?;
    let (mut rows, mut limits) = (Vec::new(), None);
    for group in cases::GROUPS {
        let (own, more) = compare(&rig, group, &effort)?;
        rows.extend(own);
        limits = limits.or(more);
    }
    let added = latency(&rig, &effort)?;
    rig.assert_calm().await?;
    Ok(Report {
        machine: rig.machine.clone(),
        rounds: effort.rounds,
        seconds: effort.seconds,
        rows,
        added,
        limits,
        memory,
        rules,
    })
}

/// The ways of one group against each other, and what limits add where they are one way.
fn compare(
    rig: &Rig,
    group: &'static Group,
    effort: &Effort,
) -> Result<(Vec<Row>, Option<f64>), String> {
    let cases = group.cases();
    let mut rounds: Vec<Vec<Sample>> = Vec::new();
    for _ in 0..effort.rounds {
        let seconds = effort.seconds.max(group.least_seconds);
        let round = cases.iter().map(|case| rig.load(case, seconds));
        rounds.push(round.collect::<Result<_, _>>()?);
    }
    let of = |i: usize, figure: fn(&Sample) -> f64| {
        median(rounds.iter().map(|r| figure(&r[i])).collect())
    };
    let rows = cases.iter().enumerate().map(|(i, case)| Row {
        group: group.name,
        way: case.way,
        cpu_us: of(i, Sample::cpu_us),
        per_second: of(i, Sample::per_second),
        busy: of(i, Sample::busy),
        ratio: median(rounds.iter().map(|r| r[i].cpu_us() / r[0].cpu_us()).collect()),
        bar: group.bar(case.way),
    });
    let place = |way| cases.iter().position(|case| case.way == way);
    let limits = place(Way::Identity).zip(place(Way::Limited)).map(|(without, with)| {
        median(rounds.iter().map(|r| r[with].cpu_us() - r[without].cpu_us()).collect())
    });
    Ok((rows.collect(), limits))
}

/// What one client alone waits longer. Neighbours only ever add to a wait: the
/// least of the rounds is the nearest to the truth, on either side.
fn latency(rig: &Rig, effort: &Effort) -> Result<Added, String> {
    let group = Group { connections: 1, ..cases::SMALL };
    let [plain, sluice] = [Way::Plain, Way::Identity].map(|way| Case::new(&group, way));
    let mut least = Added { p50: [f64::MAX; 2], p99: [f64::MAX; 2] };
    for _ in 0..effort.latency_rounds {
        for (side, case) in [&plain, &sluice].into_iter().enumerate() {
            let sample = rig.load(case, 1)?;
            least.p50[side] = least.p50[side].min(sample.p50_ms);
            least.p99[side] = least.p99[side].min(sample.p99_ms);
        }
    }
    Ok(least)
}

/// What Envoy and the VM in it hold before and after many calls.
async fn memory(rig: &Rig, effort: &Effort) -> Result<Memory, String> {
    let case = Case::new(&cases::SMALL, Way::Identity);
    let before = (rig.rss(), rig.allocated().await?);
    let mut requests = 0;
    while requests < effort.requests_for_memory {
        requests += rig.load(&case, effort.seconds)?.requests;
    }
    let after = (rig.rss(), rig.allocated().await?);
    Ok(Memory { requests, rss: [before.0, after.0], allocated: [before.1, after.1] })
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn is_quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|v| v != "0")
}

// === impl Effort ===

impl Effort {
    fn from_env() -> Self {
        match is_quick() {
            true => Self { rounds: 1, seconds: 1, latency_rounds: 2, requests_for_memory: 5_000 },
            false => {
                Self { rounds: 3, seconds: 3, latency_rounds: 9, requests_for_memory: 100_000 }
            }
        }
    }
}
