//! What is printed, and whether it is good enough.

use super::course::{OWN, REASONS, WHEELS, stage_length};
use super::process;
use super::traffic::{Call, End, LEFT};
use super::{Gateway, Soak};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

pub struct Report {
    head: String,
    calls: Vec<Call>,
    books: Books,
    /// The access log's line of each call that was lost.
    lines: Vec<String>,
}

/// What Envoy says when it is over.
pub struct Books {
    /// Calls in the usage of those that did not hang up, and of those that did.
    counted: [u64; 2],
    /// The most that any worker says, and Envoy's own gauges.
    in_flight: u64,
    /// `sluice.rests` and `sluice.fallbacks`.
    stats: BTreeMap<String, u64>,
    /// MiB when warm, at the end of the traffic, and after it.
    rss: [f64; 3],
}

/// MiB that Envoy may grow once it is warm: fragments of bodies, not a leak.
const MAX_GROWTH: f64 = 48.0;
/// How long what is in flight may take to be cleared away.
const GRACE: Duration = Duration::from_secs(10);
/// Enough new connections to meet every worker.
const LOOKS: usize = 48;
/// Kinds of lost calls of which one is shown.
const SHOWN: usize = 20;

// === impl Books ===

impl Books {
    pub async fn close(gateway: &Gateway, rss: [f64; 2]) -> Self {
        let begin = Instant::now();
        let mut in_flight = flights(gateway).await;
        while in_flight > 0 && begin.elapsed() < GRACE {
            tokio::time::sleep(Duration::from_millis(100)).await;
            in_flight = flights(gateway).await;
        }
        let mut counted = [0, 0];
        for row in gateway.usage().await {
            let hung_up = usize::from(row["model"] == LEFT);
            counted[hung_up] += row["calls"].as_u64().unwrap_or(0);
        }
        let page = gateway.admin("/stats?usedonly&filter=sluice.(rests|fallbacks)").await;
        let stats = page.lines().filter_map(|line| {
            let (name, n) = line.strip_prefix("wasmcustom.sluice.")?.split_once(": ")?;
            Some((name.to_owned(), n.parse().ok()?))
        });
        let rss = [rss[0], rss[1], process::rss_mib(gateway.pid())];
        Self { counted, in_flight, stats: stats.collect(), rss }
    }

    fn growth(&self) -> f64 {
        self.rss[1].max(self.rss[2]) - self.rss[0]
    }
}

async fn flights(gateway: &Gateway) -> u64 {
    let gauges = gateway.admin("/stats?filter=cluster.*upstream_rq_(active|pending_active)").await;
    let gauges = gauges.lines().filter_map(|l| l.rsplit(": ").next()?.parse::<u64>().ok());
    let mut most = gauges.max().unwrap_or(0);
    for _ in 0..LOOKS {
        let page = reqwest::get(gateway.url("/sluice/health")).await.expect("it answers");
        let page: Value = page.json().await.expect("JSON");
        most = most.max(page["worker_calls_in_flight"].as_u64().expect("a number"));
    }
    most
}

// === impl Report ===

impl Report {
    pub fn new(soak: &Soak, mut calls: Vec<Call>, books: Books, gateway: &Gateway) -> Self {
        calls.sort_by_key(|call| call.began);
        let log = std::fs::read_to_string(gateway.folder.join("access.log")).unwrap_or_default();
        let lost = calls.iter().filter(|c| c.end == End::Lost && !c.request_id.is_empty());
        let line = |c: &Call| log.lines().find(|l| l.contains(&c.request_id)).map(str::to_owned);
        let lines = lost.filter_map(line).collect();
        let stage = stage_length(soak.length);
        let head = format!(
            "{:?} of {} calls a second, {} workers, a fault every {stage:.1?}, seed {}",
            soak.length, soak.per_second, soak.workers, soak.seed
        );
        Self { head, calls, books, lines }
    }

    /// What is not as it must be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |good: bool, words: String| {
            if !good {
                faults.push(words);
            }
        };
        // Then it was not well, and what was lost was not ours to lose.
        for well in ["home", "house"] {
            let late = format!("fallbacks;provider={well};reason=timeout");
            let failing = format!("rests;provider={well};reason=failing");
            let missed = [late, failing].iter().any(|name| self.books.stats.contains_key(name));
            let words = "missed its deadline: this machine is too busy for the test";
            must(!missed, format!("the target that is always well, {well}, {words}"));
        }
        must(self.of(End::Lost) == 0, format!("{} calls were lost", self.of(End::Lost)));
        let served = self.of(End::Served);
        must(served > 0, "nothing was served".into());
        let several = self.calls.iter().filter(|c| c.end == End::Served && c.attempts > 1);
        must(several.count() > 0, "no call needed a second attempt".into());
        for reason in REASONS {
            let name = format!("fallbacks;provider={};reason={reason}", WHEELS[0].provider);
            must(self.books.stats.contains_key(&name), format!("no {name} was met"));
        }
        must(self.books.in_flight == 0, format!("{} calls stay in flight", self.books.in_flight));
        let (made, counted) = (self.answered(), self.books.counted[0]);
        must(made == counted, format!("{made} calls were answered, {counted} counted"));
        let (left, charged) = (self.of(End::Left), self.books.counted[1]);
        must(charged <= left, format!("{left} clients hung up, {charged} calls of them counted"));
        let growth = self.books.growth();
        must(growth <= MAX_GROWTH, format!("Envoy grew by {growth:.1} MiB"));
        faults
    }

    fn of(&self, end: End) -> u64 {
        self.calls.iter().filter(|c| c.end == end).count() as u64
    }

    /// Of those that do not hang up.
    fn answered(&self) -> u64 {
        self.of(End::Served) + self.of(End::BrokeOff)
    }

    /// What calls waited longer for their first byte than the well target takes.
    fn added(&self, which: impl Fn(&Call) -> bool) -> Vec<f64> {
        let mut all: Vec<f64> = self
            .calls
            .iter()
            .filter(|c| c.end == End::Served && which(c))
            .map(|c| {
                let own = OWN[usize::from(!c.kind.streamed)];
                (c.first.as_secs_f64() - own.as_secs_f64()) * 1e3
            })
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.head)?;
        let (served, lost) = (self.of(End::Served), self.of(End::Lost));
        let rate = served as f64 * 100.0 / (served + lost).max(1) as f64;
        writeln!(f, "success     {rate:.4} %: {served} served, {lost} lost")?;
        let (broke, left) = (self.of(End::BrokeOff), self.of(End::Left));
        writeln!(
            f,
            "apart       {broke} streams broken off by a provider after their first words"
        )?;
        writeln!(f, "            {left} clients hung up")?;
        writeln!(
            f,
            "\nadded to the first token, ms        calls      p50      p95      p99      max"
        )?;
        let rows: [(&str, Vec<f64>); 3] = [
            ("all", self.added(|_| true)),
            ("one attempt", self.added(|c| c.attempts == 1)),
            ("several attempts", self.added(|c| c.attempts > 1)),
        ];
        for (name, all) in &rows {
            let at = |share: f64| {
                all.get(((all.len() as f64 * share) as usize).min(all.len().saturating_sub(1)))
            };
            write!(f, "  {name:30}{:9}", all.len())?;
            for share in [0.5, 0.95, 0.99, 1.0] {
                write!(f, "{:9.1}", at(share).copied().unwrap_or(f64::NAN))?;
            }
            writeln!(f)?;
        }
        let mut attempts = BTreeMap::new();
        for call in self.calls.iter().filter(|c| c.end == End::Served) {
            *attempts.entry(call.attempts).or_insert(0_u64) += 1;
        }
        let attempts: Vec<_> = attempts.iter().map(|(n, calls)| format!("{n}: {calls}")).collect();
        writeln!(f, "\nattempts    {}", attempts.join(", "))?;
        for (name, n) in &self.books.stats {
            writeln!(f, "            {n:6} {name}")?;
        }
        let Books { counted, in_flight, rss, .. } = &self.books;
        writeln!(f, "in flight   {in_flight}")?;
        let answered = self.answered();
        writeln!(
            f,
            "usage       {answered} answered, {} counted; {} of those that left",
            counted[0], counted[1]
        )?;
        let growth = self.books.growth();
        writeln!(
            f,
            "memory      {:.1} -> {:.1} -> {:.1} MiB, grew {growth:.1}",
            rss[0], rss[1], rss[2]
        )?;
        let mut kinds = BTreeMap::new();
        for call in self.calls.iter().filter(|c| c.end == End::Lost) {
            let (n, _) = kinds.entry((call.status, call.head.as_str())).or_insert((0, call));
            *n += 1;
        }
        for (n, call) in kinds.values().take(SHOWN) {
            writeln!(f, "\nlost, {n} so: {call:?}")?;
            let line = self.lines.iter().find(|l| l.contains(&call.request_id));
            writeln!(f, "  {}", line.map_or("not in the access log", |l| l))?;
        }
        for fault in self.faults() {
            writeln!(f, "\nFAILED: {fault}")?;
        }
        Ok(())
    }
}
