//! The table.

use super::rules::{Cost, MAX_COST};
use super::ways::Way;
use std::fmt;

pub struct Report {
    pub machine: String,
    pub rounds: usize,
    pub seconds: u32,
    pub rows: Vec<Row>,
    pub added: Added,
    /// Microseconds that a key, two limits and a budget add to a call.
    pub limits: Option<f64>,
    pub memory: Memory,
    pub rules: Cost,
}

/// Medians of one case.
pub struct Row {
    pub group: &'static str,
    pub way: Way,
    pub cpu_us: f64,
    pub per_second: f64,
    /// The share of its CPU that Envoy used.
    pub busy: f64,
    /// To the plain listener's CPU.
    pub ratio: f64,
    pub bar: Option<f64>,
}

/// Milliseconds at one connection: plain, Sluice.
pub struct Added {
    pub p50: [f64; 2],
    pub p99: [f64; 2],
}

/// MiB, before and after.
pub struct Memory {
    pub requests: u64,
    pub rss: [f64; 2],
    pub allocated: [f64; 2],
}

/// Milliseconds that Sluice may add to the 99th percentile.
const MAX_ADDED_P99: f64 = 0.3;
/// Microseconds of CPU that a key, two limits and a budget may add to a call.
const MAX_LIMITS: f64 = 12.0;
/// MiB that may come in 100,000 calls and still be called flat: 40 bytes a call.
const MAX_GROWTH: f64 = 4.0;

// === impl Report ===

impl Report {
    /// Bars that were.
    pub fn missed(&self) -> usize {
        let rows = self.rows.iter().filter(|row| row.bar.is_some_and(|bar| row.ratio > bar));
        let late = self.added.p99() > MAX_ADDED_P99;
        let dear = self.rules.worst() > MAX_COST;
        let grown = self.memory.growth() > MAX_GROWTH;
        let over = self.limits.is_none_or(|us| us > MAX_LIMITS);
        rows.count()
            + usize::from(late)
            + usize::from(over)
            + usize::from(grown)
            + usize::from(dear)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; median of {} x {} s", self.machine, self.rounds, self.seconds)?;
        writeln!(f, "CPU is the whole Envoy process's, per request\n")?;
        let (group, way) = ("", "");
        writeln!(f, "{group:24}{way:23}   CPU us    req/s  busy   x plain  bar")?;
        let mut last = "";
        for row in &self.rows {
            let group = if row.group == last { "" } else { row.group };
            last = row.group;
            writeln!(f, "{group:24}{row}")?;
        }
        write!(f, "\n{}", self.added)?;
        if let Some(us) = self.limits {
            let verdict = verdict(us, MAX_LIMITS);
            writeln!(
                f,
                "a key, two limits and a budget, 1 KiB, OpenAI -> OpenAI: {us:.1} us of CPU more  <= {MAX_LIMITS}  {verdict}"
            )?;
        }
        write!(f, "{}{}", self.memory, self.rules)
    }
}

// === impl Row ===

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_us, per_second, ratio, .. } = self;
        let busy = self.busy * 100.0;
        write!(f, "{:23}{cpu_us:9.1}{per_second:9.0}{busy:5.0}%", self.way.label())?;
        match self.bar {
            None if self.way.is_plain() => Ok(()),
            None => write!(f, "{ratio:10.2}"),
            Some(bar) => write!(f, "{ratio:10.2}  <= {bar:.1}  {}", verdict(*ratio, bar)),
        }
    }
}

// === impl Added ===

impl Added {
    fn p99(&self) -> f64 {
        self.p99[1] - self.p99[0]
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "latency at one connection, 1 KiB, OpenAI -> OpenAI, ms, best round")?;
        let ([plain, sluice], [plain99, sluice99]) = (self.p50, self.p99);
        let added = sluice - plain;
        writeln!(f, "  p50  plain {plain:.3}  Sluice {sluice:.3}  added {added:.3}")?;
        let (added, bar) = (self.p99(), MAX_ADDED_P99);
        write!(f, "  p99  plain {plain99:.3}  Sluice {sluice99:.3}  added {added:.3}")?;
        writeln!(f, "  <= {bar}  {}", verdict(added, bar))
    }
}

// === impl Memory ===

impl Memory {
    fn growth(&self) -> f64 {
        self.rss[1] - self.rss[0]
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([before, after], bar) = (self.rss, MAX_GROWTH);
        let growth = self.growth();
        let verdict = verdict(growth, bar);
        writeln!(f, "memory over {} calls, 1 KiB, OpenAI -> OpenAI, MiB", self.requests)?;
        writeln!(
            f,
            "  RSS        {before:.1} -> {after:.1}  grew {growth:.2}  <= {bar:.1}  {verdict}"
        )?;
        let [before, after] = self.allocated;
        writeln!(f, "  allocated  {before:.1} -> {after:.1}  grew {:.2}", after - before)
    }
}

// === impl Cost ===

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (worst, bar) = (self.worst(), MAX_COST);
        let verdict = verdict(worst, bar);
        writeln!(f, "500 rules: {worst:.2} us at worst, native  <= {bar}  {verdict}")?;
        self.rows.iter().try_for_each(|(what, us)| writeln!(f, "  {what:24}{us:5.2}"))
    }
}

fn verdict(figure: f64, bar: f64) -> &'static str {
    if figure <= bar { "ok" } else { "over" }
}
